/* Tokens: what we sign we accept, until it expires; nothing else. */
#include "bridge/token.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bridge/base64url.h"

#define NOW INT64_C(1795000000000)

struct fixture {
    char folder[64], private_path[96], public_path[96];
    struct token_key *sign, *check;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const char *error = "";
    strcpy(f->folder, P_tmpdir "/neighbors-token-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->private_path, sizeof f->private_path, "%s/token.key", f->folder);
    snprintf(f->public_path, sizeof f->public_path, "%s/token.pub", f->folder);
    assert_true(token_key_make(f->private_path, f->public_path, &error));
    f->sign = token_key_load(f->private_path, &error);
    f->check = token_key_load(f->public_path, &error);
    assert_non_null(f->sign);
    assert_non_null(f->check);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    token_key_free(f->sign);
    token_key_free(f->check);
    unlink(f->private_path);
    unlink(f->public_path);
    rmdir(f->folder);
    free(f);
    return 0;
}

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static void a_signed_token_is_accepted(void **state)
{
    struct fixture *f = *state;
    char token[TOKEN_TEXT];
    struct token_claims claims;
    const char *error = "";
    assert_true(token_sign(f->sign, TEXT("device/cam-1"), (struct text){0}, NOW, 3600, token));
    assert_true(token_check(f->check, bytes_of(token), NOW, &claims, &error));
    assert_null(error);
    assert_string_equal(claims.subject, "device/cam-1");
    assert_true(claims.issued_at == NOW);
    assert_true(claims.expires_at == NOW + 3600 * 1000);
    assert_true(token_check(f->sign, bytes_of(token), NOW, &claims, &error));
}

static void times_hold_with_a_minute_of_skew(void **state)
{
    struct fixture *f = *state;
    char token[TOKEN_TEXT];
    struct token_claims claims;
    const char *error;
    assert_true(token_sign(f->sign, TEXT("user/ann"), (struct text){0}, NOW, 10, token));
    assert_true(token_check(f->check, bytes_of(token), NOW + 69999, &claims, &error));
    assert_false(token_check(f->check, bytes_of(token), NOW + 70000, &claims, &error));
    assert_string_equal(error, "the token has expired");
    assert_true(token_check(f->check, bytes_of(token), NOW - 60000, &claims, &error));
    assert_false(token_check(f->check, bytes_of(token), NOW - 61000, &claims, &error));
    assert_string_equal(error, "the token is from the future");
}

static void a_changed_token_is_refused(void **state)
{
    struct fixture *f = *state;
    char token[TOKEN_TEXT];
    struct token_claims claims;
    const char *error;
    assert_true(token_sign(f->sign, TEXT("user/ann"), (struct text){0}, NOW, 60, token));
    size_t len = strlen(token);
    for (size_t i = 0; i < len; i++) {
        char changed[TOKEN_TEXT];
        memcpy(changed, token, len + 1);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_false(token_check(f->check, bytes_of(changed), NOW, &claims, &error));
        assert_non_null(error);
        assert_false(token_check(f->check, (struct bytes){(uint8_t *)token, i}, NOW, &claims, &error));
    }
    char longer[TOKEN_TEXT + 8];
    snprintf(longer, sizeof longer, "%s.x", token);
    assert_false(token_check(f->check, bytes_of(longer), NOW, &claims, &error));
    snprintf(longer, sizeof longer, "%s=", token);
    assert_false(token_check(f->check, bytes_of(longer), NOW, &claims, &error));
}

static void another_key_does_not_count(void **state)
{
    struct fixture *f = *state;
    void *other_state;
    char token[TOKEN_TEXT];
    struct token_claims claims;
    const char *error;
    set_up(&other_state);
    struct fixture *other = other_state;
    assert_true(token_sign(other->sign, TEXT("user/ann"), (struct text){0}, NOW, 60, token));
    assert_false(token_check(f->check, bytes_of(token), NOW, &claims, &error));
    assert_string_equal(error, "the signature of the token is not ours");
    tear_down(&other_state);
}

/* A token with any header and claims, well signed. */
static void sign_anything(struct fixture *f, const char *header, const char *claims, char out[1024])
{
    FILE *file = fopen(f->private_path, "r");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    size_t len = base64url_encode(bytes_of(header), out), signature_len = 64;
    out[len++] = '.';
    len += base64url_encode(bytes_of(claims), out + len);
    uint8_t signature[64];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &signature_len, (uint8_t *)out, len), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    out[len++] = '.';
    base64url_encode((struct bytes){signature, 64}, out + len);
}

static void only_our_form_is_accepted(void **state)
{
    struct fixture *f = *state;
    static const char good[] = "{\"sub\":\"user/ann\",\"iat\":1795000000,\"exp\":1795000060}";
    static const struct {
        const char *header, *claims;
        bool accepted;
    } cases[] = {
        {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", good, true},
        {"{\"alg\":\"EdDSA\"}", good, true},
        {"{\"alg\":\"none\"}", good, false},
        {"{\"alg\":\"HS256\",\"typ\":\"JWT\"}", good, false},
        {"{\"alg\":\"EdDSA\",\"typ\":\"JWE\"}", good, false},
        {"{\"alg\":\"EdDSA\",\"crit\":[\"x\"]}", good, false},
        {"{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\"}", good, false},
        {"{}", good, false},
        {"[]", good, false},
        {"{\"alg\":\"EdDSA\"", good, false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/ann\",\"iat\":1795000000}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/ann\",\"exp\":1795000060}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"iat\":1795000000,\"exp\":1795000060}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user\",\"iat\":1795000000,\"exp\":1795000060}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/\",\"iat\":1795000000,\"exp\":1795000060}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/a/b\",\"iat\":1795000000,\"exp\":1795000060}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/a b\",\"iat\":1795000000,\"exp\":1795000060}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":7,\"iat\":1795000000,\"exp\":1795000060}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/ann\",\"iat\":\"1795000000\",\"exp\":1795000060}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/ann\",\"iat\":1795000000.5,\"exp\":1795000060}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/ann\",\"iat\":1795000060,\"exp\":1795000060}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/ann\",\"iat\":-1,\"exp\":1795000060}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/ann\",\"iat\":1795000000,\"exp\":9007199254740993}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/ann\",\"iat\":1795000000,\"exp\":1795000060,\"aud\":\"x\"}",
            false},
        {"{\"alg\":\"EdDSA\"}",
            "{\"sub\":\"agency/pd\",\"officer\":\"lee\",\"iat\":1795000000,\"exp\":1795000060}", true},
        {"{\"alg\":\"EdDSA\"}",
            "{\"sub\":\"agency/pd\",\"officer\":\"a b\",\"iat\":1795000000,\"exp\":1795000060}", false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"agency/pd\",\"officer\":7,\"iat\":1795000000,\"exp\":1795000060}",
            false},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/ann\",\"iat\":1795000000,\"exp\":1795000060} ", true},
        {"{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/ann\",\"iat\":1795000000,\"exp\":1795000060}x", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char token[1024];
        struct token_claims claims;
        const char *error;
        sign_anything(f, cases[i].header, cases[i].claims, token);
        if (token_check(f->check, bytes_of(token), NOW, &claims, &error) != cases[i].accepted)
            fail_msg("%s %s: %s", cases[i].header, cases[i].claims, error ? error : "accepted");
    }
}

static void who_acts_is_in_the_token(void **state)
{
    struct fixture *f = *state;
    char token[TOKEN_TEXT], longest[80] = "operator/", officer[70] = "";
    struct token_claims claims;
    const char *error;
    assert_true(token_sign(f->sign, TEXT("agency/pd"), TEXT("sgt.lee-7"), NOW, 60, token));
    assert_true(token_check(f->check, bytes_of(token), NOW, &claims, &error));
    assert_string_equal(claims.officer, "sgt.lee-7");
    assert_true(token_sign(f->sign, TEXT("agency/pd"), (struct text){0}, NOW, 60, token));
    assert_true(token_check(f->check, bytes_of(token), NOW, &claims, &error));
    assert_string_equal(claims.officer, "");
    assert_false(token_sign(f->sign, TEXT("agency/pd"), TEXT("a\"b"), NOW, 60, token));
    memset(longest + 9, 'x', 64);
    memset(officer, 'y', TOKEN_OFFICER);
    assert_true(token_sign(f->sign, text_of(longest), text_of(officer), NOW, INT64_C(86400) * 36500, token));
    assert_true(token_check(f->check, bytes_of(token), NOW, &claims, &error));
    assert_string_equal(claims.officer, officer);
    officer[TOKEN_OFFICER] = 'y';
    assert_false(token_sign(f->sign, text_of(longest), text_of(officer), NOW, 60, token));
}

static void subjects_that_cannot_be_are_not_signed(void **state)
{
    struct fixture *f = *state;
    char token[TOKEN_TEXT], longest[80] = "device/";
    static const char *const bad[] = {
        "", "ann", "/ann", "user/", "user/a/b", "user/a\"b", "user/a b", "user/\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(token_sign(f->sign, text_of(bad[i]), (struct text){0}, NOW, 60, token));
    memset(longest + 7, 'x', 64);
    assert_true(token_sign(f->sign, text_of(longest), (struct text){0}, NOW, INT64_C(86400) * 36500, token));
    assert_false(token_sign(f->sign, TEXT("user/ann"), (struct text){0}, NOW, 0, token));
    assert_false(token_sign(f->sign, TEXT("user/ann"), (struct text){0}, NOW, INT64_MAX, token));
    assert_false(token_sign(f->check, TEXT("user/ann"), (struct text){0}, NOW, 60, token));
}

static void keys_are_private_and_never_overwritten(void **state)
{
    struct fixture *f = *state;
    struct stat status;
    const char *error;
    assert_int_equal(stat(f->private_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_false(token_key_make(f->private_path, f->public_path, &error));
    assert_string_equal(error, "the key file exists already");
    assert_null(token_key_load("/nowhere/token.key", &error));
    assert_string_equal(error, "the key file does not exist");
    assert_null(token_key_load("/dev/null", &error));
    assert_string_equal(error, "the key file holds no PEM key");
}

/* RFC 8037, appendix A.4: the signature is good, the payload is no claims. */
static void the_standard_s_example_verifies(void **state)
{
    struct fixture *f = *state;
    static const char x[] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    static const char jws[] =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    uint8_t raw[32];
    size_t len;
    assert_true(base64url_decode(text_of(x), raw, sizeof raw, &len));
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, len);
    char path[96];
    snprintf(path, sizeof path, "%s/rfc.pub", f->folder);
    FILE *file = fopen(path, "w");
    assert_int_equal(PEM_write_PUBKEY(file, key), 1);
    fclose(file);
    EVP_PKEY_free(key);
    const char *error;
    struct token_key *check = token_key_load(path, &error);
    assert_non_null(check);
    struct token_claims claims;
    assert_false(token_check(check, bytes_of(jws), NOW, &claims, &error));
    assert_string_equal(error, "the claims of the token are not sub, iat and exp");
    token_key_free(check);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signed_token_is_accepted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(times_hold_with_a_minute_of_skew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_changed_token_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_key_does_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_our_form_is_accepted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_acts_is_in_the_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(subjects_that_cannot_be_are_not_signed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_are_private_and_never_overwritten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_standard_s_example_verifies, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
