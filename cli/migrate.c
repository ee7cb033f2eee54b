/* neighbors migrate: data that a neighborsd of before left in Redis becomes what this one reads. */
#include <inttypes.h>
#include <string.h>

#include "bridge/migration.h"
#include "bridge/redis_url.h"
#include "bridge/store_layout.h"
#include "cli/reach.h"

enum { DRY, FORCE };
static const struct option_row options[] = {
    [DRY] = {"dry-run", NULL, "tell what would be done, and change nothing"},
    [FORCE] = {"force", NULL, "also while a neighborsd seems to be connected"},
    {0},
};

static void print_done(const struct invocation *invocation, const struct migration *m, bool dry)
{
    const struct {
        const char *name, *text;
        uint64_t count;
    } rows[] = {
        {"senders", "senders' numbering, to the regions of their events", m->senders},
        {"senders_gone", "senders of whom nothing is stored: dropped", m->senders_gone},
        {"packets", "packets of QoS 2 under way", m->packets},
        {"households", "households, settled anew", m->households},
        {"regions", "regions where somebody shares", m->regions},
        {"codes", "codes that were used", m->codes},
        {"forgets", "plans of what is to be forgotten", m->forgets},
        {"renamed", "lists and tables under another key", m->renamed},
        {"leases", "leases, dropped", m->leases},
    };
    json_t *object =
        json_pack("{s:b, s:s, s:i, s:b}", "ok", 1, "from", m->layout, "to", LAYOUT_VERSION, "dry_run", dry);
    if (!invocation->common.json)
        printf("layout %d %s layout %d\n", LAYOUT_BEFORE, dry ? "would become" : "became", LAYOUT_VERSION);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_object_set_new(object, rows[i].name, json_integer((json_int_t)rows[i].count));
        if (!invocation->common.json)
            printf("%10" PRIu64 "  %s\n", rows[i].count, rows[i].text);
    }
    if (invocation->common.json)
        cli_print_json(object);
    else
        json_decref(object);
}

/* Redis' user of a former `neighbors ca redis` may not do all that neighborsd does now. */
static bool may_publish(struct redis_sync *redis)
{
    return redis_tell(redis, "SPUBLISH nb:{r00}:feed:none %s", "") || !strstr(redis->error, "NOPERM");
}

static enum exit_code look(
    const struct invocation *invocation, struct redis_sync *redis, struct migration *m, bool *due)
{
    enum migration_state state = migration_look(redis, m);
    *due = state == MIGRATION_DUE || state == MIGRATION_HALF;
    switch (state) {
    case MIGRATION_FAILED:
        return cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis->error);
    case MIGRATION_EMPTY:
        return cli_fail(invocation, EXIT_REFUSED, "there is no data of neighborsd in this Redis");
    case MIGRATION_UNKNOWN:
        return cli_fail(invocation, EXIT_REFUSED,
            "the data has layout \"%s\"; what is brought along is layout %d, to %d", m->layout, LAYOUT_BEFORE,
            LAYOUT_VERSION);
    case MIGRATION_NONE:
        if (invocation->common.json)
            cli_print_json(json_pack("{s:b, s:s, s:i}", "ok", 1, "from", m->layout, "to", LAYOUT_VERSION));
        else
            printf("the data has layout %d already: nothing is to be done\n", LAYOUT_VERSION);
        return EXIT_DONE;
    case MIGRATION_DUE:
    case MIGRATION_HALF:
        break;
    }
    int in_use = invocation->value[FORCE] ? 0 : migration_in_use(redis);
    if (in_use < 0)
        return cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis->error);
    if (in_use)
        return cli_fail(invocation, EXIT_REFUSED, "a neighborsd is connected to this Redis: stop it first");
    if (!may_publish(redis))
        return cli_fail(invocation, EXIT_REFUSED,
            "the user of Redis may not do what this version needs: move redis.password and redis-users.acl "
            "away, make them anew with `neighbors ca redis`, and start Redis with them");
    return EXIT_DONE;
}

static enum exit_code migrate(const struct invocation *invocation, struct redis_sync *redis)
{
    struct migration m;
    bool due, dry = invocation->value[DRY] != NULL;
    enum exit_code code = look(invocation, redis, &m, &due);
    if (code != EXIT_DONE || !due)
        return code;
    if (!migration_run(redis, dry, &m))
        return cli_fail(invocation, EXIT_UNREACHABLE, "%s; run it again, it goes on", redis->error);
    print_done(invocation, &m, dry);
    return EXIT_DONE;
}

static enum exit_code run(struct invocation *invocation)
{
    struct redis_url where;
    struct redis_sync redis;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "migrate takes no arguments");
    if (redis_url_read(invocation->common.redis, &where, redis.error) && where.kind == REDIS_CLUSTER)
        return cli_fail(invocation, EXIT_REFUSED,
            "layout %d was never in a cluster: name the one Redis that has the data", LAYOUT_BEFORE);
    explicit_bzero(&where, sizeof where);
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    enum exit_code code = migrate(invocation, &redis);
    redis_sync_close(&redis);
    return code;
}

const struct command command_migrate = {
    "migrate", "bring data of the version before to this one", "", options, run};
