/* One master of three stands still, and nobody takes its place: upkeep goes on under the tags of the others,
 * and under its own when it is back. A cluster of real servers. */
#include <stdlib.h>

#include "bridge/store_footage.h"
#include "bridge/store_forget.h"
#include "bridge/store_inside.h"
#include "bridge/store_push.h"
#include "tests/live/redis_cluster.h"
#include "tests/live/store_alerts.h"

enum { MASTERS = 3, STUCK = 200 };
#define DAY INT64_C(86400000)

struct city {
    struct fixture fixture;
    struct redis_cluster cluster;
    char url[96];
    size_t away; /* who stands still; MASTERS: nobody */
};

/* ---- who has what ---- */

static size_t owner_of(const char *key)
{
    size_t slot = key_slot(key, strlen(key)), owner = 0;
    while (slot >= (owner + 1) * CLUSTER_SLOTS / MASTERS)
        owner++;
    return owner;
}

/* A sender's tag that this one has. */
static unsigned sender_at(size_t master)
{
    char key[KEY];
    for (unsigned tag = 1; tag < STORE_SENDER_TAGS; tag++) {
        sender_key(key, tag, "outbox", "");
        if (owner_of(key) == master)
            return tag;
    }
    fail_msg("no sender's tag at %zu", master);
    return 0;
}

/* A channel whose region this one has, and its key. */
static const char *channel_at(size_t master, char key[KEY])
{
    static char cell[] = "9qh10";
    for (const char *letter = "0123456789bcdefghjkmnpqrstuvwxyz"; *letter; letter++) {
        cell[4] = *letter;
        region_key(key, cell, "ch:", text_of(cell));
        if (owner_of(key) == master)
            return cell;
    }
    fail_msg("no channel at %zu", master);
    return NULL;
}

static void tell(struct city *c, const char *key, const char *command)
{
    redisReply *reply = redis_cluster_ask(&c->cluster, owner_of(key), command, key);
    assert_non_null(reply);
    freeReplyObject(reply);
}

static long long number(struct city *c, const char *command, const char *key)
{
    return redis_cluster_number(&c->cluster, owner_of(key), command, key);
}

static void stands_still(struct city *c, size_t master)
{
    c->away = master;
    redis_server_freeze(&c->cluster.servers[master]);
    c->fixture.upkeep = true;
}

static void is_back(struct city *c)
{
    redis_server_thaw(&c->cluster.servers[c->away]);
    c->away = MASTERS;
}

/* ---- footage ---- */

static void on_request(void *arg, const struct store_footage_result *result)
{
    assert_int_equal(result->status, STORE_OK);
    *(bool *)arg = true;
}

static void requests(struct city *c, unsigned tag, const char *id, const char *cell)
{
    bool done = false;
    char cells[1][13] = {{0}};
    snprintf(cells[0], sizeof(cells[0]), "%s00", cell);
    struct store_footage_request request = {.agency_tag = (uint8_t)tag,
        .agency = TEXT("agency/police"),
        .agency_name = TEXT("Sample Police"),
        .client = TEXT("desk"),
        .officer = TEXT("lee"),
        .case_number = text_of(id),
        .words = TEXT("a red van"),
        .cells = (const char(*)[13])cells,
        .cell_count = 1,
        .now = fixture_now(),
        .from = START - DAY,
        .to = START,
        .open_until = START + DAY,
        .per_case = 2,
        .most_open = 99};
    memcpy(request.id, id, PUBLIC_ID + 1);
    store_footage_request(c->fixture.store, &request, on_request, &done);
    fixture_until(&c->fixture, &done);
}

static bool is_settled(struct city *c, unsigned tag, const char *id)
{
    char key[KEY];
    sender_key(key, tag, "footage:", id);
    return number(c, "HEXISTS %s settled", key) == 1;
}

/* Until then time goes on: what was taken and given up is due again. */
#define IN_TIME(condition) (fixture_set_now(fixture_now() + 100), (condition))

/* Of a living tag, and one of it that needs a region which is away; then of the tag that is away. */
static void requests_go_on(struct city *c, size_t away)
{
    struct fixture *f = &c->fixture;
    size_t living = (away + 1) % MASTERS;
    unsigned here = sender_at(living), gone = sender_at(away);
    char key[KEY];
    requests(c, here, A, channel_at(away, key));
    requests(c, here, B, channel_at(living, key));
    requests(c, gone, C, channel_at(living, key));
    requests(c, sender_at((away + 2) % MASTERS), D, channel_at(living, key));
    assert_int_equal(store_counters(f->store)->given_up, 0);
    stands_still(c, away);
    UNTIL(f, store_counters(f->store)->given_up > 0);
    UNTIL(f, IN_TIME(is_settled(c, here, B)));
    UNTIL(f, IN_TIME(is_settled(c, sender_at((away + 2) % MASTERS), D)));
    assert_false(is_settled(c, here, A));
    is_back(c);
    UNTIL(f, IN_TIME(is_settled(c, here, A)));
    UNTIL(f, IN_TIME(is_settled(c, gone, C)));
}

static void footage_goes_on_under_the_tags_of_others(void **state)
{
    requests_go_on(*state, (owner_of("nb:{footage}:worker") + 1) % MASTERS);
}

static void footage_goes_on_where_its_lease_is_away(void **state)
{
    requests_go_on(*state, owner_of("nb:{footage}:worker"));
}

/* ---- release ---- */

/* So many regions of that master, or of all others, have something that waits. */
static size_t waiting(struct city *c, bool others)
{
    size_t count = 0;
    char key[KEY];
    for (unsigned tag = 0; tag < STORE_REGION_TAGS; tag++) {
        region_tag_key(key, tag, "pend");
        if ((owner_of(key) == c->away) != others) {
            redisReply *reply = redisCommand(c->cluster.ask[owner_of(key)], "EXISTS %s", key);
            assert_non_null(reply);
            count += (size_t)reply->integer;
            freeReplyObject(reply);
        }
    }
    return count;
}

static uint64_t counted(const struct fixture *f)
{
    const struct store_counters *counters = store_counters(f->store);
    return counters->activity_released + counters->activity_unshared + counters->activity_below_k +
           counters->activity_merged;
}

/* And what was given up and done late is counted like all else. */
static void activity_is_released_in_the_regions_of_others(void **state)
{
    static const char member[8 + 8 + 2] = {0}, names[] = "\1h\1x\0059qh1f"
                                                         "one activity..";
    struct city *c = *state;
    char key[KEY], whole[sizeof(member) + sizeof(names)];
    memcpy(whole, member, sizeof(member));
    memcpy(whole + sizeof(member), names, sizeof(names) - 1);
    for (unsigned tag = 0; tag < STORE_REGION_TAGS; tag++) {
        region_tag_key(key, tag, "pend");
        redisReply *reply = redisCommand(
            c->cluster.ask[owner_of(key)], "RPUSH %s %b", key, whole, sizeof(member) + sizeof(names) - 1);
        assert_true(reply && reply->integer == 1);
        freeReplyObject(reply);
    }
    c->fixture.options.release_delay_ms = 1000;
    fixture_store(&c->fixture);
    UNTIL(&c->fixture, c->fixture.available);
    stands_still(c, 1);
    UNTIL(&c->fixture, waiting(c, true) == 0);
    UNTIL(&c->fixture, store_counters(c->fixture.store)->given_up > 0);
    is_back(c);
    UNTIL(&c->fixture, waiting(c, true) + waiting(c, false) == 0);
    UNTIL(&c->fixture, counted(&c->fixture) >= STORE_REGION_TAGS);
    assert_int_equal(counted(&c->fixture), STORE_REGION_TAGS);
}

/* ---- trimming ---- */

static void channels_of_others_are_trimmed(void **state)
{
    struct city *c = *state;
    char keys[MASTERS][KEY], command[96];
    snprintf(command, sizeof(command), "XADD %%s %lld-0 e old", (long long)(START - 2 * DAY));
    for (size_t i = 0; i < MASTERS; i++) {
        channel_at(i, keys[i]);
        tell(c, keys[i], command);
    }
    stands_still(c, 2);
    UNTIL(&c->fixture, number(c, "XLEN %s", keys[0]) == 0);
    UNTIL(&c->fixture, number(c, "XLEN %s", keys[1]) == 0);
    is_back(c);
    UNTIL(&c->fixture, number(c, "XLEN %s", keys[2]) == 0);
}

/* ---- households that nobody finished ---- */

/* A household, and a tag of what is to be settled, that this one has. */
static void household_at(size_t master, char home[KEY], char noted[KEY])
{
    unsigned n = 0;
    do
        snprintf(home, KEY, "nb:{h:h%u}:household", n++);
    while (owner_of(home) != master);
    n = 0;
    do
        snprintf(noted, KEY, "nb:{u0%x}:unsettled", n++);
    while (owner_of(noted) != master);
}

static void households_of_others_are_settled(void **state)
{
    struct city *c = *state;
    char home[MASTERS][KEY], noted[MASTERS][KEY], entry[96];
    for (size_t i = 0; i < MASTERS; i++) {
        household_at(i, home[i], noted[i]);
        snprintf(entry, sizeof(entry), "note %.*s", (int)strcspn(home[i] + 6, "}"), home[i] + 6);
        redisReply *reply = redis_cluster_ask(&c->cluster, i, "ZADD %s 1 %s", noted[i], entry);
        assert_non_null(reply);
        freeReplyObject(reply);
    }
    stands_still(c, 0);
    UNTIL(&c->fixture, number(c, "HEXISTS %s settled", home[1]) == 1);
    UNTIL(&c->fixture, number(c, "HEXISTS %s settled", home[2]) == 1);
    is_back(c);
    UNTIL(&c->fixture, number(c, "HEXISTS %s settled", home[0]) == 1);
}

/* ---- alerts ---- */

static void says(struct city *c, unsigned tag, unsigned number, const char *channel)
{
    char id[PUBLIC_ID + 1];
    snprintf(id, sizeof(id), "%0*x", PUBLIC_ID, number);
    struct store_alert_result result = say(&c->fixture, (struct say){.act = STORE_ALERT_NEW,
                                                            .id = id,
                                                            .channels = channel,
                                                            .others = {.sender = TEXT("agency/police"),
                                                                .officer = TEXT("lee"),
                                                                .agency = true,
                                                                .sender_tag = (uint8_t)tag}});
    assert_int_equal(result.status, STORE_OK);
}

/* More than are carried at a time stand before a region that is away. */
static void alerts_reach_the_channels_of_others(void **state)
{
    struct city *c = *state;
    size_t away = 1, living = 2;
    unsigned tag = sender_at(living);
    char gone[KEY], here[KEY], channel[13];
    snprintf(channel, sizeof(channel), "%s", channel_at(away, gone));
    stands_still(c, away);
    for (unsigned i = 1; i <= STUCK; i++)
        says(c, tag, i, channel);
    says(c, tag, STUCK + 1, channel_at(living, here));
    UNTIL(&c->fixture, number(c, "XLEN %s", here) == 1);
    is_back(c);
    UNTIL(&c->fixture, number(c, "XLEN %s", gone) == STUCK);
}

/* ---- the public record ---- */

static const char record_key[] = "nb:{log}:tree";

static void acts_of_others_come_into_the_record(void **state)
{
    struct city *c = *state;
    size_t away = (owner_of(record_key) + 1) % MASTERS;
    char key[KEY];
    const char *channel = channel_at(owner_of(record_key), key);
    says(c, sender_at(owner_of(record_key)), 1, channel);
    says(c, sender_at(away), 2, channel);
    says(c, sender_at((away + 1) % MASTERS), 3, channel);
    stands_still(c, away);
    UNTIL(&c->fixture, number(c, "HINCRBY %s size 0", record_key) == 2);
    is_back(c);
    UNTIL(&c->fixture, number(c, "HINCRBY %s size 0", record_key) == 3);
}

/* ---- forgetting ---- */

static void on_noted(void *arg, enum store_status status)
{
    assert_int_equal(status, STORE_OK);
    *(bool *)arg = true;
}

/* It has to be whole, and says since when it waits. */
static void forgetting_waits_for_all(void **state)
{
    static const char queue[] = "nb:{forget}:queue";
    struct city *c = *state;
    struct fixture *f = &c->fixture;
    bool done = false;
    const struct store_forget wish = {.household = TEXT("h1"),
        .by = {TEXT("user/ann"), TEXT("phone")},
        .alerts = true,
        .name = TEXT("f1"),
        .to = START,
        .now = START};
    store_forget(f->store, &wish, on_noted, &done);
    fixture_until(f, &done);
    stands_still(c, (owner_of(queue) + 1) % MASTERS);
    UNTIL(f, store_counters(f->store)->given_up > 1);
    assert_int_equal(store_counters(f->store)->forget_oldest, START);
    assert_int_equal(number(c, "EXISTS %s", queue), 1);
    is_back(c);
    UNTIL(f, number(c, "EXISTS %s", queue) == 0);
    UNTIL(f, store_counters(f->store)->forget_oldest == 0);
}

/* ---- what is to be pushed ---- */

struct taken {
    bool done, mine;
    size_t alerts;
};

static void on_work(void *arg, const struct store_push_work *work)
{
    *(struct taken *)arg = (struct taken){true, work->mine, work->alert_count};
}

static bool takes(struct city *c)
{
    struct taken taken = {0};
    store_push_take(c->fixture.store, START, 60000, 8, true, on_work, &taken);
    fixture_until(&c->fixture, &taken.done);
    return taken.mine;
}

static void what_is_due_under_the_tags_of_others_is_taken(void **state)
{
    struct city *c = *state;
    char due[KEY];
    sender_key(due, sender_at(0), "push_due", "");
    tell(c, due, "ZADD %s 1 " A);
    stands_still(c, 2);
    UNTIL(&c->fixture, takes(c));
}

/* ---- */

static int start_cluster(void **state)
{
    struct city *city = calloc(1, sizeof(*city));
    *state = city;
    if (!city || !redis_cluster_start(&city->cluster, MASTERS, 0))
        return -1;
    snprintf(city->url, sizeof(city->url), "%s?wait=0", city->cluster.url);
    return 0;
}

static int stop_cluster(void **state)
{
    struct city *city = *state;
    redis_cluster_stop(&city->cluster);
    free(city);
    return 0;
}

static int open_store(void **state)
{
    struct city *city = *state;
    city->away = MASTERS;
    for (size_t i = 0; i < MASTERS; i++) {
        if (redis_cluster_number(&city->cluster, i, "FLUSHALL") < 0)
            return -1;
    }
    fixture_open_at(&city->fixture, city->url);
    city->fixture.options.upkeep_patience_ms = 0; /* it is what these tests are of */
    fixture_store(&city->fixture);
    UNTIL(&city->fixture, city->fixture.available && store_counters(city->fixture.store)->slots_away == 0);
    return 0;
}

static int close_store(void **state)
{
    struct city *city = *state;
    if (city->away < MASTERS)
        is_back(city);
    return fixture_close(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(footage_goes_on_under_the_tags_of_others),
        TEST(footage_goes_on_where_its_lease_is_away),
        TEST(activity_is_released_in_the_regions_of_others),
        TEST(channels_of_others_are_trimmed),
        TEST(households_of_others_are_settled),
        TEST(alerts_reach_the_channels_of_others),
        TEST(acts_of_others_come_into_the_record),
        TEST(forgetting_waits_for_all),
        TEST(what_is_due_under_the_tags_of_others_is_taken),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
