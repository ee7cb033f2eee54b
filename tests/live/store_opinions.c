/* What the tests of moderation and approval share (store_opinions.h). */
#include "tests/live/store_opinions.h"

#include <stdlib.h>

struct store_alert_result witness(struct fixture *f, const char *id, const char *household)
{
    struct answer answer = {0};
    struct store_witness said = {TAG, id, text_of(household), TEXT("I saw it"), fixture_now(), 3};
    store_witness(f->store, &said, on_answer, &answer);
    assert_false(answer.done);
    fixture_until(f, &answer.done);
    return answer.result;
}

static void on_flagged(void *arg, const struct store_flag_result *result)
{
    struct flagged *flagged = arg;
    assert_false(flagged->done);
    flagged->done = true;
    flagged->status = result->status;
    flagged->held = result->held;
    snprintf(
        flagged->sender, 64, "%.*s", (int)result->sender.len, result->sender.data ? result->sender.data : "");
    snprintf(
        flagged->client, 64, "%.*s", (int)result->client.len, result->client.data ? result->client.data : "");
}

struct flagged flag(struct fixture *f, const char *id, const char *household, bool appeal)
{
    struct flagged flagged = {0};
    struct store_flag said = {.sender_tag = TAG,
        .public_id = id,
        .household = text_of(household),
        .reason = FLAG_SPAM,
        .remark = TEXT("why \"so\""),
        .now = fixture_now(),
        .enough = 3,
        .appeal = appeal};
    store_flag(f->store, &said, on_flagged, &flagged);
    assert_false(flagged.done);
    fixture_until(f, &flagged.done);
    return flagged;
}

static void on_judged(void *arg, const struct store_verdict_result *result)
{
    struct judged *judged = arg;
    assert_false(judged->done);
    judged->done = true;
    judged->status = result->status;
    judged->revision = result->revision;
    snprintf(
        judged->sender, 64, "%.*s", (int)result->sender.len, result->sender.data ? result->sender.data : "");
    snprintf(
        judged->client, 64, "%.*s", (int)result->client.len, result->client.data ? result->client.data : "");
}

/* Each call is one of its own, by its time. */
static int64_t a_little_later(void)
{
    static int64_t calls;
    return fixture_now() + ++calls % 50;
}

struct judged say_verdict(struct fixture *f, const struct store_verdict *said)
{
    struct judged judged = {0};
    store_verdict(f->store, said, on_judged, &judged);
    assert_false(judged.done);
    fixture_until(f, &judged.done);
    return judged;
}

struct judged judge_as(
    struct fixture *f, const char *id, uint32_t revision, int decision, const char *by, const char *officer)
{
    struct store_verdict said = {TAG, id, revision, (uint8_t)decision, text_of(by), text_of(officer),
        TEXT("for a reason"), a_little_later(), {0}, {0}};
    return say_verdict(f, &said);
}

struct judged judge(struct fixture *f, const char *id, uint32_t revision, int decision)
{
    return judge_as(f, id, revision, decision, "operator/op", "kim");
}

long long counted(struct fixture *f, const char *what)
{
    redisReply *reply = redis_ask(&f->ask, "HGET nb:{s11}:moderation %s", what);
    long long count = reply && reply->type == REDIS_REPLY_STRING ? atoll(reply->str) : 0;
    freeReplyObject(reply);
    return count;
}
