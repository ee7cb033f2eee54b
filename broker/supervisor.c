/* The parent looks at the board ten times a second. It counts looks, not time, so that a machine that slept,
 * or a parent that was stopped, kills nobody. */
#include "broker/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "broker/log.h"

enum { LOOK_MS = 100, RESTART_LOOKS = 2, RESTART_LOOKS_MOST = 50, SETTLED_LOOKS = 100 };

struct child {
    pid_t pid;           /* 0: none */
    uint_fast64_t beats; /* at the last look */
    int64_t silent_looks;
    int64_t lived_looks;
    int64_t restart_in;    /* looks */
    int64_t restart_pause; /* looks before the next restart; grows with each death that comes soon */
};

struct supervisor {
    const struct supervisor_options *options;
    struct child *children;
    sigset_t signals, former;
    int64_t stop_looks; /* while stopping: looks that are left */
    bool stopping, told_ready;
    int status;
};

static struct process_state *state_of(const struct supervisor *supervisor, size_t number)
{
    return &supervisor->options->board->processes[number];
}

static void start(struct supervisor *supervisor, size_t number)
{
    struct child *child = &supervisor->children[number];
    struct process_state *state = state_of(supervisor, number);
    pid_t parent = getpid();
    atomic_store(&state->ready, false);
    child->beats = atomic_load(&state->beats);
    child->silent_looks = child->lived_looks = 0;
    child->pid = fork();
    if (child->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* nobody outlives the parent */
        if (getppid() != parent) {
            _exit(EXIT_FAILURE);
        }
        sigprocmask(SIG_SETMASK, &supervisor->former, NULL);
        exit(supervisor->options->work(supervisor->options->arg, number));
    }
    if (child->pid < 0) {
        log_line(LOG_LEVEL_ERROR, "fork", "process=%zu error=\"%s\"", number, strerrordesc_np(errno));
        child->pid = 0;
        child->restart_in = RESTART_LOOKS_MOST;
    }
}

static void tell_all(const struct supervisor *supervisor, int signal)
{
    for (size_t i = 0; i < supervisor->options->board->count; i++) {
        if (supervisor->children[i].pid) {
            kill(supervisor->children[i].pid, signal);
        }
    }
}

static void stop(struct supervisor *supervisor)
{
    if (!supervisor->stopping) {
        supervisor->stopping = true;
        supervisor->stop_looks = supervisor->options->stop_ms / LOOK_MS + 1;
    } else {
        supervisor->stop_looks = 0; /* asked twice: at once */
    }
    tell_all(supervisor, SIGTERM);
}

static void died(struct supervisor *supervisor, size_t number, int status)
{
    struct child *child = &supervisor->children[number];
    log_line(supervisor->stopping ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "process_ended",
        "process=%zu pid=%d status=%d signal=%d", number, (int)child->pid,
        WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    child->pid = 0;
    if (supervisor->stopping) {
        return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CANNOT_START && !supervisor->told_ready) {
        supervisor->status = EXIT_FAILURE;
        stop(supervisor);
        return;
    }
    bool soon = child->lived_looks < SETTLED_LOOKS;
    int64_t pause = soon ? child->restart_pause * 2 : RESTART_LOOKS;
    child->restart_pause = pause > RESTART_LOOKS_MOST ? RESTART_LOOKS_MOST : pause;
    child->restart_in = child->restart_pause;
}

static void collect(struct supervisor *supervisor)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < supervisor->options->board->count; i++) {
            if (supervisor->children[i].pid == pid) {
                died(supervisor, i, status);
            }
        }
    }
}

static void look_at(struct supervisor *supervisor, size_t number)
{
    struct child *child = &supervisor->children[number];
    if (!child->pid) {
        if (!supervisor->stopping && --child->restart_in <= 0) {
            start(supervisor, number);
        }
        return;
    }
    uint_fast64_t beats = atomic_load(&state_of(supervisor, number)->beats);
    child->lived_looks++;
    child->silent_looks = beats == child->beats ? child->silent_looks + 1 : 0;
    child->beats = beats;
    if (child->silent_looks * LOOK_MS >= supervisor->options->silence_ms && !supervisor->stopping) {
        log_line(LOG_LEVEL_ERROR, "process_silent", "process=%zu pid=%d", number, (int)child->pid);
        kill(child->pid, SIGKILL);
        child->silent_looks = 0;
    }
}

static void look(struct supervisor *supervisor)
{
    bool ready = true;
    for (size_t i = 0; i < supervisor->options->board->count; i++) {
        look_at(supervisor, i);
        ready = ready && atomic_load(&state_of(supervisor, i)->ready);
    }
    if (ready && !supervisor->told_ready) {
        supervisor->told_ready = true;
        supervisor->options->ready(supervisor->options->arg);
    }
    if (supervisor->stopping && --supervisor->stop_looks <= 0) {
        tell_all(supervisor, SIGKILL);
    }
}

static bool anybody_left(const struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->options->board->count; i++) {
        if (supervisor->children[i].pid) {
            return true;
        }
    }
    return false;
}

/* Waits for a signal until the next look is due, and does what it says. */
static void wait_for_signals(struct supervisor *supervisor)
{
    struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    int signal = sigtimedwait(&supervisor->signals, NULL, &pause);
    if (signal == SIGTERM || signal == SIGINT) {
        stop(supervisor);
    } else if (signal == SIGHUP) {
        tell_all(supervisor, SIGHUP);
    }
}

int supervisor_run(const struct supervisor_options *options)
{
    struct supervisor supervisor = {.options = options, .status = EXIT_SUCCESS};
    supervisor.children = calloc(options->board->count, sizeof(*supervisor.children));
    if (!supervisor.children) {
        abort();
    }
    sigemptyset(&supervisor.signals);
    sigaddset(&supervisor.signals, SIGTERM);
    sigaddset(&supervisor.signals, SIGINT);
    sigaddset(&supervisor.signals, SIGHUP);
    sigaddset(&supervisor.signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &supervisor.signals, &supervisor.former);
    for (size_t i = 0; i < options->board->count; i++) {
        supervisor.children[i].restart_pause = RESTART_LOOKS;
        start(&supervisor, i);
    }
    while (!supervisor.stopping || anybody_left(&supervisor)) {
        wait_for_signals(&supervisor);
        collect(&supervisor);
        look(&supervisor);
        log_turn();
        if (options->alive) {
            options->alive(options->arg);
        }
    }
    log_end();
    free(supervisor.children);
    return supervisor.status;
}
