/* neighbors export --installation, and neighbors import. */
#include "cli/installation.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "bridge/migration.h"
#include "bridge/transfer.h"
#include "cli/reach.h"

static const struct option_row import_options[] = {{0}};

static enum exit_code say_done(
    const struct invocation *invocation, const char *what, const struct transfer *done, bool to_stderr)
{
    if (invocation->common.json && !to_stderr)
        cli_print_json(json_pack("{s:b, s:s, s:s, s:I, s:I}", "ok", 1, "done", what, "layout", done->layout,
            "keys", (json_int_t)done->keys, "commands", (json_int_t)done->commands));
    else
        fprintf(to_stderr ? stderr : stdout, "%" PRIu64 " keys are %s, of layout %s\n", done->keys, what,
            done->layout);
    return EXIT_DONE;
}

/* Whoever writes meanwhile would tear it. */
static enum exit_code is_quiet(const struct invocation *invocation, struct redis_sync *redis, bool force)
{
    int in_use = force ? 0 : migration_in_use(redis);
    if (in_use < 0)
        return cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis->error);
    return in_use
               ? cli_fail(invocation, EXIT_REFUSED, "a neighborsd is connected to this Redis: stop it first")
               : EXIT_DONE;
}

/* ---- out ---- */

/* Closes the file of an export that ended so: it is kept whole or not at all. */
static enum exit_code keep(
    const struct invocation *invocation, const char *path, FILE *file, enum exit_code code)
{
    bool whole = fsync(fileno(file)) == 0;
    int error = whole ? 0 : errno;
    if (fclose(file) != 0 && whole)
        error = errno;
    if (code == EXIT_DONE && error)
        code = cli_fail(invocation, EXIT_REFUSED, "%s: %s", path, strerror(error));
    if (code != EXIT_DONE)
        unlink(path);
    return code;
}

static enum exit_code write_all(
    const struct invocation *invocation, struct redis_sync *redis, const char *path, bool force)
{
    struct transfer done;
    struct migration there;
    bool standard = strcmp(path, "-") == 0;
    enum migration_state state = migration_look(redis, &there);
    if (state == MIGRATION_FAILED)
        return cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis->error);
    if (state != MIGRATION_NONE)
        return cli_fail(invocation, EXIT_REFUSED,
            state == MIGRATION_EMPTY
                ? "there is no data of neighborsd in this Redis%s"
                : "the data is of another layout, \"%s\": `neighbors migrate` comes first",
            there.layout);
    enum exit_code code = is_quiet(invocation, redis, force);
    if (code != EXIT_DONE)
        return code;
    FILE *file = standard ? stdout : cli_create(path, 0600);
    if (!file)
        return cli_fail(invocation, EXIT_REFUSED, "%s: %s", path, strerror(errno));
    bool whole = transfer_export(redis, file, cli_now(), force, &done);
    if (!whole)
        code = cli_fail(invocation, ferror(file) ? EXIT_REFUSED : EXIT_UNREACHABLE, "%s%s%s",
            ferror(file) ? path : "", ferror(file) ? ": " : "", done.error);
    else
        code = is_quiet(invocation, redis, force); /* who came meanwhile wrote into it */
    if (!standard)
        code = keep(invocation, path, file, code);
    return code == EXIT_DONE ? say_done(invocation, "written", &done, standard) : code;
}

enum exit_code installation_export(const struct invocation *invocation, const char *path, bool force)
{
    struct redis_sync redis;
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    enum exit_code code = write_all(invocation, &redis, path, force);
    redis_sync_close(&redis);
    return code;
}

/* ---- in ---- */

static enum exit_code take_in(
    const struct invocation *invocation, struct redis_sync *redis, FILE *file, const struct transfer *checked)
{
    struct transfer done;
    enum exit_code code = is_quiet(invocation, redis, false);
    if (code != EXIT_DONE)
        return code;
    int may = transfer_may_import(redis, checked);
    if (may < 0)
        return cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis->error);
    if (!may)
        return cli_fail(invocation, EXIT_REFUSED,
            "this Redis has data of neighborsd already: import wants an empty one (FLUSHALL empties it), "
            "or one where an import of this file was stopped");
    if (!transfer_import(redis, file, checked, &done))
        return cli_fail(invocation, EXIT_UNREACHABLE,
            "%s; a part of it is there, with which no neighborsd starts: "
            "the same import again makes it whole",
            done.error);
    return say_done(invocation, "taken in", &done, false);
}

static enum exit_code run_import(struct invocation *invocation)
{
    struct redis_sync redis;
    struct transfer checked;
    if (invocation->argument_count != 1)
        return cli_fail(invocation, EXIT_USAGE, "import takes one file");
    FILE *file = fopen(invocation->arguments[0], "re");
    if (!file)
        return cli_fail(invocation, EXIT_REFUSED, "%.200s: %s", invocation->arguments[0], strerror(errno));
    enum exit_code code = EXIT_REFUSED;
    if (!transfer_check(file, &checked)) {
        cli_fail(invocation, code, "%.200s: %s", invocation->arguments[0], checked.error);
    } else if (reach_redis(invocation, &redis)) {
        code = take_in(invocation, &redis, file, &checked);
        redis_sync_close(&redis);
    } else {
        code = EXIT_UNREACHABLE;
    }
    fclose(file);
    return code;
}

const struct command command_import = {"import",
    "take in what export --installation wrote, into an empty Redis or cluster", "FILE", import_options,
    run_import};
