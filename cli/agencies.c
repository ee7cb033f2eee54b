/* neighbors agencies import: agencies by the list. Files are read and held against the rules whole before
 * anything is written; an import that was interrupted goes on when it is done again. Who is listed may do
 * nothing before it has credentials, and without a jurisdiction of its own may alert nowhere. */
#include "cli/agency_rows.h"
#include "cli/agency_show.h"
#include "cli/cli.h"
#include "cli/reach.h"
#include "cli/trust.h"

enum { KIND };
static const struct option_row import_options[] = {
    [KIND] = {"kind", "KIND", "what they are whose row does not say: police, fire, ... (other)"},
    {0},
};

/* What a line of the file makes of the agency. A jurisdiction that is known stays where the file has none. */
static enum registry_result import_row(struct redis_sync *redis, const struct place_key *places,
    const struct agency_row *row, const char *kind, int64_t since, size_t *added)
{
    struct enrolled known;
    int64_t now = cli_now();
    enum registry_result result = registry_read(redis, NULL, "agency", row->id, &known);
    bool fresh = result == REGISTRY_NOT_FOUND;
    struct registry_trust trust = {.kind = *row->kind ? row->kind : kind,
        .office = *row->office ? row->office : NULL,
        .partner_since = since,
        .jurisdiction = row->jurisdiction};
    if (result == REGISTRY_FAILED)
        return result;
    if (fresh && !row->jurisdiction.data)
        trust.jurisdiction = trust_nowhere;
    if (fresh && !trust.kind)
        trust.kind = "other";
    result = registry_enroll(redis, places,
        &(struct enrolment){.role = "agency", .id = row->id, .name = row->name, .trust = &trust, .now = now},
        &known);
    *added += fresh && result == REGISTRY_OK;
    return result == REGISTRY_OK && !agency_show(redis, row->id, now) ? REGISTRY_FAILED : result;
}

static enum exit_code write_all(
    const struct invocation *invocation, const struct agency_rows *rows, const int64_t *since)
{
    struct redis_sync redis;
    struct place_key *places = cli_place_key(invocation);
    enum registry_result result = REGISTRY_OK;
    size_t done = 0, added = 0;
    if (!places)
        return EXIT_REFUSED;
    bool reached = reach_redis(invocation, &redis);
    for (; reached && done < rows->count && result == REGISTRY_OK; done += result == REGISTRY_OK)
        result = import_row(&redis, places, &rows->rows[done], invocation->value[KIND], since[done], &added);
    place_key_free(places);
    if (!reached)
        return EXIT_UNREACHABLE;
    redis_sync_close(&redis);
    if (result != REGISTRY_OK)
        return cli_fail(invocation, result == REGISTRY_REFUSED ? EXIT_REFUSED : EXIT_UNREACHABLE,
            "%s: %s; %zu of %zu were written: the same import again writes the others, too",
            rows->rows[done].id, redis.error, done, rows->count);
    if (invocation->common.json)
        cli_print_json(json_pack(
            "{s:b, s:I, s:I}", "ok", 1, "agencies", (json_int_t)rows->count, "added", (json_int_t)added));
    else
        printf("%zu agencies, %zu of them new\n", rows->count, added);
    return EXIT_DONE;
}

static enum exit_code import(const struct invocation *invocation, struct arena *arena)
{
    struct agency_rows rows = {.arena = arena};
    char complaint[AGENCY_COMPLAINT];
    for (int i = 0; i < invocation->argument_count; i++)
        if (!agency_rows_read(&rows, invocation->arguments[i], complaint))
            return cli_fail(invocation, EXIT_REFUSED, "%s; nothing was imported", complaint);
    int64_t *since = arena_alloc(arena, (rows.count + 1) * sizeof *since);
    for (size_t i = 0; i < rows.count; i++)
        if (*rows.rows[i].since && !cli_time(invocation, "since", rows.rows[i].since, &since[i]))
            return EXIT_REFUSED;
    return write_all(invocation, &rows, since);
}

static enum exit_code run_import(struct invocation *invocation)
{
    struct arena arena;
    if (invocation->argument_count == 0)
        return cli_fail(invocation, EXIT_USAGE, "say which files, such as: agencies import agencies.csv");
    if (invocation->value[KIND] && !registry_agency_kind_valid(invocation->value[KIND]))
        return cli_fail(invocation, EXIT_USAGE,
            "--kind: police, sheriff, fire, medical, emergency_management, weather, transport or other");
    arena_init(&arena, NULL, 0);
    enum exit_code code = import(invocation, &arena);
    arena_free(&arena);
    return code;
}

const struct command command_agencies_import = {"agencies import",
    "put agencies on the public list, from CSV or GeoJSON", "FILE...", import_options, run_import};
