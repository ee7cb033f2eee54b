/* Preloaded into redis-server, notes how much of the append-only file has certainly reached the disk: after
 * each sync of "<file>.aof" that succeeded, the length which the file had before the sync began stands in
 * "<file>.aof.synced", eight bytes in the machine's order. A test that kills Redis and cuts the file there
 * has what a power failure would leave at the worst. Keeps nothing in memory, so that a SIGKILL at any moment
 * leaves a true note.
 *
 * Build: cc -shared -fPIC -o powercut.so powercut.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int sync_function(int fd);

/* The note's path for the file behind fd; false when that is no append-only file. */
static int note_path(int fd, char *path, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, size - sizeof ".synced");
    if (len < 4 || memcmp(path + len - 4, ".aof", 4) != 0)
        return 0;
    memcpy(path + len, ".synced", sizeof ".synced");
    return 1;
}

static int sync_and_note(const char *name, int fd)
{
    sync_function *real = (sync_function *)(uintptr_t)dlsym(RTLD_NEXT, name);
    struct stat before;
    int known = fstat(fd, &before) == 0;
    int result = real(fd);
    char path[PATH_MAX];
    if (result != 0 || !known || !note_path(fd, path, sizeof path))
        return result;
    int note = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (note >= 0) {
        uint64_t length = (uint64_t)before.st_size;
        if (pwrite(note, &length, sizeof length, 0) != (ssize_t)sizeof length)
            unlink(path);
        close(note);
    }
    errno = 0;
    return result;
}

int fsync(int fd)
{
    return sync_and_note("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_and_note("fdatasync", fd);
}
