/* stdout with a write of its own. A program that is started from here has signals as they were. */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static void ignore(int number)
{
    (void)number;
}

static _Noreturn void give_up(int error)
{
    if (error == EPIPE) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    fprintf(stderr, "neighbors: standard output cannot be written: %s\n", strerror(error));
    _exit(EXIT_REFUSED);
}

static ssize_t write_all(void *cookie, const char *data, size_t size)
{
    (void)cookie;
    for (size_t at = 0; at < size;) {
        ssize_t some = write(STDOUT_FILENO, data + at, size - at);
        if (some >= 0)
            at += (size_t)some;
        else if (errno == EAGAIN) /* others who have it too may have made it one that does not wait */
            (void)poll(&(struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT}, 1, -1);
        else
            give_up(errno);
    }
    return (ssize_t)size;
}

/* Where one of the three was closed, a file or connection would else get its place, and what is printed. */
static void hold_places(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

void output_begin(void)
{
    const struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
    hold_places();
    sigaction(SIGPIPE, &action, NULL); /* a handler, for no program that is started would lose SIG_IGN */
    FILE *file = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_all});
    if (!file)
        abort();
    setvbuf(file, NULL, _IOLBF, 0);
    stdout = file;
}
