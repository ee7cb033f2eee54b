/* What is sealed to a certificate opens with its key, with ours and with the command `openssl cms`, and with
 * no other; what has not the form of it is told from it. */
#include "bridge/seal_cms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/recipient.h"

static struct arena arena;
static const char words[] = "{\"note\":\"he went north\"}";
static const struct bytes plain = {(const uint8_t *)words, sizeof(words) - 1};

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

static struct bytes der_of(const struct recipient *recipient)
{
    struct bytes der;
    const char *why;
    assert_true(seal_cms_certificate(recipient->certificate, &arena, &der, &why));
    return der;
}

static struct bytes sealed_to(const struct recipient *recipient, struct bytes what)
{
    struct bytes sealed;
    const char *why;
    assert_true(seal_cms_seal(der_of(recipient), what, &arena, &sealed, &why));
    return sealed;
}

static void test_who_has_the_key_opens_it_and_nobody_else(void **state)
{
    static const char *const kinds[] = {"RSA", "EC"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct recipient agency = recipient_new(kinds[i], &arena), other = recipient_new(kinds[i], &arena);
        struct bytes sealed = sealed_to(&agency, plain), again = sealed_to(&agency, plain), opened;
        const char *why;
        assert_true(seal_cms_has_form(sealed));
        assert_null(memmem(sealed.data, sealed.len, words, sizeof(words) - 1));
        assert_false(bytes_equal(sealed, again));
        assert_true(seal_cms_open(sealed, agency.key, &arena, &opened, &why));
        assert_true(bytes_equal(opened, plain));
        if (seal_cms_open(sealed, other.key, &arena, &opened, &why))
            assert_false(bytes_equal(opened, plain)); /* with RSA a wrong key gives noise, or nothing */
        assert_false(seal_cms_open(sealed, TEXT("no key"), &arena, &opened, &why));
        assert_string_equal(why, "no private key in PEM without a pass phrase");
        assert_false(seal_cms_open(plain, agency.key, &arena, &opened, &why));
        assert_string_equal(why, "not something sealed (CMS EnvelopedData, DER)");
    }
}

static void writes(const char *folder, const char *name, struct bytes content)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content.data, 1, content.len, file), content.len);
    assert_int_equal(fclose(file), 0);
}

static void test_the_openssl_command_opens_it(void **state)
{
    static const char *const kinds[] = {"RSA", "EC"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct recipient agency = recipient_new(kinds[i], &arena);
        char folder[] = "/tmp/seal-cms-XXXXXX", command[400], line[100] = "";
        assert_non_null(mkdtemp(folder));
        writes(folder, "sealed", sealed_to(&agency, plain));
        writes(folder, "key", (struct bytes){(const uint8_t *)agency.key.data, agency.key.len});
        snprintf(command, sizeof(command),
            "cd %s && openssl cms -decrypt -binary -inform DER -in sealed -inkey key", folder);
        FILE *openssl = popen(command, "r");
        assert_non_null(openssl);
        assert_non_null(fgets(line, sizeof(line), openssl));
        assert_int_equal(pclose(openssl), 0);
        assert_string_equal(line, words);
        snprintf(command, sizeof(command), "rm -r %s", folder);
        assert_int_equal(system(command), 0);
    }
}

static void test_large_and_empty_things_are_sealed(void **state)
{
    static const uint8_t large[45000] = {1, 2, 3};
    const struct bytes things[] = {{large, sizeof(large)}, {large, 0}};
    struct recipient agency = recipient_new("EC", &arena);
    struct bytes opened;
    const char *why;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bytes sealed = sealed_to(&agency, things[i]);
        assert_true(sealed.len < things[i].len + 1024);
        assert_true(seal_cms_open(sealed, agency.key, &arena, &opened, &why));
        assert_true(bytes_equal(opened, things[i]));
    }
}

static void test_what_has_not_the_form_is_known(void **state)
{
    struct recipient agency = recipient_new("RSA", &arena);
    struct bytes sealed = sealed_to(&agency, plain);
    uint8_t *changed = (uint8_t *)arena_copy(&arena, sealed.data, sealed.len);
    (void)state;
    assert_false(seal_cms_has_form((struct bytes){0}));
    assert_false(seal_cms_has_form(plain));
    assert_false(seal_cms_has_form(der_of(&agency)));
    for (size_t len = 0; len < sealed.len; len += 7)
        assert_false(seal_cms_has_form((struct bytes){sealed.data, len}));
    /* something behind it; the NUL that arena_copy puts there */
    assert_false(seal_cms_has_form((struct bytes){changed, sealed.len + 1}));
    changed[1] = 0x80; /* of no definite length: BER */
    assert_false(seal_cms_has_form((struct bytes){changed, sealed.len}));
}

static void test_certificates_to_which_nothing_can_be_sealed(void **state)
{
    struct recipient signer = recipient_new("ED25519", &arena);
    struct bytes der;
    const char *why;
    (void)state;
    assert_false(seal_cms_certificate(signer.certificate, &arena, &der, &why));
    assert_string_equal(why, "nothing can be sealed to its key: RSA or EC is needed");
    assert_false(seal_cms_certificate(TEXT("-----BEGIN CERTIFICATE-----\nAAAA\n"), &arena, &der, &why));
    assert_string_equal(why, "no certificate in PEM");
    assert_false(seal_cms_certificate((struct text){0}, &arena, &der, &why));
    assert_false(seal_cms_seal(plain, plain, &arena, &der, &why));
    assert_string_equal(why, "no certificate in PEM");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begins, ends)
    const struct CMUnitTest tests[] = {
        TEST(test_who_has_the_key_opens_it_and_nobody_else),
        TEST(test_the_openssl_command_opens_it),
        TEST(test_large_and_empty_things_are_sealed),
        TEST(test_what_has_not_the_form_is_known),
        TEST(test_certificates_to_which_nothing_can_be_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
