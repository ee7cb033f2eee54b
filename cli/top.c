/* neighbors top: a live view of one or several neighborsd, for a terminal of 80 by 24; elsewhere one frame.
 * What is shown a second is the difference of two pages a second apart. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli/top.h"

enum { FRAMES };
static const struct option_row options[] = {
    [FRAMES] = {"frames", "N", "end after so many (on a terminal without an end, elsewhere 1)"},
    {0},
};

enum { FRAME_MS = 1000 };

/* The signal handler has no other way to say that it came. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* ---- the pages ---- */

static void read_source(struct top_source *source)
{
    char *text;
    enum exit_code code = metrics_fetch(&source->page, &text, source->why);
    samples_free(&source->before);
    source->before = source->now;
    source->now = code == EXIT_DONE ? samples_of(text) : (struct samples){0};
}

static bool read_all(struct top *top)
{
    bool any = false;
    for (size_t i = 0; i < top->count; i++) {
        read_source(&top->sources[i]);
        any |= top->sources[i].now.at > 0;
    }
    return any;
}

/* ---- the terminal ---- */

/* Writes as much of the frame as there is room for. */
static void show(char *frame, bool terminal)
{
    struct winsize window = {.ws_row = 24, .ws_col = 80};
    if (!terminal) {
        fputs(frame, stdout);
        return;
    }
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) || !window.ws_row || !window.ws_col)
        window = (struct winsize){.ws_row = 24, .ws_col = 80};
    fputs("\033[H", stdout);
    int row = 0;
    for (char *line; (line = strsep(&frame, "\n")) && row < window.ws_row && (*line || frame); row++)
        printf("%s%.*s\033[K", row ? "\r\n" : "", window.ws_col, line);
    fputs("\033[J", stdout);
    fflush(stdout);
}

static void begin_screen(struct termios *former)
{
    struct termios raw;
    const struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (tcgetattr(STDIN_FILENO, former) == 0) {
        raw = *former;
        raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    fputs("\033[?1049h\033[?25l", stdout);
}

static void end_screen(const struct termios *former)
{
    fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
    if (isatty(STDIN_FILENO))
        tcsetattr(STDIN_FILENO, TCSANOW, former);
}

/* A frame's time passes, or somebody presses q. */
static void wait_frame(bool terminal)
{
    struct pollfd keys = {.fd = terminal && isatty(STDIN_FILENO) ? STDIN_FILENO : -1, .events = POLLIN};
    char key = 0;
    if (poll(&keys, 1, FRAME_MS) > 0 && (read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q'))
        interrupted = 1;
}

static void run_frames(struct top *top, bool terminal, int64_t frames)
{
    while (!interrupted && frames != 0) {
        wait_frame(terminal);
        if (interrupted)
            return;
        (void)read_all(top);
        char *frame = top_frame(top);
        show(frame, terminal);
        free(frame);
        frames -= frames > 0;
    }
}

/* ---- the command ---- */

static enum exit_code run(struct invocation *invocation)
{
    struct top *top = calloc(1, sizeof *top);
    struct termios former = {0};
    bool terminal = isatty(STDOUT_FILENO);
    int64_t frames = terminal ? -1 : 1;
    const char *wanted = invocation->value[FRAMES];
    if (!top)
        abort();
    enum exit_code code = EXIT_USAGE;
    top->count = invocation->argument_count ? (size_t)invocation->argument_count : 1;
    if (invocation->common.json)
        cli_fail(invocation, EXIT_USAGE, "top is for people; programs read stats --json");
    else if (top->count > TOP_SOURCES)
        cli_fail(invocation, EXIT_USAGE, "%d addresses at most", TOP_SOURCES);
    else if (!wanted || cli_number(invocation, "--frames", wanted, 1, INT32_MAX, &frames))
        code = EXIT_DONE;
    for (size_t i = 0; code == EXIT_DONE && i < top->count; i++)
        if (!cli_metrics(invocation, "an argument",
                invocation->argument_count ? invocation->arguments[i] : NULL, &top->sources[i].page))
            code = EXIT_REFUSED;
    if (code == EXIT_DONE && !read_all(top))
        code = cli_fail(invocation, EXIT_UNREACHABLE, "%s", top->sources[0].why);
    if (code == EXIT_DONE) {
        if (terminal)
            begin_screen(&former);
        run_frames(top, terminal, frames);
        if (terminal)
            end_screen(&former);
    }
    for (size_t i = 0; i < top->count && i < TOP_SOURCES; i++) {
        samples_free(&top->sources[i].now);
        samples_free(&top->sources[i].before);
    }
    free(top);
    return code;
}

const struct command command_top = {
    "top", "a live view of what the broker does", "[HOST:PORT or URL of a metrics listener]…", options, run};
