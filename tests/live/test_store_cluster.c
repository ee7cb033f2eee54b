/* The store on a real Redis Cluster of three masters and three replicas: calls go where their slot is,
 * through moves of slots, and their answers wait for replicas. What was acknowledged is there, once, and in
 * order. */
#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "bridge/store_inside.h"
#include "tests/live/store_city.h"

/* The steps of a move behind MOVE_ANNOUNCED. */
static void finish_move(struct city *c, int number, size_t from, size_t to)
{
    for (int step = MOVE_KEYS; step < MOVE_STEPS; step++)
        redis_cluster_move(&c->cluster, slot_of(number), from, to, (enum move_step)step);
}

static void calls_go_where_their_slot_is(void **state)
{
    struct city *c = *state;
    struct sent sent[PEOPLE] = {0};
    tell_all(&c->fixture, sent);
    until_all(&c->fixture, sent, PEOPLE);
    const struct store_counters *counters = store_counters(c->fixture.store);
    assert_int_equal(counters->put_back, 0);
    assert_int_equal(counters->masters, MASTERS);
    assert_int_equal(counters->slots_away, 0);
    assert_true(counters->waits > 0);
    assert_string_equal(store_durability(c->fixture.store), "always");
    for (int node = 0; node < MASTERS; node++) {
        long long keys = redis_cluster_number(&c->cluster, (size_t)node, "DBSIZE");
        assert_true(keys > 0);
    }
    for (int i = 0; i < PEOPLE; i++)
        assert_int_equal(messages(c, 0, i), 1);
}

static void on_size(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    long long *sum = arg;
    if (status == STORE_OK)
        *sum += reply->integer;
    else
        *sum += 1000000;
}

static void each_master_is_asked_as_a_whole(void **state)
{
    struct city *c = *state;
    struct store *store = c->fixture.store;
    struct sent sent[PEOPLE] = {0};
    long long sum = 0, expected = 0, keys = 0;
    tell_all(&c->fixture, sent);
    until_all(&c->fixture, sent, PEOPLE);
    assert_int_equal(store_node_count(store), MASTERS);
    for (int node = 0; node < MASTERS; node++) {
        struct command command = {0};
        keys = redis_cluster_number(&c->cluster, (size_t)node, "DBSIZE");
        expected += keys;
        command_begin(&command, 1);
        command_text(&command, "DBSIZE");
        store_send_to_node(store, (size_t)node, &command, on_size, &sum);
    }
    UNTIL(&c->fixture, sum == expected);
    struct command command = {0};
    command_begin(&command, 1);
    command_text(&command, "DBSIZE");
    store_send_to_node(store, MASTERS, &command, on_size, &sum);
    UNTIL(&c->fixture, sum == expected + 1000000); /* there is none */
}

static void obeyed(redisReply *reply)
{
    assert_non_null(reply);
    freeReplyObject(reply);
}

/* What another master answers late, to a call that failed, is no other call's answer. */
static void another_layout_fails_what_is_under_way(void **state)
{
    static const char layout[] = "nb:layout";
    struct city *c = *state;
    struct store *store = c->fixture.store;
    struct sent first[PEOPLE] = {0}, failed = {0}, after = {0};
    uint16_t slot = key_slot(layout, sizeof(layout) - 1);
    size_t owner = redis_cluster_seen_owner(&c->cluster, 0, slot), other = (owner + 1) % MASTERS;
    int number = person_at(c, other);
    tell_all(&c->fixture, first);
    until_all(&c->fixture, first, PEOPLE);
    obeyed(redis_cluster_ask(&c->cluster, other, "CLIENT PAUSE 60000 WRITE"));
    tell_person(&c->fixture, number, &failed);
    obeyed(redis_cluster_ask(&c->cluster, owner, "SET nb:layout 999"));
    link_drop(&store_node_of_slot(store, slot)->command, "to look anew");
    UNTIL(&c->fixture, failed.done);
    assert_int_equal(failed.status, STORE_FAILED);
    obeyed(redis_cluster_ask(&c->cluster, owner, "DEL nb:layout"));
    obeyed(redis_cluster_ask(&c->cluster, other, "CLIENT UNPAUSE"));
    tell_person(&c->fixture, number, &after);
    until_all(&c->fixture, &after, 1);
}

static void calls_follow_a_slot_that_moved(void **state)
{
    struct city *c = *state;
    int number = person_at(c, 0);
    struct sent before = {0}, after = {0};
    tell_person(&c->fixture, number, &before);
    until_all(&c->fixture, &before, 1);
    redis_cluster_move(&c->cluster, slot_of(number), 0, 1, MOVE_ANNOUNCED);
    finish_move(c, number, 0, 1);
    tell_person(&c->fixture, number, &after);
    until_all(&c->fixture, &after, 1);
    assert_int_equal(messages(c, 1, number), 2);
    redis_cluster_move(&c->cluster, slot_of(number), 1, 0, MOVE_ANNOUNCED);
    finish_move(c, number, 1, 0);
}

static size_t nodes(const struct store *store)
{
    size_t count = 0;
    for (const struct node *node = store->nodes.all; node; node = node->next)
        count++;
    return count;
}

/* Files that this process has open; connections are. */
static size_t open_files(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void move(struct city *c, int number, size_t from, size_t to)
{
    redis_cluster_move(&c->cluster, slot_of(number), from, to, MOVE_ANNOUNCED);
    finish_move(c, number, from, to);
}

/* Masters come, carry calls, are emptied and taken out, one after the other: nothing of them stays. */
static void masters_that_went_leave_nothing(void **state)
{
    enum { ROUNDS = 2 };
    struct city *c = *state;
    struct fixture *f = &c->fixture;
    int number = person_at(c, 1);
    struct sent before = {0};
    tell_person(f, number, &before);
    until_all(f, &before, 1);
    UNTIL(f, nodes(f->store) == MASTERS);
    size_t files = open_files();
    for (int round = 0; round < ROUNDS; round++) {
        struct sent there = {0}, back = {0};
        assert_true(redis_cluster_add(&c->cluster));
        move(c, number, 1, SERVERS);
        tell_person(f, number, &there);
        until_all(f, &there, 1);
        UNTIL(f, nodes(f->store) == MASTERS + 1);
        UNTIL(f, open_files() > files);
        move(c, number, SERVERS, 1);
        tell_person(f, number, &back);
        until_all(f, &back, 1);
        assert_true(redis_cluster_take_out(&c->cluster));
        topology_ask(f->store); /* as it does every ten seconds */
        UNTIL(f, nodes(f->store) == MASTERS);
        UNTIL(f, open_files() <= files);
    }
    assert_int_equal(messages(c, 0, number), 1 + 2 * ROUNDS);
}

/* What is asked while a slot moves waits until it has moved, is done once, and keeps its order. */
static void calls_wait_while_their_slot_moves(void **state)
{
    enum { SAVES = 5 };
    struct city *c = *state;
    struct fixture *f = &c->fixture;
    int number = person_at(c, 1);
    struct sent before = {0}, during = {0}, saves[SAVES] = {{0}};
    tell_person(&c->fixture, number, &before);
    until_all(&c->fixture, &before, 1);
    assert_int_equal(
        redis_cluster_number(&c->cluster, 1, "HSET nb:{p:user/n%d}:s:c gen 7 expiry 60", number), 2);
    redis_cluster_move(&c->cluster, slot_of(number), 1, 2, MOVE_ANNOUNCED);
    uint64_t put_back = store_counters(f->store)->put_back;
    tell_person(&c->fixture, number, &during);
    for (int i = 0; i < SAVES; i++) {
        char cursors[8];
        snprintf(cursors, sizeof(cursors), "at %d", i);
        store_session_save(
            f->store, person(number), 7, (struct bytes){0}, bytes_of(cursors), on_sent, &saves[i]);
    }
    UNTIL(f, store_counters(f->store)->put_back > put_back + 3);
    assert_false(during.done);
    finish_move(c, number, 1, 2);
    until_all(&c->fixture, &during, 1);
    until_all(&c->fixture, saves, SAVES);
    for (int i = 0; i < SAVES; i++)
        assert_true(saves[i].order > (i ? saves[i - 1].order : during.order));
    assert_int_equal(messages(c, 2, number), 2);
    redisReply *reply = redis_cluster_ask(&c->cluster, 2, "HGET nb:{p:user/n%d}:s:c cursors", number);
    assert_non_null(reply);
    assert_string_equal(reply->str, "at 4");
    freeReplyObject(reply);
    redis_cluster_move(&c->cluster, slot_of(number), 2, 1, MOVE_ANNOUNCED);
    finish_move(c, number, 2, 1);
}

static double lack_told; /* by store_clock, when the log had it; 0: not yet */

static void note_lack(int level, const char *event, const char *text)
{
    (void)level, (void)text;
    if (strcmp(event, "store_replicas") == 0)
        lack_told = store_clock();
}

/* The log tells what lasts: that a replica is late for a moment is no news. */
static void answers_wait_for_replicas(void **state)
{
    struct city *c = *state;
    struct fixture *f = &c->fixture;
    size_t replica = SERVERS;
    struct sent sent = {0};
    int number = person_at(c, 2);
    f->options.log = note_lack;
    fixture_store(f);
    UNTIL(f, (replica = redis_cluster_seen_replica(&c->cluster, 2, 2)) < SERVERS);
    UNTIL(f, store_node_of_slot(f->store, slot_of(number)) &&
                 store_node_of_slot(f->store, slot_of(number))->replicas == 1);
    redis_server_freeze(&c->cluster.servers[replica]);
    double froze = store_clock();
    lack_told = 0;
    tell_person(&c->fixture, number, &sent);
    UNTIL(f, lack_told > 0);
    assert_true(lack_told - froze > 1.);
    assert_true(store_counters(f->store)->waits_unsatisfied > 1);
    assert_false(sent.done);
    redis_server_thaw(&c->cluster.servers[replica]);
    until_all(&c->fixture, &sent, 1);
    assert_true(redis_cluster_wait(&c->cluster));
}

/* How often that master was asked what its replicas have. */
static long long waits_at(struct city *c, size_t node)
{
    redisReply *reply = redis_cluster_ask(&c->cluster, node, "INFO commandstats");
    assert_non_null(reply);
    const char *at = strstr(reply->str, "cmdstat_wait:calls=");
    long long calls = at ? strtoll(at + strlen("cmdstat_wait:calls="), NULL, 10) : 0;
    freeReplyObject(reply);
    return calls;
}

struct thaw {
    struct city *city;
    size_t replica;
    long long waits;
};

/* Thaws the replica when its master was asked again. */
static void *thaw_later(void *arg)
{
    struct thaw *thaw = arg;
    for (int looks = 0; looks < 1500 && waits_at(thaw->city, 2) < thaw->waits + 2; looks++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    redis_server_thaw(&thaw->city->cluster.servers[thaw->replica]);
    return NULL;
}

/* As the command line asks: those who go to one master wait once for its replicas, as long as for one
 * command. */
static void what_is_asked_together_waits_once(void **state)
{
    enum { MANY = 40 };
    struct city *c = *state;
    struct fixture *f = &c->fixture;
    struct redis_sync ask;
    struct command commands[MANY] = {0};
    redisReply *replies[MANY];
    struct thaw thaw = {.city = c};
    pthread_t other;
    char text[64];
    int number = person_at(c, 2);
    UNTIL(f, (thaw.replica = redis_cluster_seen_replica(&c->cluster, 2, 2)) < SERVERS);
    assert_true(redis_sync_open(&ask, c->cluster.url));
    for (int i = 0; i < MANY; i++) {
        command_begin(&commands[i], 3);
        command_text(&commands[i], "SADD");
        snprintf(text, sizeof(text), "nb:{p:user/n%d}:many", number);
        command_text(&commands[i], text);
        command_number(&commands[i], i);
    }
    thaw.waits = waits_at(c, 2);
    redis_server_freeze(&c->cluster.servers[thaw.replica]);
    assert_int_equal(pthread_create(&other, NULL, thaw_later, &thaw), 0);
    bool done = redis_ask_all(&ask, commands, MANY, replies);
    pthread_join(other, NULL);
    if (!done)
        fail_msg("%s", ask.error);
    for (int i = 0; i < MANY; i++)
        freeReplyObject(replies[i]);
    redis_sync_close(&ask);
    long long waits = waits_at(c, 2) - thaw.waits;
    assert_true(waits >= 2 && waits < MANY);
    assert_int_equal(redis_cluster_number(&c->cluster, 2, "SCARD nb:{p:user/n%d}:many", number), MANY);
    assert_true(redis_cluster_wait(&c->cluster));
}

/* Everything that redis.conf says is said of a cluster's nodes too. */
static void the_configuration_has_all_of_one_redis(void **state)
{
    (void)state;
    char line[512], *whole = calloc(1, 65536);
    FILE *one = fopen("deploy/redis.conf", "r"), *cluster = fopen("deploy/redis-cluster.conf", "r");
    assert_true(whole && one && cluster);
    assert_true(fread(whole, 1, 65535, cluster) > 0);
    while (fgets(line, sizeof(line), one)) {
        if (line[0] != '#' && line[0] != '\n' && !strstr(whole, line))
            fail_msg("redis-cluster.conf lacks: %s", line);
    }
    fclose(one);
    fclose(cluster);
    free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_configuration_has_all_of_one_redis),
        TEST(calls_go_where_their_slot_is),
        TEST(each_master_is_asked_as_a_whole),
        TEST(another_layout_fails_what_is_under_way),
        TEST(calls_follow_a_slot_that_moved),
        TEST(masters_that_went_leave_nothing),
        TEST(calls_wait_while_their_slot_moves),
        TEST(answers_wait_for_replicas),
        TEST(what_is_asked_together_waits_once),
    };
    return cmocka_run_group_tests(tests, city_start, city_stop);
}
