/* What becomes a leaf of the public record, and what never does; and the key that signs its heads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bridge/log_succession.h"
#include "bridge/record_leaf.h"
#include "bridge/token.h"
#include "proto/codec.h"

#define ID "0123456789abcdef01234567"

/* ---- leaves ---- */

/* An act of which every part could be personal. */
static struct noted_act nosy(const char *what, const char *by, const char *subject)
{
    return (struct noted_act){.what = text_of(what),
        .by = text_of(by),
        .officer = TEXT("secret-officer"),
        .subject = text_of(subject),
        .reason = TEXT("secret-reason"),
        .name = TEXT("Sample Police"),
        .case_number = TEXT("C-1"),
        .text = TEXT("words"),
        .digest = {(const uint8_t *)"0123456789abcdef", 16},
        .revision = 3,
        .at = 1000,
        .count = 7};
}

static bool holds(struct bytes haystack, const char *needle)
{
    return memmem(haystack.data, haystack.len, needle, strlen(needle)) != NULL;
}

static const struct {
    const char *what, *by, *subject;
    int act; /* 0: no leaf */
    const char *agency, *public_id, *whom, *text;
} cases[] = {
    {"alert", "agency/pd", ID, LOG_ALERT, "agency/pd", ID, "", "words"},
    {"updated", "agency/pd", ID, LOG_ALERT, "agency/pd", ID, "", "words"},
    {"cancelled", "agency/pd", ID, LOG_ALERT, "agency/pd", ID, "", ""},
    {"confirmed", "agency/pd", ID, LOG_VERDICT, "agency/pd", ID, "", ""},
    {"refuted", "operator/secret-op", ID, LOG_VERDICT, "operator", ID, "", ""},
    {"approved", "agency/pd", ID, LOG_VERDICT, "agency/pd", ID, "", ""},
    {"released", "operator/secret-op", ID, LOG_MODERATION, "operator", ID, "", ""},
    {"removed", "operator/secret-op", ID, LOG_MODERATION, "operator", ID, "", ""},
    {"banned", "operator/secret-op", "user/secret-ann", LOG_MODERATION, "operator", "", "", ""},
    {"banned", "operator/secret-op", "agency/pd", LOG_MODERATION, "operator", "", "agency/pd", ""},
    {"unbanned", "operator/secret-op", "device/secret-cam", LOG_MODERATION, "operator", "", "", ""},
    {"footage-request", "agency/pd", ID, LOG_FOOTAGE_REQUEST, "agency/pd", ID, "", "words"},
    {"resolved", "agency/pd", "", LOG_RESOLVE, "agency/pd", "", "", "words"},
    {"reward", "agency/pd", ID, LOG_REWARD, "agency/pd", ID, "", "words"},
    {"refused", "agency/pd", "Alert of secret-person", LOG_REFUSAL, "agency/pd", "", "", "words"},
    {"disclosure", "operator/secret-op", "user/secret-ann", LOG_DISCLOSURE, "operator", "", "", "words"},
    {"agency-added", "operator", "agency/pd", LOG_AGENCY_ADDED, "operator", "", "agency/pd", ""},
    {"agency-changed", "operator/x", "agency/pd", LOG_AGENCY_CHANGED, "operator", "", "agency/pd", ""},
    {"agency-removed", "operator/x", "agency/pd", LOG_AGENCY_REMOVED, "operator", "", "agency/pd", ""},
    /* Of residents, of nobody, and what only another may do. */
    {"appealed", "user/secret-ann", ID, 0, "", "", "", ""},
    {"held", "", ID, 0, "", "", "", ""},
    {"alert", "user/secret-ann", ID, 0, "", "", "", ""},
    {"refused", "user/secret-ann", ID, 0, "", "", "", ""},
    {"removed", "agency/pd", ID, 0, "", "", "", ""},
    {"disclosure", "agency/pd", "", 0, "", "", "", ""},
    {"footage-answer", "user/secret-ann", ID, 0, "", "", "", ""},
};

static void leaves_hold_what_is_public_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct noted_act act = nosy(cases[i].what, cases[i].by, cases[i].subject);
        struct log_leaf leaf, again;
        struct refusal refusal;
        struct arena arena;
        arena_init(&arena, NULL, 0);
        assert_int_equal(record_leaf(&act, &leaf), cases[i].act != 0);
        assert_int_equal(leaf.act, cases[i].act);
        if (cases[i].act) {
            struct bytes encoded = codec_encode_log_leaf(ENCODING_PROTOBUF, &leaf, &arena);
            assert_false(holds(encoded, "secret"));
            assert_true(codec_decode_log_leaf(ENCODING_PROTOBUF, encoded, &arena, &again, &refusal));
            assert_true(text_equal(again.agency, text_of(cases[i].agency)));
            assert_true(text_equal(again.public_id, text_of(cases[i].public_id)));
            assert_int_equal(again.revision, cases[i].public_id[0] ? 3 : 0);
            assert_true(text_equal(again.subject, text_of(cases[i].whom)));
            assert_true(text_equal(again.text, text_of(cases[i].text)));
            assert_true(text_equal(again.what, text_of(cases[i].what)));
            assert_int_equal(again.at, 1000);
            assert_int_equal(again.count, 7);
        }
        arena_free(&arena);
    }
}

static struct log_leaf leaf_of(const char *what, const char *text)
{
    struct noted_act act = nosy(what, strcmp(what, "disclosure") == 0 ? "operator/x" : "agency/pd", ID);
    struct log_leaf leaf;
    act.text = text_of(text);
    assert_true(record_leaf(&act, &leaf));
    return leaf;
}

static void words_that_name_somebody_stay_out(void **state)
{
    (void)state;
    assert_int_equal(leaf_of("alert", "seen at user/ann's").text.len, 0);
    assert_int_equal(leaf_of("alert", "device/cam-1").text.len, 0);
    assert_int_equal(leaf_of("resolved", "thanks, edge/7").text.len, 0);
    assert_int_equal(leaf_of("disclosure", "2026-01-02 operator/kim").text.len, 0);
    assert_true(text_equal(leaf_of("alert", "agency/pd asks").text, TEXT("agency/pd asks")));
    /* A rule that quotes what was sent is cut before it. */
    assert_true(
        text_equal(leaf_of("refused", "R12: urgency \"Ann Smith\" is none").text, TEXT("R12: urgency ")));
    assert_true(text_equal(leaf_of("alert", "\"Fire\" near here").text, TEXT("\"Fire\" near here")));
}

static void long_words_are_cut_at_a_character(void **state)
{
    (void)state;
    char text[LIMIT_RULE + 8];
    memset(text, 'a', sizeof text);
    memcpy(text + LIMIT_RULE - 1, "\xc3\xa9", 2);
    text[sizeof text - 1] = 0;
    assert_int_equal(leaf_of("alert", text).text.len, LIMIT_RULE - 1);
}

/* ---- the key ---- */

static char folder[] = "/tmp/neighbors-record-XXXXXX";
static char key_path[64], public_path[64];

static int make_keys(void **state)
{
    (void)state;
    const char *error;
    if (!mkdtemp(folder))
        return -1;
    snprintf(key_path, sizeof key_path, "%s/log.key", folder);
    snprintf(public_path, sizeof public_path, "%s/log.pub", folder);
    return token_key_make(TOKEN_EDDSA, key_path, public_path, &error) ? 0 : -1;
}

static int remove_keys(void **state)
{
    (void)state;
    unlink(key_path);
    unlink(public_path);
    return rmdir(folder);
}

static void a_head_is_signed_for_what_it_says_alone(void **state)
{
    (void)state;
    const char *error = NULL;
    uint8_t public_key[LOG_KEY], root[32] = {1, 2, 3}, other[LOG_KEY];
    struct tree_head head;
    struct refusal refusal;
    struct arena arena;
    struct log_key *key = log_key_load(key_path, &error);
    arena_init(&arena, NULL, 0);
    assert_non_null(key);
    assert_true(log_key_read_public(public_path, public_key, &error));
    log_key_public(key, other);
    assert_memory_equal(public_key, other, LOG_KEY);
    struct bytes encoded = log_key_sign_head(key, 5, 1000, root, &arena);
    assert_true(codec_decode_tree_head(ENCODING_PROTOBUF, encoded, &arena, &head, &refusal));
    assert_int_equal(head.size, 5);
    assert_memory_equal(head.root_hash.data, root, sizeof root);
    assert_true(log_key_check_head(public_key, &head));
    struct tree_head changed = head;
    changed.size = 6;
    assert_false(log_key_check_head(public_key, &changed));
    changed = head;
    changed.at++;
    assert_false(log_key_check_head(public_key, &changed));
    changed = head;
    changed.root_hash.data = public_key;
    assert_false(log_key_check_head(public_key, &changed));
    changed = head;
    changed.signature.len = 0;
    assert_false(log_key_check_head(public_key, &changed));
    other[0] ^= 1;
    assert_false(log_key_check_head(other, &head));
    arena_free(&arena);
    log_key_free(key);
}

/* A key file with those before it, as it is written and read again. */
static void a_key_gives_its_word_for_the_next(void **state)
{
    (void)state;
    const char *error = NULL;
    char next_key[80], next_public[80];
    struct log_public keys = {0};
    struct log_formers formers, none = {0};
    uint8_t first[LOG_KEY], next[LOG_KEY];
    snprintf(next_key, sizeof next_key, "%s/next.key", folder);
    snprintf(next_public, sizeof next_public, "%s/next.pub", folder);
    assert_true(token_key_make(TOKEN_EDDSA, next_key, next_public, &error));
    struct log_key *key = log_key_load(key_path, &error);
    assert_non_null(key);
    assert_int_equal(log_key_formers(key)->count, 0);
    log_key_public(key, first);
    assert_true(log_key_read_public(next_public, next, &error));
    assert_true(log_key_succeed(key, next, &formers));
    log_key_free(key);
    assert_true(log_succession_leads(&formers, first, next));
    assert_true(log_succession_leads(&none, first, first));
    assert_false(log_succession_leads(&none, first, next));
    assert_false(log_succession_leads(&formers, next, first));
    const char *const paths[] = {next_key, next_public};
    for (size_t i = 0; i < 2; i++) {
        FILE *file = fopen(paths[i], "a");
        assert_non_null(file);
        assert_true(log_formers_write(file, &formers));
        fclose(file);
    }
    key = log_key_load(next_key, &error);
    assert_non_null(key);
    assert_int_equal(log_key_formers(key)->count, 1);
    log_key_free(key);
    assert_true(log_public_read(next_public, &keys, &error));
    assert_true(log_succession_leads(&keys.formers, first, keys.key));
    keys.formers.keys[0].signature[0] ^= 1;
    assert_false(log_succession_leads(&keys.formers, first, keys.key));
    FILE *file = fopen(next_key, "a");
    assert_non_null(file);
    assert_true(log_formers_write(file, &keys.formers));
    fclose(file);
    assert_null(log_key_load(next_key, &error));
    assert_non_null(strstr(error, "not signed so"));
    file = fopen(next_public, "a");
    assert_non_null(file);
    fputs("before: nonsense\n", file);
    fclose(file);
    assert_false(log_public_read(next_public, &keys, &error));
    unlink(next_key);
    unlink(next_public);
}

static void a_key_that_all_may_read_is_refused(void **state)
{
    (void)state;
    const char *error = NULL;
    uint8_t public_key[LOG_KEY];
    assert_int_equal(chmod(key_path, 0644), 0);
    assert_null(log_key_load(key_path, &error));
    assert_non_null(strstr(error, "chmod"));
    assert_int_equal(chmod(key_path, 0600), 0);
    assert_null(log_key_load(public_path, &error));
    assert_null(log_key_load("/nonexistent", &error));
    assert_string_equal(error, "No such file or directory");
    assert_false(log_key_read_public(key_path, public_key, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_hold_what_is_public_and_nothing_else),
        cmocka_unit_test(words_that_name_somebody_stay_out),
        cmocka_unit_test(long_words_are_cut_at_a_character),
        cmocka_unit_test(a_head_is_signed_for_what_it_says_alone),
        cmocka_unit_test(a_key_gives_its_word_for_the_next),
        cmocka_unit_test(a_key_that_all_may_read_is_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, remove_keys);
}
