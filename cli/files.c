/* Files that are made: secrets for their owner alone, never written over by mistake, never seen half
 * written. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

bool cli_make_folder(const char *path)
{
    char part[COMMAND_FIELD];
    for (size_t i = 1; path[i]; i++) {
        if (path[i] != '/' || i >= sizeof part)
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return false;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

FILE *cli_create(const char *path, unsigned mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    FILE *file = fd >= 0 && fchmod(fd, (mode_t)mode) == 0 ? fdopen(fd, "w") : NULL; /* the umask took of it */
    int error = errno;
    if (fd >= 0 && !file)
        close(fd);
    errno = error;
    return file;
}

FILE *cli_create_anew(const char *path, unsigned mode)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return NULL;
    return cli_create(path, mode);
}

bool cli_read_file(const char *path, size_t most, struct arena *arena, struct bytes *out)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    size_t len = 0, room = 0, got = 1;
    uint8_t *data = NULL;
    while (file && got > 0 && len <= most) {
        if (len == room) {
            room = room ? 2 * room : 65536;
            uint8_t *larger = arena_take(arena, room);
            if (len)
                memcpy(larger, data, len);
            data = larger;
        }
        got = fread(data + len, 1, room - len, file);
        len += got;
    }
    bool whole = file && !ferror(file) && len <= most;
    if (whole)
        errno = 0;
    else if (file && !ferror(file))
        errno = EFBIG;
    int error = errno;
    if (file && file != stdin)
        fclose(file);
    errno = error;
    *out = (struct bytes){data, len};
    return whole;
}

bool cli_take_place(const char *fresh, const char *path)
{
    struct stat former;
    return stat(path, &former) == 0 && chown(fresh, former.st_uid, former.st_gid) == 0 &&
           chmod(fresh, former.st_mode & 0640) == 0 && rename(fresh, path) == 0;
}

static bool make_parent(const char *path)
{
    char folder[COMMAND_FIELD];
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return true;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return access(folder, F_OK) == 0 || cli_make_folder(folder);
}

bool cli_write_secret(const char *path, const char *text)
{
    char temporary[COMMAND_FIELD + 8];
    struct stat there;
    if (strlen(path) >= COMMAND_FIELD || !make_parent(path))
        return false;
    bool direct = stat(path, &there) == 0 && !S_ISREG(there.st_mode); /* whose place no file may take */
    snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *file = direct ? fopen(path, "we") : cli_create_anew(temporary, 0600);
    bool written = file && fprintf(file, "%s\n", text) > 0;
    written = file && fclose(file) == 0 && written && (direct || rename(temporary, path) == 0);
    int error = errno;
    if (file && !written && !direct)
        unlink(temporary);
    errno = error;
    return written;
}
