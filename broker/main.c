/* neighborsd: reads the settings, then serves in this process, or as the parent of several. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "bridge/redis_users.h"
#include "broker/log.h"
#include "broker/net/log_writer.h"
#include "broker/net/process.h"
#include "broker/net/settings_file.h"
#include "broker/supervisor.h"

static const char version[] = NEIGHBORS_VERSION;

enum { FILES_BESIDE_CONNECTIONS = 256 };

struct program {
    const char *config_path;
    bool print, check;
    struct settings settings;
    char node[NODE_TEXT];
    struct board *board;
    uint64_t watched_us; /* systemd wants to hear of us within so long; 0: it does not */
    uint64_t told_alive; /* us, monotonic: when systemd's watchdog was told last */
};

static const char usage[] =
    "usage: neighborsd [--config FILE] [--print-config | --check-config | --print-manual | --version]\n"
    "  --config FILE    settings, as --print-config shows them\n"
    "  --print-config   print every setting with its value and what it is, and end\n"
    "  --check-config   say what is wrong with the settings and the files they name, and end\n"
    "  --print-manual   print the manual page of the settings (mdoc), and end\n";

/* Returns -1 to go on, else the exit status. */
static int parse_arguments(struct program *program, int count, char **arguments)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"print-config", no_argument, NULL, 'p'},
        {"check-config", no_argument, NULL, 'k'},
        {"print-manual", no_argument, NULL, 'm'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            program->config_path = optarg;
            break;
        case 'p':
            program->print = true;
            break;
        case 'k':
            program->check = true;
            break;
        case 'm':
            settings_print_manual(stdout);
            return EXIT_SUCCESS;
        case 'v':
            printf("neighborsd %s\n", version);
            return EXIT_SUCCESS;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return EXIT_FAILURE;
        }
    }
    if (optind < count) {
        fputs(usage, stderr);
        return EXIT_FAILURE;
    }
    return -1;
}

static void ready(void *arg)
{
    const struct program *program = arg;
    const struct settings *s = &program->settings;
    log_always("ready", "port=%d tls=%d http=%d https=%d metrics=%d processes=%d node=%s version=%s",
        (int)s->mqtt_port, s->tls_certificate[0] ? (int)s->tls_port : 0, (int)s->http_port,
        s->tls_certificate[0] ? (int)s->https_port : 0, (int)s->metrics_port, (int)s->processes,
        program->node, version);
    (void)sd_notify(0, "READY=1");
}

/* systemd's watchdog (WatchdogSec= of the unit) hears twice in its time that this process lives: it is called
 * a few times a second, by the loop when it serves alone, by the parent of several when it looks at them. */
static void alive(void *arg)
{
    struct program *program = arg;
    struct timespec now;
    if (!program->watched_us) {
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    if (now_us - program->told_alive >= program->watched_us / 2) {
        program->told_alive = now_us;
        (void)sd_notify(0, "WATCHDOG=1");
    }
}

/* As many files as connections and what else a process holds, if the system lets us. */
static void allow_files(const struct settings *settings)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)settings->max_connections + FILES_BESIDE_CONNECTIONS;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted) {
        return;
    }
    limit.rlim_cur = wanted;
    limit.rlim_max = limit.rlim_max < wanted ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit)) {
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        log_line(LOG_LEVEL_WARNING, "open_files",
            "limit=%ju wanted=%ju why=\"raise it, or lower max_connections\"", (uintmax_t)limit.rlim_cur,
            (uintmax_t)wanted);
    }
}

/* A core file would hold the secret, keys and what residents sent; and nobody else's debugger looks in. */
static void keep_memory_private(void)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0)) {
        log_line(LOG_LEVEL_WARNING, "core_files", "why=\"they cannot be turned off: %s\"", strerror(errno));
    }
}

/* What it says comes to pass when Redis is started anew, and then it is too late to say it. */
static void warn_of_old_users(const struct settings *settings)
{
    const char *secret = settings->secret_file, *slash = strrchr(secret, '/');
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.*s" REDIS_USERS_FILE, slash ? (int)(slash + 1 - secret) : 0, secret);
    if (redis_users_file_is_old(path)) {
        log_line(LOG_LEVEL_ERROR, "redis_users_old", "file=\"%s\" why=\"%s\"", path,
            "with it Redis loses data at its next start: let neighbors ca redis mend it before that");
    }
}

static int serve(struct program *program, size_t number, bool alone)
{
    struct process_options options = {
        .version = version,
        .config_path = program->config_path,
        .settings = &program->settings,
        .board = program->board,
        .state = &program->board->processes[number],
        .ready = alone ? ready : NULL,
        .alive = alone ? alive : NULL,
        .arg = program,
    };
    return process_run(&options);
}

static int work(void *arg, size_t number)
{
    return serve(arg, number, false);
}

static int run(struct program *program)
{
    const struct settings *settings = &program->settings;
    size_t count = (size_t)settings->processes;
    settings_node(settings, program->node);
    if (sd_watchdog_enabled(0, &program->watched_us) <= 0) {
        program->watched_us = 0;
    }
    program->board = board_new(count);
    if (!program->board) {
        log_line(LOG_LEVEL_ERROR, "cannot_start", "why=\"no shared memory\"");
        return EXIT_FAILURE;
    }
    snprintf(program->board->version, sizeof(program->board->version), "%s", version);
    for (size_t i = 0; i < count; i++) {
        struct process_state *state = &program->board->processes[i];
        if (count == 1) {
            snprintf(state->node, sizeof(state->node), "%s", program->node);
        } else {
            snprintf(state->node, sizeof(state->node), "%s-%u", program->node, (unsigned)i + 1);
        }
    }
    struct supervisor_options options = {
        .board = program->board,
        .silence_ms = settings->worker_silence_ms,
        .stop_ms = settings->drain_ms + 1000,
        .work = work,
        .ready = ready,
        .alive = alive,
        .arg = program,
    };
    int status = count == 1 ? serve(program, 0, true) : supervisor_run(&options);
    (void)sd_notify(0, "STOPPING=1");
    board_free(program->board);
    return status;
}

static int start(struct program *program)
{
    char error[SETTING_ERROR];
    bool good = settings_load(&program->settings, program->config_path, error);
    if (good && program->print) {
        settings_print(&program->settings, stdout);
        return EXIT_SUCCESS;
    }
    if (!good || !process_check_files(&program->settings, error)) {
        fprintf(stderr, "neighborsd: %s\n", error);
        return EXIT_FAILURE;
    }
    if (program->check) {
        puts("the settings are good");
        return EXIT_SUCCESS;
    }
    log_set_level((enum log_level)settings_log_level(&program->settings));
    log_set_writer(log_writer_named(program->settings.log_format));
    allow_files(&program->settings);
    keep_memory_private();
    warn_of_old_users(&program->settings);
    return run(program);
}

int main(int count, char **arguments)
{
    struct program program = {0};
    int status = parse_arguments(&program, count, arguments);
    if (status >= 0) {
        return status;
    }
    status = start(&program);
    settings_free(&program.settings);
    return status;
}
