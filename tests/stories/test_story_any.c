/* A story nobody wrote: clients, the store and the world do whatever comes next. What must hold in every
 * story is looked at all along: nothing is touched after its death, on a connection the revisions of an alert
 * only rise, and in the end whoever followed knows what is in force and what is not.
 *
 * The seed of a failing story is printed; NEIGHBORS_STORY=<seed> plays that one alone. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/core.h"
#include "tests/stories/stage.h"

enum { PEOPLE = 4, ALERTS = 6, STEPS = 400, STORIES = 60 };

struct known {
    uint32_t revision; /* 0: never heard of */
    bool in_force;
};

struct person {
    const char *name, *client_id;
    struct client *client; /* NULL: away */
    bool follows_here;     /* nb/v1/cell/HERE/# at QoS 1 */
    bool stalled;
    bool doubtful;              /* a clean start was never answered: it may still come, and take all away */
    struct known known[ALERTS]; /* as the app remembers */
    uint32_t shown[ALERTS];     /* on this connection */
    uint16_t to_acknowledge[4096];
    size_t to_acknowledge_count;
};

static struct {
    uint64_t random;
    struct person people[PEOPLE];
    struct known alerts[ALERTS]; /* the truth, here */
    bool away;
    int held;
    size_t revisions;
} world;

static uint32_t chance(uint32_t of)
{
    world.random ^= world.random << 13; /* xorshift */
    world.random ^= world.random >> 7;
    world.random ^= world.random << 17;
    return (uint32_t)(world.random >> 33) % of;
}

/* ---- what people do ---- */

static void remember(struct person *person, const char *line)
{
    char id, state[16];
    unsigned revision;
    const char *packet = strstr(line, " q1 #");
    if (packet && person->to_acknowledge_count < 4096)
        person->to_acknowledge[person->to_acknowledge_count++] = (uint16_t)atoi(packet + 5);
    if (!strstr(line, "nb/v1/cell/" HERE "/"))
        return;
    if (strncmp(line, "gap ", 4) == 0)
        memset(person->known, 0, sizeof(person->known)); /* what is in force follows */
    if (sscanf(line, "alert %c r%u %15s", &id, &revision, state) != 3)
        return;
    size_t n = (size_t)(id - 'a');
    if (revision < person->shown[n])
        fail_msg("after r%u: %s", person->shown[n], line);
    person->shown[n] = revision;
    if (revision >= person->known[n].revision)
        person->known[n] = (struct known){revision, strcmp(state, "IN_FORCE") == 0};
}

static void listens(struct person *person)
{
    const char *line;
    while (person->client && !person->stalled && (line = next_heard(person->client))) {
        if (getenv("NEIGHBORS_STORY"))
            fprintf(stderr, "%s hears %s\n", person->client_id, line);
        if (strncmp(line, "CONNACK", 7) == 0 && !strstr(line, "present")) {
            memset(person->known, 0, sizeof(person->known));
            person->follows_here = person->doubtful = false;
        }
        if (strcmp(line, "SUBACK 77 0x01") == 0)
            person->follows_here = true;
        if (strncmp(line, "SUBACK 77", 9) != 0 || strstr(line, "0x01"))
            remember(person, line);
    }
    if (person->client)
        forgets(person->client);
}

static void leaves(struct person *person)
{
    if (!person->client)
        return;
    if (!client_closed(person->client) && chance(3) == 0)
        disconnects(person->client, chance(2) ? 0 : REASON_DISCONNECT_WITH_WILL);
    breaks(person->client);
    person->client = NULL;
}

static void arrives(struct person *person)
{
    static const uint16_t windows[] = {0, 1, 2, 5};
    static const char will[] = "{\"version\":1,\"events\":[]}";
    struct manner manner = {.goes_on = chance(8) != 0,
        .expiry_s = 3600,
        .receive_maximum = windows[chance(4)],
        .maximum_packet = chance(6) ? 0 : 400,
        .will_topic = chance(3) ? NULL : "nb/v1/motion",
        .will_payload = {(const uint8_t *)will, sizeof(will) - 1},
        .will_delay_s = chance(3) * 10};
    leaves(person);
    memset(person->shown, 0, sizeof(person->shown));
    person->to_acknowledge_count = 0;
    person->stalled = false;
    person->client = knocks(person->name, person->client_id, manner);
    if (!manner.goes_on) { /* whether or not the answer is heard, what was followed is forgotten */
        memset(person->known, 0, sizeof(person->known));
        person->follows_here = false;
        person->doubtful = true;
    }
}

static bool is_there(const struct person *person)
{
    return person->client && !client_closed(person->client);
}

static void acknowledges_some(struct person *person, uint32_t share)
{
    size_t kept = 0;
    for (size_t i = 0; i < person->to_acknowledge_count; i++) {
        if (is_there(person) && chance(100) < share)
            acknowledges(person->client, person->to_acknowledge[i]);
        else
            person->to_acknowledge[kept++] = person->to_acknowledge[i];
    }
    person->to_acknowledge_count = kept;
}

static void asks_for_something(struct person *person)
{
    static const char *const filters[] = {"nb/v1/near/" HERE_LEAF "/400/#", "nb/v1/json/cell/" HERE "/#",
        "nb/v1/cell/" AWAY "/incident/+/+", "nb/v1/inbox/#", "nb/v1/json/inbox/#", "nb/v1/info", "nonsense"};
    size_t filter = chance(7);
    if (chance(3) == 0)
        subscribes_with(person->client, 77, "nb/v1/cell/" HERE "/#", 1, NULL);
    else if (chance(3) == 0)
        unsubscribes(person->client, 3, filters[filter]);
    else
        subscribes_with(person->client, 2, filters[filter], (uint8_t)(chance(2) | chance(3) << 4),
            chance(4) ? NULL : HERE ":AAAAAAAAAAAAAAAAAAAAAA");
}

/* Wishes make things wait or leave them out, and in the end everything is wished for again. */
static void wishes_something(struct person *person)
{
    static const char two_quiets[] = "{\"quiet\":[{\"fromMinute\":1334,\"toMinute\":1338},"
                                     "{\"fromMinute\":1345,\"toMinute\":1350}]}";
    static const char several[] = "{\"least\":[{\"category\":\"fire\",\"severity\":\"MINOR\"}],"
                                  "\"digestMinutes\":7,\"language\":\"de\"}";
    static const char *const wishes[] = {"{}", "{\"digestMinutes\":5}",
        "{\"least\":[{\"severity\":\"MINOR\"}]}", two_quiets, several,
        "{\"quiet\":[{\"fromMinute\":0,\"toMinute\":0}]}"};
    publishes(person->client, "nb/v1/settings", 1, 40, wishes[chance(6)]);
}

static void publishes_something(struct person *person)
{
    static const char history[] =
        "{\"version\":1,\"cells\":[\"" HERE "\",\"" AWAY "\"],\"from\":\"1\",\"limit\":5}";
    static const char *const devices[] = {NULL, "door", "nobody", "cam"};
    uint8_t qos = (uint8_t)chance(3);
    uint16_t id = qos ? (uint16_t)(1 + chance(30)) : 0;
    switch (chance(7)) {
    case 5:
    case 6:
        wishes_something(person);
        break;
    case 0:
        publishes(person->client, "nb/v1/history", qos, id, history);
        break;
    case 1:
        publishes(person->client, chance(2) ? "nb/v1/alert" : "nb/v1/motion", qos, id, "{}");
        break;
    case 2:
        releases(person->client, (uint16_t)(1 + chance(30)));
        break;
    default:
        sees_motion(person->client, qos, id, devices[chance(4)], 1 + chance(100));
    }
}

static void somebody_acts(void)
{
    struct person *person = &world.people[chance(PEOPLE)];
    uint32_t what = chance(10);
    if (!is_there(person) || what == 0) {
        arrives(person);
    } else if (what == 1) {
        leaves(person);
    } else if (what == 2) {
        person->stalled = !person->stalled;
        if (person->stalled)
            stalls(person->client);
        else
            reads_on(person->client);
    } else if (what < 5) {
        asks_for_something(person);
    } else if (what < 7) {
        publishes_something(person);
    } else {
        acknowledges_some(person, 60);
    }
}

/* ---- what the world and the store do ---- */

static void an_alert_changes(void)
{
    uint32_t n = chance(ALERTS);
    char id = (char)('a' + n);
    bool in_force = chance(4) != 0, here = chance(3) != 0, told = chance(5) != 0;
    if (world.revisions++ > 900)
        return;
    struct known *alert = &world.alerts[n];
    *alert = (struct known){alert->revision + 1, in_force && here};
    struct alert_text german = {.language = TEXT("de"), .headline = TEXT("etwas")};
    struct alert says = {.category = chance(2) ? CATEGORY_FIRE : CATEGORY_CRIME,
        .severity = (uint8_t)(SEVERITY_UNKNOWN + chance(SEVERITY_EXTREME)),
        .status = chance(10) ? STATUS_ACTUAL : STATUS_TEST,
        .sender_kind = SENDER_USER,
        .headline = TEXT("something"),
        .effective = stage_now(),
        .expires = stage_now() + 3600000,
        .text_count = chance(2),
        .texts = &german,
        .place = {.kind = PLACE_CIRCLE, .center = centre_of(here ? HERE_LEAF : AWAY_LEAF), .radius_m = 100}};
    struct beside beside = {.truth = (uint8_t)chance(TRUTH_REFUTED + 1),
        .severity = chance(3) ? 0 : SEVERITY_SEVERE,
        .held = !in_force && chance(4) == 0};
    alert_says(id, alert->revision, &says, beside, in_force);
    alert->in_force =
        alert->in_force && says.status == STATUS_ACTUAL; /* to who follows no class by its name */
    if (told) {
        appears(HERE, id, alert->revision, in_force && here);
        appears(AWAY, id, alert->revision, in_force && !here);
    } else {
        appears_untold(HERE, id, alert->revision, in_force && here);
        appears_untold(AWAY, id, alert->revision, in_force && !here);
        if (is_followed(HERE))
            seam(HERE);
        if (is_followed(AWAY))
            seam(AWAY);
    }
}

static void the_store_acts(void)
{
    static const enum store_status statuses[] = {STORE_OK, STORE_OK, STORE_OK, STORE_OK, STORE_FAILED};
    enum call_kind kind = chance(CALL_KINDS);
    switch (chance(8)) {
    case 0:
        holds(kind);
        break;
    case 1:
    case 2:
        lets_go(kind);
        break;
    case 3:
        settle();
        if (waiting(kind))
            answers(kind, chance((uint32_t)waiting(kind)), statuses[chance(5)]);
        break;
    case 4:
        world.away = !world.away;
        goes_away(world.away);
        break;
    case 5:
        if (chance(4) == 0)
            will_answer(kind, kind == CALL_SAVE || kind == CALL_MOTION ? STORE_FENCED : STORE_FAILED);
        break;
    case 6:
        if (chance(10) == 0)
            trimmed(HERE);
        if (chance(20) == 0)
            revoked("user/ann");
        else
            enrolled("user/ann", "", "");
        break;
    default:
        if (chance(6) == 0)
            opened_elsewhere("user/ann/phone", chance(2));
    }
}

static void goes_on(void)
{
    switch (chance(8)) {
    case 0:
        an_alert_changes();
        break;
    case 1:
        moves(chance(2) ? HERE : AWAY, chance(8), chance(5));
        break;
    case 2:
        the_store_acts();
        break;
    case 3:
        passes(chance(4) ? chance(3000) : 40000);
        break;
    default:
        somebody_acts();
    }
    for (size_t i = 0; i < PEOPLE; i++)
        listens(&world.people[i]);
}

/* ---- the end ---- */

static void all_comes_to_rest(void)
{
    if (world.away)
        goes_away(false);
    enrolled("user/ann", "", "");
    for (enum call_kind kind = 0; kind < CALL_KINDS; kind++) {
        lets_go(kind);
        will_answer(kind, STORE_OK);
    }
    settle();
    for (size_t i = 0; i < PEOPLE; i++) {
        struct person *person = &world.people[i];
        if (!is_there(person))
            arrives(person);
        person->stalled = false;
        reads_on(person->client);
    }
    passes(3000); /* what failed is asked again */
    for (size_t i = 0; i < PEOPLE; i++)
        publishes(world.people[i].client, "nb/v1/settings", 1, 41, "{}");
    for (int round = 0; round < 400; round++) {
        for (size_t i = 0; i < PEOPLE; i++) {
            listens(&world.people[i]);
            acknowledges_some(&world.people[i], 100);
        }
        settle();
    }
}

static void is_up_to_date(const struct person *person, uint64_t seed)
{
    if (!is_there(person) || !person->follows_here || person->doubtful)
        return;
    for (size_t n = 0; n < ALERTS; n++) {
        struct known known = person->known[n], truth = world.alerts[n];
        bool right = truth.in_force ? known.in_force && known.revision == truth.revision : !known.in_force;
        if (!right)
            fail_msg("seed %" PRIu64 ": %s knows %c r%u %s, the truth is r%u %s", seed, person->client_id,
                (char)('a' + n), known.revision, known.in_force ? "in force" : "ended", truth.revision,
                truth.in_force ? "in force" : "ended");
    }
}

static void play(uint64_t seed)
{
    static const char *const names[PEOPLE][2] = {
        {"user/ann", "phone"}, {"user/ann", "tablet"}, {"edge/hub", "e"}, {"device/cam", "c"}};
    memset(&world, 0, sizeof(world));
    world.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (size_t i = 0; i < PEOPLE; i++) {
        world.people[i].name = names[i][0];
        world.people[i].client_id = names[i][1];
    }
    stage_restart();
    enrolled("user/ann", "", "");
    enrolled("edge/hub", "home", "");
    enrolled("device/door", "home", HERE_LEAF);
    enrolled("device/cam", "home", HERE_LEAF);
    for (int step = 0; step < STEPS; step++)
        goes_on();
    all_comes_to_rest();
    for (size_t i = 0; i < PEOPLE; i++)
        is_up_to_date(&world.people[i], seed);
}

static void any_story_ends_well(void **state)
{
    (void)state;
    const char *one = getenv("NEIGHBORS_STORY"), *many = getenv("NEIGHBORS_STORIES");
    uint64_t first = one ? strtoull(one, NULL, 10) : 1;
    uint64_t last = one ? first : many ? strtoull(many, NULL, 10) : STORIES;
    for (uint64_t seed = first; seed <= last; seed++) {
        if (many)
            fprintf(stderr, "seed %" PRIu64 "\n", seed);
        play(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_story_ends_well, stage_begin, stage_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
