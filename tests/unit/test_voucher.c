/* Vouchers: signed, read again, and everything that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "bridge/voucher.h"

static const int64_t now = 1800000000000;
static struct arena arena;
static struct log_key *key;
static uint8_t public_key[LOG_KEY], claim[VOUCHER_CLAIM];

static int begins(void **state)
{
    char path[] = "/tmp/test_voucher.XXXXXX";
    const char *error;
    EVP_PKEY *made = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    int file = mkstemp(path);
    FILE *out = fdopen(file, "w");
    (void)state;
    assert_true(made && out && PEM_write_PrivateKey(out, made, NULL, NULL, 0, NULL, NULL));
    fclose(out);
    EVP_PKEY_free(made);
    key = log_key_load(path, &error);
    unlink(path);
    assert_non_null(key);
    log_key_public(key, public_key);
    arena_init(&arena, NULL, 0);
    return EVP_Digest("code", 4, claim, NULL, EVP_sha256(), NULL) != 1;
}

static int ends(void **state)
{
    (void)state;
    log_key_free(key);
    arena_free(&arena);
    return 0;
}

static struct text signed_one(int64_t ends_at)
{
    const struct voucher voucher = {.agency = TEXT("agency/pd"),
        .programme = TEXT("cams"),
        .reward = TEXT("a \"doorbell\" camera"),
        .case_number = TEXT("24-7"),
        .number = 3,
        .claim = {claim, sizeof claim},
        .issued_at = now,
        .ends_at = ends_at};
    return voucher_sign(key, &voucher, &arena);
}

static void round_trip(void **state)
{
    struct voucher out;
    const char *why;
    (void)state;
    assert_true(voucher_check(public_key, signed_one(now + 1000), now, &arena, &out, &why));
    assert_true(text_equal(out.agency, TEXT("agency/pd")));
    assert_true(text_equal(out.programme, TEXT("cams")));
    assert_true(text_equal(out.reward, TEXT("a \"doorbell\" camera")));
    assert_true(text_equal(out.case_number, TEXT("24-7")));
    assert_int_equal(out.number, 3);
    assert_int_equal(out.issued_at, now);
    assert_true(voucher_is_claimed_by(&out, TEXT("code")));
    assert_false(voucher_is_claimed_by(&out, TEXT("Code")));
    assert_false(voucher_is_claimed_by(&out, (struct text){0}));
}

static void no_vouchers(void **state)
{
    struct voucher out;
    const char *why;
    struct text good = signed_one(now + 1000);
    uint8_t other[LOG_KEY];
    (void)state;
    assert_false(voucher_check(public_key, signed_one(now), now, &arena, &out, &why));
    assert_string_equal(why, "its time is over");
    memcpy(other, public_key, sizeof other);
    other[0] ^= 1;
    assert_false(voucher_check(other, good, now, &arena, &out, &why));
    for (size_t i = 0; i < good.len; i++) {
        char *changed = arena_copy(&arena, good.data, good.len);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_false(voucher_check(public_key, (struct text){changed, good.len}, now, &arena, &out, &why));
        assert_false(voucher_check(public_key, (struct text){good.data, i}, now, &arena, &out, &why));
    }
    assert_false(voucher_check(public_key, TEXT(".."), now, &arena, &out, &why));
}

/* One of the key before is good as long as its word for the one in use is. */
static void a_voucher_outlives_its_key(void **state)
{
    struct log_public keys = {.key = {9}};
    struct voucher out;
    const char *why;
    struct text text = signed_one(now + 1000);
    (void)state;
    assert_false(voucher_check_any(&keys, text, now, &arena, &out, &why));
    assert_true(log_key_succeed(key, keys.key, &keys.formers));
    assert_true(voucher_check_any(&keys, text, now, &arena, &out, &why));
    assert_false(voucher_check_any(&keys, text, now + 1000, &arena, &out, &why));
    assert_string_equal(why, "its time is over");
    keys.key[0] ^= 1;
    assert_false(voucher_check_any(&keys, text, now, &arena, &out, &why));
    assert_string_equal(why, "not signed by this broker's log key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(no_vouchers),
        cmocka_unit_test(a_voucher_outlives_its_key)};
    return cmocka_run_group_tests(tests, begins, ends);
}
