/* A walk over all keys of a real cluster, and of a Redis behind real sentinels, while masters are replaced
 * and slots move: at a chosen page, few keys a page. No key is missed, and nobody waits for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "bridge/redis_batch.h"
#include "bridge/redis_walk.h"
#include "bridge/store_inside.h"
#include "tests/live/redis_cluster.h"
#include "tests/live/redis_sentinels.h"

enum { KEYS = 3000, IN_ONE_SLOT = 40, PAGE = 10, ALL = 100000, MASTERS = 3, SLOTS = 16384, PATIENCE = 9000 };
static const useconds_t LOOK = 20000; /* three minutes in all */

/* ---- time, where nothing but time would end it ---- */

static void (*instead_of_sleeping)(int times);
static int slept;

int nanosleep(const struct timespec *span, struct timespec *rest)
{
    if (!instead_of_sleeping)
        return clock_nanosleep(CLOCK_MONOTONIC, 0, span, rest);
    instead_of_sleeping(++slept);
    return 0;
}

/* ---- a story: what a walk finds, and what happens on the way ---- */

struct story {
    struct redis_cluster cluster;
    struct redis_sentinels sentinels;
    struct redis_sync redis;
    uint16_t slot; /* of the last master, with some keys */
    bool seen[KEYS], seen_in_slot[IN_ONE_SLOT];
    unsigned pages;
    bool (*is_moment)(struct story *story, const redisReply *keys);
    void (*happens)(struct story *story);
    bool again; /* and again */
    unsigned happened;
};
static struct story *now_told;

static const char tag_begins[] = "nb:{slot-";

static bool take(void *arg, const redisReply *keys)
{
    struct story *story = arg;
    unsigned number;
    for (size_t i = 0; i < keys->elements; i++) {
        const char *key = keys->element[i]->str;
        if (sscanf(key, "nb:{walk-%u}", &number) == 1 && number < KEYS)
            story->seen[number] = true;
        else if (strncmp(key, tag_begins, sizeof(tag_begins) - 1) == 0 &&
                 sscanf(strchr(key, '}'), "}:%u}", &number) == 1 && number < IN_ONE_SLOT)
            story->seen_in_slot[number] = true;
    }
    story->pages++;
    if (story->happens && (story->again || !story->happened) && story->is_moment(story, keys)) {
        story->happened++;
        story->happens(story);
    }
    return true;
}

/* Walks while that happens. */
static bool walk(struct story *story, int page, bool (*is_moment)(struct story *, const redisReply *),
    void (*happens)(struct story *))
{
    memset(story->seen, 0, sizeof(story->seen));
    memset(story->seen_in_slot, 0, sizeof(story->seen_in_slot));
    story->pages = 0;
    story->is_moment = is_moment;
    story->happens = happens;
    story->happened = 0;
    bool walked = redis_walk(&story->redis, "nb:*", page, take, story);
    assert_true(story->happened || !happens);
    return walked;
}

static void all_seen(const struct story *story)
{
    size_t missed = 0;
    for (size_t i = 0; i < KEYS; i++)
        missed += !story->seen[i];
    for (size_t i = 0; i < IN_ONE_SLOT; i++)
        missed += !story->seen_in_slot[i];
    assert_int_equal(missed, 0);
}

static void walks_all(struct story *story, bool (*is_moment)(struct story *, const redisReply *),
    void (*happens)(struct story *))
{
    if (!walk(story, PAGE, is_moment, happens))
        fail_msg("%s", story->redis.error);
    all_seen(story);
}

/* In the middle of the first master. */
static bool page_thirty(struct story *story, const redisReply *keys)
{
    (void)keys;
    return story->pages == 30;
}

/* The first master is done. */
static bool another_master(struct story *story, const redisReply *keys)
{
    (void)story;
    return keys->elements && key_slot(keys->element[0]->str, keys->element[0]->len) >= SLOTS / MASTERS;
}

static void put(struct redis_batch *batch, const char *begins, unsigned number)
{
    struct command command = {0};
    char key[64];
    snprintf(key, sizeof(key), "%s%u}", begins, number);
    command_begin(&command, 3);
    command_text(&command, "SET");
    command_text(&command, key);
    command_text(&command, "1");
    redis_batch_add(batch, &command);
}

static void fill(struct story *story, bool one)
{
    struct redis_batch batch = {0};
    char tag[32];
    for (unsigned number = 0; !story->slot; number++) {
        snprintf(tag, sizeof(tag), "%s%u}:", tag_begins, number);
        uint16_t slot = key_slot(tag, strlen(tag));
        story->slot = slot > SLOTS * 2 / MASTERS + 1 || one ? slot : 0;
    }
    for (unsigned i = 0; i < IN_ONE_SLOT; i++)
        put(&batch, tag, i);
    for (unsigned i = 0; i < KEYS; i++)
        put(&batch, "nb:{walk-", i);
    size_t count;
    redisReply **replies = redis_batch_ask(&story->redis, &batch, &count);
    assert_non_null(replies);
    redis_replies_free(replies, count);
}

/* ---- a cluster ---- */

static void at_rest(struct story *story)
{
    walks_all(story, NULL, NULL);
    assert_in_range(story->pages, 100, KEYS);
}

static void nothing_is_missed_at_rest(void **state)
{
    at_rest(*state);
}

static void told(redisReply *reply)
{
    assert_non_null(reply);
    freeReplyObject(reply);
}

/* The replica of the first master takes its place; whoever was it lives. */
static void take_over(struct story *story)
{
    struct redis_cluster *cluster = &story->cluster;
    size_t owner = redis_cluster_owner(cluster, 0);
    size_t heir = cluster->count;
    for (int looks = 0; looks < PATIENCE && heir == cluster->count; looks++) {
        heir = redis_cluster_seen_replica(cluster, owner, owner);
        if (heir == cluster->count)
            usleep(LOOK);
    }
    assert_in_range(heir, 0, cluster->count - 1);
    told(redis_cluster_ask(cluster, heir, "CLUSTER FAILOVER TAKEOVER"));
}

static void a_master_is_replaced(void **state)
{
    struct story *story = *state;
    walks_all(story, page_thirty, take_over);
    assert_true(redis_cluster_wait(&story->cluster));
}

/* All know it by the time that the walk goes on. */
static void take_over_and_settle(struct story *story)
{
    take_over(story);
    assert_true(redis_cluster_wait(&story->cluster));
}

static void a_master_was_replaced(void **state)
{
    walks_all(*state, page_thirty, take_over_and_settle);
}

static void kill_first(struct story *story)
{
    struct redis_cluster *cluster = &story->cluster;
    size_t owner = redis_cluster_owner(cluster, 0);
    redis_server_kill(&cluster->servers[owner]);
    for (int looks = 0; looks < PATIENCE && redis_cluster_owner(cluster, 0) == cluster->count; looks++)
        usleep(LOOK);
    assert_in_range(redis_cluster_owner(cluster, 0), 0, cluster->count - 1);
}

static void a_master_dies(void **state)
{
    struct story *story = *state;
    size_t owner = redis_cluster_owner(&story->cluster, 0);
    redis_cluster_set_timeout(&story->cluster, CLUSTER_QUICK);
    walks_all(story, page_thirty, kill_first);
    redis_cluster_set_timeout(&story->cluster, REDIS_NODE_TIMEOUT);
    assert_true(redis_cluster_restart(&story->cluster, owner));
    assert_true(redis_cluster_wait(&story->cluster));
}

/* It is started anew before anybody takes its place: another run, with other cursors. */
static void restart_first(struct story *story)
{
    struct redis_cluster *cluster = &story->cluster;
    size_t owner = redis_cluster_owner(cluster, 0);
    redis_server_kill(&cluster->servers[owner]);
    assert_true(redis_cluster_restart(cluster, owner));
    assert_true(redis_cluster_wait(cluster));
}

static void a_master_is_started_anew(void **state)
{
    walks_all(*state, page_thirty, restart_first);
}

/* From one that is not walked through yet to one that is. */
static void move_slot(struct story *story)
{
    size_t from = redis_cluster_owner(&story->cluster, story->slot),
           to = redis_cluster_owner(&story->cluster, 0);
    for (enum move_step step = MOVE_ANNOUNCED; step < MOVE_STEPS; step++)
        redis_cluster_move(&story->cluster, story->slot, from, to, step);
}

static void a_slot_moves(void **state)
{
    walks_all(*state, another_master, move_slot);
}

/* ---- what does not come to rest ---- */

static void close_slot(struct story *story)
{
    for (unsigned i = 0; i < 2; i++) {
        size_t owner = redis_cluster_owner(&story->cluster, (uint16_t)(i * SLOTS / 2));
        told(redis_cluster_ask(&story->cluster, owner, "CLUSTER SETSLOT 0 STABLE"));
    }
}

static void open_slot(struct story *story)
{
    redis_cluster_move(&story->cluster, 0, redis_cluster_owner(&story->cluster, 0),
        redis_cluster_owner(&story->cluster, SLOTS / 2), MOVE_ANNOUNCED);
}

static void say_nothing(int times)
{
    assert_in_range(times, 1, 1000);
}

static void end_the_move(int times)
{
    if (times == 3)
        close_slot(now_told);
}

static void a_move_that_ends_is_waited_for(void **state)
{
    struct story *story = now_told = *state;
    slept = 0;
    instead_of_sleeping = end_the_move;
    walks_all(story, page_thirty, open_slot);
    instead_of_sleeping = NULL;
    assert_in_range(slept, 3, 1000);
}

static void a_move_that_does_not_end_is_told(void **state)
{
    struct story *story = *state;
    slept = 0;
    instead_of_sleeping = say_nothing;
    bool walked = walk(story, PAGE, page_thirty, open_slot);
    instead_of_sleeping = NULL;
    close_slot(story);
    assert_false(walked);
    assert_non_null(strstr(story->redis.error, "slot 0 of the cluster is on the move"));
    assert_non_null(strstr(story->redis.error, "was broken off)"));
    at_rest(story);
}

/* Each is another one at each turn. */
static bool each_page(struct story *story, const redisReply *keys)
{
    (void)keys;
    return story->pages > 0;
}

/* Slot after slot from the first to the second. */
static void change(struct story *story)
{
    size_t from = redis_cluster_owner(&story->cluster, 0),
           to = redis_cluster_owner(&story->cluster, SLOTS / 2);
    for (enum move_step step = MOVE_ANNOUNCED; step < MOVE_STEPS; step++)
        redis_cluster_move(&story->cluster, (uint16_t)story->pages, from, to, step);
}

static void masters_that_change_for_ever_are_told(void **state)
{
    struct story *story = *state;
    story->again = true;
    bool walked = walk(story, ALL, each_page, change);
    story->again = false;
    assert_false(walked);
    assert_non_null(strstr(story->redis.error, "changed again and again"));
    assert_in_range(story->pages, 8, 8 * MASTERS);
    at_rest(story);
}

/* ---- sentinels ---- */

static void kill_master(struct story *story)
{
    redis_server_kill(&story->sentinels.master);
    for (int looks = 0; looks < PATIENCE && !redis_server_is_master(&story->sentinels.replica); looks++)
        usleep(LOOK);
    assert_true(redis_server_is_master(&story->sentinels.replica));
}

static void the_only_master_dies(void **state)
{
    struct story *story = *state;
    walks_all(story, NULL, NULL);
    assert_true(redis_sentinels_watch_closely(&story->sentinels));
    walks_all(story, page_thirty, kill_master);
}

static void the_only_master_dies_of_one(void **state)
{
    struct story *story = *state;
    struct redis_sync all = story->redis;
    assert_true(redis_sync_open(&story->redis, story->sentinels.replica.url));
    walks_all(story, NULL, NULL);
    redis_sync_close(&story->redis);
    story->redis = all;
}

static int start_sentinels(void **state)
{
    struct story *story = calloc(1, sizeof(*story));
    *state = story;
    if (!story || !redis_sentinels_start(&story->sentinels) ||
        !redis_sync_open(&story->redis, story->sentinels.url))
        return -1;
    fill(story, true);
    return 0;
}

static int start_cluster(void **state)
{
    struct story *story = calloc(1, sizeof(*story));
    *state = story;
    if (!story || !redis_cluster_start(&story->cluster, MASTERS, MASTERS) ||
        !redis_sync_open(&story->redis, story->cluster.url))
        return -1;
    fill(story, false);
    return 0;
}

static int stop(void **state)
{
    struct story *story = *state;
    redis_sync_close(&story->redis);
    redis_cluster_stop(&story->cluster);
    redis_sentinels_stop(&story->sentinels);
    free(story);
    return 0;
}

int main(void)
{
    const struct CMUnitTest in_a_cluster[] = {
        cmocka_unit_test(nothing_is_missed_at_rest),
        cmocka_unit_test(a_slot_moves),
        cmocka_unit_test(a_master_is_replaced),
        cmocka_unit_test(a_master_was_replaced),
        cmocka_unit_test(a_master_is_started_anew),
        cmocka_unit_test(a_move_that_ends_is_waited_for),
        cmocka_unit_test(a_move_that_does_not_end_is_told),
        cmocka_unit_test(masters_that_change_for_ever_are_told),
        cmocka_unit_test(a_master_dies),
    };
    const struct CMUnitTest behind_sentinels[] = {
        cmocka_unit_test(the_only_master_dies),
        cmocka_unit_test(the_only_master_dies_of_one),
    };
    return cmocka_run_group_tests(in_a_cluster, start_cluster, stop) +
           cmocka_run_group_tests(behind_sentinels, start_sentinels, stop);
}
