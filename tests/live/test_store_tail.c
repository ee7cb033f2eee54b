/* Following in a real cluster of three masters with a replica each: slots move and a master dies while
 * much is appended, and whoever follows has all of it once and in order. What lies in a seam is read, as the
 * broker does. */
#include <stdlib.h>

#include "bridge/store_inside.h"
#include "tests/live/redis_cluster.h"
#include "tests/live/store_fixture.h"

enum {
    CHANNELS = 6,
    MASTERS = 3,
    HEIR = MASTERS /* of the first */,
    ROUNDS = 6,
    A_STEP = 40,
    UNDER_WAY = 4,
    AHEAD = 500
};

/* An inbox that is followed, and what was heard of it. */
struct tail {
    struct rig *rig;
    char principal[32], channel[64];
    uint16_t slot;
    unsigned sent, answered, heard; /* numbers from 1 */
    unsigned idle;                  /* of UNDER_WAY, while the other end lags behind */
    bool open, reading;             /* reading: what lies in a seam */
    struct position_in_channel last, wanted;
};

struct rig {
    struct fixture f; /* for turning the loop */
    struct redis_cluster cluster;
    struct store *writer;
    struct tail tails[CHANNELS];
    size_t seams;
    bool writing, fell; /* fell: a master died */
};

/* ---- what is heard ---- */

static struct tail *tail_of(struct rig *rig, struct text channel)
{
    for (size_t i = 0; i < CHANNELS; i++) {
        if (text_equal(channel, text_of(rig->tails[i].channel)))
            return &rig->tails[i];
    }
    fail_msg("told of an unknown channel");
    return NULL;
}

/* The data is the topic's suffix after its length, then the number. */
static unsigned number_of(const struct channel_entry *entry)
{
    char text[32] = "";
    assert_int_equal(entry->kind, ENTRY_INBOX);
    assert_true(entry->data.len > 2 && entry->data.len < sizeof(text));
    memcpy(text, entry->data.data + 2, entry->data.len - 2);
    return (unsigned)strtoul(text, NULL, 10);
}

static void write_on(struct tail *tail);

/* From a page or told, whichever came first: a page goes on behind the seam, and what is told later may have
 * been in it; such a one was heard. One appended twice (its answer was lost, and more than 16 others came
 * between) would show here too. What a master told that died before its replica had it was not answered: it
 * is appended again, and comes a second time. */
static void hear(struct tail *tail, const struct channel_entry *entry)
{
    unsigned number = number_of(entry);
    if (position_compare(entry->position, tail->last) <= 0) {
        assert_true(number <= tail->heard);
        return;
    }
    bool again = tail->rig->fell && number <= tail->heard && number + UNDER_WAY > tail->heard;
    if (!again)
        assert_int_equal(number, tail->heard + 1);
    tail->heard += !again;
    tail->last = entry->position;
    write_on(tail);
}

static void read_on(struct tail *tail);

static void on_page(void *arg, const struct channel_page *page)
{
    struct tail *tail = arg;
    if (page->status == STORE_GONE)
        return;
    assert_int_equal(page->status, STORE_OK);
    tail->reading = false;
    for (size_t i = 0; i < page->count; i++)
        hear(tail, &page->entries[i]);
    if (position_compare(tail->last, tail->wanted) < 0)
        read_on(tail);
}

static void read_on(struct tail *tail)
{
    if (tail->reading)
        return;
    tail->reading = true;
    store_channel_read(tail->rig->f.store, text_of(tail->channel), tail->last, 64, on_page, tail);
}

static void want(struct tail *tail, struct position_in_channel position)
{
    if (position_compare(position, tail->wanted) > 0)
        tail->wanted = position;
}

static void on_entry(void *arg, struct text channel, const struct channel_entry *entry)
{
    struct tail *tail = tail_of(arg, channel);
    if (tail->reading || position_compare(tail->last, tail->wanted) < 0)
        want(tail, entry->position); /* it comes with what lies before it */
    else
        hear(tail, entry);
}

static void on_seam(void *arg, struct text channel, struct position_in_channel head)
{
    struct rig *rig = arg;
    struct tail *tail = tail_of(rig, channel);
    rig->seams++;
    want(tail, head);
    read_on(tail);
}

static void on_followed(void *arg, const struct channel_state *state)
{
    struct tail *tail = arg;
    assert_int_equal(state->status, STORE_OK);
    tail->last = tail->wanted = state->head;
    tail->open = true;
}

/* ---- what is appended ---- */

static void on_appended(void *arg, enum store_status status)
{
    struct tail *tail = arg;
    if (status == STORE_GONE)
        return;
    assert_int_equal(status, STORE_OK);
    tail->answered++;
    tail->idle++;
    write_on(tail);
}

static void append(struct tail *tail)
{
    char number[16];
    int len = snprintf(number, sizeof(number), "%u", ++tail->sent);
    struct session_name name = {text_of(tail->principal), TEXT("app")};
    store_inbox(tail->rig->writer, name, TEXT("n"), (struct bytes){(const uint8_t *)number, (size_t)len},
        on_appended, tail);
}

/* Not so much that the oldest is gone (an inbox keeps a thousand) before a follower has found its new master.
 */
static void write_on(struct tail *tail)
{
    while (tail->rig->writing && tail->idle > 0 && tail->sent - tail->heard < AHEAD) {
        tail->idle--;
        append(tail);
    }
}

static void begin_writing(struct rig *rig)
{
    rig->writing = true;
    for (size_t i = 0; i < CHANNELS; i++) {
        rig->tails[i].idle = UNDER_WAY;
        write_on(&rig->tails[i]);
    }
}

/* ---- turning ---- */

#define TURN_UNTIL(rig, condition)                                                                           \
    do {                                                                                                     \
        struct until until_;                                                                                 \
        until_begin(&(rig)->f, &until_);                                                                     \
        while (!(condition)) {                                                                               \
            store_flush((rig)->writer);                                                                      \
            until_turn(&(rig)->f, &until_, #condition);                                                      \
        }                                                                                                    \
        until_end(&(rig)->f, &until_);                                                                       \
    } while (0)

/* So many more of this one's were stored. */
static void write_more(struct rig *rig, struct tail *tail)
{
    unsigned until = tail->answered + A_STEP;
    TURN_UNTIL(rig, tail->answered >= until);
}

static void write_around(struct rig *rig, const struct tail *but)
{
    for (size_t i = 0; i < CHANNELS; i++) {
        if (rig->tails[i].slot != but->slot) {
            write_more(rig, &rig->tails[i]);
            return;
        }
    }
}

static bool all_heard(const struct rig *rig)
{
    for (size_t i = 0; i < CHANNELS; i++) {
        if (rig->tails[i].answered < rig->tails[i].sent || rig->tails[i].heard < rig->tails[i].sent)
            return false;
    }
    return true;
}

static void end_writing(struct rig *rig)
{
    rig->writing = false;
    TURN_UNTIL(rig, all_heard(rig));
}

/* ---- set-up ---- */

static int start_cluster(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    *state = rig;
    return rig && redis_cluster_start(&rig->cluster, MASTERS, MASTERS) ? 0 : -1;
}

static int stop_cluster(void **state)
{
    struct rig *rig = *state;
    redis_cluster_stop(&rig->cluster);
    free(rig);
    return 0;
}

static void log_to_nobody(int level, const char *event, const char *text)
{
    if (getenv("STORE_LOG"))
        fprintf(stderr, "%d %s %s\n", level, event, text);
}

static void name_tail(struct rig *rig, size_t i, int test)
{
    struct buffer name = {0};
    struct tail *tail = &rig->tails[i];
    *tail = (struct tail){.rig = rig};
    snprintf(tail->principal, sizeof(tail->principal), "user/t%d-%zu", test, i);
    snprintf(tail->channel, sizeof(tail->channel), "i:%s/app", tail->principal);
    feed_name(&name, text_of(tail->channel));
    tail->slot = key_slot(name.data, name.len);
    buffer_free(&name);
}

/* Two stores on one loop: one appends, one follows; each test has channels of its own. */
static int open_rig(void **state)
{
    static int test;
    struct rig *rig = *state;
    struct fixture *f = &rig->f;
    struct store_events events = {.arg = rig, .entry = on_entry, .seam = on_seam};
    fixture_set_now(START);
    f->places = place_key_new((const uint8_t[PLACE_KEY_SECRET]){7});
    f->options = (struct store_redis_options){.url = rig->cluster.url,
        .node = "follower",
        .absence_ms = 3600000,
        .channel_retention_ms = 86400000,
        .deadline_ms = 30000,
        .now = fixture_now,
        .places = f->places,
        .log = log_to_nobody};
    f->loop = ev_loop_new(0);
    f->store = store_redis_new(f->loop, &f->options, &events);
    rig->writer = fixture_other_store(f, "writer");
    rig->seams = 0;
    test++;
    for (size_t i = 0; i < CHANNELS; i++) {
        name_tail(rig, i, test);
        store_follow(f->store, text_of(rig->tails[i].channel), on_followed, &rig->tails[i]);
        TURN_UNTIL(rig, rig->tails[i].open);
    }
    return 0;
}

static int close_rig(void **state)
{
    struct rig *rig = *state;
    store_free(rig->writer);
    store_free(rig->f.store);
    place_key_free(rig->f.places);
    ev_loop_destroy(rig->f.loop);
    rig->f.upkeep = false;
    return 0;
}

/* ---- the tests ---- */

static void a_follow_goes_where_its_slot_goes(void **state)
{
    struct rig *rig = *state;
    begin_writing(rig);
    for (int round = 0; round < ROUNDS; round++) {
        struct tail *tail = &rig->tails[round % CHANNELS];
        size_t from = redis_cluster_owner(&rig->cluster, tail->slot), to = (from + 1) % MASTERS;
        assert_true(from < MASTERS);
        write_more(rig, tail);
        redis_cluster_move(&rig->cluster, tail->slot, from, to, MOVE_ANNOUNCED);
        write_around(rig, tail);
        redis_cluster_move(&rig->cluster, tail->slot, from, to, MOVE_KEYS);
        write_around(rig, tail);
        redis_cluster_move(&rig->cluster, tail->slot, from, to, MOVE_TARGET_KNOWS);
        write_around(rig, tail); /* the new master may have some of it that the old does not tell */
        redis_cluster_move(&rig->cluster, tail->slot, from, to, MOVE_DONE);
        write_more(rig, tail);
    }
    end_writing(rig);
}

/* Straight to that server, as a process does that knows of the move before others do. */
static void append_at(struct rig *rig, struct tail *tail, size_t server)
{
    char keys[3][64], data[16];
    static const char *const parts[] = {"in", "inlo", "s"};
    for (size_t i = 0; i < 3; i++)
        snprintf(keys[i], sizeof(keys[i]), "nb:{p:%s}:%s:app", tail->principal, parts[i]);
    snprintf(data, sizeof(data), "\1n%u", ++tail->sent);
    redisReply *reply = redisCommand(rig->cluster.ask[server], "FCALL nb_inbox 3 %s %s %s %s %s", keys[0],
        keys[1], keys[2], "nonce-01", data);
    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    freeReplyObject(reply);
    tail->answered++;
}

static void what_only_the_new_master_told_is_in_a_seam(void **state)
{
    struct rig *rig = *state;
    struct tail *tail = &rig->tails[0];
    size_t from = redis_cluster_owner(&rig->cluster, tail->slot), to = (from + 1) % MASTERS;
    append(tail);
    TURN_UNTIL(rig, all_heard(rig));
    assert_int_equal(rig->seams, 0);
    for (int step = MOVE_ANNOUNCED; step < MOVE_DONE; step++)
        redis_cluster_move(&rig->cluster, tail->slot, from, to, (enum move_step)step);
    append_at(rig, tail, to);
    redis_cluster_move(&rig->cluster, tail->slot, from, to, MOVE_DONE);
    TURN_UNTIL(rig, all_heard(rig));
    assert_int_equal(rig->seams, 1);
    append(tail);
    TURN_UNTIL(rig, all_heard(rig));
    assert_int_equal(rig->seams, 1);
}

static void as_of_waits_for_every_master(void **state)
{
    struct rig *rig = *state;
    struct redis_server *one = &rig->cluster.servers[1];
    rig->f.upkeep = true;
    TURN_UNTIL(rig, store_as_of(rig->f.store) == START);
    struct tail *tail = &rig->tails[0];
    while (redis_cluster_owner(&rig->cluster, tail->slot) == 1)
        tail++;
    redis_server_freeze(one);
    fixture_set_now(START + 60000);
    append(tail); /* the others answer all the while */
    TURN_UNTIL(rig, all_heard(rig));
    assert_int_equal(store_as_of(rig->f.store), START);
    redis_server_thaw(one);
    TURN_UNTIL(rig, store_as_of(rig->f.store) == START + 60000);
}

/* How often that server has refused a command because not all slots are served. */
static long down_answers(struct rig *rig, size_t server)
{
    static const char name[] = "errorstat_CLUSTERDOWN:count=";
    redisReply *reply = redisCommand(rig->cluster.ask[server], "INFO errorstats");
    assert_non_null(reply);
    const char *at = strstr(reply->str, name);
    long count = at ? strtol(at + sizeof(name) - 1, NULL, 10) : 0;
    freeReplyObject(reply);
    return count;
}

/* An inbox that nobody follows, of a slot of that server. */
static void find_inbox(struct rig *rig, size_t server, char out[64])
{
    for (int i = 0;; i++) {
        struct buffer name = {0};
        snprintf(out, 64, "i:user/other-%d/app", i);
        feed_name(&name, text_of(out));
        size_t owner = redis_cluster_owner(&rig->cluster, key_slot(name.data, name.len));
        buffer_free(&name);
        if (owner == server)
            return;
    }
}

static void on_late(void *arg, const struct channel_state *state)
{
    assert_int_equal(state->status, STORE_OK);
    *(bool *)arg = true;
}

static void a_cluster_that_is_down_is_waited_for(void **state)
{
    struct rig *rig = *state;
    struct tail *tail = &rig->tails[0];
    size_t server = redis_cluster_owner(&rig->cluster, tail->slot);
    char channel[64];
    bool open = false;
    uint16_t other = 0;
    find_inbox(rig, server, channel);
    while (redis_cluster_owner(&rig->cluster, other) != server)
        other++;
    long before = down_answers(rig, server);
    redis_cluster_leave_slot(&rig->cluster, other, server);
    store_follow(rig->f.store, text_of(channel), on_late, &open);
    TURN_UNTIL(rig, down_answers(rig, server) > before);
    assert_false(open);
    redis_cluster_take_slot(&rig->cluster, other, server);
    TURN_UNTIL(rig, open);
    append(tail); /* what was followed before goes on, without a seam */
    TURN_UNTIL(rig, all_heard(rig));
    assert_int_equal(rig->seams, 0);
}

/* The first, which dies, has some of the channels. */
static void a_killed_master_is_followed_at_its_heir(void **state)
{
    struct rig *rig = *state;
    begin_writing(rig);
    write_more(rig, &rig->tails[0]);
    rig->f.upkeep = true;
    TURN_UNTIL(rig, store_as_of(rig->f.store) == START);
    size_t had = 0;
    for (size_t i = 0; i < CHANNELS; i++)
        had += redis_cluster_owner(&rig->cluster, rig->tails[i].slot) == 0;
    assert_true(had > 0);
    redis_cluster_set_timeout(&rig->cluster, CLUSTER_QUICK);
    redis_server_kill(&rig->cluster.servers[0]);
    rig->fell = true;
    fixture_set_now(START + 60000);
    TURN_UNTIL(rig, redis_cluster_owner(&rig->cluster, 0) == HEIR);
    assert_true(
        redis_server_restart(&rig->cluster.servers[0])); /* as a replica, without which nothing counts */
    TURN_UNTIL(rig, store_as_of(rig->f.store) == START + 60000);
    for (size_t i = 0; i < CHANNELS; i++)
        write_more(rig, &rig->tails[i]);
    end_writing(rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_follow_goes_where_its_slot_goes),
        TEST(what_only_the_new_master_told_is_in_a_seam),
        TEST(as_of_waits_for_every_master),
        TEST(a_cluster_that_is_down_is_waited_for),
        TEST(a_killed_master_is_followed_at_its_heir),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
