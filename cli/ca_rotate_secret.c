/* neighbors ca rotate-secret: another secret for the installation, while no neighborsd runs. What Redis holds
 * of places is sealed anew; what the former secret made otherwise (open codes, subscriptions of browsers,
 * cursors that apps remember, the public names of alerts to come) ends. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <string.h>
#include <unistd.h>

#include "bridge/migration.h"
#include "bridge/reseal.h"
#include "bridge/secret_file.h"
#include "cli/cli.h"
#include "cli/reach.h"

static const struct option_row options[] = {{0}};

enum { PATH_TEXT = COMMAND_FIELD + 32 };

static void path_of(const struct invocation *invocation, const char *file, char out[PATH_TEXT])
{
    snprintf(out, PATH_TEXT, "%.*s/%s", COMMAND_FIELD - 1, invocation->common.keys, file);
}

/* A name that a file got is kept when its folder is. */
static bool keep_names(const struct invocation *invocation)
{
    int folder = open(invocation->common.keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool kept = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        close(folder);
    return kept;
}

/* One that a run left that did not come to its end goes on being the next: some is sealed with it already. It
 * bears its name when it is whole. */
static bool make_next(const char *path)
{
    uint8_t secret[SECRET_BYTES];
    char part[PATH_TEXT + 8];
    if (access(path, F_OK) == 0)
        return true;
    snprintf(part, sizeof part, "%s.new", path);
    FILE *file = RAND_priv_bytes(secret, sizeof secret) == 1 ? cli_create_anew(part, 0600) : NULL;
    bool written =
        file && fwrite(secret, sizeof secret, 1, file) == 1 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    explicit_bzero(secret, sizeof secret);
    return file && fclose(file) == 0 && written && rename(part, path) == 0;
}

static struct place_key *read_key(const struct invocation *invocation, const char *path)
{
    uint8_t secret[SECRET_BYTES];
    const char *rule = secret_file_read(path, secret);
    struct place_key *key = rule ? NULL : place_key_new(secret);
    explicit_bzero(secret, sizeof secret);
    if (rule)
        cli_fail(invocation, EXIT_REFUSED, "%s: %s", path, rule);
    return key;
}

static enum exit_code reseal(const struct invocation *invocation, const struct place_key *former,
    const struct place_key *next, struct reseal *done)
{
    struct redis_sync redis;
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    int in_use = migration_in_use(&redis);
    enum exit_code code = EXIT_DONE;
    if (in_use > 0)
        code = cli_fail(invocation, EXIT_REFUSED, "a neighborsd is connected to this Redis: stop it first");
    else if (in_use < 0 || !reseal_run(&redis, former, next, done))
        code = cli_fail(invocation, EXIT_UNREACHABLE, "%s; run it again, it goes on", redis.error);
    redis_sync_close(&redis);
    return code;
}

static enum exit_code tell(const struct invocation *invocation, const struct reseal *done)
{
    if (invocation->common.json)
        cli_print_json(
            json_pack("{s:b, s:I, s:I, s:I, s:I, s:I}", "ok", 1, "principals", (json_int_t)done->principals,
                "households", (json_int_t)done->households, "sessions", (json_int_t)done->sessions,
                "unreadable", (json_int_t)done->unreadable, "dropped", (json_int_t)done->dropped));
    else
        printf("%" PRIu64 " places, %" PRIu64 " households and %" PRIu64
               " sessions are sealed with a new secret, %" PRIu64 " could not be read; %" PRIu64
               " keys of what ends with the former one are dropped.\nGive this broker.secret to all "
               "machines, then start neighborsd.\n",
            done->principals, done->households, done->sessions, done->unreadable, done->dropped);
    return EXIT_DONE;
}

static enum exit_code run(struct invocation *invocation)
{
    char path[PATH_TEXT], fresh[PATH_TEXT];
    struct reseal done;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "ca rotate-secret takes no arguments");
    path_of(invocation, "broker.secret", path);
    path_of(invocation, "broker.secret.new", fresh);
    struct place_key *former = read_key(invocation, path), *next = NULL;
    if (!former)
        return EXIT_REFUSED;
    enum exit_code code = make_next(fresh) && keep_names(invocation)
                              ? EXIT_DONE
                              : cli_fail(invocation, EXIT_REFUSED, "%s: %s", fresh, strerror(errno));
    if (code == EXIT_DONE && !(next = read_key(invocation, fresh)))
        code = EXIT_REFUSED;
    if (code == EXIT_DONE)
        code = reseal(invocation, former, next, &done);
    if (code == EXIT_DONE && !(cli_take_place(fresh, path) && keep_names(invocation)))
        code = cli_fail(invocation, EXIT_REFUSED, "%s: %s", path, strerror(errno));
    place_key_free(former);
    place_key_free(next);
    return code == EXIT_DONE ? tell(invocation, &done) : code;
}

const struct command command_ca_rotate_secret = {
    "ca rotate-secret", "another secret, while no neighborsd runs: places are sealed anew", "", options, run};
