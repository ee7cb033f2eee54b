/* Our own tokens: what we sign we accept, until it expires; nothing else. */
#include <openssl/pem.h>
#include <sys/stat.h>

#include "tests/unit/token_case.h"

static bool make(struct token_case *t, const char *subject, int64_t ttl_s, char out[TOKEN_TEXT])
{
    const struct token_grant grant = {.subject = text_of(subject), .now_ms = NOW, .ttl_s = ttl_s};
    return token_sign(t->sign, &grant, out);
}

static void a_signed_token_is_accepted(void **state)
{
    struct token_case *t = *state;
    char token[TOKEN_TEXT];
    struct token_claims claims;
    const char *error = "";
    assert_true(make(t, "device/cam-1", 3600, token));
    assert_true(token_check(t->trust, bytes_of(token), NOW, &claims, &error));
    assert_null(error);
    assert_string_equal(claims.subject, "device/cam-1");
    assert_string_equal(claims.instance, "");
    assert_true(claims.issued_at == NOW);
    assert_true(claims.expires_at == NOW + 3600 * 1000);
    assert_true(claims.key != 0 && token_trust_has(t->trust, claims.key));
    assert_false(token_trust_has(t->trust, claims.key + 2));
    assert_false(claims.of_provider);
}

static void es256_signs_too(void **state)
{
    struct token_case *t = *state;
    char private_path[96], public_path[96], why[TOKEN_ERROR], token[TOKEN_TEXT];
    const char *error;
    snprintf(private_path, sizeof private_path, "%s/ec.key", t->folder);
    snprintf(public_path, sizeof public_path, "%s/ec.pub", t->folder);
    assert_true(token_key_make(TOKEN_ES256, private_path, public_path, &error));
    struct token_key *key = token_key_load(private_path, &error);
    struct token_trust *trust = token_case_trust(public_path, "", why);
    assert_non_null(key);
    assert_non_null(trust);
    for (int i = 0; i < 300;
         i++) { /* numbers of the signature that begin with zeros, and those that do not */
        const struct token_grant grant = {.subject = TEXT("user/ann"), .now_ms = NOW, .ttl_s = 60 + i};
        assert_true(token_sign(key, &grant, token));
        assert_null(token_case_refused(trust, token));
    }
    assert_string_equal(token_case_refused(t->trust, token), "no key here is the token's");
    token_key_free(key);
    token_trust_free(trust);
}

static void times_hold(void **state)
{
    struct token_case *t = *state;
    char token[TOKEN_TEXT];
    struct token_claims claims;
    const char *error;
    assert_true(make(t, "user/ann", 10, token));
    assert_true(token_check(t->trust, bytes_of(token), NOW + 9999, &claims, &error));
    assert_false(token_check(t->trust, bytes_of(token), NOW + 10000, &claims, &error));
    assert_string_equal(error, "the token has expired");
    assert_true(token_check(t->trust, bytes_of(token), NOW - 60000, &claims, &error));
    assert_false(token_check(t->trust, bytes_of(token), NOW - 61000, &claims, &error));
    assert_string_equal(error, "the token is from the future");
}

static void a_changed_token_is_refused(void **state)
{
    struct token_case *t = *state;
    char token[TOKEN_TEXT], changed[TOKEN_TEXT + 8];
    struct token_claims claims;
    const char *error;
    assert_true(make(t, "user/ann", 60, token));
    size_t len = strlen(token);
    for (size_t i = 0; i < len; i++) {
        memcpy(changed, token, len + 1);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_non_null(token_case_refused(t->trust, changed));
        assert_false(token_check(t->trust, (struct bytes){(uint8_t *)token, i}, NOW, &claims, &error));
    }
    snprintf(changed, sizeof changed, "%s.x", token);
    assert_non_null(token_case_refused(t->trust, changed));
    snprintf(changed, sizeof changed, "%s=", token);
    assert_non_null(token_case_refused(t->trust, changed));
}

static void another_key_does_not_count(void **state)
{
    struct token_case *t = *state;
    void *other_state;
    char token[TOKEN_TEXT], any[ANY_TOKEN];
    token_case_begin(&other_state);
    struct token_case *other = other_state;
    assert_true(make(other, "user/ann", 60, token));
    assert_string_equal(token_case_refused(t->trust, token), "no key here is the token's");
    EVP_PKEY *key = token_case_key(other->private_path);
    token_case_sign(
        key, "{\"alg\":\"EdDSA\"}", "{\"sub\":\"user/ann\",\"iat\":1795000000,\"exp\":1795000060}", any);
    assert_string_equal(token_case_refused(t->trust, any), "the signature of the token is not by its key");
    EVP_PKEY_free(key);
    token_case_end(&other_state);
}

#define GOOD "{\"sub\":\"user/ann\",\"iat\":1795000000,\"exp\":1795000060}"
#define EDDSA "{\"alg\":\"EdDSA\"}"

#define BAD_TIMES "iat, nbf or exp of the token is not a whole number"
#define BAD_SPAN "the token ends before it begins, or never"
#define BAD_ALGORITHM "the token's algorithm is neither EdDSA nor ES256"
#define BAD_SUBJECT "sub of the token is not <role>/<id>"
#define BAD_NAME "officer or instance of the token is not a name"
#define BAD_TYPE "the type of the token is not JWT"

static const struct {
    const char *header, *claims, *refused;
} forms[] = {
    {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", GOOD, NULL},
    {EDDSA, GOOD, NULL},
    {"{\"alg\":\"EdDSA\",\"x5t\":\"abc\"}", GOOD, NULL},
    {"{\"alg\":\"none\"}", GOOD, BAD_ALGORITHM},
    {"{\"alg\":\"None\"}", GOOD, BAD_ALGORITHM},
    {"{\"alg\":\"HS256\",\"typ\":\"JWT\"}", GOOD, BAD_ALGORITHM},
    {"{\"alg\":\"RS256\",\"typ\":\"JWT\"}", GOOD, BAD_ALGORITHM},
    {"{\"alg\":7}", GOOD, BAD_ALGORITHM},
    {"{\"alg\":\"ES256\",\"typ\":\"JWT\"}", GOOD, "no key here is the token's"},
    {"{\"alg\":\"EdDSA\",\"kid\":\"another\"}", GOOD, "no key here is the token's"},
    {"{\"alg\":\"EdDSA\",\"kid\":\"\"}", GOOD, "kid of the token is no name of a key"},
    {"{\"alg\":\"EdDSA\",\"kid\":1}", GOOD, "kid of the token is no name of a key"},
    {"{\"alg\":\"EdDSA\",\"typ\":\"JWE\"}", GOOD, BAD_TYPE},
    {"{\"alg\":\"EdDSA\",\"typ\":1}", GOOD, BAD_TYPE},
    {"{\"alg\":\"EdDSA\",\"crit\":[\"x\"]}", GOOD, "the token demands an extension (crit)"},
    {"{\"alg\":\"EdDSA\",\"crit\":[],\"b64\":false}", GOOD, "the token demands an extension (crit)"},
    {"{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\"}", GOOD, "the header of the token cannot be read"},
    {"{\"alg\":\"EdDSA\",\"jku\":\"http://127.0.0.1/\"}", GOOD, "the token brings its own key"},
    {"{\"alg\":\"EdDSA\",\"jwk\":{}}", GOOD, "the token brings its own key"},
    {"{\"alg\":\"EdDSA\",\"x5c\":[]}", GOOD, "the token brings its own key"},
    {"{\"alg\":\"EdDSA\",\"x5u\":1}", GOOD, "the token brings its own key"},
    {"{}", GOOD, BAD_ALGORITHM},
    {"[]", GOOD, "the header of the token cannot be read"},
    {"{\"alg\":\"EdDSA\"", GOOD, "the header of the token cannot be read"},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":1795000000}", "the token has no exp"},
    {EDDSA, "{\"sub\":\"user/ann\",\"exp\":1795000060}", "the token has no iat"},
    {EDDSA, "{\"iat\":1795000000,\"exp\":1795000060}", "the token has no sub"},
    {EDDSA, "{\"sub\":\"user\",\"iat\":1795000000,\"exp\":1795000060}", BAD_SUBJECT},
    {EDDSA, "{\"sub\":\"user/\",\"iat\":1795000000,\"exp\":1795000060}", BAD_SUBJECT},
    {EDDSA, "{\"sub\":\"user/a/b\",\"iat\":1795000000,\"exp\":1795000060}", BAD_SUBJECT},
    {EDDSA, "{\"sub\":\"user/a b\",\"iat\":1795000000,\"exp\":1795000060}", BAD_SUBJECT},
    {EDDSA, "{\"sub\":7,\"iat\":1795000000,\"exp\":1795000060}", BAD_SUBJECT},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":\"1795000000\",\"exp\":1795000060}", BAD_TIMES},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":1795000000.5,\"exp\":1795000060}", BAD_TIMES},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":1795000000,\"exp\":1.795e12}", BAD_TIMES},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":1795000000,\"nbf\":null,\"exp\":1795000060}", BAD_TIMES},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":1795000060,\"exp\":1795000060}", BAD_SPAN},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":-1,\"exp\":1795000060}", BAD_SPAN},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":1795000000,\"exp\":9007199254740993}", BAD_SPAN},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":1795000061,\"exp\":1795000090}", "the token is from the future"},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":1795000000,\"nbf\":1795000061,\"exp\":1795000090}",
        "the token is not valid yet"},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":1795000000,\"nbf\":1795000000,\"exp\":1795000090}", NULL},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":1700000000,\"exp\":1795000000}", "the token has expired"},
    {EDDSA, "{\"sub\":\"user/ann\",\"iat\":1795000000,\"exp\":1795000060,\"aud\":\"x\"}",
        "the token has a claim that ours have not"},
    {EDDSA, "{\"sub\":\"agency/pd\",\"officer\":\"lee\",\"iat\":1795000000,\"exp\":1795000060}", NULL},
    {EDDSA, "{\"sub\":\"agency/pd\",\"officer\":\"a b\",\"iat\":1795000000,\"exp\":1795000060}", BAD_NAME},
    {EDDSA, "{\"sub\":\"agency/pd\",\"officer\":7,\"iat\":1795000000,\"exp\":1795000060}", BAD_NAME},
    {EDDSA, "{\"sub\":\"user/ann\",\"instance\":\"\",\"iat\":1795000000,\"exp\":1795000060}", BAD_NAME},
    {EDDSA, "{\"sub\":\"user/ann\",\"instance\":[\"a\"],\"iat\":1795000000,\"exp\":1795000060}", BAD_NAME},
    {EDDSA, GOOD " ", NULL},
    {EDDSA, GOOD "x", "the claims of the token cannot be read"},
    {EDDSA, "[]", "the claims of the token cannot be read"},
};

static void only_our_form_is_accepted(void **state)
{
    struct token_case *t = *state;
    EVP_PKEY *key = token_case_key(t->private_path);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char token[ANY_TOKEN];
        token_case_sign(key, forms[i].header, forms[i].claims, token);
        const char *refused = token_case_refused(t->trust, token);
        if (refused != forms[i].refused &&
            (!refused || !forms[i].refused || strcmp(refused, forms[i].refused) != 0))
            fail_msg("%s %s: %s", forms[i].header, forms[i].claims, refused ? refused : "accepted");
    }
    EVP_PKEY_free(key);
}

/* The public key as the secret of an HMAC, no signature at all, one that is too short: the classic forgeries.
 */
static void forgeries_are_refused(void **state)
{
    struct token_case *t = *state;
    char token[ANY_TOKEN];
    EVP_PKEY *key = token_case_key(t->private_path);
    token_case_sign(key, EDDSA, GOOD, token);
    char *signature = strrchr(token, '.') + 1;
    *signature = '\0';
    assert_string_equal(token_case_refused(t->trust, token), "the signature of the token is not 64 bytes");
    strcpy(signature, "AAAA");
    assert_string_equal(token_case_refused(t->trust, token), "the signature of the token is not 64 bytes");
    memset(signature, 'A', 86);
    signature[86] = '\0';
    assert_string_equal(token_case_refused(t->trust, token), "the signature of the token is not by its key");
    EVP_PKEY_free(key);
}

static void what_is_too_long_is_not_read(void **state)
{
    struct token_case *t = *state;
    char header[1100], claims[9000], token[ANY_TOKEN];
    EVP_PKEY *key = token_case_key(t->private_path);
    snprintf(header, sizeof header, "{\"alg\":\"EdDSA\",\"x\":\"%01050d\"}", 0);
    token_case_sign(key, header, GOOD, token);
    assert_string_equal(token_case_refused(t->trust, token), "the header of the token is too long");
    snprintf(claims, sizeof claims, "{\"sub\":\"user/ann\",\"x\":\"%08000d\"}", 0);
    token_case_sign(key, EDDSA, claims, token);
    assert_string_equal(token_case_refused(t->trust, token), "the token is too long");
    assert_string_equal(token_case_refused(t->trust, ""), "not a token");
    assert_string_equal(token_case_refused(t->trust, "a.b"), "not a token");
    assert_string_equal(token_case_refused(t->trust, ".."), "the header of the token cannot be read");
    EVP_PKEY_free(key);
}

static void who_acts_and_where_is_in_the_token(void **state)
{
    struct token_case *t = *state;
    char token[TOKEN_TEXT], longest[80] = "operator/", name[70] = "";
    struct token_claims claims;
    const char *error;
    struct token_grant grant = {.subject = TEXT("agency/pd"),
        .officer = TEXT("sgt.lee-7"),
        .instance = TEXT("desk_2"),
        .now_ms = NOW,
        .ttl_s = 60};
    assert_true(token_sign(t->sign, &grant, token));
    assert_true(token_check(t->trust, bytes_of(token), NOW, &claims, &error));
    assert_string_equal(claims.officer, "sgt.lee-7");
    assert_string_equal(claims.instance, "desk_2");
    grant.officer = TEXT("a\"b");
    assert_false(token_sign(t->sign, &grant, token));
    grant.officer = TEXT("lee");
    grant.instance = TEXT("a/b");
    assert_false(token_sign(t->sign, &grant, token));
    memset(longest + 9, 'x', 64);
    memset(name, 'y', TOKEN_NAME);
    grant = (struct token_grant){text_of(longest), text_of(name), text_of(name), NOW, INT64_C(86400) * 36500};
    assert_true(token_sign(t->sign, &grant, token));
    assert_true(token_check(t->trust, bytes_of(token), NOW, &claims, &error));
    assert_string_equal(claims.officer, name);
    assert_string_equal(claims.instance, name);
    name[TOKEN_NAME] = 'y';
    grant.officer = text_of(name);
    assert_false(token_sign(t->sign, &grant, token));
}

static void subjects_that_cannot_be_are_not_signed(void **state)
{
    struct token_case *t = *state;
    char token[TOKEN_TEXT];
    static const char *const bad[] = {
        "", "ann", "/ann", "user/", "user/a/b", "user/a\"b", "user/a b", "user/\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(make(t, bad[i], 60, token));
    assert_false(make(t, "user/ann", 0, token));
    assert_false(make(t, "user/ann", INT64_MAX, token));
}

/* RFC 8037, appendix A.4: the signature is good, the payload is no claims. */
static void the_standard_s_example_verifies(void **state)
{
    struct token_case *t = *state;
    char why[TOKEN_ERROR];
    static const char jws[] =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    struct token_trust *trust =
        token_case_trust(token_case_file(t, "rfc.jwks",
                             "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                             "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"),
            "", why);
    assert_non_null(trust);
    assert_string_equal(token_case_refused(trust, jws), "the claims of the token cannot be read");
    token_trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signed_token_is_accepted, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(es256_signs_too, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(times_hold, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(a_changed_token_is_refused, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(another_key_does_not_count, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(only_our_form_is_accepted, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(forgeries_are_refused, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(what_is_too_long_is_not_read, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(who_acts_and_where_is_in_the_token, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(
            subjects_that_cannot_be_are_not_signed, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(the_standard_s_example_verifies, token_case_begin, token_case_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
