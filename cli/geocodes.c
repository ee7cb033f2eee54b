/* neighbors geocodes: the operator's table of areas that CAP documents name by a code. Files are read and
 * held against the rules whole before anything of them is written. */
#include "bridge/geocodes.h"

#include <stdlib.h>

#include "cli/cli.h"
#include "cli/geocode_features.h"
#include "cli/geojson.h"
#include "cli/place.h"
#include "cli/reach.h"

enum { SCHEME, PROPERTY };
static const struct option_row import_options[] = {
    [SCHEME] = {"scheme", "SAME|UGC", "whose codes they are; must be said"},
    [PROPERTY] = {"property", "NAME", "which property of a feature is its code (found out)"},
    {0},
};
static const struct option_row no_options[] = {{0}};

/* ---- import ---- */

static enum exit_code write_all(
    const struct invocation *invocation, const char *scheme, const struct geocode_features *features)
{
    struct redis_sync redis;
    struct geocodes_written written;
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    bool done = geocodes_write(&redis, scheme, features->areas, features->count, &written);
    redis_sync_close(&redis);
    if (!done)
        return cli_fail(invocation, EXIT_UNREACHABLE, "%s; %zu of %zu codes were written", redis.error,
            written.added + written.changed + written.same, features->count);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:I, s:I, s:I, s:I}", "ok", 1, "scheme", scheme, "features",
            (json_int_t)features->read, "added", (json_int_t)written.added, "changed",
            (json_int_t)written.changed, "same", (json_int_t)written.same));
    else
        printf("%s: %zu features, %zu codes: %zu new, %zu changed, %zu as before\n", scheme, features->read,
            features->count, written.added, written.changed, written.same);
    return EXIT_DONE;
}

static enum exit_code import(const struct invocation *invocation, const char *scheme, struct arena *arena)
{
    struct geocode_features features = {
        .scheme = scheme, .property = invocation->value[PROPERTY], .arena = arena};
    char complaint[GEOCODE_COMPLAINT];
    for (int i = 0; i < invocation->argument_count; i++)
        if (!geocode_features_read(&features, invocation->arguments[i], complaint))
            return cli_fail(invocation, EXIT_REFUSED, "%s; nothing was imported", complaint);
    if (!geocode_features_unite(&features, complaint))
        return cli_fail(invocation, EXIT_REFUSED, "%s; nothing was imported", complaint);
    return write_all(invocation, scheme, &features);
}

static enum exit_code run_import(struct invocation *invocation)
{
    struct arena arena;
    const char *scheme = invocation->value[SCHEME];
    if (invocation->argument_count == 0)
        return cli_fail(
            invocation, EXIT_USAGE, "say which files, such as: geocodes import same.geojson --scheme SAME");
    if (!scheme || !geocodes_scheme_valid(scheme))
        return cli_fail(invocation, EXIT_USAGE, "say whose codes they are: --scheme SAME or --scheme UGC");
    arena_init(&arena, NULL, 0);
    enum exit_code code = import(invocation, scheme, &arena);
    arena_free(&arena);
    return code;
}

/* ---- show ---- */

static enum exit_code print_area(
    const struct invocation *invocation, const char *scheme, const char *code, struct arena *arena)
{
    struct redis_sync redis;
    struct bytes area;
    struct geo_shape shape;
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    bool read = geocodes_read(&redis, scheme, code, arena, &area);
    redis_sync_close(&redis);
    if (!read)
        return cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis.error);
    if (area.len == 0)
        return cli_fail(invocation, EXIT_REFUSED, "%s has no code %s", scheme, code);
    if (!place_kept(area, arena, &shape))
        return cli_fail(invocation, EXIT_REFUSED, "the area of %s cannot be read: import it anew", code);
    cli_print_json(json_pack("{s:s, s:{s:s, s:s}, s:o}", "type", "Feature", "properties", "scheme", scheme,
        "code", code, "geometry", geojson_area(&shape, arena)));
    return EXIT_DONE;
}

static enum exit_code run_show(struct invocation *invocation)
{
    struct arena arena;
    if (invocation->argument_count != 2 || !geocodes_scheme_valid(invocation->arguments[0]))
        return cli_fail(invocation, EXIT_USAGE, "say which, such as: geocodes show SAME 006037");
    arena_init(&arena, NULL, 0);
    enum exit_code code = print_area(invocation, invocation->arguments[0], invocation->arguments[1], &arena);
    arena_free(&arena);
    return code;
}

/* ---- list ---- */

static bool list_codes(
    const struct invocation *invocation, struct redis_sync *redis, const char *scheme, struct arena *arena)
{
    struct geocodes_names codes;
    if (!geocodes_codes(redis, scheme, arena, &codes))
        return false;
    for (size_t i = 0; i < codes.count; i++)
        if (invocation->common.json)
            cli_print_json(json_pack("{s:s, s:s}", "scheme", scheme, "code", codes.names[i]));
        else
            puts(codes.names[i]);
    return true;
}

static bool list_schemes(const struct invocation *invocation, struct redis_sync *redis, struct arena *arena)
{
    struct geocodes_names schemes, codes;
    if (!geocodes_schemes(redis, arena, &schemes))
        return false;
    for (size_t i = 0; i < schemes.count; i++) {
        if (!geocodes_codes(redis, schemes.names[i], arena, &codes))
            return false;
        if (invocation->common.json)
            cli_print_json(
                json_pack("{s:s, s:I}", "scheme", schemes.names[i], "codes", (json_int_t)codes.count));
        else
            printf("%s  %zu codes\n", schemes.names[i], codes.count);
    }
    return true;
}

static enum exit_code run_list(struct invocation *invocation)
{
    struct redis_sync redis;
    struct arena arena;
    if (invocation->argument_count > 1 ||
        (invocation->argument_count && !geocodes_scheme_valid(invocation->arguments[0])))
        return cli_fail(invocation, EXIT_USAGE, "geocodes list takes at most a scheme");
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    arena_init(&arena, NULL, 0);
    bool done = invocation->argument_count ? list_codes(invocation, &redis, invocation->arguments[0], &arena)
                                           : list_schemes(invocation, &redis, &arena);
    arena_free(&arena);
    redis_sync_close(&redis);
    return done ? EXIT_DONE : cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis.error);
}

const struct command command_geocodes_import = {
    "geocodes import", "load the areas of geocodes from GeoJSON", "FILE...", import_options, run_import};
const struct command command_geocodes_show = {
    "geocodes show", "the area of a geocode as GeoJSON", "SCHEME CODE", no_options, run_show};
const struct command command_geocodes_list = {
    "geocodes list", "the schemes that are loaded, or the codes of one", "[SCHEME]", no_options, run_list};
