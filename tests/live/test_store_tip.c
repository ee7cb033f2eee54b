/* Tips and rewards in the store, against a real Redis: who may say what in a conversation, how many and how
 * long, what a programme gives, and that whatever is sent again is done once. The group runs twice: the
 * second time against a cluster of one, which refuses a step that touches several slots. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/store_board.h"
#include "bridge/store_tip.h"
#include "bridge/voucher.h"
#include "proto/codec.h"
#include "tests/live/store_fixture.h"

#define DAY INT64_C(86400000)
#define A "aaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbb"
#define PROGRAMME "nb:{s02}:programme:agency/pd/cams"
enum { TAG = 17, AGENCY_TAG = 2, CALLS = 32 };

static struct log_key *log_key;

/* As redisCommand has it. */
static void ask(struct fixture *f, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(f->ask.context, format, arguments);
    va_end(arguments);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", format, reply->str);
    freeReplyObject(reply);
}

static int tip_open(void **state)
{
    if (fixture_open(state) != 0)
        return -1;
    struct fixture *f = *state;
    log_key = fixture_log_key();
    f->options.log_key = log_key;
    f->options.tree_head_ms = DAY;
    fixture_store(f);
    UNTIL(f, f->available);
    ask(f, "HSET nb:{p:agency/pd}:principal name Police");
    ask(f, "HSET nb:{p:agency/sheriff}:principal name Sheriff");
    return 0;
}

static int tip_close(void **state)
{
    int failed = fixture_close(state);
    log_key_free(log_key);
    return failed;
}

/* ---- tips ---- */

struct told_tip {
    bool done;
    struct store_tip_result result;
};

static void on_tip(void *arg, const struct store_tip_result *result)
{
    struct told_tip *told = arg;
    assert_false(told->done);
    told->done = true;
    told->result = *result;
}

/* `id`: of the message; `agency`: of one that begins, else NULL. */
struct said {
    const char *conversation, *id, *sender, *agency, *body;
};

static struct store_tip tip_of(const struct said *said)
{
    struct store_tip tip = {.sender_tag = TAG,
        .conversation_id = said->conversation,
        .sender = text_of(said->sender),
        .agency = text_of(said->agency),
        .claim_hash = said->agency ? (struct bytes){(const uint8_t *)"12345678901234567890123456789012", 32}
                                   : (struct bytes){0},
        .payload = {(const uint8_t *)said->body, strlen(said->body)},
        .limit = 20,
        .now = fixture_now()};
    snprintf(tip.tip_id, sizeof tip.tip_id, "%s", said->id);
    snprintf((char *)tip.digest, sizeof tip.digest, "%s", said->body);
    return tip;
}

static struct store_tip_result says(struct fixture *f, struct said said)
{
    struct told_tip told = {0};
    const struct store_tip tip = tip_of(&said);
    store_tip(f->store, &tip, on_tip, &told);
    fixture_until(f, &told.done);
    return told.result;
}

#define SAYS(f, ...) (says(f, (struct said){__VA_ARGS__}).status)
#define BEGINS(f) SAYS(f, A, A, "user/ann", "agency/pd", "a red car")

static void begins(struct fixture *f)
{
    assert_int_equal(BEGINS(f), STORE_OK);
}

static long long on_board(struct fixture *f, const char *principal)
{
    char command[200];
    snprintf(command, sizeof command, "HLEN nb:{p:%s}:board", principal);
    return fixture_number(f, command);
}

static void each_message_is_on_the_other_sides_board_once(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(BEGINS(f), STORE_OK);
    assert_int_equal(BEGINS(f), STORE_REPEAT);
    assert_int_equal(on_board(f, "agency/pd"), 1);
    assert_int_equal(SAYS(f, A, "r1", "agency/pd", NULL, "which way?"), STORE_OK);
    assert_int_equal(SAYS(f, A, "r1", "agency/pd", NULL, "which way?"), STORE_REPEAT);
    assert_int_equal(on_board(f, "user/ann"), 1);
    assert_int_equal(on_board(f, "agency/pd"), 2); /* for its other desks */
    assert_int_equal(SAYS(f, A, "t2", "user/ann", NULL, "north"), STORE_OK);
    assert_int_equal(on_board(f, "user/ann"), 1);
    assert_int_equal(on_board(f, "agency/pd"), 3);
    assert_int_equal(SAYS(f, A, "t2", "user/ann", NULL, "south"), STORE_CONFLICT);
    assert_int_equal(SAYS(f, A, A, "user/ann", "agency/pd", "another"), STORE_CONFLICT);
    assert_int_equal(SAYS(f, A, "t3", "user/ann", "agency/pd", "begun twice"), STORE_CONFLICT);
    assert_int_equal(on_board(f, "agency/pd"), 3);
}

static void what_was_cut_off_is_completed(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(BEGINS(f), STORE_OK);
    ask(f, "DEL nb:{p:agency/pd}:board"); /* as if it had never been put up */
    assert_int_equal(BEGINS(f), STORE_REPEAT);
    assert_int_equal(on_board(f, "agency/pd"), 1);
}

static void others_have_no_part_in_it(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(BEGINS(f), STORE_OK);
    assert_int_equal(SAYS(f, A, "x1", "user/bob", NULL, "hello"), STORE_NOT_FOUND);
    assert_int_equal(SAYS(f, A, "x2", "agency/sheriff", NULL, "hello"), STORE_NOT_FOUND);
    assert_int_equal(SAYS(f, A, "x3", "user/bob", "agency/pd", "hello"), STORE_NOT_FOUND);
    assert_int_equal(SAYS(f, B, "x4", "user/ann", NULL, "hello"), STORE_NOT_FOUND);
    assert_int_equal(SAYS(f, B, "x5", "user/ann", "agency/nobody", "hello"), STORE_NOT_FOUND);
    ask(f, "HSET nb:{p:agency/sheriff}:principal revoked 1");
    assert_int_equal(SAYS(f, B, B, "user/ann", "agency/sheriff", "hello"), STORE_NOT_FOUND);
    assert_int_equal(fixture_number(f, "EXISTS nb:{s11}:tip:" B), 0);
    assert_int_equal(on_board(f, "user/ann"), 0);
}

static void begins_numbered(char id[PUBLIC_ID + 1], int number)
{
    snprintf(id, PUBLIC_ID + 1, "%024x", number);
}

static void twenty_begin_in_a_day(void **state)
{
    struct fixture *f = *state;
    char id[PUBLIC_ID + 1];
    for (int n = 1; n <= 20; n++) {
        begins_numbered(id, n);
        fixture_set_now(START + 1000 * n);
        assert_int_equal(SAYS(f, id, id, "user/ann", "agency/pd", "a"), STORE_OK);
    }
    begins_numbered(id, 21);
    const struct said one_more = {id, id, "user/ann", "agency/pd", "a"};
    struct store_tip_result result = says(f, one_more);
    assert_int_equal(result.status, STORE_LIMITED);
    assert_int_equal(result.retry_after_ms, DAY - 19000);
    assert_int_equal(SAYS(f, B, B, "user/bob", "agency/pd", "a"), STORE_OK); /* another's */
    begins_numbered(id, 20);
    assert_int_equal(SAYS(f, id, id, "user/ann", "agency/pd", "a"), STORE_REPEAT);
    assert_int_equal(SAYS(f, id, "t2", "user/ann", NULL, "goes on"), STORE_OK);
    begins_numbered(id, 21);
    fixture_set_now(START + 1000 + DAY - 1);
    assert_int_equal(says(f, one_more).status, STORE_LIMITED);
    fixture_set_now(START + 1000 + DAY);
    assert_int_equal(says(f, one_more).status, STORE_OK);
    assert_int_equal(fixture_number(f, "ZCARD nb:{s11}:tips:user/ann"), 21);
    /* Weeks later only those that still stand are known of. */
    ask(f, "DEL nb:{s11}:tip:000000000000000000000001");
    begins_numbered(id, 22);
    fixture_set_now(START + 61 * DAY);
    assert_int_equal(SAYS(f, id, id, "user/ann", "agency/pd", "a"), STORE_OK);
    assert_int_equal(fixture_number(f, "ZCARD nb:{s11}:tips:user/ann"), 21);
}

static void five_hundred_in_a_conversation(void **state)
{
    struct fixture *f = *state;
    char id[32];
    assert_int_equal(BEGINS(f), STORE_OK);
    for (int n = 2; n <= 499; n++)
        ask(f, "HSET nb:{s11}:tip:" A " dfilled-%d 0123456789abcdef", n);
    snprintf(id, sizeof id, "t%d", 500);
    assert_int_equal(SAYS(f, A, id, "user/ann", NULL, "the last"), STORE_OK);
    assert_int_equal(SAYS(f, A, "t501", "user/ann", NULL, "one more"), STORE_LIMITED);
    assert_int_equal(SAYS(f, A, "r501", "agency/pd", NULL, "one more"), STORE_LIMITED);
    assert_int_equal(SAYS(f, A, id, "user/ann", NULL, "the last"), STORE_REPEAT);
}

static void it_is_forgotten_weeks_after_its_last_message(void **state)
{
    struct fixture *f = *state;
    static const char *const keys[] = {
        ("nb:{s11}:tip:" A), "nb:{s11}:tips:user/ann", "nb:{p:agency/pd}:board", "nb:{p:user/ann}:board"};
    assert_int_equal(BEGINS(f), STORE_OK);
    assert_int_equal(SAYS(f, A, "r1", "agency/pd", NULL, "which way?"), STORE_OK);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char command[100];
        snprintf(command, sizeof command, "PTTL %s", keys[i]);
        assert_in_range(fixture_number(f, command), 60 * DAY - 600000, 60 * DAY);
    }
    for (size_t i = 0; i < 2; i++)
        ask(f, "PEXPIRE %s 1000000", keys[i]);
    assert_int_equal(SAYS(f, A, "t2", "user/ann", NULL, "north"), STORE_OK);
    assert_true(fixture_number(f, "PTTL nb:{s11}:tip:" A) > 59 * DAY);
    assert_true(fixture_number(f, "PTTL nb:{s11}:tips:user/ann") > 59 * DAY);
}

/* ---- rewards ---- */

struct told_reward {
    bool done;
    struct store_reward_result result;
    size_t *count;
};

static void on_reward(void *arg, const struct store_reward_result *result)
{
    struct told_reward *told = arg;
    assert_false(told->done);
    told->done = true;
    told->result = *result;
    if (told->count)
        ++*told->count;
}

static void send_reward(
    struct fixture *f, const char *agency, const struct reward *reward, struct told_reward *told)
{
    const struct store_reward call = {.agency_tag = AGENCY_TAG,
        .conversation_tag = TAG,
        .reward = reward,
        .agency = text_of(agency),
        .agency_name = TEXT("Police"),
        .officer = TEXT("lee"),
        .now = fixture_now()};
    store_reward(f->store, &call, on_reward, told);
}

static struct store_reward_result rewards(struct fixture *f, const char *agency, struct reward reward)
{
    struct told_reward told = {0};
    if (!reward.programme.len)
        reward.programme = TEXT("cams");
    send_reward(f, agency, &reward, &told);
    fixture_until(f, &told.done);
    return told.result;
}

#define REWARDS(f, ...) rewards(f, "agency/pd", (struct reward){__VA_ARGS__})
#define STOCKS(f, n) REWARDS(f, .stock = (n), .reward = TEXT("a camera"))
#define GIVES(f, id) REWARDS(f, .conversation_id = TEXT(id), .case_number = TEXT("24-7"))
#define TAKES_IN(f, n, name) REWARDS(f, .redeem = (n), .sender_reward_id = TEXT(name))

static void expect(
    struct store_reward_result result, enum store_status status, uint32_t left, uint32_t number)
{
    assert_int_equal(result.status, status);
    assert_int_equal(result.left, left);
    assert_int_equal(result.number, number);
}

/* What stands on the board of the principal and is a reward. The arena's. */
static struct reward granted(struct fixture *f, const char *principal, struct arena *arena)
{
    struct reward reward;
    struct refusal refusal;
    redisReply *reply = redisCommand(f->ask.context, "HVALS nb:{p:%s}:board", principal);
    assert_int_equal(reply->elements, 1);
    const redisReply *notice = reply->element[0];
    assert_memory_equal(notice->str + 16, "\6reward", 7);
    size_t len = (size_t)notice->len - 23;
    struct bytes payload = {(const uint8_t *)arena_copy(arena, notice->str + 23, len), len};
    assert_true(codec_decode_reward(ENCODING_PROTOBUF, payload, arena, &reward, &refusal));
    freeReplyObject(reply);
    return reward;
}

static void a_programme_gives_what_it_has(void **state)
{
    struct fixture *f = *state;
    begins(f);
    assert_int_equal(SAYS(f, B, B, "user/bob", "agency/pd", "a blue car"), STORE_OK);
    assert_int_equal(GIVES(f, A).status, STORE_NOT_FOUND);
    expect(STOCKS(f, 1), STORE_OK, 1, 0);
    expect(STOCKS(f, 1), STORE_REPEAT, 1, 0);
    expect(GIVES(f, A), STORE_OK, 0, 1);
    expect(GIVES(f, A), STORE_REPEAT, 0, 1);
    expect(GIVES(f, B), STORE_LIMITED, 0, 0);
    expect(STOCKS(f, 2), STORE_OK, 1, 0);
    expect(GIVES(f, B), STORE_OK, 0, 2);
    assert_int_equal(STOCKS(f, 1).status, STORE_CONFLICT);
    assert_int_equal(
        rewards(f, "agency/sheriff", (struct reward){.conversation_id = TEXT(A)}).status, STORE_NOT_FOUND);
    assert_int_equal(GIVES(f, "cccccccccccccccccccccccc").status, STORE_NOT_FOUND);
    assert_int_equal(fixture_number(f, "HINCRBY " PROGRAMME " given 0"), 2);
    assert_int_equal(fixture_number(f, "XLEN nb:{s02}:acts"), 2);
}

static void many_at_once_get_no_more_than_there_are(void **state)
{
    struct fixture *f = *state;
    char ids[CALLS / 2][PUBLIC_ID + 1];
    struct told_reward told[CALLS] = {0};
    size_t answered = 0, given = 0, again = 0, none = 0;
    struct store *other = fixture_other_store(f, "other"), *first = f->store;
    STOCKS(f, 5);
    for (int n = 0; n < CALLS / 2; n++) {
        begins_numbered(ids[n], n + 1);
        char name[20];
        snprintf(name, sizeof name, "user/u%d", n);
        assert_int_equal(SAYS(f, ids[n], ids[n], name, "agency/pd", "a"), STORE_OK);
    }
    for (int n = 0; n < CALLS; n++) { /* each tip by both at once */
        const struct reward reward = {
            .programme = TEXT("cams"), .conversation_id = text_of(ids[n / 2]), .case_number = TEXT("24-7")};
        told[n].count = &answered;
        f->store = n % 2 ? other : first;
        send_reward(f, "agency/pd", &reward, &told[n]);
    }
    f->store = first;
    fixture_until_number(f, &answered, CALLS);
    for (int n = 0; n < CALLS; n++) {
        given += told[n].result.status == STORE_OK;
        again += told[n].result.status == STORE_REPEAT;
        none += told[n].result.status == STORE_LIMITED;
    }
    for (int n = 0; n < CALLS; n += 2)
        assert_int_equal(told[n].result.number, told[n + 1].result.number);
    assert_int_equal(given, 5);
    assert_int_equal(again, 5);
    assert_int_equal(none, CALLS - 10);
    assert_int_equal(fixture_number(f, "HINCRBY " PROGRAMME " given 0"), 5);
    store_free(other);
}

static void the_tipster_gets_a_signed_voucher(void **state)
{
    struct fixture *f = *state;
    uint8_t public_key[LOG_KEY];
    struct voucher voucher;
    const char *why;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    log_key_public(log_key, public_key);
    begins(f);
    STOCKS(f, 3);
    expect(REWARDS(f, .conversation_id = TEXT(A), .case_number = TEXT("24-7"),
               .sender_reward_id = TEXT("of-the-desk"), .claim_text = TEXT("at the desk")),
        STORE_OK, 2, 1);
    struct reward got = granted(f, "user/ann", &arena);
    assert_true(text_equal(got.claim_text, TEXT("at the desk")));
    assert_true(text_equal(got.reward, TEXT("a camera")));
    assert_int_equal(got.sender_reward_id.len, 0);
    assert_int_equal(got.claim_until, fixture_now() + 365 * DAY);
    assert_true(voucher_check(public_key, got.voucher, fixture_now(), &arena, &voucher, &why));
    assert_true(text_equal(voucher.agency, TEXT("agency/pd")));
    assert_true(text_equal(voucher.case_number, TEXT("24-7")));
    assert_int_equal(voucher.number, 1);
    assert_memory_equal(voucher.claim.data, "12345678901234567890123456789012", 32);
    /* Cut off before the board had it. */
    ask(f, "DEL nb:{p:user/ann}:board");
    expect(GIVES(f, A), STORE_REPEAT, 2, 1);
    assert_int_equal(granted(f, "user/ann", &arena).number, 1);
    arena_free(&arena);
}

static void a_voucher_is_handed_in_once(void **state)
{
    struct fixture *f = *state;
    begins(f);
    STOCKS(f, 2);
    GIVES(f, A);
    expect(TAKES_IN(f, 1, "in-1"), STORE_OK, 1, 1);
    expect(TAKES_IN(f, 1, "in-1"), STORE_REPEAT, 1, 1);
    expect(TAKES_IN(f, 1, "in-2"), STORE_CONFLICT, 1, 1);
    assert_int_equal(TAKES_IN(f, 2, "in-3").status, STORE_NOT_FOUND);
    assert_int_equal(
        rewards(f, "agency/sheriff", (struct reward){.redeem = 1, .sender_reward_id = TEXT("a")}).status,
        STORE_NOT_FOUND);
}

static void without_a_key_nothing_is_given(void **state)
{
    struct fixture *f = *state;
    begins(f);
    STOCKS(f, 2);
    f->options.log_key = NULL;
    fixture_store(f);
    UNTIL(f, f->available);
    assert_int_equal(GIVES(f, A).status, STORE_ENDED);
    assert_int_equal(fixture_number(f, "HINCRBY " PROGRAMME " given 0"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tip_open, tip_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_message_is_on_the_other_sides_board_once),
        TEST(what_was_cut_off_is_completed),
        TEST(others_have_no_part_in_it),
        TEST(twenty_begin_in_a_day),
        TEST(five_hundred_in_a_conversation),
        TEST(it_is_forgotten_weeks_after_its_last_message),
        TEST(a_programme_gives_what_it_has),
        TEST(many_at_once_get_no_more_than_there_are),
        TEST(the_tipster_gets_a_signed_voucher),
        TEST(a_voucher_is_handed_in_once),
        TEST(without_a_key_nothing_is_given),
    };
    const struct CMUnitTest slots[] = {
        TEST(each_message_is_on_the_other_sides_board_once),
        TEST(a_programme_gives_what_it_has),
        TEST(a_voucher_is_handed_in_once),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed + cmocka_run_group_tests_name("slots", slots, fixture_group_cluster, fixture_group_end);
}
