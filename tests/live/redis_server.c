/* A private Redis for tests (redis_server.h). That it is ready is read from its own log, so nobody waits by
 * the clock. */
#include "tests/live/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/live/held_port.h"

enum { PATIENCE_S = 60, FOLDER_BASE = 32, PIPE = 1 << 20 /* as much as anybody may have */ };

/* A sentinel writes into its configuration. */
static void run_sentinel(const struct redis_server *server)
{
    char config[96];
    snprintf(config, sizeof(config), "%s/sentinel.conf", server->folder);
    FILE *file = access(config, F_OK) == 0 ? NULL : fopen(config, "w");
    if (file) {
        fprintf(file, "port %d\nbind 127.0.0.1\ndir %s\n%s", server->port, server->folder, server->sentinel);
        fclose(file);
    }
    execlp("redis-server", "redis-server", config, "--sentinel", NULL);
    _exit(127);
}

/* Sentinels make Redis write into its configuration: it has a copy. */
static bool copy_config(const char *from, const char *to)
{
    char text[16384];
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");
    size_t len = in ? fread(text, 1, sizeof(text), in) : 0;
    bool copied = out && len > 0 && len < sizeof(text) && fwrite(text, 1, len, out) == len;
    if (in)
        fclose(in);
    return out && fclose(out) == 0 && copied;
}

static void run(const struct redis_server *server, int output)
{
    char port[16], bus[16], timeout[16], config[96], path[96];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0); /* with those that it forks to write its files */
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    if (server->sentinel[0])
        run_sentinel(server);
    snprintf(config, sizeof(config), "%s/redis.conf", server->folder);
    if (!copy_config(server->member ? "deploy/redis-cluster.conf" : "deploy/redis.conf", config))
        _exit(127);
    snprintf(port, sizeof(port), "%d", server->port);
    snprintf(bus, sizeof(bus), "%d", server->bus);
    snprintf(timeout, sizeof(timeout), "%d", server->node_timeout);
    snprintf(path, sizeof(path), "%s/redis.sock", server->folder);
    const char *arguments[32] = {"redis-server", config, "--bind", "127.0.0.1", "--port", port,
        "--unixsocket", path, "--dir", server->folder, "--daemonize", "no", "--logfile", "",
        "--repl-diskless-sync-delay", "0"};
    size_t count = 16;
    if (server->cluster) {
        /* Where all are slow, the first election of an heir may not be the last. */
        const char *const more[] = {"--cluster-enabled", "yes", "--cluster-port", bus,
            "--cluster-node-timeout", timeout, "--cluster-replica-validity-factor", "100"};
        memcpy(arguments + count, more, sizeof(more));
        count += sizeof(more) / sizeof(more[0]);
    }
    if (server->master[0]) {
        arguments[count++] = "--replicaof";
        arguments[count++] = server->master;
    }
    execvp(arguments[0], (char *const *)arguments);
    _exit(127);
}

/* Until the log says so. What it says when it ends, or says nothing for long, is told. */
static bool wait_until_ready(int output, int port)
{
    char text[8192] = "";
    size_t len = 0;
    struct pollfd more = {.fd = output, .events = POLLIN};
    while (poll(&more, 1, PATIENCE_S * 1000) == 1) {
        ssize_t got = read(output, text + len, sizeof(text) - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
        text[len] = 0;
        if (strstr(text, "Ready to accept connections") || strstr(text, "Sentinel ID is"))
            return true;
        if (len > sizeof(text) / 2) {
            memmove(text, text + len - 256, 256);
            len = 256;
        }
    }
    fprintf(stderr, "Redis at port %d did not come up:\n%.*s\n", port, (int)len, text);
    return false;
}

bool redis_server_restart(struct redis_server *server)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    (void)!fcntl(
        ends[0], F_SETPIPE_SZ, PIPE); /* nobody reads what comes later, and it must not wait for that */
    server->pid = fork();
    if (server->pid == 0)
        run(server, ends[1]);
    close(ends[1]);
    server->output = ends[0];
    if (server->pid < 0 || !wait_until_ready(ends[0], server->port)) {
        redis_server_kill(server);
        return false;
    }
    return true;
}

/* All slots to the one node. */
static bool make_whole(const struct redis_server *server)
{
    static const char command[] = "CLUSTER ADDSLOTSRANGE 0 16383\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)server->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char answer[3] = "";
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool whole = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                 write(fd, command, sizeof(command) - 1) == sizeof(command) - 1 &&
                 recv(fd, answer, sizeof(answer), MSG_WAITALL) == sizeof(answer) &&
                 memcmp(answer, "+OK", sizeof(answer)) == 0;
    if (fd >= 0)
        close(fd);
    return whole;
}

bool redis_server_start(struct redis_server *server)
{
    signal(SIGPIPE, SIG_IGN); /* as neighborsd does: a test may kill what it writes to */
    server->pid = 0;
    server->output = server->held[0] = server->held[1] = -1;
    const char *base = getenv("TMPDIR");
    snprintf(server->folder, sizeof(server->folder), "%s/neighbors-redis-XXXXXX",
        base && strlen(base) < FOLDER_BASE ? base : "/tmp");
    if (!mkdtemp(server->folder)) {
        server->folder[0] = 0;
        return false;
    }
    server->port = held_port(&server->held[0]);
    server->bus = server->cluster ? held_port(&server->held[1]) : 0;
    snprintf(server->url, sizeof(server->url), "redis%s://127.0.0.1:%d%s", server->cluster ? "+cluster" : "",
        server->port, server->cluster ? "?wait=0" : "");
    if (server->node_timeout == 0)
        server->node_timeout = REDIS_NODE_TIMEOUT;
    if (redis_server_restart(server) && (!server->cluster || server->member || make_whole(server)))
        return true;
    redis_server_stop(server);
    return false;
}

void redis_server_kill(struct redis_server *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        kill(-server->pid, SIGKILL); /* nobody, when it did not come so far */
        waitpid(server->pid, NULL, 0);
    }
    if (server->output >= 0)
        close(server->output);
    server->pid = 0;
    server->output = -1;
}

void redis_server_freeze(const struct redis_server *server)
{
    int status;
    kill(server->pid, SIGSTOP);
    waitpid(server->pid, &status, WUNTRACED);
}

void redis_server_thaw(const struct redis_server *server)
{
    kill(server->pid, SIGCONT);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void redis_server_stop(struct redis_server *server)
{
    if (!server->folder[0])
        return;
    redis_server_kill(server);
    nftw(server->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < 2; i++) {
        if (server->held[i] >= 0)
            close(server->held[i]);
    }
    server->folder[0] = 0;
}

redisReply *redis_server_vask(const struct redis_server *server, const char *format, va_list arguments)
{
    static const struct timeval patience = {.tv_sec = PATIENCE_S / 2};
    redisContext *context = redisConnectWithTimeout("127.0.0.1", server->port, patience);
    redisReply *reply = NULL;
    if (context && !context->err && redisSetTimeout(context, patience) == REDIS_OK)
        reply = redisvCommand(context, format, arguments);
    if (reply && reply->type == REDIS_REPLY_ERROR) {
        freeReplyObject(reply);
        reply = NULL;
    }
    if (context)
        redisFree(context);
    return reply;
}

redisReply *redis_server_ask(const struct redis_server *server, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redis_server_vask(server, format, arguments);
    va_end(arguments);
    return reply;
}

bool redis_server_is_master(const struct redis_server *server)
{
    redisReply *role = redis_server_ask(server, "ROLE");
    bool master = role && strcmp(role->element[0]->str, "master") == 0;
    if (role)
        freeReplyObject(role);
    return master;
}
