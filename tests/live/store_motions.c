/* What tests of motion in the store share (store_motions.h). */
#include "tests/live/store_motions.h"

void on_batch(void *arg, const struct store_motion_result *result)
{
    struct answer *answer = arg;
    assert_false(answer->done);
    answer->done = true;
    answer->result = *result;
}

void batch_of(struct batch *batch, uint64_t session, const uint64_t *numbers, size_t count)
{
    batch->motion = (struct store_motion){
        .sender = TEXT("device/cam-1"),
        .instance = TEXT("cam-1"),
        .session = session,
        .household = TEXT("home-7"),
        .channel = "9qh1f",
        .leaf = "9qh1f5",
        .count = count,
        .events = batch->events,
    };
    for (size_t i = 0; i < count; i++) {
        snprintf(batch->records[i], sizeof(batch->records[i]), "e%llu", (unsigned long long)numbers[i]);
        batch->events[i] = (struct store_motion_event){
            .seq = numbers[i], .record = {(const uint8_t *)batch->records[i], strlen(batch->records[i])}};
    }
}

void publish_batch(struct batch *batch, uint8_t kind)
{
    for (size_t i = 0; i < batch->motion.count; i++) {
        batch->events[i].publish = true;
        memset(batch->events[i].activity, 0, ACTIVITY_RECORD);
        batch->events[i].activity[0] = (uint8_t)batch->events[i].seq;
        batch->events[i].activity[2] = kind;
    }
}

struct store_motion_result send_batch(struct fixture *f, const struct batch *batch)
{
    struct answer answer = {0};
    store_motion(f->store, &batch->motion, on_batch, &answer);
    assert_false(answer.done);
    fixture_until(f, &answer.done);
    return answer.result;
}

struct store_motion_result send_numbers(
    struct fixture *f, uint64_t session, const uint64_t *numbers, size_t count)
{
    struct batch batch;
    batch_of(&batch, session, numbers, count);
    return send_batch(f, &batch);
}

struct store_motion_result send_number(struct fixture *f, uint64_t session, uint64_t number)
{
    return send_numbers(f, session, &number, 1);
}

size_t logged(struct fixture *f, const char *record)
{
    size_t count = 0;
    char pattern[64];
    snprintf(pattern, sizeof(pattern), "nb:{*}:log:home-7");
    redisReply *keys = redis_ask(&f->ask, "KEYS %s", pattern);
    assert_non_null(keys);
    for (size_t k = 0; k < keys->elements; k++) {
        redisReply *entries = redis_ask(&f->ask, "XRANGE %s - +", keys->element[k]->str);
        assert_non_null(entries);
        for (size_t i = 0; i < entries->elements; i++) {
            const redisReply *value = entries->element[i]->element[1]->element[1];
            for (size_t at = 0; at < value->len; at += 1 + (uint8_t)value->str[at]) {
                size_t len = (uint8_t)value->str[at];
                count += !record || (len == strlen(record) && memcmp(value->str + at + 1, record, len) == 0);
            }
        }
        freeReplyObject(entries);
    }
    freeReplyObject(keys);
    return count;
}
