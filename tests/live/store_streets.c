#include "tests/live/store_streets.h"

#include <stdlib.h>

const char area[AREA_CELLS][13] = {"9qh1f00", "9qh1f01", "9qh1gbb"};

int footage_open(void **state)
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

void region_of(const char *cell, char out[3])
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < 5; i++)
        hash = (hash ^ (uint8_t)cell[i]) * 16777619u;
    snprintf(out, 3, "%02x", hash % 256);
}

static size_t pack_rules(uint8_t out[80], struct rules rules)
{
    size_t len = strlen(rules.agency);
    out[0] = (uint8_t)len;
    memcpy(out + 1, rules.agency, len);
    out[1 + len] = (uint8_t)(rules.incidents >> 8);
    out[2 + len] = (uint8_t)rules.incidents;
    return 3 + len;
}

void household_since(struct fixture *f, const char *name, const char *cell, struct rules rules, int64_t since)
{
    uint8_t packed[80], value[256];
    char region[3], digest[PLACE_DIGEST + 1];
    size_t len = pack_rules(packed, rules), at = 0, id = strlen(name) + 4;
    region_of(cell, region);
    place_digest(f->places, "askable", text_of(cell), digest);
    fixture_tell(f, "HSET nb:{h:%s}:settings footage %b", name, packed, len);
    fixture_tell(f, "SADD nb:{h:%s}:members user/%s device/cam-%s", name, name, name);
    fixture_tell(f, "HSET nb:{p:user/%s}:principal household %s", name, name);
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
    fixture_tell(f, "HSET nb:{r%s}:askable:%s %s %b", region, digest, name, value, at);
}

void household(struct fixture *f, const char *name, const char *cell, struct rules rules)
{
    household_since(f, name, cell, rules, 0);
}

void moved(struct fixture *f, const char *name, const char *cell, int64_t at, uint32_t lasted, uint8_t number)
{
    uint8_t record[19] = {18, 1, 80, number};
    char region[3];
    region_of(cell, region);
    for (int i = 0; i < 6; i++)
        record[7 + i] = (uint8_t)(at >> 8 * i);
    for (int i = 0; i < 4; i++)
        record[13 + i] = (uint8_t)(lasted >> 8 * i);
    fixture_tell(f, "XADD nb:{r%s}:log:%s %lld-* e %b", region, name, (long long)(at + lasted + 1000), record,
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

struct session_name session_of(const char *principal, const char *client)
{
    return (struct session_name){text_of(principal), text_of(client)};
}

uint64_t opens(struct fixture *f, const char *principal, const char *client)
{
    if (strncmp(principal, "agency/", 7) == 0)
        fixture_tell(f, "HSET nb:{p:%s}:principal name Police", principal);
    struct opened opened = {0};
    const struct store_opening how = {.name = session_of(principal, client), .expiry_s = 3600};
    store_session_open(f->store, &how, on_open, &opened);
    fixture_until(f, &opened.done);
    store_board_follow(f->store, how.name, fixture_now());
    return opened.generation;
}

void street(struct fixture *f, size_t count)
{
    char name[] = "a", user[] = "user/a";
    for (size_t i = 0; i < count; i++) {
        name[0] = user[5] = (char)('a' + i);
        household(f, name, area[0], ANYBODY);
        moved(f, name, area[0], FROM + 60000 * (int64_t)i, 1000, 7);
        opens(f, user, "phone");
    }
}

size_t on_inbox(
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

size_t asked(struct fixture *f, const char *principal)
{
    return on_inbox(f, principal, "phone", "footage-request", "BODY");
}

size_t given(struct fixture *f, const char *holding)
{
    return on_inbox(f, "agency/police", "desk", "footage", holding);
}

size_t in_redis(struct fixture *f, const char *bytes)
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

struct store_footage_result requests(struct fixture *f, struct say s)
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
        .cell_count = s.cells ? s.cell_count : AREA_CELLS,
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

void on_status(void *arg, enum store_status status)
{
    assert_int_equal(status, STORE_OK);
    *(bool *)arg = true;
}

void answers(struct fixture *f, const char *id, const char *name, char clip, const char *sealed)
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

bool at_rest(struct fixture *f)
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

void settles(struct fixture *f)
{
    UNTIL(f, at_rest(f));
}

void passes(struct fixture *f, int64_t ms)
{
    fixture_set_now(fixture_now() + ms);
    settles(f);
}

void next_batch(struct fixture *f)
{
    passes(f, BATCH_MS - fixture_now() % BATCH_MS + 1000);
}
