/* The keys of tokens: files, several at once, rotation, and a provider's. */
#include <openssl/pem.h>
#include <sys/stat.h>

#include "tests/unit/token_case.h"

#define EDDSA "{\"alg\":\"EdDSA\"}"

static void append(const char *path, const char *more_path)
{
    char content[4096];
    FILE *more = fopen(more_path, "r"), *file = fopen(path, "a");
    size_t len = fread(content, 1, sizeof content, more);
    fclose(more);
    assert_int_equal(fwrite(content, 1, len, file), len);
    fclose(file);
}

static void keys_are_private_and_never_overwritten(void **state)
{
    struct token_case *t = *state;
    struct stat status;
    const char *error;
    assert_int_equal(stat(t->private_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_false(token_key_make(TOKEN_EDDSA, t->private_path, t->public_path, &error));
    assert_string_equal(error, "the key file exists already");
    assert_null(token_key_load("/nowhere/token.key", &error));
    assert_string_equal(error, "does not exist");
    assert_null(token_key_load("/dev/null", &error));
    assert_string_equal(error, "holds no PEM key");
    assert_null(token_key_load(t->public_path, &error));
    assert_string_equal(error, "holds no private key, so no token can be signed with it");
}

static void modes_are_looked_at(void **state)
{
    struct token_case *t = *state;
    char why[TOKEN_ERROR];
    const char *error;
    static const struct {
        mode_t mode;
        bool private_good, public_good;
    } cases[] = {{0600, true, true}, {0640, true, true}, {0644, false, true}, {0604, false, true},
        {0601, false, true}, {0660, false, true}, {0606, false, false}, {0602, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(chmod(t->private_path, cases[i].mode), 0);
        assert_int_equal(chmod(t->public_path, cases[i].mode), 0);
        struct token_key *key = token_key_load(t->private_path, &error);
        struct token_trust *trust = token_case_trust(t->public_path, "", why);
        struct token_trust *by_private = token_case_trust(t->private_path, "", why);
        assert_int_equal(key != NULL, cases[i].private_good);
        assert_int_equal(by_private != NULL, cases[i].private_good);
        assert_int_equal(trust != NULL, cases[i].public_good);
        token_key_free(key);
        token_trust_free(trust);
        token_trust_free(by_private);
    }
    assert_non_null(strstr(why, "token_public_key: "));
    assert_non_null(strstr(why, ": may be written by others than its owner: chmod go-w it"));
}

static void bad_files_are_refused_by_name(void **state)
{
    struct token_case *t = *state;
    static const struct {
        const char *content, *fault;
    } cases[] = {
        {"", "holds no PEM key"},
        {"{", "holds no JSON that can be read"},
        {"{\"keys\":{}}", "holds no key set: an object with an array \"keys\""},
        {"{\"keys\":[]}", "holds no key of Ed25519 or P-256 that checks signatures"},
        {"{\"keys\":[7,{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"},{\"kty\":\"oct\",\"k\":\"AAAA\"},"
         "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
            "holds no key of Ed25519 or P-256 that checks signatures"},
        {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"enc\","
         "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
            "holds no key of Ed25519 or P-256 that checks signatures"},
        {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"key_ops\":[\"sign\"],"
         "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
            "holds no key of Ed25519 or P-256 that checks signatures"},
        {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"HS256\","
         "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
            "holds no key of Ed25519 or P-256 that checks signatures"},
        {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qY\"}]}",
            "holds a key that cannot be read"},
        {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"nWGx\","
         "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
            "holds a private key: a key set has public ones alone"},
        /* not on the curve */
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
         "\"y\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
            "holds a key that cannot be read"},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds something else than keys"},
        {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "holds a key that cannot be read"},
        {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "holds a key under a passphrase, which nobody could give"},
        /* P-384 */
        {"-----BEGIN PUBLIC KEY-----\n"
         "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEGLRLfITuqRo+BkjasCmDvm5AbN68K0cQX3RHp8/n8zUrPsKrcIpZ4o8RlGCE3lf3\n"
         "g3FAkCONVYVnujxNXkh0Tdc6uMI3gUpN/FUyC/QcYoVnJ0zcGb7W9DZpe5NCq51u\n-----END PUBLIC KEY-----\n",
            "holds a key that is neither of Ed25519 nor of P-256"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char why[TOKEN_ERROR];
        const char *path = token_case_file(t, "bad", cases[i].content);
        assert_null(token_case_trust(path, "", why));
        if (!strstr(why, cases[i].fault))
            fail_msg("%s: %s", cases[i].content, why);
        assert_null(token_case_trust(t->public_path, path, why));
        assert_int_equal(strncmp(why, "openid_keys: ", 13), 0);
    }
}

static void several_keys_are_good_at_once(void **state)
{
    struct token_case *t = *state;
    char private_path[96], public_path[96], why[TOKEN_ERROR], mine[TOKEN_TEXT], other[TOKEN_TEXT];
    struct token_claims claims;
    const char *error;
    const struct token_grant grant = {.subject = TEXT("user/ann"), .now_ms = NOW, .ttl_s = 60};
    snprintf(private_path, sizeof private_path, "%s/ec.key", t->folder);
    snprintf(public_path, sizeof public_path, "%s/ec.pub", t->folder);
    assert_true(token_key_make(TOKEN_ES256, private_path, public_path, &error));
    struct token_key *key = token_key_load(private_path, &error);
    assert_true(token_sign(t->sign, &grant, mine));
    assert_true(token_sign(key, &grant, other));
    append(public_path, t->public_path);
    struct token_trust *both = token_case_trust(public_path, "", why);
    assert_non_null(both);
    assert_null(token_case_refused(both, mine));
    assert_true(token_check(both, bytes_of(other), NOW, &claims, &error));
    assert_true(token_trust_has(both, claims.key));
    assert_false(token_trust_has(t->trust, claims.key));
    assert_true(token_check(both, bytes_of(mine), NOW, &claims, &error));
    assert_true(token_trust_has(t->trust, claims.key));
    token_trust_free(both);
    token_key_free(key);
}

/* What is accepted after a rotation: tokens by the key before, and by the new one. */
static void rotation_keeps_the_keys_that_are_needed(void **state)
{
    struct token_case *t = *state;
    const int64_t now_s = NOW / 1000;
    char why[TOKEN_ERROR], first[TOKEN_TEXT], second[TOKEN_TEXT];
    const char *error;
    int kept;
    const struct token_grant grant = {.subject = TEXT("user/ann"), .now_ms = NOW, .ttl_s = 60};
    struct stat status;
    assert_true(token_sign(t->sign, &grant, first));
    assert_true(
        token_key_rotate(TOKEN_ES256, t->private_path, t->public_path, now_s, now_s + 100, &kept, &error));
    assert_int_equal(kept, 1);
    assert_int_equal(stat(t->private_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    struct token_key *key = token_key_load(t->private_path, &error);
    assert_true(token_sign(key, &grant, second));
    struct token_trust *trust = token_case_trust(t->public_path, "", why);
    assert_null(token_case_refused(trust, first));
    assert_null(token_case_refused(trust, second));
    token_trust_free(trust);

    /* The first is kept as long as the first rotation said, whatever later ones say. */
    assert_true(token_key_rotate(
        TOKEN_EDDSA, t->private_path, t->public_path, now_s + 50, now_s + 1000, &kept, &error));
    assert_int_equal(kept, 2);
    assert_true(token_key_rotate(
        TOKEN_EDDSA, t->private_path, t->public_path, now_s + 100, now_s + 1000, &kept, &error));
    assert_int_equal(kept, 2);
    trust = token_case_trust(t->public_path, "", why);
    assert_non_null(token_case_refused(trust, first));
    assert_null(token_case_refused(trust, second));
    token_trust_free(trust);

    assert_true(token_key_rotate(
        TOKEN_EDDSA, t->private_path, t->public_path, now_s + 100, now_s + 100, &kept, &error));
    assert_int_equal(kept, 0);
    trust = token_case_trust(t->public_path, "", why);
    assert_non_null(token_case_refused(trust, second));
    token_trust_free(trust);
    token_key_free(key);
    assert_false(token_key_rotate(TOKEN_EDDSA, t->private_path, token_case_file(t, "set", "{\"keys\":[]}"),
        now_s, now_s, &kept, &error));
}

/* ---- a provider ---- */

#define OURS "\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\","
#define TIMES "\"iat\":1795000000,\"exp\":1795000060"

/* Trust in our own keys, and in a provider with the keys one (EdDSA) and two (ES256). */
static struct token_trust *with_provider(struct token_case *t, EVP_PKEY *one, EVP_PKEY *two)
{
    char a[512], b[512], set[1200], why[TOKEN_ERROR];
    token_case_jwk(one, "\"kid\":\"one\",\"use\":\"sig\",\"alg\":\"EdDSA\",", a);
    token_case_jwk(two, "\"kid\":\"two\",\"key_ops\":[\"verify\"],", b);
    snprintf(set, sizeof set, " \n{\"keys\":[{\"kty\":\"RSA\"},%s,%s]}", a, b);
    struct token_trust *trust = token_case_trust(t->public_path, token_case_file(t, "jwks", set), why);
    if (!trust)
        fail_msg("%s", why);
    return trust;
}

static void a_provider_speaks_for_users(void **state)
{
    struct token_case *t = *state;
    static const char one[] = "{\"alg\":\"EdDSA\",\"kid\":\"one\",\"typ\":\"JWT\"}";
    static const char two[] = "{\"alg\":\"ES256\",\"kid\":\"two\",\"typ\":\"at+jwt\"}";
    static const struct {
        const char *header, *claims, *subject, *refused;
    } cases[] = {
        {one, "{" OURS TIMES ",\"email\":\"ann@example.org\",\"sub\":\"operator/root\"}",
            "user/oidc-ann_40example.org", NULL},
        {two, "{" OURS TIMES ",\"email\":\"A.b-9\"}", "user/oidc-A.b-9", NULL},
        {two, "{" OURS TIMES ",\"email\":\"a_b/\xc3\xa9\"}", "user/oidc-a_5fb_2f_c3_a9", NULL},
        {two, "{\"iss\":\"" ISSUER "\",\"aud\":[\"x\",\"" AUDIENCE "\"]," TIMES ",\"email\":\"ann\"}",
            "user/oidc-ann", NULL},
        {two, "{" OURS TIMES ",\"email\":\"ann\",\"officer\":\"chief\",\"instance\":\"x\"}", "user/oidc-ann",
            NULL},
        {one, "{\"iss\":\"https://evil.example\",\"aud\":\"" AUDIENCE "\"," TIMES ",\"email\":\"ann\"}", NULL,
            "the token is of another issuer"},
        {one, "{\"aud\":\"" AUDIENCE "\"," TIMES ",\"email\":\"ann\"}", NULL,
            "the token has no iss or no aud"},
        {one, "{\"iss\":\"" ISSUER "\"," TIMES ",\"email\":\"ann\"}", NULL, "the token has no iss or no aud"},
        {one, "{\"iss\":\"" ISSUER "\",\"aud\":[\"x\"]," TIMES ",\"email\":\"ann\"}", NULL,
            "the token is for another audience"},
        {one, "{\"iss\":\"" ISSUER "\",\"aud\":{\"a\":\"" AUDIENCE "\"}," TIMES ",\"email\":\"ann\"}", NULL,
            "the token is for another audience"},
        {one, "{" OURS TIMES "}", NULL, "the token has no claim that names the user"},
        {one, "{" OURS TIMES ",\"email\":\"\"}", NULL, "the token has no claim that names the user"},
        {one, "{" OURS TIMES ",\"email\":[\"ann\"]}", NULL, "the token has no claim that names the user"},
        {one, "{" OURS TIMES ",\"email\":\"0123456789012345678901234567890123456789012345678901234567@\"}",
            NULL, "the name of the token's user is too long for an id"},
        {one, "{" OURS "\"iat\":1795000000,\"email\":\"ann\"}", NULL, "the token has no exp"},
        {one, "{" OURS "\"iat\":1795000000,\"exp\":1794999999,\"email\":\"ann\"}", NULL,
            "the token ends before it begins, or never"},
        /* the right key under the other name, and no name where there are several */
        {"{\"alg\":\"EdDSA\",\"kid\":\"two\"}", "{" OURS TIMES ",\"email\":\"ann\"}", NULL,
            "no key here is the token's"},
        {EDDSA, "{" OURS TIMES ",\"email\":\"ann\"}", NULL, "the signature of the token is not by its key"},
    };
    EVP_PKEY *first = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), *second = EVP_EC_gen("P-256");
    struct token_trust *trust = with_provider(t, first, second);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char token[ANY_TOKEN];
        struct token_claims claims;
        const char *error;
        token_case_sign(
            strstr(cases[i].header, "ES256") ? second : first, cases[i].header, cases[i].claims, token);
        if (token_check(trust, bytes_of(token), NOW, &claims, &error) != (cases[i].subject != NULL))
            fail_msg("%s: %s", cases[i].claims, error ? error : "accepted");
        if (cases[i].refused) {
            assert_string_equal(error, cases[i].refused);
            continue;
        }
        assert_string_equal(claims.subject, cases[i].subject);
        assert_string_equal(claims.officer, "");
        assert_string_equal(claims.instance, "");
        assert_true(claims.of_provider);
    }
    token_trust_free(trust);
    EVP_PKEY_free(first);
    EVP_PKEY_free(second);
}

/* A provider cannot make one of our tokens, nor we one of its: the key decides by which rules it is read. */
static void sources_are_not_mixed_up(void **state)
{
    struct token_case *t = *state;
    char token[ANY_TOKEN];
    EVP_PKEY *one = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), *two = EVP_EC_gen("P-256");
    EVP_PKEY *mine = token_case_key(t->private_path);
    struct token_trust *trust = with_provider(t, one, two);
    token_case_sign(
        one, "{\"alg\":\"EdDSA\",\"kid\":\"one\"}", "{\"sub\":\"operator/root\"," TIMES "}", token);
    assert_string_equal(token_case_refused(trust, token), "the token has no iss or no aud");
    token_case_sign(mine, EDDSA, "{" OURS TIMES ",\"sub\":\"user/ann\",\"email\":\"ann\"}", token);
    assert_string_equal(token_case_refused(trust, token), "the token has a claim that ours have not");
    token_trust_free(trust);
    EVP_PKEY_free(one);
    EVP_PKEY_free(two);
    EVP_PKEY_free(mine);
}

/* The same key under other rules is another one, so that connections are looked at anew. */
static void rules_are_part_of_the_key(void **state)
{
    struct token_case *t = *state;
    char jwk[512], set[600], why[TOKEN_ERROR], token[ANY_TOKEN];
    struct token_claims claims;
    const char *error;
    EVP_PKEY *one = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    token_case_jwk(one, "", jwk);
    snprintf(set, sizeof set, "{\"keys\":[%s]}", jwk);
    struct token_sources sources = {.own_keys = t->public_path,
        .provider_keys = token_case_file(t, "jwks", set),
        .issuer = ISSUER,
        .audience = AUDIENCE,
        .claim = "email",
        .prefix = ""};
    struct token_trust *trust = token_trust_load(&sources, why);
    token_case_sign(one, EDDSA, "{" OURS TIMES ",\"email\":\"ann\"}", token); /* its only key needs no name */
    assert_true(token_check(trust, bytes_of(token), NOW, &claims, &error));
    assert_string_equal(claims.subject, "user/ann");
    sources.prefix = "oidc-";
    struct token_trust *other = token_trust_load(&sources, why);
    assert_true(token_trust_has(trust, claims.key));
    assert_false(token_trust_has(other, claims.key));
    token_trust_free(trust);
    token_trust_free(other);
    EVP_PKEY_free(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            keys_are_private_and_never_overwritten, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(modes_are_looked_at, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(bad_files_are_refused_by_name, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(several_keys_are_good_at_once, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(
            rotation_keeps_the_keys_that_are_needed, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(a_provider_speaks_for_users, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(sources_are_not_mixed_up, token_case_begin, token_case_end),
        cmocka_unit_test_setup_teardown(rules_are_part_of_the_key, token_case_begin, token_case_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
