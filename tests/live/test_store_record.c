/* Acts of many tags become leaves of the public record, each once, whoever moves them: against one Redis, and
 * a cluster that lets no step touch two tags. */
#include <stdio.h>

#include "bridge/log_key.h"
#include "bridge/store_log.h"
#include "bridge/store_record.h"
#include "proto/codec.h"
#include "tests/live/store_fixture.h"

enum { ACTS = 200, OF_ONE_TAG = 300 };

static struct log_key *key;

static int record_open(void **state)
{
    if (fixture_open(state) != 0)
        return -1;
    struct fixture *f = *state;
    key = fixture_log_key();
    f->options.log_key = key;
    f->options.tree_head_ms = 100;
    fixture_store(f);
    UNTIL(f, f->available);
    return 0;
}

static int record_close(void **state)
{
    log_key_free(key);
    return fixture_close(state);
}

static void on_noted(void *arg, enum store_status status)
{
    assert_int_equal(status, STORE_OK);
    ++*(size_t *)arg;
}

static void discloses(struct fixture *f, uint8_t tag, int number, size_t *noted)
{
    char text[32];
    struct store_act act = {.sender_tag = tag, .what = "disclosure", .by = TEXT("operator/op"), .now = START};
    act.text = (struct text){text, (size_t)snprintf(text, sizeof text, "number %d", number)};
    store_act(f->store, &act, on_noted, noted);
}

/* ---- what is in the record ---- */

struct read {
    bool done;
    uint64_t size;
    int seen[ACTS + OF_ONE_TAG];
};

static void note_leaf(struct read *read, struct bytes encoded)
{
    struct arena arena;
    struct log_leaf leaf;
    struct refusal refusal;
    int number = -1;
    arena_init(&arena, NULL, 0);
    assert_true(codec_decode_log_leaf(ENCODING_PROTOBUF, encoded, &arena, &leaf, &refusal));
    assert_true(leaf.text.len > 7);
    sscanf(leaf.text.data + 7, "%d", &number);
    assert_in_range(number, 0, ACTS + OF_ONE_TAG - 1);
    read->seen[number]++;
    arena_free(&arena);
}

static void on_leaves(void *arg, const struct store_log_leaves *found)
{
    struct read *read = arg;
    assert_int_equal(found->state.status, STORE_OK);
    read->size = found->state.size;
    for (size_t i = 0; i < found->count; i++)
        note_leaf(read, found->leaves[i].leaf);
    read->done = true;
}

static void each_is_there_once(struct fixture *f, int count)
{
    struct read read = {0};
    UNTIL(f, fixture_number(f, "HINCRBY nb:{log}:tree size 0") == count);
    store_log_leaves(f->store, 0, STORE_LOG_PAGE, on_leaves, &read);
    fixture_until(f, &read.done);
    assert_int_equal(read.size, count);
    for (int i = 0; i < count; i++)
        assert_int_equal(read.seen[i], 1);
}

static void on_nodes(void *arg, const struct store_log_nodes *found)
{
    struct arena arena;
    struct tree_head head;
    struct refusal refusal;
    uint8_t public_key[LOG_KEY];
    arena_init(&arena, NULL, 0);
    assert_int_equal(found->state.status, STORE_OK);
    assert_true(codec_decode_tree_head(ENCODING_PROTOBUF, found->state.head, &arena, &head, &refusal));
    log_key_public(key, public_key);
    assert_true(log_key_check_head(public_key, &head));
    assert_int_equal(head.size, found->state.size);
    arena_free(&arena);
    *(bool *)arg = true;
}

/* ---- the tests ---- */

static void acts_of_all_tags_become_leaves_once(void **state)
{
    struct fixture *f = *state;
    size_t noted = 0;
    bool told = false;
    for (int i = 0; i < ACTS; i++)
        discloses(f, (uint8_t)(i % STORE_SENDER_TAGS), i, &noted);
    for (int i = 0; i < OF_ONE_TAG; i++) /* more than one batch has room for */
        discloses(f, 7, ACTS + i, &noted);
    fixture_until_number(f, &noted, ACTS + OF_ONE_TAG);
    f->upkeep = true;
    each_is_there_once(f, ACTS + OF_ONE_TAG);
    UNTIL(f, store_counters(f->store)->log_heads > 0);
    f->upkeep = false;
    store_log_nodes(f->store, NULL, 0, on_nodes, &told);
    fixture_until(f, &told);
}

/* The lease is taken from whoever has it, so that both go on at the same time. */
static void two_who_move_them_append_each_once(void **state)
{
    struct fixture *f = *state;
    struct store *other = fixture_other_store(f, "other");
    size_t noted = 0;
    f->upkeep = true;
    for (int i = 0; i < ACTS; i++) {
        size_t before = noted;
        discloses(f, (uint8_t)(i * 5 % STORE_SENDER_TAGS), i, &noted);
        store_upkeep(other, fixture_now());
        store_flush(other);
        UNTIL(f, noted > before);
        fixture_number(f, "DEL nb:{log}:lease:log");
    }
    store_free(other);
    fixture_store(f); /* who has just begun waits for no lease to end */
    each_is_there_once(f, ACTS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, record_open, record_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(acts_of_all_tags_become_leaves_once),
        TEST(two_who_move_them_append_each_once),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed +
           cmocka_run_group_tests_name("in_a_cluster", tests, fixture_group_cluster, fixture_group_end);
}
