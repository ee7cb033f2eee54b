/* neighbors household: the operator's desk of households: codes that verify a place, moving house, and a
 * device that goes to another household. */
#include <string.h>
#include <time.h>

#include "bridge/registry_household.h"
#include "bridge/secret_file.h"
#include "cli/cli.h"
#include "cli/reach.h"

enum { PATH_TEXT = COMMAND_FIELD + 32, DATE_TEXT = 16 };
static const int64_t day_ms = INT64_C(86400) * 1000;

enum { WAY, BY, CODE, DAYS };
static const struct option_row verify_options[] = {
    [WAY] = {"way", "post|agency", "how the code reaches the household (post)"},
    [BY] = {"by", "AGENCY", "which agency gives the code, with --way agency"},
    [CODE] = {"code", "CODE", "the household gives this code back: its place is verified"},
    [DAYS] = {"days", "N", "how long the code is good (30)"},
    {0},
};
enum { AT };
static const struct option_row move_options[] = {
    [AT] = {"at", "LAT,LON", "where it lives from now on"},
    {0},
};
enum { RELEASE_DAYS };
static const struct option_row release_options[] = {
    [RELEASE_DAYS] = {"days", "N", "how long another household may take the device with the code (30)"},
    {0},
};
static const struct option_row no_options[] = {{0}};

/* ---- what all of them need ---- */

struct household_desk {
    struct redis_sync redis;
    bool reached;
    struct place_key *places;
    struct seal *seal;
    struct arena arena;
};

static bool open_desk(const struct invocation *invocation, struct household_desk *desk)
{
    char path[PATH_TEXT];
    uint8_t secret[SECRET_BYTES];
    *desk = (struct household_desk){.places = cli_place_key(invocation)};
    if (!desk->places)
        return false;
    snprintf(path, sizeof path, "%.*s/broker.secret", COMMAND_FIELD - 1, invocation->common.keys);
    if (secret_file_read(path, secret)) {
        place_key_free(desk->places);
        return false;
    }
    desk->seal = seal_new(secret);
    explicit_bzero(secret, sizeof secret);
    arena_init(&desk->arena, NULL, 0);
    desk->reached = reach_redis(invocation, &desk->redis);
    return true;
}

static void close_desk(struct household_desk *desk)
{
    if (desk->reached)
        redis_sync_close(&desk->redis);
    seal_free(desk->seal);
    place_key_free(desk->places);
    arena_free(&desk->arena);
}

/* Opens the desk for the work and closes it. */
static enum exit_code at_desk(const struct invocation *invocation,
    enum exit_code (*work)(const struct invocation *invocation, struct household_desk *desk))
{
    struct household_desk desk;
    if (!open_desk(invocation, &desk))
        return EXIT_REFUSED;
    enum exit_code code = desk.reached ? work(invocation, &desk) : EXIT_UNREACHABLE;
    close_desk(&desk);
    return code;
}

static enum exit_code ended(const struct invocation *invocation, enum registry_result result,
    const struct household_desk *desk, const char *what)
{
    if (result == REGISTRY_NOT_FOUND)
        return cli_fail(invocation, EXIT_REFUSED, "%.80s is not enrolled", what);
    return cli_fail(
        invocation, result == REGISTRY_REFUSED ? EXIT_REFUSED : EXIT_UNREACHABLE, "%s", desk->redis.error);
}

static bool read_days(const struct invocation *invocation, const char *text, int64_t *expires)
{
    int64_t days = 30;
    if (text && !cli_number(invocation, "--days", text, 1, 365, &days))
        return false;
    *expires = cli_now() + days * day_ms;
    return true;
}

static void date_of(int64_t ms, char out[DATE_TEXT])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) || strftime(out, DATE_TEXT, "%Y-%m-%d", &parts) == 0)
        out[0] = '\0';
}

/* ---- verify ---- */

static enum exit_code take_back(const struct invocation *invocation, struct household_desk *desk)
{
    struct verification_found found;
    const char *household = invocation->arguments[0];
    unsigned any = 1U << VERIFICATION_POST | 1U << VERIFICATION_AGENCY | 1U << VERIFICATION_NEIGHBOR;
    enum registry_result result = verification_redeem(
        &desk->redis, desk->seal, household, text_of(invocation->value[CODE]), any, cli_now(), &found);
    if (result != REGISTRY_OK)
        return ended(invocation, result, desk, household);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:s, s:s}", "ok", 1, "household", household, "way",
            verification_way_name(found.way), "by", found.by));
    else
        printf("%s is verified, by %s\n", household, verification_way_name(found.way));
    return EXIT_DONE;
}

static void print_letter(const char *household, const char *code, const char *date, bool post)
{
    if (post)
        printf("To the household at this address\n\nThis code shows that you live here. Give it to the app, "
               "or to "
               "whoever runs\nNeighbors where you are, before %s. It is good once, and for %s alone:\n\n",
            date, household);
    printf("%s%s\n", post ? "    " : "", code);
}

static enum exit_code give_out(const struct invocation *invocation, struct household_desk *desk)
{
    struct registry_household known;
    char code[VERIFICATION_CODE + 1], date[DATE_TEXT], by[REGISTRY_ID + 16] = "operator";
    const char *household = invocation->arguments[0], *way = invocation->value[WAY];
    struct verification v = {.way = VERIFICATION_POST, .household = household, .by = by, .now = cli_now()};
    if (way && strcmp(way, "agency") == 0)
        v.way = VERIFICATION_AGENCY;
    if (invocation->value[BY])
        snprintf(by, sizeof by, "agency/%.64s", invocation->value[BY]);
    if (!read_days(invocation, invocation->value[DAYS], &v.expires))
        return EXIT_USAGE;
    enum registry_result result =
        registry_household_read(&desk->redis, desk->places, household, &desk->arena, &known);
    if (result == REGISTRY_OK)
        result = verification_begin(&desk->redis, desk->seal, &v, code);
    if (result != REGISTRY_OK)
        return ended(invocation, result, desk, household);
    date_of(v.expires, date);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:s, s:s, s:I}", "ok", 1, "household", household, "way",
            verification_way_name(v.way), "code", code, "expires", (json_int_t)v.expires));
    else
        print_letter(household, code, date, v.way == VERIFICATION_POST);
    return EXIT_DONE;
}

static enum exit_code run_verify(struct invocation *invocation)
{
    const char *const *value = invocation->value;
    bool agency = value[WAY] && strcmp(value[WAY], "agency") == 0;
    if (invocation->argument_count != 1)
        return cli_fail(invocation, EXIT_USAGE, "say which household: household verify home-7 --way post");
    if (value[WAY] && !agency && strcmp(value[WAY], "post") != 0)
        return cli_fail(invocation, EXIT_USAGE, "--way: post or agency; neighbors invite by themselves");
    if (agency != (value[BY] != NULL))
        return cli_fail(invocation, EXIT_USAGE, "--way agency goes with --by AGENCY");
    return at_desk(invocation, value[CODE] ? take_back : give_out);
}

/* ---- show, move ---- */

static enum exit_code show(const struct invocation *invocation, struct household_desk *desk)
{
    struct registry_household known;
    char date[DATE_TEXT] = "";
    const char *household = invocation->arguments[0];
    enum registry_result result =
        registry_household_read(&desk->redis, desk->places, household, &desk->arena, &known);
    if (result != REGISTRY_OK)
        return ended(invocation, result, desk, household);
    json_t *members = json_array();
    for (size_t i = 0; i < known.member_count; i++)
        json_array_append_new(members, json_string(known.members[i]));
    if (invocation->common.json) {
        cli_print_json(json_pack("{s:s, s:s, s:I, s:o}", "household", household, "cell", known.place.leaf,
            "verified", (json_int_t)known.verified, "members", members));
        return EXIT_DONE;
    }
    json_decref(members);
    if (known.verified)
        date_of(known.verified, date);
    printf("%s  in %s  %s%s\n", household, *known.place.leaf ? known.place.leaf : "no place",
        known.verified ? "verified since " : "not verified", date);
    for (size_t i = 0; i < known.member_count; i++)
        printf("  %s\n", known.members[i]);
    return EXIT_DONE;
}

static enum exit_code run_show(struct invocation *invocation)
{
    if (invocation->argument_count != 1)
        return cli_fail(invocation, EXIT_USAGE, "say which household: household show home-7");
    return at_desk(invocation, show);
}

static enum exit_code move(const struct invocation *invocation, struct household_desk *desk)
{
    struct geo_point point;
    char place[GEO_CELL_TEXT];
    const char *household = invocation->arguments[0];
    if (!cli_point(invocation, "--at", invocation->value[AT], &point))
        return EXIT_USAGE;
    cli_fine(point, place);
    enum registry_result result =
        registry_household_move(&desk->redis, desk->places, household, place, cli_now());
    if (result != REGISTRY_OK)
        return ended(invocation, result, desk, household);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s}", "ok", 1, "household", household));
    else
        printf("%s has moved: its place is to be verified anew, and it shares nothing\n", household);
    return EXIT_DONE;
}

static enum exit_code run_move(struct invocation *invocation)
{
    if (invocation->argument_count != 1 || !invocation->value[AT])
        return cli_fail(
            invocation, EXIT_USAGE, "say which household and where: household move home-7 --at LAT,LON");
    return at_desk(invocation, move);
}

/* ---- a device goes ---- */

/* "porch-1", also of "device/porch-1", as it is called elsewhere. */
static const char *device_id(const char *device)
{
    static const char role[] = "device/";
    return strncmp(device, role, sizeof role - 1) == 0 ? device + sizeof role - 1 : device;
}

static enum exit_code release(const struct invocation *invocation, struct household_desk *desk)
{
    char code[VERIFICATION_CODE + 1];
    int64_t expires;
    const char *device = device_id(invocation->arguments[0]);
    if (!read_days(invocation, invocation->value[RELEASE_DAYS], &expires))
        return EXIT_USAGE;
    enum registry_result result =
        registry_device_release(&desk->redis, desk->seal, device, cli_now(), expires, code);
    if (result != REGISTRY_OK)
        return ended(invocation, result, desk, device);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:s}", "ok", 1, "device", device, "code", code));
    else
        printf("device/%s is in no household; who has this code may take it:\n%s\n", device, code);
    return EXIT_DONE;
}

static enum exit_code run_release(struct invocation *invocation)
{
    if (invocation->argument_count != 1)
        return cli_fail(invocation, EXIT_USAGE, "say which device: household release porch-1");
    return at_desk(invocation, release);
}

static enum exit_code accept_device(const struct invocation *invocation, struct household_desk *desk)
{
    struct enrolled known;
    char device[REGISTRY_ID + 1];
    const char *household = invocation->arguments[0];
    enum registry_result result = registry_device_accept(&desk->redis, desk->seal, desk->places, household,
        text_of(invocation->arguments[1]), cli_now(), device, &known);
    if (result != REGISTRY_OK)
        return ended(invocation, result, desk, household);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:s, s:i}", "ok", 1, "device", device, "household", household,
            "number", (int)known.number));
    else
        printf("device/%s belongs to %s; neighbors enroll device %s hands out its token\n", device, household,
            device);
    return EXIT_DONE;
}

static enum exit_code run_accept(struct invocation *invocation)
{
    if (invocation->argument_count != 2)
        return cli_fail(
            invocation, EXIT_USAGE, "say which household and the code: household accept home-8 K7QF-2MPX");
    return at_desk(invocation, accept_device);
}

const struct command command_household_verify = {"household verify",
    "give out a code that verifies where a household lives, or take it back", "HOUSEHOLD", verify_options,
    run_verify};
const struct command command_household_show = {"household show",
    "who belongs to a household, and since when it is verified", "HOUSEHOLD", no_options, run_show};
const struct command command_household_move = {
    "household move", "a household moves house, with all that is in it", "HOUSEHOLD", move_options, run_move};
const struct command command_household_release = {"household release",
    "take a device out of its household, and give out the code to hand it over", "DEVICE", release_options,
    run_release};
const struct command command_household_accept = {
    "household accept", "a household takes a device with its code", "HOUSEHOLD CODE", no_options, run_accept};
