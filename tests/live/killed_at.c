/* Preloaded into a program that talks to Redis, kills it (SIGKILL) right behind the KILLED_AT-th piece that
 * it writes to a socket: what it said last may be done, and it never learns of it. Or halts it (SIGSTOP)
 * right behind the HALTED_AT-th that has HALTED_WORD in it.
 *
 * Build: cc -shared -fPIC -o killed_at.so killed_at.c */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_socket(int fd)
{
    int type;
    socklen_t size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

ssize_t write(int fd, const void *data, size_t size)
{
    static long pieces;
    const char *last = getenv("KILLED_AT");
    ssize_t written = syscall(SYS_write, fd, data, size);
    if (last && is_socket(fd) && ++pieces == strtol(last, NULL, 10))
        kill(getpid(), SIGKILL);
    static long said;
    const char *word = getenv("HALTED_WORD"), *at = getenv("HALTED_AT");
    if (word && at && is_socket(fd) && memmem(data, size, word, strlen(word)) &&
        ++said == strtol(at, NULL, 10))
        kill(getpid(), SIGSTOP);
    return written;
}
