/* Footage answers: all of one size in either encoding, whatever they say; what is too much is refused. */
#include "tests/unit/test_codec.h"

static struct arena arena;

static int begins(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return 0;
}

static int ends(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const uint8_t sealed[LIMIT_SEALED + 1] = {0x30};

static struct clip_answer shared(const char *id, size_t len)
{
    return (struct clip_answer){
        .clip_id = text_of(id), .decision = FOOTAGE_SHARE, .sealed = {sealed, len}, .delete_by = 9};
}

static void test_all_answers_have_one_size(void **state)
{
    struct clip_answer most[LIMIT_CLIPS];
    char ids[LIMIT_CLIPS][LIMIT_ID + 1];
    (void)state;
    for (size_t i = 0; i < LIMIT_CLIPS; i++) {
        memset(ids[i], 'a' + (int)i, LIMIT_ID);
        ids[i][LIMIT_ID] = 0;
        most[i] = shared(ids[i], LIMIT_SEALED / LIMIT_CLIPS);
    }
    struct clip_answer one = shared("x", 300), none = {.clip_id = TEXT("x"), .decision = FOOTAGE_DECLINE},
                       back = {.clip_id = TEXT("x"), .decision = FOOTAGE_WITHDRAW};
    const struct footage_answer answers[] = {{.request_id = TEXT("00ff")},
        {.request_id = TEXT("00ff"), .clip_count = 1, .clips = &one},
        {.request_id = TEXT("00ff"), .clip_count = 1, .clips = &none},
        {.request_id = TEXT("00ff"), .clip_count = 1, .clips = &back},
        {.request_id = TEXT("00ff"), .clip_count = LIMIT_CLIPS, .clips = most}};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        for (enum encoding encoding = ENCODING_PROTOBUF; encoding <= ENCODING_JSON; encoding++) {
            struct bytes payload = codec_encode_footage_answer(encoding, &answers[i], &arena);
            struct footage_answer out;
            struct refusal refusal = {0};
            assert_int_equal(payload.len, FOOTAGE_ANSWER_BYTES);
            assert_int_equal(codec_encoding_of((struct text){0}, payload, &refusal), encoding);
            if (!codec_decode_footage_answer(encoding, payload, &arena, &out, &refusal))
                fail_msg("%zu: %s: %s", i, refusal.field, refusal.rule);
            assert_int_equal(out.clip_count, answers[i].clip_count);
            for (size_t k = 0; k < out.clip_count; k++) {
                assert_true(text_equal(out.clips[k].clip_id, answers[i].clips[k].clip_id));
                assert_true(bytes_equal(out.clips[k].sealed, answers[i].clips[k].sealed));
                assert_int_equal(out.clips[k].decision, answers[i].clips[k].decision);
                assert_int_equal(out.clips[k].delete_by, answers[i].clips[k].delete_by);
            }
        }
    }
}

static void is_refused(const struct footage_answer *answer, const char *field, const char *rule)
{
    for (enum encoding encoding = ENCODING_PROTOBUF; encoding <= ENCODING_JSON; encoding++) {
        struct footage_answer out;
        struct refusal refusal = {0};
        assert_false(codec_decode_footage_answer(
            encoding, codec_encode_footage_answer(encoding, answer, &arena), &arena, &out, &refusal));
        assert_string_equal(refusal.field, field);
        assert_non_null(strstr(refusal.rule, rule));
    }
}

static void test_what_an_answer_must_say(void **state)
{
    struct clip_answer clips[LIMIT_CLIPS + 1];
    struct footage_answer answer = {.clips = clips, .clip_count = 1};
    (void)state;
    clips[0] = shared("x", 10);
    is_refused(&answer, "request_id", "required");
    answer.request_id = TEXT("00ff");
    clips[0] = shared("", 10);
    is_refused(&answer, "clips[0].clip_id", "required");
    clips[0] = shared("x", 10);
    clips[0].decision = 0;
    is_refused(&answer, "clips[0].decision", "required");
    clips[0] = shared("x", 0);
    is_refused(&answer, "clips[0].sealed", "required");
    clips[0] = shared("x", 10);
    clips[0].delete_by = 0;
    is_refused(&answer, "clips[0].delete_by", "required");
    answer.clip_count = 2;
    clips[0] = clips[1] = shared("x", 10);
    is_refused(&answer, "clips[1].clip_id", "each at most once");
    clips[0] = shared("x", LIMIT_SEALED - 9);
    clips[1] = shared("y", 10);
    is_refused(&answer, "clips", "at most 45056 bytes");
    answer.clip_count = LIMIT_CLIPS + 1;
    for (size_t i = 0; i <= LIMIT_CLIPS; i++)
        clips[i] = shared("x", 1);
    is_refused(&answer, "clips", "at most 8");
}

static void test_another_size_is_refused(void **state)
{
    struct footage_answer answer = {.request_id = TEXT("00ff")}, out;
    struct refusal refusal = {0};
    struct bytes payload = codec_encode_footage_answer(ENCODING_JSON, &answer, &arena);
    const char *longer = arena_printf(&arena, "%.*s ", (int)payload.len, (const char *)payload.data);
    (void)state;
    assert_false(codec_decode_footage_answer(
        ENCODING_JSON, (struct bytes){payload.data, payload.len - 1}, &arena, &out, &refusal));
    assert_string_equal(refusal.field, "payload");
    assert_non_null(strstr(refusal.rule, "exactly 65536 bytes"));
    assert_false(codec_decode_footage_answer(
        ENCODING_JSON, (struct bytes){(const uint8_t *)longer, payload.len + 1}, &arena, &out, &refusal));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begins, ends)
    const struct CMUnitTest tests[] = {
        TEST(test_all_answers_have_one_size),
        TEST(test_what_an_answer_must_say),
        TEST(test_another_size_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
