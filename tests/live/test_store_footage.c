/* Footage requests in the store, against a real Redis: who is asked and who is not, what the agency gets and
 * when, what is forgotten, and that whatever is cut off goes on, once. The group runs twice: the second time
 * against a cluster of one, which refuses a step that touches several slots. */
#include <stdlib.h>

#include "bridge/store_board.h"
#include "bridge/store_footage.h"
#include "bridge/store_inside.h"
#include "proto/codec.h"
#include "tests/live/store_fixture.h"

#define HOUR INT64_C(3600000)
#define FROM (START - 6 * HOUR)
#define TO (START - 2 * HOUR)
enum { TAG = 5, BATCH_MS = 600000, BURGLARY = 1, THEFT = 3, CLAIM_MS = 10000 };

static const char area[][13] = {"9qh1f00", "9qh1f01", "9qh1gbb"}; /* in two regions */

/* ---- who is there ---- */

static int footage_open(void **state)
{
    struct fixture *f = *state;
    if (fixture_open(state) != 0)
        return -1;
    f->options.footage_households = 5;
    f->options.footage_batch_ms = BATCH_MS;
    f->options.clock_past_ms = 24 * HOUR;
    f->options.clock_future_ms = 60000;
    fixture_store(f);
    UNTIL(f, f->available);
    f->upkeep = true;
    return 0;
}

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

static void region_of(const char *cell, char out[3])
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < 5; i++)
        hash = (hash ^ (uint8_t)cell[i]) * 16777619u;
    snprintf(out, 3, "%02x", hash % 256);
}

/* Rules that let `agency` ("": any) be asked about these incident types. */
struct rules {
    const char *agency;
    uint16_t incidents;
};
#define ANYBODY ((struct rules){"", 0xffff})

static size_t pack_rules(uint8_t out[80], struct rules rules)
{
    size_t len = strlen(rules.agency);
    out[0] = (uint8_t)len;
    memcpy(out + 1, rules.agency, len);
    out[1 + len] = (uint8_t)(rules.incidents >> 8);
    out[2 + len] = (uint8_t)rules.incidents;
    return 3 + len;
}

/* Enrols a household with one device in the cell, as the registry and its settings leave it in Redis; its
 * user is user/<name>. */
static void household_since(
    struct fixture *f, const char *name, const char *cell, struct rules rules, int64_t since)
{
    uint8_t packed[80], value[256];
    char region[3], digest[PLACE_DIGEST + 1];
    size_t len = pack_rules(packed, rules), at = 0, id = strlen(name) + 4;
    region_of(cell, region);
    place_digest(f->places, "askable", text_of(cell), digest);
    ask(f, "HSET nb:{h:%s}:settings footage %b", name, packed, len);
    ask(f, "SADD nb:{h:%s}:members user/%s device/cam-%s", name, name, name);
    ask(f, "HSET nb:{p:user/%s}:principal household %s", name, name);
    value[at++] = 0;
    value[at++] = (uint8_t)len;
    memcpy(value + at, packed, len);
    at += len;
    value[at++] = 0;
    value[at++] = 7; /* its number */
    for (int i = 7; i >= 0; i--)
        value[at++] = (uint8_t)(since >> 8 * i);
    value[at++] = (uint8_t)id;
    at += (size_t)sprintf((char *)value + at, "cam-%s", name);
    ask(f, "HSET nb:{r%s}:askable:%s %s %b", region, digest, name, value, at);
}

static void household(struct fixture *f, const char *name, const char *cell, struct rules rules)
{
    household_since(f, name, cell, rules, 0);
}

/* Its device stored an event that began then and lasted so long. */
static void moved(
    struct fixture *f, const char *name, const char *cell, int64_t at, uint32_t lasted, uint8_t number)
{
    uint8_t record[19] = {18, 1, 80, number};
    char region[3];
    region_of(cell, region);
    for (int i = 0; i < 6; i++)
        record[7 + i] = (uint8_t)(at >> 8 * i);
    for (int i = 0; i < 4; i++)
        record[13 + i] = (uint8_t)(lasted >> 8 * i);
    ask(f, "XADD nb:{r%s}:log:%s %lld-* e %b", region, name, (long long)(at + lasted + 1000), record,
        sizeof(record));
}

struct opened {
    bool done;
    uint64_t generation;
};

static void on_open(void *arg, const struct session_record *record)
{
    struct opened *opened = arg;
    assert_int_equal(record->status, STORE_OK);
    opened->generation = record->generation;
    opened->done = true;
}

static struct session_name session_of(const char *principal, const char *client)
{
    return (struct session_name){text_of(principal), text_of(client)};
}

/* A session that follows its inbox; comes back when it was there. */
static uint64_t opens(struct fixture *f, const char *principal, const char *client)
{
    if (strncmp(principal, "agency/", 7) == 0)
        ask(f, "HSET nb:{p:%s}:principal name Police", principal);
    struct opened opened = {0};
    const struct store_opening how = {.name = session_of(principal, client), .expiry_s = 3600};
    store_session_open(f->store, &how, on_open, &opened);
    fixture_until(f, &opened.done);
    store_board_follow(f->store, how.name, fixture_now());
    return opened.generation;
}

/* So many households, "a", "b" …, in the first cell of the area, with motion and a phone. */
static void street(struct fixture *f, size_t count)
{
    char name[] = "a", user[] = "user/a";
    for (size_t i = 0; i < count; i++) {
        name[0] = user[5] = (char)('a' + i);
        household(f, name, area[0], ANYBODY);
        moved(f, name, area[0], FROM + 60000 * (int64_t)i, 1000, 7);
        opens(f, user, "phone");
    }
}

/* ---- what is on an inbox ---- */

static size_t on_inbox(
    struct fixture *f, const char *principal, const char *client, const char *suffix, const char *holding)
{
    redisReply *reply = redisCommand(f->ask.context, "XRANGE nb:{p:%s}:in:%s - +", principal, client);
    size_t count = 0;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *data = reply->element[i]->element[1]->element[1];
        size_t len = (size_t)(uint8_t)data->str[8];
        bool is = len == strlen(suffix) && memcmp(data->str + 9, suffix, len) == 0;
        count += is && (!holding || memmem(data->str, data->len, holding, strlen(holding)));
    }
    freeReplyObject(reply);
    return count;
}

static size_t asked(struct fixture *f, const char *principal)
{
    return on_inbox(f, principal, "phone", "footage-request", "BODY");
}

static size_t given(struct fixture *f, const char *holding)
{
    return on_inbox(f, "agency/police", "desk", "footage", holding);
}

/* How often these bytes are anywhere in Redis. */
static size_t in_redis(struct fixture *f, const char *bytes)
{
    redisReply *keys = redisCommand(f->ask.context, "KEYS *");
    size_t count = 0;
    for (size_t i = 0; i < keys->elements; i++) {
        redisReply *dump =
            redisCommand(f->ask.context, "DUMP %b", keys->element[i]->str, (size_t)keys->element[i]->len);
        count += dump->type == REDIS_REPLY_STRING && memmem(dump->str, dump->len, bytes, strlen(bytes));
        freeReplyObject(dump);
    }
    freeReplyObject(keys);
    return count;
}

/* ---- what is said ---- */

#define ID(c) c c c c c c c c c c c c c c c c c c c c c c c c
struct say {
    const char *id, *case_number, *digest;
    const char (*cells)[13];
    size_t cell_count;
    int64_t from, to, open_for;
    uint8_t incident;
    uint32_t per_case, most_open;
};

struct answered {
    bool done;
    struct store_footage_result result;
};

static void on_request(void *arg, const struct store_footage_result *result)
{
    struct answered *answered = arg;
    answered->result = *result;
    answered->done = true;
}

static struct store_footage_result requests(struct fixture *f, struct say s)
{
    struct answered answered = {0};
    struct store_footage_request request = {.agency_tag = TAG,
        .agency = TEXT("agency/police"),
        .agency_name = TEXT("Sample Police"),
        .client = TEXT("desk"),
        .officer = TEXT("lee"),
        .case_number = text_of(s.case_number ? s.case_number : "case 1"),
        .incident = s.incident ? s.incident : BURGLARY,
        .words = TEXT("a red van"),
        .body = {(const uint8_t *)"BODY", 4},
        .cells = s.cells ? s.cells : area,
        .cell_count = s.cells ? s.cell_count : 3,
        .now = fixture_now(),
        .from = s.from ? s.from : FROM,
        .to = s.to ? s.to : TO,
        .open_until = fixture_now() + (s.open_for ? s.open_for : 24 * HOUR),
        .per_case = s.per_case ? s.per_case : 2,
        .most_open = s.most_open ? s.most_open : 10};
    memcpy(request.id, s.id, PUBLIC_ID + 1);
    memcpy(request.digest, s.digest ? s.digest : "0123456789abcdef", 16);
    store_footage_request(f->store, &request, on_request, &answered);
    assert_false(answered.done);
    fixture_until(f, &answered.done);
    return answered.result;
}
#define REQUEST(id_, ...) requests(f, (struct say){.id = id_, ##__VA_ARGS__})

static void on_status(void *arg, enum store_status status)
{
    assert_int_equal(status, STORE_OK);
    *(bool *)arg = true;
}

/* An answer of a household about one clip, called by a letter; sealed NULL: withdrawn. clip 0: about none. */
static void answers(struct fixture *f, const char *id, const char *name, char clip, const char *sealed)
{
    bool done = false;
    struct store_footage_clip said = {.withdraw = !sealed,
        .sealed = {(const uint8_t *)sealed, sealed ? strlen(sealed) : 0},
        .delete_by = START + 48 * HOUR};
    memset(said.id, clip, PUBLIC_ID);
    struct store_footage_answer answer = {.agency_tag = TAG,
        .request_id = id,
        .household = text_of(name),
        .clip_count = clip != 0,
        .clips = &said,
        .now = fixture_now()};
    store_footage_answer(f->store, &answer, on_status, &done);
    fixture_until(f, &done);
}

/* ---- waiting: until every request was looked at and everybody told, and nothing is due ---- */

static bool at_rest(struct fixture *f)
{
    char now[24];
    snprintf(now, sizeof(now), "%lld", (long long)fixture_now() + CLAIM_MS); /* nor taken by somebody */
    redisReply *find = redisCommand(f->ask.context, "ZCARD nb:{s%02x}:footage_find", TAG);
    redisReply *due = redisCommand(f->ask.context, "ZCOUNT nb:{s%02x}:footage_due -inf %s", TAG, now);
    bool rest = find->integer == 0 && due->integer == 0;
    freeReplyObject(find);
    freeReplyObject(due);
    return rest;
}

static void settles(struct fixture *f)
{
    UNTIL(f, at_rest(f));
}

static void passes(struct fixture *f, int64_t ms)
{
    fixture_set_now(fixture_now() + ms);
    settles(f);
}

/* To the next batch, and a second. */
static void next_batch(struct fixture *f)
{
    passes(f, BATCH_MS - fixture_now() % BATCH_MS + 1000);
}

/* ---- who is asked ---- */

static void asks_whom_it_concerns_and_nobody_else(void **state)
{
    struct fixture *f = *state;
    street(f, 4);
    household(f, "east", area[2], (struct rules){"police", 1 << BURGLARY});
    moved(f, "east", area[2], FROM - 60000, 120000, 7); /* began before and lasted into it */
    opens(f, "user/east", "phone");
    static const struct {
        const char *name, *cell;
        struct rules rules;
        int64_t at;
        uint8_t number;
    } others[] = {
        {"far", "9qh1fzz", {"", 0xffff}, FROM, 7},
        {"early", "9qh1f00", {"", 0xffff}, FROM - 120000, 7},
        {"late", "9qh1f00", {"", 0xffff}, TO + 1000, 7},
        {"shed", "9qh1f00", {"", 0xffff}, FROM, 8}, /* another device of the same household */
        {"theft", "9qh1f00", {"", 1 << THEFT}, FROM, 7},
        {"sheriff", "9qh1f00", {"sheriff", 0xffff}, FROM, 7},
        {"never", "9qh1f00", {"police", 0}, FROM, 7},
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        char user[32];
        snprintf(user, sizeof(user), "user/%s", others[i].name);
        household(f, others[i].name, others[i].cell, others[i].rules);
        moved(f, others[i].name, others[i].cell, others[i].at, 1000, others[i].number);
        opens(f, user, "phone");
    }
    assert_int_equal(REQUEST(ID("1")).status, STORE_OK);
    settles(f);
    assert_int_equal(asked(f, "user/a"), 1);
    assert_int_equal(on_inbox(f, "user/a", "phone", "footage-request", "BODYr\005cam-a"), 1);
    assert_int_equal(asked(f, "user/d"), 1);
    assert_int_equal(on_inbox(f, "user/east", "phone", "footage-request", "BODYr\010cam-east"), 1);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        char user[32];
        snprintf(user, sizeof(user), "user/%s", others[i].name);
        assert_int_equal(asked(f, user), 0);
    }
}

static void long_logs_are_looked_through(void **state)
{
    struct fixture *f = *state;
    street(f, 4);
    for (int i = 0; i < 2; i++) {
        household(f, i ? "hall" : "busy", area[0], ANYBODY);
        opens(f, i ? "user/hall" : "user/busy", "phone");
        for (int n = 0; n < 400; n++) /* of another device of the household */
            moved(f, i ? "hall" : "busy", area[0], FROM + n * 10000, 1000, 8);
    }
    moved(f, "busy", area[0], TO - 60000, 1000, 7); /* the last of all */
    household_since(f, "moved", area[0], ANYBODY, TO);
    opens(f, "user/moved", "phone");
    moved(f, "moved", area[0], FROM, 1000, 7); /* when it was elsewhere */
    REQUEST(ID("1"));
    settles(f);
    assert_int_equal(asked(f, "user/busy"), 1);
    assert_int_equal(asked(f, "user/hall"), 0);
    assert_int_equal(asked(f, "user/moved"), 0);
}

static void each_session_has_it_once_whenever_it_comes(void **state)
{
    struct fixture *f = *state;
    bool closed = false;
    street(f, 5);
    uint64_t generation = opens(f, "user/b", "tablet");
    store_session_close(
        f->store, session_of("user/b", "tablet"), generation, 3600, (struct bytes){0}, on_status, &closed);
    fixture_until(f, &closed);
    REQUEST(ID("1"));
    settles(f);
    assert_int_equal(on_inbox(f, "user/b", "tablet", "footage-request", "BODY"), 1); /* it was away */
    opens(f, "user/b", "tablet");
    opens(f, "user/b", "watch");
    opens(f, "user/b", "watch");
    UNTIL(f, on_inbox(f, "user/b", "watch", "footage-request", "BODY") == 1);
    passes(f, 1000);
    assert_int_equal(on_inbox(f, "user/b", "tablet", "footage-request", "BODY"), 1);
    assert_int_equal(on_inbox(f, "user/b", "watch", "footage-request", "BODY"), 1);
    assert_int_equal(asked(f, "user/b"), 1);
    fixture_set_now(fixture_now() + 25 * HOUR);
    opens(f, "user/b", "late");
    settles(f);
    assert_int_equal(on_inbox(f, "user/b", "late", "footage-request", "BODY"), 0);
}

static void who_does_not_follow_its_inbox_finds_it_there_later(void **state)
{
    struct fixture *f = *state;
    street(f, 5);
    store_board_leave(f->store, session_of("user/c", "phone"));
    REQUEST(ID("1"));
    settles(f);
    assert_int_equal(asked(f, "user/c"), 0);
    store_board_follow(f->store, session_of("user/c", "phone"), fixture_now());
    UNTIL(f, asked(f, "user/c") == 1);
}

static void fewer_than_k_means_nobody(void **state)
{
    struct fixture *f = *state;
    street(f, 4);
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"));
    settles(f);
    assert_int_equal(asked(f, "user/a"), 0);
    answers(f, ID("1"), "a", 'x', "SEALED");
    assert_int_equal(in_redis(f, "SEALED"), 0);
    next_batch(f);
    assert_int_equal(given(f, NULL), 0);
}

static void who_changed_their_mind_is_not_asked(void **state)
{
    struct fixture *f = *state;
    street(f, 5);
    ask(f, "HSET nb:{h:b}:settings footage %b", "\0\0\0", (size_t)3);
    REQUEST(ID("1"));
    settles(f);
    assert_int_equal(asked(f, "user/a"), 1);
    assert_int_equal(asked(f, "user/b"), 0);
}

/* ---- limits ---- */

static void counts_requests_of_a_case_and_open_ones(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(REQUEST(ID("1")).status, STORE_OK);
    assert_int_equal(REQUEST(ID("1")).status, STORE_REPEAT);
    assert_int_equal(REQUEST(ID("1"), .digest = "another digest!!").status, STORE_CONFLICT);
    assert_int_equal(REQUEST(ID("2")).status, STORE_OK);
    struct store_footage_result third = REQUEST(ID("3"));
    assert_int_equal(third.status, STORE_LIMITED);
    assert_int_equal(third.limit, STORE_FOOTAGE_PER_CASE);
    struct store_footage_result open = REQUEST(ID("4"), .case_number = "case 2", .most_open = 2);
    assert_int_equal(open.status, STORE_LIMITED);
    assert_int_equal(open.limit, STORE_FOOTAGE_MOST_OPEN);
    assert_int_equal(open.retry_after_ms, 24 * HOUR);
    assert_int_equal(REQUEST(ID("5"), .case_number = "case 2").status, STORE_OK);
    assert_int_equal(fixture_number(f, "XLEN nb:{s05}:acts"), 3);
    passes(f, 25 * HOUR);
    assert_int_equal(REQUEST(ID("6"), .case_number = "case 3", .most_open = 1).status, STORE_OK);
    assert_int_equal(REQUEST(ID("7")).status, STORE_LIMITED); /* ended ones count for their case */
}

/* ---- two requests that are almost the same ---- */

static void almost_the_same_request_asks_the_same(void **state)
{
    struct fixture *f = *state;
    street(f, 6);
    household(f, "next", area[1], ANYBODY);
    moved(f, "next", area[1], FROM, 1000, 7);
    opens(f, "user/next", "phone");
    REQUEST(ID("1"), .cells = area, .cell_count = 1);
    settles(f);
    REQUEST(ID("2"), .cells = area, .cell_count = 2);
    settles(f);
    assert_int_equal(asked(f, "user/a"), 2);
    assert_int_equal(asked(f, "user/next"), 0);
    answers(f, ID("2"), "next", 'x', "SEALED");
    assert_int_equal(in_redis(f, "SEALED"), 0);
    /* Not at the same hours; and of another agency's there is nothing to subtract. */
    REQUEST(ID("3"), .case_number = "case 2", .from = TO + 1, .to = TO + HOUR);
    settles(f);
    assert_int_equal(asked(f, "user/a"), 2);
}

static void almost_nobody_stays_nobody(void **state)
{
    struct fixture *f = *state;
    street(f, 4);
    REQUEST(ID("1"), .cells = area, .cell_count = 1);
    settles(f);
    household(f, "next", area[1], ANYBODY);
    moved(f, "next", area[1], FROM, 1000, 7);
    opens(f, "user/next", "phone");
    REQUEST(ID("2"), .cells = area, .cell_count = 2);
    settles(f);
    assert_int_equal(asked(f, "user/a"), 0);
    assert_int_equal(asked(f, "user/next"), 0);
}

static void what_differs_by_k_is_its_own(void **state)
{
    struct fixture *f = *state;
    char name[] = "v", user[] = "user/v";
    street(f, 5);
    for (char c = 'v'; c <= 'z'; c++) {
        name[0] = user[5] = c;
        household(f, name, area[1], ANYBODY);
        moved(f, name, area[1], FROM, 1000, 7);
        opens(f, user, "phone");
    }
    REQUEST(ID("1"), .cells = area, .cell_count = 1);
    settles(f);
    REQUEST(ID("2"), .cells = area, .cell_count = 2);
    settles(f);
    assert_int_equal(asked(f, "user/a"), 2);
    assert_int_equal(asked(f, "user/v"), 1);
}

/* ---- answers ---- */

static void what_is_shared_comes_with_the_batch(void **state)
{
    struct fixture *f = *state;
    street(f, 5);
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"));
    settles(f);
    answers(f, ID("1"), "b", 'y', "SEALED-B");
    answers(f, ID("1"), "a", 'x', "SEALED-A");
    answers(f, ID("1"), "a", 'x', "SEALED-AGAIN"); /* in its place */
    answers(f, ID("1"), "c", 0, NULL);
    answers(f, ID("1"), "stranger", 'z', "SEALED-Z");
    settles(f);
    assert_int_equal(given(f, NULL), 0);
    next_batch(f);
    assert_int_equal(given(f, NULL), 2);
    assert_int_equal(given(f, "SEALED-AGAIN"), 1);
    assert_int_equal(given(f, "SEALED-B"), 1);
    answers(f, ID("1"), "a", 'x', "SEALED-LATE");
    answers(f, ID("1"), "d", 'w', "SEALED-D");
    next_batch(f);
    assert_int_equal(given(f, NULL), 3);
    assert_int_equal(given(f, "SEALED-D"), 1);
    assert_int_equal(in_redis(f, "SEALED-LATE"), 0);
    opens(f, "agency/police", "second");
    UNTIL(f, on_inbox(f, "agency/police", "second", "footage", "SEALED") == 3);
}

/* All that is in the agency's inbox, with the clock's readings in it. */
static size_t agency_view(struct fixture *f, char *out, size_t size)
{
    redisReply *reply = redisCommand(f->ask.context, "XRANGE nb:{p:agency/police}:in:desk - +");
    size_t len = 0;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *data = reply->element[i]->element[1]->element[1];
        assert_true(len + data->len <= size);
        memcpy(out + len, data->str, data->len);
        len += data->len;
    }
    freeReplyObject(reply);
    return len;
}

static size_t story(struct fixture *f, bool there, bool declines, char *out, size_t size)
{
    ask(f, "FLUSHDB");
    fixture_store(f);
    fixture_set_now(START);
    street(f, 5);
    if (there) {
        household(f, "more", area[1], ANYBODY);
        moved(f, "more", area[1], FROM, 1000, 7);
        opens(f, "user/more", "phone");
    }
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"));
    settles(f);
    answers(f, ID("1"), "a", 'x', "SEALED-A");
    if (there)
        answers(f, ID("1"), "more", declines ? 'z' : 0, NULL);
    next_batch(f);
    passes(f, 25 * HOUR);
    return agency_view(f, out, size);
}

static void the_agency_sees_the_same_whoever_is_silent(void **state)
{
    struct fixture *f = *state;
    static char views[3][4096];
    size_t declined = story(f, true, true, views[0], sizeof(views[0]));
    size_t ignored = story(f, true, false, views[1], sizeof(views[1]));
    size_t nobody = story(f, false, false, views[2], sizeof(views[2]));
    assert_true(declined > 0);
    assert_int_equal(declined, ignored);
    assert_int_equal(declined, nobody);
    assert_memory_equal(views[0], views[1], declined);
    assert_memory_equal(views[0], views[2], declined);
}

static void what_is_withdrawn_is_forgotten(void **state)
{
    struct fixture *f = *state;
    street(f, 5);
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"));
    settles(f);
    answers(f, ID("1"), "a", 'x', "SEALED-A");
    answers(f, ID("1"), "a", 'x', NULL);
    answers(f, ID("1"), "b", 'y', "SEALED-B");
    answers(f, ID("1"), "c", 'z', "SEALED-C");
    assert_int_equal(in_redis(f, "SEALED-A"), 0);
    next_batch(f);
    assert_int_equal(given(f, NULL), 2); /* of A it never hears */
    answers(f, ID("1"), "a", 'y', NULL); /* not its own */
    answers(f, ID("1"), "b", 'y', NULL);
    settles(f);
    assert_int_equal(in_redis(f, "SEALED-B"), 0); /* at once; the agency hears of it with the batch */
    assert_int_equal(given(f, NULL), 1);
    assert_int_equal(given(f, "SEALED-C"), 1);
    next_batch(f);
    assert_int_equal(given(f, NULL), 2);
    assert_int_equal(given(f, ID("y")), 1);
    answers(f, ID("1"), "b", 'y', "SEALED-B");
    next_batch(f);
    assert_int_equal(given(f, NULL), 2);
    assert_int_equal(in_redis(f, "SEALED-B"), 0);
}

static void what_has_expired_is_forgotten(void **state)
{
    struct fixture *f = *state;
    street(f, 5);
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"));
    settles(f);
    answers(f, ID("1"), "a", 'x', "SEALED-A");
    next_batch(f);
    assert_int_equal(given(f, "SEALED-A"), 1);
    passes(f, 48 * HOUR);
    assert_int_equal(given(f, NULL), 0);
    assert_int_equal(in_redis(f, "SEALED-A"), 0);
    passes(f, 50 * 24 * HOUR);
    assert_int_equal(fixture_number(f, "EXISTS nb:{s05}:footage:" ID("1")), 0);
    assert_int_equal(fixture_number(f, "EXISTS nb:{s05}:asked:" ID("1")), 0);
    assert_int_equal(fixture_number(f, "ZCARD nb:{s05}:footage_due"), 0);
}

static long long left_after_forgetting(struct fixture *f, const char *name)
{
    char command[160];
    snprintf(command, sizeof(command),
        "FCALL nb_footage_forget 1 nb:{s05}:footage:" ID("1") " " ID("1") " %s %lld", name,
        (long long)fixture_now());
    return fixture_number(f, command);
}

static void a_household_that_is_forgotten_takes_its_clips_along(void **state)
{
    struct fixture *f = *state;
    street(f, 5);
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"));
    settles(f);
    answers(f, ID("1"), "a", 'x', "SEALED-A");
    next_batch(f);
    answers(f, ID("1"), "a", 'y', "SEALED-MORE");
    assert_int_equal(left_after_forgetting(f, "a"), 1);
    settles(f);
    assert_int_equal(left_after_forgetting(f, "a"), 0);
    assert_int_equal(in_redis(f, "SEALED"), 0);
    assert_int_equal(fixture_number(f, "SISMEMBER nb:{s05}:asked:" ID("1") " a"), 0);
    next_batch(f);
    assert_int_equal(given(f, NULL), 1); /* that it was withdrawn */
    assert_int_equal(given(f, ID("x")), 1);
}

static void after_its_end_nothing_is_taken(void **state)
{
    struct fixture *f = *state;
    street(f, 5);
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"), .open_for = HOUR);
    settles(f);
    passes(f, HOUR);
    answers(f, ID("1"), "a", 'x', "SEALED-A"); /* the last batch is still to come */
    next_batch(f);
    assert_int_equal(given(f, "SEALED-A"), 1);
    answers(f, ID("1"), "b", 'y', "SEALED-B");
    assert_int_equal(in_redis(f, "SEALED-B"), 0);
    answers(f, ID("1"), "a", 'x', NULL); /* a withdrawal is */
    next_batch(f);
    assert_int_equal(in_redis(f, "SEALED-A"), 0);
    assert_int_equal(given(f, ID("x")), 1);
}

/* ---- the end of a case ---- */

struct resolved {
    bool done;
    enum store_status status;
};

static void on_resolved(void *arg, enum store_status status)
{
    *(struct resolved *)arg = (struct resolved){true, status};
}

static enum store_status resolves(struct fixture *f, const char *case_number, const char *id)
{
    struct resolved resolved = {0};
    char ids[1][PUBLIC_ID + 1] = {{0}};
    if (id)
        memcpy(ids[0], id, PUBLIC_ID);
    struct store_resolve resolve = {.agency_tag = TAG,
        .agency = TEXT("agency/police"),
        .officer = TEXT("lee"),
        .case_number = text_of(case_number),
        .outcome = OUTCOME_SOLVED,
        .request_count = id != NULL,
        .request_ids = (const char(*)[PUBLIC_ID + 1]) ids,
        .now = fixture_now()};
    store_resolve(f->store, &resolve, on_resolved, &resolved);
    fixture_until(f, &resolved.done);
    return resolved.status;
}

static void a_closed_case_ends_its_requests(void **state)
{
    struct fixture *f = *state;
    street(f, 5);
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"));
    REQUEST(ID("2"), .case_number = "case 2");
    settles(f);
    answers(f, ID("1"), "a", 'x', "SEALED-A");
    assert_int_equal(resolves(f, "case 1", ID("2")), STORE_NOT_FOUND);
    assert_int_equal(resolves(f, "case 1", NULL), STORE_OK);
    assert_int_equal(resolves(f, "case 1", NULL), STORE_REPEAT);
    assert_int_equal(resolves(f, "case 9", NULL), STORE_OK);
    settles(f);
    assert_int_equal(on_inbox(f, "user/a", "phone", "footage-request", ID("1")), 1); /* that it ended */
    assert_int_equal(asked(f, "user/a"), 1);                                         /* the other one */
    opens(f, "user/a", "tablet");
    UNTIL(f, on_inbox(f, "user/a", "tablet", "footage-request", NULL) == 2);
    assert_int_equal(on_inbox(f, "user/a", "tablet", "footage-request", "BODY"), 1);
    next_batch(f);
    assert_int_equal(given(f, "SEALED-A"), 1);
    answers(f, ID("1"), "b", 'y', "SEALED-B");
    assert_int_equal(in_redis(f, "SEALED-B"), 0);
}

/* ---- what is cut off ---- */

/* Turns so often, or until all is done. True when it was done. */
static bool turns(struct fixture *f, int count)
{
    for (int i = 0; i < count && !at_rest(f); i++) {
        store_upkeep(f->store, fixture_now());
        store_flush(f->store);
        ev_run(f->loop, EVRUN_ONCE);
    }
    return at_rest(f);
}

/* Another process takes up what this one left, when its claim is over. */
static void dies(struct fixture *f)
{
    fixture_store(f);
    UNTIL(f, f->available);
    fixture_set_now(fixture_now() + CLAIM_MS);
}

static void whatever_is_cut_off_goes_on_once(void **state)
{
    struct fixture *f = *state;
    bool whole = false;
    for (int cut = 1; !whole; cut += 1 + cut / 2) {
        ask(f, "FLUSHDB");
        fixture_store(f);
        fixture_set_now(START);
        street(f, 20);
        opens(f, "agency/police", "desk");
        f->upkeep = false;
        REQUEST(ID("1"));
        f->upkeep = true;
        whole = turns(f, cut);
        dies(f);
        settles(f);
        for (char c = 'a'; c < 'a' + 20; c++) {
            char user[] = {'u', 's', 'e', 'r', '/', c, 0};
            assert_int_equal(asked(f, user), 1);
        }
        f->upkeep = false;
        for (char c = 'a'; c < 'a' + 20; c++)
            answers(f, ID("1"), (char[]){c, 0}, c, "SEALED");
        fixture_set_now(fixture_now() + BATCH_MS);
        whole = turns(f, cut) && whole;
        f->upkeep = true;
        dies(f);
        settles(f);
        assert_int_equal(given(f, "SEALED"), 20);
        assert_int_equal(given(f, NULL), 20);
        f->upkeep = false;
        answers(f, ID("1"), "a", 'a', NULL);
        whole = turns(f, cut) && whole;
        f->upkeep = true;
        dies(f);
        next_batch(f);
        assert_int_equal(given(f, "SEALED"), 19);
        assert_int_equal(given(f, NULL), 20);
    }
}

/* ---- the index ---- */

static redisReply *index_entry(struct fixture *f, const char *cell)
{
    char region[3], digest[PLACE_DIGEST + 1];
    region_of(cell, region);
    place_digest(f->places, "askable", text_of(cell), digest);
    redisReply *reply = redisCommand(f->ask.context, "HGET nb:{r%s}:askable:%s a", region, digest);
    assert_non_null(reply);
    return reply;
}

static void on_settled(void *arg, enum store_status status)
{
    assert_int_equal(status, STORE_OK);
    *(bool *)arg = true;
}

static void settled(struct fixture *f)
{
    bool done = false;
    store_settle(f->store, TEXT("a"), on_settled, &done);
    fixture_until(f, &done);
}

static void enrolled_at(struct fixture *f, const char *cell)
{
    char region[3], digest[PLACE_DIGEST + 1];
    region_of(cell, region);
    place_digest(f->places, "askable", text_of(cell), digest);
    ask(f, "HSET nb:{p:device/cam-a}:principal household a number 7 since 0 region %s askable_digest %s",
        region, digest);
    settled(f);
}

static void the_index_follows_what_is_decided(void **state)
{
    struct fixture *f = *state;
    UNTIL(f, f->available);
    household(f, "a", area[0], ANYBODY);
    redisReply *wanted = index_entry(f, area[0]);
    ask(f, "DEL nb:{r00}:none");
    enrolled_at(f, area[0]);
    redisReply *got = index_entry(f, area[0]);
    assert_int_equal(got->len, wanted->len);
    assert_memory_equal(got->str, wanted->str, wanted->len);
    freeReplyObject(got);
    freeReplyObject(wanted);
    enrolled_at(f, area[2]); /* moved */
    wanted = index_entry(f, area[0]);
    assert_int_equal(wanted->type, REDIS_REPLY_NIL);
    freeReplyObject(wanted);
    got = index_entry(f, area[2]);
    assert_int_equal(got->type, REDIS_REPLY_STRING);
    freeReplyObject(got);
    ask(f, "HSET nb:{h:a}:settings footage %b", "\0\0\0", (size_t)3); /* nobody may ask any more */
    settled(f);
    got = index_entry(f, area[2]);
    assert_int_equal(got->type, REDIS_REPLY_NIL);
    freeReplyObject(got);
    assert_int_equal(fixture_number(f, "EXISTS nb:{h:a}:askable"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, footage_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(asks_whom_it_concerns_and_nobody_else),
        TEST(long_logs_are_looked_through),
        TEST(each_session_has_it_once_whenever_it_comes),
        TEST(who_does_not_follow_its_inbox_finds_it_there_later),
        TEST(fewer_than_k_means_nobody),
        TEST(who_changed_their_mind_is_not_asked),
        TEST(counts_requests_of_a_case_and_open_ones),
        TEST(almost_the_same_request_asks_the_same),
        TEST(almost_nobody_stays_nobody),
        TEST(what_differs_by_k_is_its_own),
        TEST(what_is_shared_comes_with_the_batch),
        TEST(the_agency_sees_the_same_whoever_is_silent),
        TEST(what_is_withdrawn_is_forgotten),
        TEST(what_has_expired_is_forgotten),
        TEST(a_household_that_is_forgotten_takes_its_clips_along),
        TEST(after_its_end_nothing_is_taken),
        TEST(a_closed_case_ends_its_requests),
        TEST(whatever_is_cut_off_goes_on_once),
        TEST(the_index_follows_what_is_decided),
    };
    const struct CMUnitTest slots[] = {
        TEST(asks_whom_it_concerns_and_nobody_else),
        TEST(what_is_withdrawn_is_forgotten),
        TEST(a_household_that_is_forgotten_takes_its_clips_along),
        TEST(a_closed_case_ends_its_requests),
        TEST(the_index_follows_what_is_decided),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed + cmocka_run_group_tests_name("slots", slots, fixture_group_cluster, fixture_group_end);
}
