#include "tests/live/registry_fixture.h"

static int start(void **state, bool cluster)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->server.cluster = cluster;
    assert_true(redis_server_start(&f->server));
    f->places = place_key_new((const uint8_t[PLACE_KEY_SECRET]){7});
    *state = f;
    return 0;
}

int start_redis(void **state)
{
    return start(state, false);
}

int start_cluster(void **state)
{
    return start(state, true);
}

int stop_redis(void **state)
{
    struct fixture *f = *state;
    redis_server_stop(&f->server);
    place_key_free(f->places);
    free(f);
    return 0;
}

void open_patiently(struct redis_sync *redis, const char *url)
{
    assert_true(redis_sync_open(redis, url));
    assert_int_equal(redisSetTimeout(redis->context, (struct timeval){.tv_sec = 30}), REDIS_OK);
}

int set_up(void **state)
{
    struct fixture *f = *state;
    open_patiently(&f->redis, f->server.url);
    assert_true(redis_tell(&f->redis, "FLUSHALL"));
    return 0;
}

int tear_down(void **state)
{
    struct fixture *f = *state;
    redis_sync_close(&f->redis);
    return 0;
}

static void append(char *out, size_t size, const redisReply *reply)
{
    size_t len = strlen(out);
    if (reply->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; i < reply->elements; i++)
            append(out, size, reply->element[i]);
    else if (reply->type == REDIS_REPLY_INTEGER)
        snprintf(out + len, size - len, "%s%lld", len ? " " : "", reply->integer);
    else
        snprintf(out + len, size - len, "%s%s", len ? " " : "", reply->str ? reply->str : "(nil)");
}

void assert_answer(struct fixture *f, const char *command, const char *expected)
{
    char answer[512] = "";
    redisReply *reply = redisCommand(f->redis.context, command);
    assert_non_null(reply);
    append(answer, sizeof answer, reply);
    freeReplyObject(reply);
    if (strcmp(answer, expected) != 0)
        fail_msg("%s\n  answers  %s\n  expected %s", command, answer, expected);
}

void assert_in_region(struct fixture *f, const char *format, const char *leaf, const char *expected)
{
    char command[160], digest[PLACE_DIGEST + 1];
    place_digest(f->places, "sharers", text_of(leaf), digest);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(command, sizeof command, format, sharing_region(leaf), digest);
#pragma GCC diagnostic pop
    assert_answer(f, command, expected);
}

void assert_places(struct fixture *f, const char *role, const char *id, const char *leaf, const char *fine,
    const char *former)
{
    struct enrolled known;
    assert_int_equal(registry_read(&f->redis, f->places, role, id, &known), REGISTRY_OK);
    assert_string_equal(known.place.leaf, leaf);
    assert_string_equal(known.place.fine, fine);
    assert_string_equal(known.former, former);
}

struct enrolled enroll(struct fixture *f, struct enrolment enrolment)
{
    struct enrolled out;
    if (enrolment.now == 0)
        enrolment.now = NOW;
    if (registry_enroll(&f->redis, f->places, &enrolment, &out) != REGISTRY_OK)
        fail_msg("%s/%s: %s", enrolment.role, enrolment.id, f->redis.error);
    return out;
}
