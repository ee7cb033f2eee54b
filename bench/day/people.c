/* Enrols a plan's people and things: prints what `neighbors enroll` writes (bridge/registry.h) as commands
 * for Redis, by the hundred thousand, for one pipe; who shares is settled by the store's own function
 * afterwards. bench_people PLAN SECRET commands FIRST_SLOT LAST_SLOT    commands of those slots of a cluster
 * bench_people PLAN SECRET share URL                        the indexes of the households that share */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/day/plan.h"
#include "bridge/registry.h"
#include "bridge/secret_file.h"
#include "bridge/sharing_index.h"

enum { WORDS = 40, WORD = 200, ALL_KINDS = 254, DAY_S = 24 * 3600, VERIFIED_DAYS = 30, SLOTS = 16384 };

struct command {
    char words[WORDS][WORD];
    size_t count;
};

struct enrolling {
    const struct plan *plan;
    struct place_key *places;
    long first_slot, last_slot;
    int64_t verified; /* ms */
};

static void add(struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command->words[command->count++], WORD, format, arguments);
    va_end(arguments);
}

/* CRC-16/XMODEM of what stands in braces, as the Redis Cluster specification has it. */
static long slot_of(const char *key)
{
    const char *from = strchr(key, '{') + 1, *to = strchr(from, '}');
    unsigned crc = 0;
    for (; from < to; from++) {
        crc ^= (unsigned)(uint8_t)*from << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
    }
    return crc % SLOTS;
}

static void print(const struct enrolling *enrolling, const struct command *command)
{
    long slot = slot_of(command->words[1]);
    if (slot < enrolling->first_slot || slot > enrolling->last_slot)
        return;
    printf("*%zu\r\n", command->count);
    for (size_t i = 0; i < command->count; i++)
        printf("$%zu\r\n%s\r\n", strlen(command->words[i]), command->words[i]);
}

static void add_place(struct command *command, const struct enrolling *enrolling, const char *role,
    const char *id, const char *geohash)
{
    struct registry_place place = {0};
    struct registry_place_fields fields;
    if (geohash)
        registry_place_from(&place, geohash);
    registry_place_seal_principal(enrolling->places, role, id, &place, &fields);
    const char *const words[] = {"place", fields.place, "fine", fields.fine, "former", "", "region",
        fields.region, "leaf_digest", fields.leaf_digest, "askable_digest", fields.askable_digest};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        add(command, "%s", words[i]);
}

/* home NULL: of no household. */
static void principal(const struct enrolling *enrolling, const char *role, const char *id,
    const struct home *home, uint32_t number, const char *name, const char *devices)
{
    struct command command = {.count = 0};
    bool thing = home && strcmp(role, "user") != 0;

    add(&command, "HSET");
    add(&command, "nb:{p:%s/%s}:principal", role, id);
    const char *const words[] = {"household", home ? home->name : "", "name", name, "devices", devices};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        add(&command, "%s", words[i]);
    add(&command, "number");
    add(&command, "%u", number);
    add(&command, "since");
    add(&command, "0");
    add(&command, "share");
    add(&command, "%d", thing && home->shares ? ALL_KINDS : 0);
    add(&command, "tokens_after");
    add(&command, "0");
    add(&command, "verified");
    add(&command, "%" PRId64, home ? enrolling->verified : 0);
    add(&command, "enrolled");
    add(&command, "%" PRId64, enrolling->verified);
    add_place(&command, enrolling, role, id, home ? home->geohash : NULL);
    print(enrolling, &command);
}

static void household(const struct enrolling *enrolling, const struct home *home)
{
    struct command command = {.count = 0};
    struct registry_place place = {0};
    char sealed[PLACE_SEALED + 1], owner[PLACE_OWNER];

    registry_place_from(&place, home->geohash);
    add(&command, "HSET");
    add(&command, "nb:{h:%s}:household", home->name);
    add(&command, "place");
    place_owner_household(text_of(home->name), "place", owner);
    place_seal(enrolling->places, owner, text_of(place.leaf), sealed);
    add(&command, "%s", sealed);
    add(&command, "fine");
    place_owner_household(text_of(home->name), "fine", owner);
    place_seal(enrolling->places, owner, text_of(place.fine), sealed);
    add(&command, "%s", sealed);
    add(&command, "verified");
    add(&command, "%" PRId64, enrolling->verified);
    add(&command, "next");
    add(&command, "%u", home->count);
    print(enrolling, &command);
}

static void member(
    const struct enrolling *enrolling, const struct home *home, const char *role, const char *id)
{
    struct command command = {.count = 0};
    add(&command, "SADD");
    add(&command, "nb:{h:%s}:members", home->name);
    add(&command, "%s/%s", role, id);
    print(enrolling, &command);
}

static void enrol_home(const struct enrolling *enrolling, const struct home *home)
{
    char device[DEVICE_NAME];

    household(enrolling, home);
    if (home->way == BY_EDGE) {
        principal(enrolling, "edge", home->name, home, 0, "", "");
        member(enrolling, home, "edge", home->name);
    }
    for (uint32_t d = 0; d < home->count; d++) {
        plan_device_name(enrolling->plan, home->first + d, device);
        principal(enrolling, "device", device, home, d + 1, "", "");
        member(enrolling, home, "device", device);
    }
}

static void enrol_agency(const struct enrolling *enrolling, const char *id)
{
    struct command command = {.count = 0};
    char name[WORD];

    snprintf(name, sizeof name, "Department %s", id);
    principal(enrolling, "agency", id, NULL, 0, name, "");
    add(&command, "HSET");
    add(&command, "nb:{p:agency/%s}:principal", id);
    const char *const words[] = {"no_approval", "1", "no_drill", "1"}; /* nobody is there to look at each */
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        add(&command, "%s", words[i]);
    print(enrolling, &command);
}

static void enrol_all(const struct enrolling *enrolling)
{
    const struct plan *plan = enrolling->plan;
    char name[WORD], devices[WORD];

    for (size_t h = 0; h < plan->home_count; h++)
        enrol_home(enrolling, &plan->homes[h]);
    for (size_t n = 0; n < plan->node_count; n++) {
        snprintf(name, sizeof name, "n%zu", n);
        snprintf(devices, sizeof devices, "n%zu-*", n);
        principal(enrolling, "node", name, NULL, 0, "", devices);
    }
    for (size_t f = 0; f < plan->follower_count; f++) {
        snprintf(name, sizeof name, "f%zu", f);
        principal(enrolling, "user", name, NULL, 0, "", "");
    }
    for (size_t a = 0; a < plan->agency_count; a++) {
        snprintf(name, sizeof name, "a%zu", a);
        enrol_agency(enrolling, name);
    }
}

static int share_all(const struct plan *plan, const char *url)
{
    struct redis_sync redis;
    bool good = redis_sync_open(&redis, url);

    for (size_t h = 0; good && h < plan->home_count; h++)
        if (plan->homes[h].shares)
            good = sharing_index_refresh(&redis, plan->homes[h].name);
    if (!good)
        fprintf(stderr, "bench_people: %s\n", redis.error);
    redis_sync_close(&redis);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char **arguments)
{
    uint8_t secret[SECRET_BYTES];
    if (count != 6 && count != 5) {
        fprintf(stderr, "usage: bench_people PLAN SECRET commands FIRST LAST | share URL\n");
        return EXIT_FAILURE;
    }
    const struct plan *plan = plan_read(arguments[1]);
    if (count == 5)
        return share_all(plan, arguments[4]);
    const char *rule = secret_file_read(arguments[2], secret);
    if (rule) {
        fprintf(stderr, "bench_people: %s\n", rule);
        return EXIT_FAILURE;
    }
    struct enrolling enrolling = {.plan = plan,
        .places = place_key_new(secret),
        .first_slot = atol(arguments[4]),
        .last_slot = atol(arguments[5]),
        .verified = ((int64_t)time(NULL) - VERIFIED_DAYS * DAY_S) * 1000};
    enrol_all(&enrolling);
    place_key_free(enrolling.places);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
