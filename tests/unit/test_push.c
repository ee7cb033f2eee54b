/* Push messages: the example of RFC 8291 to the byte, a length that tells nothing, tokens as RFC 8292 has
 * them, and the endpoints that nothing is sent to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "bridge/base64url.h"
#include "bridge/private_address.h"
#include "bridge/push/push_host.h"
#include "bridge/push/push_key.h"
#include "bridge/push/push_seal.h"

/* RFC 8291, section 5 and appendix A. */
static const char plain[] = "When I grow up, I want to be a watermelon";
static const char sender_private[] = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
static const char sender_public[] =
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
static const char browser_public[] =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
static const char auth_secret[] = "BTBZMqHH6r4Tts7J_aSIgg";
static const char salt_text[] = "DGv6ra1nlYgDCS1FRnbzlw";
static const char sealed_text[] =
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqK"
    "K6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";

static size_t bytes_of(const char *text, uint8_t *out, size_t room)
{
    size_t len;
    assert_true(base64url_decode(text_of(text), out, room, &len));
    return len;
}

/* A key of both parts. */
static EVP_PKEY *pair_of(const char *private_text, const char *public_text)
{
    uint8_t scalar[32], point[PUSH_PUBLIC_KEY];
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    bytes_of(private_text, scalar, sizeof scalar);
    bytes_of(public_text, point, sizeof point);
    BIGNUM *number = BN_bin2bn(scalar, sizeof scalar, NULL);
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    BN_free(number);
    return key;
}

static void the_example_of_the_standard(void **state)
{
    uint8_t to[PUSH_PUBLIC_KEY], auth[PUSH_AUTH], expected[256], sealed[sizeof plain - 1 + PUSH_SEAL_EXTRA];
    struct push_once once = {.key = pair_of(sender_private, sender_public)};
    (void)state;
    bytes_of(browser_public, to, sizeof to);
    bytes_of(auth_secret, auth, sizeof auth);
    bytes_of(salt_text, once.salt, sizeof once.salt);
    assert_int_equal(bytes_of(sealed_text, expected, sizeof expected), sizeof sealed);
    assert_true(push_seal((struct bytes){to, sizeof to}, auth,
        (struct bytes){(const uint8_t *)plain, sizeof plain - 1}, sizeof plain - 1, &once, sealed));
    assert_memory_equal(sealed, expected, sizeof sealed);
    EVP_PKEY_free(once.key);
}

/* Two messages of different length are equally long, and two of the same text are nowhere alike. */
static void lengths_tell_nothing(void **state)
{
    static uint8_t one[PUSH_BODY], other[PUSH_BODY], longest[PUSH_PAYLOAD];
    uint8_t to[PUSH_PUBLIC_KEY], auth[PUSH_AUTH] = {1};
    struct bytes key = {to, bytes_of(browser_public, to, sizeof to)};
    (void)state;
    assert_int_equal(PUSH_BODY, 2048);
    assert_true(push_seal(key, auth, (struct bytes){NULL, 0}, PUSH_PAYLOAD, NULL, one));
    assert_true(push_seal(key, auth, (struct bytes){NULL, 0}, PUSH_PAYLOAD, NULL, other));
    assert_memory_not_equal(one, other, PUSH_SALT);
    assert_memory_not_equal(one + PUSH_SALT + 5, other + PUSH_SALT + 5, PUSH_PUBLIC_KEY);
    assert_memory_not_equal(one + PUSH_SEAL_HEAD, other + PUSH_SEAL_HEAD, 64);
    assert_true(push_seal(key, auth, (struct bytes){longest, sizeof longest}, PUSH_PAYLOAD, NULL, other));
}

static void what_is_no_point_is_no_key(void **state)
{
    uint8_t to[PUSH_PUBLIC_KEY], out[PUSH_BODY], auth[PUSH_AUTH] = {1};
    (void)state;
    bytes_of(browser_public, to, sizeof to);
    EVP_PKEY *key = push_seal_point((struct bytes){to, sizeof to});
    assert_non_null(key);
    EVP_PKEY_free(key);
    assert_null(push_seal_point((struct bytes){to, sizeof to - 1}));
    to[64] ^= 1; /* off the curve */
    assert_null(push_seal_point((struct bytes){to, sizeof to}));
    assert_false(push_seal((struct bytes){to, sizeof to}, auth, (struct bytes){NULL, 0}, 0, NULL, out));
}

/* ---- tokens ---- */

static void write_key(const char *path, EVP_PKEY *key, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_true(file && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void key_files(void **state)
{
    char path[] = "/tmp/test_push.XXXXXX";
    const char *error;
    EVP_PKEY *good = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-384");
    (void)state;
    close(mkstemp(path));
    write_key(path, good, 0600);
    struct push_key *key = push_key_load(path, &error);
    assert_non_null(key);
    assert_int_equal(push_key_public(key).len, PUSH_PUBLIC_KEY);
    push_key_free(key);
    write_key(path, good, 0644);
    assert_null(push_key_load(path, &error));
    assert_non_null(strstr(error, "not closed to others"));
    write_key(path, other, 0600);
    assert_null(push_key_load(path, &error));
    assert_non_null(strstr(error, "P-256"));
    unlink(path);
    assert_null(push_key_load(path, &error));
    assert_non_null(strstr(error, "No such file"));
    EVP_PKEY_free(good);
    EVP_PKEY_free(other);
}

/* As the push service checks it, with nothing but the header. */
static bool verifies(EVP_PKEY *key, const char *text, size_t len, const uint8_t signature[64])
{
    uint8_t der[80], *at = der;
    ECDSA_SIG *parts = ECDSA_SIG_new();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ECDSA_SIG_set0(parts, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL));
    int der_len = i2d_ECDSA_SIG(parts, &at);
    bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, der, (size_t)der_len, (const uint8_t *)text, len) == 1;
    ECDSA_SIG_free(parts);
    EVP_MD_CTX_free(context);
    return good;
}

static json_t *part_of(const char *text, size_t len)
{
    uint8_t bytes[512];
    size_t size;
    assert_true(base64url_decode((struct text){text, len}, bytes, sizeof bytes, &size));
    return json_loadb((const char *)bytes, size, 0, NULL);
}

static void tokens(void **state)
{
    char path[] = "/tmp/test_push.XXXXXX", header[PUSH_AUTHORIZATION];
    const char *error;
    uint8_t signature[64], point[PUSH_PUBLIC_KEY];
    EVP_PKEY *made = EVP_EC_gen("P-256");
    (void)state;
    close(mkstemp(path));
    write_key(path, made, 0600);
    struct push_key *key = push_key_load(path, &error);
    unlink(path);
    assert_true(push_key_authorization(key, "https://push.example", "mailto:op@example.org", 1000, header));
    char *token = strstr(header, "vapid t="), *end = strstr(header, ", k=");
    assert_ptr_equal(token, header);
    assert_non_null(end);
    *end = '\0';
    token += 8;
    char *claims = strchr(token, '.') + 1, *last = strrchr(token, '.') + 1;
    assert_int_equal(bytes_of(last, signature, sizeof signature), 64);
    assert_true(verifies(made, token, (size_t)(last - 1 - token), signature));
    assert_false(verifies(made, token, (size_t)(last - 2 - token), signature));
    json_t *head = part_of(token, (size_t)(claims - 1 - token));
    json_t *said = part_of(claims, (size_t)(last - 1 - claims));
    assert_string_equal(json_string_value(json_object_get(head, "alg")), "ES256");
    assert_string_equal(json_string_value(json_object_get(said, "aud")), "https://push.example");
    assert_string_equal(json_string_value(json_object_get(said, "sub")), "mailto:op@example.org");
    assert_int_equal(json_integer_value(json_object_get(said, "exp")), 1000 + PUSH_TOKEN_S);
    assert_int_equal(bytes_of(end + 4, point, sizeof point), sizeof point);
    assert_memory_equal(point, push_key_public(key).data, sizeof point);
    json_decref(head);
    json_decref(said);
    push_key_free(key);
    EVP_PKEY_free(made);
}

/* ---- where messages may go ---- */

static void hosts(void **state)
{
    static const char list[] = "push.example, other.example 127.0.0.1:8443 [::1]:9443";
    static const struct {
        const char *endpoint, *origin, *rule; /* origin NULL: refused */
        bool exact;
    } cases[] = {
        {"https://push.example/a/b?c", "https://push.example", NULL, false},
        {"https://eu.push.example/a", "https://eu.push.example", NULL, false},
        {"https://push.example:443/a", "https://push.example", NULL, false},
        {"https://127.0.0.1:8443/a", "https://127.0.0.1:8443", NULL, true},
        {"https://[::1]:9443/a", "https://[::1]:9443", NULL, true},
        {"http://push.example/a", NULL, "https", false},
        {"ftp://push.example/a", NULL, "https", false},
        {"push.example/a", NULL, "https", false},
        {"https://push.example:8443/a", NULL, "allows", false},
        {"https://evilpush.example/a", NULL, "allows", false},
        {"https://push.example.evil.org/a", NULL, "allows", false},
        {"https://push.example./a", NULL, "host", false},
        {"https://PUSH.EXAMPLE/a", NULL, "host", false},
        {"https://127.0.0.1/a", NULL, "allows", false},
        {"https://127.0.0.1:8444/a", NULL, "allows", false},
        {"https://169.254.169.254/a", NULL, "allows", false},
        {"https://push.example@127.0.0.1/a", NULL, "user", false},
        {"https://127.0.0.1:8443#@push.example/", NULL, "fragment", false},
        {"https://push.example\\@evil.org/", NULL, "", false},
        {"https:///a", NULL, "", false},
        {"https://", NULL, "", false},
        {"", NULL, "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char origin[PUSH_ORIGIN] = "";
        const char *rule = NULL;
        bool exact, allowed = push_host_allows(list, cases[i].endpoint, origin, &exact, &rule);
        if (allowed != (cases[i].origin != NULL))
            fail_msg("%s: %s", cases[i].endpoint, allowed ? "allowed" : rule);
        if (allowed) {
            assert_string_equal(origin, cases[i].origin);
            assert_int_equal(exact, cases[i].exact);
        } else if (!strstr(rule, cases[i].rule)) {
            fail_msg("%s: %s", cases[i].endpoint, rule);
        }
    }
    assert_true(push_hosts_valid(list));
    assert_true(push_hosts_valid(""));
    assert_false(push_hosts_valid("Push.Example"));
    assert_false(push_hosts_valid("https://push.example"));
    assert_false(push_hosts_valid(".example"));
}

static void private_addresses(void **state)
{
    static const struct {
        uint32_t address;
        bool is_private;
    } cases[] = {{0x7f000001, true}, {0x0a010203, true}, {0xac1fffff, true}, {0xac200000, false},
        {0xc0a80101, true}, {0xa9fea9fe, true}, {0x08080808, false}, {0x64400001, true}, {0xe0000001, true}};
    const struct sockaddr local = {.sa_family = AF_UNIX};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(cases[i].address)};
        assert_int_equal(private_address((const struct sockaddr *)&v4), cases[i].is_private);
    }
    assert_true(private_address(&local));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_standard),
        cmocka_unit_test(lengths_tell_nothing),
        cmocka_unit_test(what_is_no_point_is_no_key),
        cmocka_unit_test(key_files),
        cmocka_unit_test(tokens),
        cmocka_unit_test(hosts),
        cmocka_unit_test(private_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
