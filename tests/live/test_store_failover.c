/* A master of a real Redis Cluster dies, or stands still and comes back, while everybody is told something:
 * its replica takes its place, and what was acknowledged is there, once. */
#include <stdlib.h>
#include <time.h>

#include "bridge/store_inside.h"
#include "tests/live/store_city.h"

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Everybody is told something again and again. ENOUGH: an inbox keeps a thousand. */
enum { ENOUGH = 300 };
struct load {
    struct city *city;
    struct sent sent[PEOPLE];
    long long acknowledged[PEOPLE];
};

/* Whoever has its answer is told something again. True: always, for UNTIL. */
static bool go_on(struct load *load)
{
    for (int i = 0; i < PEOPLE; i++) {
        if (!load->sent[i].done)
            continue;
        assert_int_equal(load->sent[i].status, STORE_OK);
        load->acknowledged[i]++;
        load->sent[i] = (struct sent){0};
        if (load->acknowledged[i] < ENOUGH)
            tell_person(&load->city->fixture, i, &load->sent[i]);
    }
    return true;
}

static struct load *begin(struct city *city, int number)
{
    struct load *load = calloc(1, sizeof(*load));
    assert_non_null(load);
    load->city = city;
    tell_all(&city->fixture, load->sent);
    UNTIL(&city->fixture, go_on(load) && load->acknowledged[number] >= 20);
    return load;
}

/* From what happened just now until that person's calls are answered again; some may have been under way. */
static double until_answered(struct load *load, int number)
{
    long long enough = load->acknowledged[number] + 20;
    double start = seconds(), last = start, longest = 0;
    while (load->acknowledged[number] < enough) {
        long long now = load->acknowledged[number];
        UNTIL(&load->city->fixture, go_on(load) && load->acknowledged[number] > now);
        longest = seconds() - last > longest ? seconds() - last : longest;
        last = seconds();
    }
    return longest;
}

/* What was under way is answered; all that was acknowledged is there, once. */
static void end(struct load *load, size_t asked)
{
    for (int i = 0; i < PEOPLE; i++) {
        UNTIL(&load->city->fixture, load->sent[i].done || load->acknowledged[i] == ENOUGH);
        assert_int_equal(messages(load->city, asked, i), load->acknowledged[i] + load->sent[i].done);
    }
    free(load);
}

static char told_missing[256], told_found[256]; /* what the log said last */

static void on_log(int level, const char *event, const char *text)
{
    (void)level;
    if (strcmp(event, "store_node_missing") == 0)
        snprintf(told_missing, sizeof(told_missing), "%s", text);
    else if (strcmp(event, "store_node_found") == 0)
        snprintf(told_found, sizeof(told_found), "%s", text);
}

static bool sees_flag(struct city *c, size_t asked, const char *flag)
{
    redisReply *reply = redis_cluster_ask(&c->cluster, asked, "CLUSTER NODES");
    bool seen = reply && reply->type == REDIS_REPLY_STRING && strstr(reply->str, flag);
    freeReplyObject(reply);
    return seen;
}

/* Whether a replica is to take no place. Everybody knows it then, and nobody is held to be dead for it. */
static void set_no_failover(struct city *c, size_t replica, bool on)
{
    freeReplyObject(redis_cluster_ask(
        &c->cluster, replica, "CONFIG SET cluster-replica-no-failover %s", on ? "yes" : "no"));
    for (size_t n = 0; n < c->cluster.count; n++)
        UNTIL(&c->fixture, sees_flag(c, n, "nofailover") == on);
}

static void a_master_that_dies_takes_nothing_along(void **state)
{
    struct city *c = *state;
    c->fixture.options.log = on_log;
    fixture_store(&c->fixture);
    size_t master = redis_cluster_seen_owner(&c->cluster, 0, 0),
           other = redis_cluster_seen_owner(&c->cluster, 0, 8000);
    size_t shy = redis_cluster_seen_replica(&c->cluster, other, other);
    set_no_failover(c, shy, true);
    int number = person_at(c, master);
    struct load *load = begin(c, number);
    redis_cluster_set_timeout(&c->cluster, CLUSTER_QUICK);
    redis_server_kill(&c->cluster.servers[master]);
    print_message("a master was killed: %.2f s until its slots were served\n", until_answered(load, number));
    assert_int_not_equal(redis_cluster_seen_owner(&c->cluster, other, slot_of(number)), master);
    end(load, other);
    char name[64];
    snprintf(name, sizeof(name), "node=127.0.0.1:%d ", c->cluster.servers[master].port);
    UNTIL(&c->fixture, store_counters(c->fixture.store)->nodes_missing == 1);
    assert_non_null(strstr(told_missing, name));
    redis_cluster_set_timeout(&c->cluster, REDIS_NODE_TIMEOUT);
    assert_true(redis_cluster_restart(&c->cluster, master));
    assert_true(redis_cluster_wait(&c->cluster));
    UNTIL(&c->fixture, store_counters(c->fixture.store)->nodes_missing == 0);
    assert_non_null(strstr(told_found, name));
    set_no_failover(c, shy, false);
}

static void what_a_frozen_master_answers_later_counts_for_nothing(void **state)
{
    struct city *c = *state;
    size_t master = redis_cluster_seen_owner(&c->cluster, 0, 8000),
           other = redis_cluster_seen_owner(&c->cluster, 0, 16000);
    int number = person_at(c, master);
    struct load *load = begin(c, number);
    redis_cluster_set_timeout(&c->cluster, CLUSTER_QUICK);
    redis_server_freeze(&c->cluster.servers[master]);
    print_message("a master stood still: %.2f s until its slots were served\n", until_answered(load, number));
    assert_int_not_equal(redis_cluster_seen_owner(&c->cluster, other, slot_of(number)), master);
    redis_server_thaw(&c->cluster.servers[master]);
    redis_cluster_set_timeout(&c->cluster, REDIS_NODE_TIMEOUT);
    until_answered(load, number);
    end(load, other);
    assert_true(redis_cluster_wait(&c->cluster));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_master_that_dies_takes_nothing_along),
        TEST(what_a_frozen_master_answers_later_counts_for_nothing),
    };
    return cmocka_run_group_tests(tests, city_start, city_stop);
}
