/* What is forgotten is not in a replica's files either when the receipt goes out, in a cluster and behind
 * sentinels; a replica that stands still is waited for. Real servers. */
#include <stdlib.h>

#include "bridge/store_forget.h"
#include "tests/live/redis_cluster.h"
#include "tests/live/redis_sentinels.h"
#include "tests/live/store_traces.h"

struct town {
    struct fixture fixture;
    struct redis_cluster cluster;
    struct redis_sentinels sentinels;
    struct redis_server *replica;
};

static void on_noted(void *arg, enum store_status status)
{
    assert_int_equal(status, STORE_OK);
    *(bool *)arg = true;
}

/* Begins to forget the household, whose traces the replica has too. */
static void forgets(struct town *town)
{
    static const struct store_forget what = {.household = {"h1", 2},
        .by = {{"user/ann", 8}, {"phone", 5}},
        .account = true,
        .to = INT64_MAX >> 12,
        .name = {"f1", 2},
        .now = START};
    struct fixture *f = &town->fixture;
    bool noted = false;
    a_household(f);
    UNTIL(f, disk_has(town->replica->folder, "SECOND-CAMERA"));
    UNTIL(f, disk_has(town->replica->folder, "THE-NEIGHBORS"));
    store_forget(f->store, &what, on_noted, &noted);
    fixture_until(f, &noted);
    f->upkeep = true;
}

static void is_forgotten(struct town *town)
{
    struct fixture *f = &town->fixture;
    UNTIL(f, fixture_number(f, "EXISTS nb:{forget}:queue") == 0);
    assert_false(disk_has(f->redis.folder, "FIRST-CAMERA"));
    assert_false(disk_has(town->replica->folder, "FIRST-CAMERA"));
    assert_false(disk_has(town->replica->folder, "SECOND-CAMERA"));
    assert_true(disk_has(town->replica->folder, "THE-NEIGHBORS"));
}

static void a_replica_s_files_are_rewritten(void **state)
{
    struct town *town = *state;
    forgets(town);
    is_forgotten(town);
}

/* Its master is done meanwhile. */
static void a_replica_that_stands_still_is_waited_for(void **state)
{
    struct town *town = *state;
    struct fixture *f = &town->fixture;
    forgets(town);
    redis_server_freeze(town->replica);
    UNTIL(f, !disk_has(f->redis.folder, "FIRST-CAMERA"));
    assert_int_equal(fixture_number(f, "EXISTS nb:{forget}:queue"), 1);
    assert_true(disk_has(town->replica->folder, "FIRST-CAMERA"));
    redis_server_thaw(town->replica);
    is_forgotten(town);
}

/* ---- */

/* The master's folder and connection are the fixture's; it owns neither. */
static int begin(void **state, struct town *town, const struct redis_server *master, const char *url)
{
    *state = town;
    town->fixture.redis = *master;
    town->fixture.redis.cluster = false;
    fixture_open_at(&town->fixture, url);
    if (!fixture_ask(&town->fixture))
        return -1;
    UNTIL(&town->fixture, town->fixture.available);
    return 0;
}

static int open_cluster(void **state)
{
    struct town *town = calloc(1, sizeof(*town));
    if (!town || !redis_cluster_start(&town->cluster, 1, 1))
        return -1;
    char url[96];
    snprintf(url, sizeof(url), "%s?wait=0", town->cluster.url);
    town->replica = &town->cluster.servers[1];
    return begin(state, town, &town->cluster.servers[0], url);
}

static int close_cluster(void **state)
{
    struct town *town = *state;
    fixture_close(state);
    redis_cluster_stop(&town->cluster);
    free(town);
    return 0;
}

static int open_sentinels(void **state)
{
    struct town *town = calloc(1, sizeof(*town));
    if (!town || !redis_sentinels_start(&town->sentinels))
        return -1;
    town->replica = &town->sentinels.replica;
    return begin(state, town, &town->sentinels.master, town->sentinels.url);
}

static int close_sentinels(void **state)
{
    struct town *town = *state;
    fixture_close(state);
    redis_sentinels_stop(&town->sentinels);
    free(town);
    return 0;
}

#define IN_A_CLUSTER(name) cmocka_unit_test_setup_teardown(name, open_cluster, close_cluster)
#define BEHIND_SENTINELS(name) cmocka_unit_test_setup_teardown(name, open_sentinels, close_sentinels)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_CLUSTER(a_replica_s_files_are_rewritten),
        IN_A_CLUSTER(a_replica_that_stands_still_is_waited_for),
        BEHIND_SENTINELS(a_replica_s_files_are_rewritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
