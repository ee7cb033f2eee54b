/* neighbors agency: the operator's desk of agencies: who may act for one, and what is known of all. */
#include <string.h>

#include "bridge/registry_agency.h"
#include "cli/cli.h"
#include "cli/reach.h"

static const struct option_row no_options[] = {{0}};

/* What an answer of the registry other than OK ends with. */
static enum exit_code ended(const struct invocation *invocation, enum registry_result result,
    const struct redis_sync *redis, const char *agency)
{
    if (result == REGISTRY_NOT_FOUND)
        return cli_fail(invocation, EXIT_REFUSED, "agency/%.64s is not enrolled", agency);
    return cli_fail(
        invocation, result == REGISTRY_REFUSED ? EXIT_REFUSED : EXIT_UNREACHABLE, "%s", redis->error);
}

/* ---- officers ---- */

static enum exit_code run_officer(struct invocation *invocation)
{
    struct redis_sync redis;
    const char *const *word = (const char *const *)invocation->arguments;
    bool add = invocation->argument_count == 3 && strcmp(word[0], "add") == 0;
    if (!add && (invocation->argument_count != 3 || strcmp(word[0], "remove") != 0))
        return cli_fail(invocation, EXIT_USAGE,
            "say what is done, at which agency, and who: agency officer add fire-1 lee");
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    enum registry_result result = add ? registry_officer_add(&redis, word[1], word[2])
                                      : registry_officer_remove(&redis, word[1], word[2]);
    redis_sync_close(&redis);
    if (result != REGISTRY_OK)
        return ended(invocation, result, &redis, word[1]);
    if (invocation->common.json)
        cli_print_json(json_pack(
            "{s:b, s:s, s:s, s:b}", "ok", 1, "agency", word[1], "officer", word[2], "listed", (int)add));
    else
        printf("%s may %s for agency/%s\n", word[2], add ? "act" : "no longer act", word[1]);
    return EXIT_DONE;
}

/* ---- the list ---- */

static void print_agency(const struct invocation *invocation, const struct registry_agency *agency)
{
    const char *drill = agency->drilled ? "drilled" : agency->no_drill ? "waived" : "due";
    json_t *officers = json_array();
    for (size_t i = 0; i < agency->officer_count; i++)
        json_array_append_new(officers, json_string(agency->officers[i]));
    if (invocation->common.json) {
        cli_print_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "agency", agency->id, "name",
            agency->name, "kind", agency->kind, "office", agency->office, "drill", drill, "since",
            (json_int_t)agency->partner_since, "officers", officers));
        return;
    }
    json_decref(officers);
    printf("%s  %s  %s  drill %s  officers", agency->id, agency->name, *agency->kind ? agency->kind : "other",
        drill);
    for (size_t i = 0; i < agency->officer_count; i++)
        printf("%s%s", i ? ", " : " ", agency->officers[i]);
    puts(agency->officer_count ? "" : " none");
}

static enum exit_code list(const struct invocation *invocation, struct redis_sync *redis, struct arena *arena)
{
    struct registry_agency_ids ids;
    struct registry_agency agency;
    if (!registry_agency_ids(redis, arena, &ids))
        return ended(invocation, REGISTRY_FAILED, redis, "");
    for (size_t i = 0; i < ids.count; i++) {
        enum registry_result result = registry_agency_read(redis, ids.ids[i], arena, &agency);
        if (result != REGISTRY_OK)
            return ended(invocation, result, redis, ids.ids[i]);
        print_agency(invocation, &agency);
    }
    return EXIT_DONE;
}

static enum exit_code run_list(struct invocation *invocation)
{
    struct redis_sync redis;
    struct arena arena;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "agency list takes no arguments");
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    arena_init(&arena, NULL, 0);
    enum exit_code code = list(invocation, &redis, &arena);
    arena_free(&arena);
    redis_sync_close(&redis);
    return code;
}

const struct command command_agency_officer = {"agency officer",
    "put an officer on an agency's list, or take them off", "add|remove AGENCY OFFICER", no_options,
    run_officer};
const struct command command_agency_list = {
    "agency list", "the agencies: what they are, their drill, their officers", "", no_options, run_list};
