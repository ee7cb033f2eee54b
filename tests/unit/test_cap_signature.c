/* Signed CAP documents: made here with keys of the test's own, then changed, wrapped, signed in ways that are
 * not verified, signed twice; and real ones, where they lie beside the repository. */

#include "bridge/cap/signature.h"
#include "tests/unit/test_cap.h"
#include "tests/unit/test_cap_signer.h"

static struct arena arena;
static struct signer police, other, elliptic;
static struct bytes plain;

static int prepare(void **state)
{
    static struct bytes whole;
    const char *why;
    (void)state;
    arena_init(&arena, NULL, 0);
    whole = cap_load(CAP_DATA "whole.xml");
    plain = (struct bytes){(uint8_t *)arena_copy(&arena, whole.data, whole.len), whole.len};
    free((void *)(uintptr_t)whole.data);
    assert_int_equal(cap_signature_integrity(plain, &why), CAP_SIGNATURE_NONE); /* makes xmlsec1 ready */
    police = signer_new("RSA", &arena);
    other = signer_new("RSA", &arena);
    elliptic = signer_new("EC", &arena);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* The answer with that signer's certificate; `why` is held to be told when it must. */
static enum cap_signature with(const struct signer *signer, struct bytes document)
{
    const char *why;
    enum cap_signature answer = cap_signature_check(document, signer->certificate_pem, &why);
    assert_true((why == NULL) == (answer == CAP_SIGNATURE_GOOD || answer == CAP_SIGNATURE_NONE));
    return answer;
}

static enum cap_signature alone(struct bytes document)
{
    const char *why;
    return cap_signature_integrity(document, &why);
}

static struct bytes replaced(struct bytes document, const char *find, const char *put)
{
    return signer_replace(document, find, put, &arena);
}

static struct bytes signed_by(const struct signer *signer, const struct signing *how)
{
    return signer_sign(signer, how, plain, &arena);
}

/* Every method that is verified, and only with the enrolled key. */
static void methods(void **state)
{
    static const char *const c14n[] = {"http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11", EXCLUSIVE_, EXCLUSIVE_ "WithComments"};
    static const char *const digests[] = {
        "http://www.w3.org/2001/04/xmlenc#sha256", MORE_ "sha384", "http://www.w3.org/2001/04/xmlenc#sha512"};
    static const char *const rsa[] = {MORE_ "rsa-sha256", MORE_ "rsa-sha384", MORE_ "rsa-sha512"};
    static const char *const ecdsa[] = {MORE_ "ecdsa-sha256", MORE_ "ecdsa-sha384", MORE_ "ecdsa-sha512"};
    (void)state;
    for (int way = 0; way < 12; way++) {
        const struct signer *signer = way % 2 ? &elliptic : &police;
        struct signing how = {.canonicalization = c14n[way % 4],
            .digest = digests[way % 3],
            .method = (way % 2 ? ecdsa : rsa)[way / 4],
            .transforms = way % 4 == 0 ? ENVELOPED_ : NULL};
        struct bytes document = signed_by(signer, &how);
        assert_int_equal(with(signer, document), CAP_SIGNATURE_GOOD);
        assert_int_equal(with(&other, document), CAP_SIGNATURE_FAILED);
        assert_int_equal(with(way % 2 ? &police : &elliptic, document), CAP_SIGNATURE_FAILED);
        assert_int_equal(alone(document), CAP_SIGNATURE_GOOD);
    }
}

/* Whatever of a signed document is changed. */
static void changed(void **state)
{
    static const char *const changes[][2] = {{"Evite el bulevar", "Tome el bulevar"}, {"Actual", "Test"},
        {"34.10,-118.07", "34.11,-118.07"}, {"<note>", "<note >x"}, {"<code>second</code>", ""},
        {"<identifier>EM", "<identifier>EN"}, {"<info>", "<info><language>fr</language></info><info>"},
        {"</Signature>", "</Signature><note>more</note>"}};
    struct bytes document = signed_by(&police, NULL);
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct bytes another = replaced(document, changes[i][0], changes[i][1]);
        assert_int_equal(with(&police, another), CAP_SIGNATURE_FAILED);
        assert_int_equal(alone(another), CAP_SIGNATURE_FAILED);
    }
    assert_int_equal(with(&police, plain), CAP_SIGNATURE_NONE);
}

/* The spare bits of base64 may not be used to make another document of a signed one. */
static void spare_bits(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char *const ends[] = {"</DigestValue>", "</SignatureValue>"};
    struct bytes document = signed_by(&police, NULL);
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t *copy = (uint8_t *)arena_copy(&arena, document.data, document.len);
        uint8_t *end = memmem(copy, document.len, ends[i], strlen(ends[i]));
        assert_non_null(end);
        while (end[-1] == '=' || end[-1] == '\n')
            end--;
        end[-1] = (uint8_t)alphabet[(strchr(alphabet, end[-1]) - alphabet) | 1];
        assert_int_equal(with(&police, (struct bytes){copy, document.len}), CAP_SIGNATURE_FAILED);
    }
}

/* The key that a document brings is worth nothing. */
static void own_key(void **state)
{
    struct bytes document = signed_by(&other, NULL);
    const char *of_police = arena_printf(
        &arena, "<X509Data><X509Certificate>%s</X509Certificate></X509Data>", police.certificate);
    struct signing lies = {.key_info = of_police};
    const char *why;
    (void)state;
    assert_int_equal(alone(document), CAP_SIGNATURE_GOOD);
    assert_int_equal(with(&police, document), CAP_SIGNATURE_FAILED);
    assert_int_equal(with(&police, signed_by(&other, &lies)), CAP_SIGNATURE_FAILED);
    assert_int_equal(alone(signed_by(&other, &lies)), CAP_SIGNATURE_FAILED);
    struct signing bare = {.key_info = "<KeyName>police</KeyName>"};
    assert_int_equal(alone(signed_by(&police, &bare)), CAP_SIGNATURE_CANNOT);
    assert_int_equal(with(&police, signed_by(&police, &bare)), CAP_SIGNATURE_GOOD);
    assert_int_equal(cap_signature_check(document, TEXT("no certificate"), &why), CAP_SIGNATURE_CANNOT);
    assert_int_equal(cap_signature_check(document, TEXT(""), &why), CAP_SIGNATURE_CANNOT);
}

/* Signed, then signed by a network too: each counts, with what was added after it left out. */
static void two_signatures(void **state)
{
    struct bytes once = signed_by(&police, NULL), twice = signer_sign(&other, NULL, once, &arena);
    (void)state;
    assert_int_equal(with(&police, twice), CAP_SIGNATURE_GOOD);
    assert_int_equal(with(&other, twice), CAP_SIGNATURE_GOOD);
    assert_int_equal(with(&elliptic, twice), CAP_SIGNATURE_FAILED);
    struct bytes another = replaced(twice, "Evite el bulevar", "Tome el bulevar");
    assert_int_equal(with(&police, another), CAP_SIGNATURE_FAILED);
    assert_int_equal(with(&other, another), CAP_SIGNATURE_FAILED);
}

/* Signed without blanks, then made pretty with a style sheet. */
static void made_pretty(void **state)
{
    static const char compact[] =
        "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>a</identifier><sender>b</sender>"
        "<sent>2026-03-01T09:00:00-08:00</sent><status>Actual</status><msgType>Alert</msgType>"
        "<scope>Public</scope><note>a b</note></alert>";
    struct bytes document =
        signer_sign(&police, NULL, (struct bytes){(const uint8_t *)compact, strlen(compact)}, &arena);
    (void)state;
    struct bytes pretty =
        replaced(document, "<alert", "<?xml-stylesheet href=\"http://127.0.0.1:1/x\"?>\n<alert");
    pretty = replaced(pretty, "<sender>", "\n  <sender>");
    pretty = replaced(pretty, "<SignedInfo>", "\n    <SignedInfo>\n");
    pretty = replaced(pretty, "</KeyInfo>", "\n  </KeyInfo>\n");
    pretty = replaced(pretty, "</alert>", "\n</alert>");
    assert_int_equal(with(&police, pretty), CAP_SIGNATURE_GOOD);
    assert_int_equal(with(&police, replaced(pretty, "a b", "a  b")), CAP_SIGNATURE_FAILED);
    assert_int_equal(with(&police, replaced(pretty, "a b", " ")), CAP_SIGNATURE_FAILED);
    assert_int_equal(with(&other, pretty), CAP_SIGNATURE_FAILED);
}

/* What stands in a Signature beside what verification needs is not of what it signs. */
static void objects(void **state)
{
    static const char *const added[] = {"<Object xmlns=\"\"><SignatureProperties/></Object></Signature>",
        "<Object>any</Object><x:y xmlns:x=\"urn:x\"/></Signature>"};
    struct bytes document = signed_by(&police, NULL);
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bytes more = replaced(document, "</Signature>", added[i]);
        assert_int_equal(with(&police, more), CAP_SIGNATURE_GOOD);
        assert_int_equal(alone(more), CAP_SIGNATURE_GOOD);
        assert_int_equal(with(&other, more), CAP_SIGNATURE_FAILED);
        struct bytes changed_too = replaced(more, "Evite el bulevar", "Tome el bulevar");
        assert_int_equal(with(&police, changed_too), CAP_SIGNATURE_FAILED);
        assert_int_equal(alone(changed_too), CAP_SIGNATURE_CANNOT); /* whose it is, is not known */
    }
    /* A structure that xmlsec1 does not know says nothing about the document. */
    struct bytes strange = replaced(document, "<SignedInfo>", "<SignedInfo><x:y xmlns:x=\"urn:x\"/>");
    assert_int_equal(alone(strange), CAP_SIGNATURE_CANNOT);
    assert_int_equal(with(&police, strange), CAP_SIGNATURE_FAILED);
}

/* Forms that are not verified, though some of them would fit. */
static void other_forms(void **state)
{
    static const struct signing forms[] = {
        {.method = DSIG_ "rsa-sha1"},
        {.digest = DSIG_ "sha1"},
        {.transforms = ENVELOPED_ "<Transform Algorithm=\"" EXCLUSIVE_
                                  "\"/><Transform Algorithm=\"" EXCLUSIVE_ "\"/>"},
        {.transforms = ENVELOPED_ "<Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\">"
                                  "<XPath>not(ancestor-or-self::*[local-name()='info'])</XPath></Transform>"},
        {.transforms = ENVELOPED_
            "<Transform Algorithm=\"http://www.w3.org/2002/06/xmldsig-filter2\"><XPath "
            "xmlns=\"http://www.w3.org/2002/06/xmldsig-filter2\" Filter=\"subtract\">//*[local-name()='info']"
            "</XPath></Transform>"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct bytes document = signed_by(&police, &forms[i]);
        assert_int_equal(with(&police, document), CAP_SIGNATURE_CANNOT);
        assert_int_equal(alone(document), CAP_SIGNATURE_CANNOT);
    }
}

/* Changed into a form that is not verified: nothing is fetched, and nothing crashes. */
static void changed_forms(void **state)
{
    static const char *const changes[][2] = {{"URI=\"\"", "URI=\"#a\""},
        {"<Transforms>", "<Transforms>" ENVELOPED_},
        {"<Transforms>", "<Transforms><Transform Algorithm=\"" EXCLUSIVE_ "\"/>"}, {ENVELOPED_, ""},
        {"URI=\"\"", ""}, {"URI=\"\"", "URI=\"http://127.0.0.1:1/a\""},
        {"URI=\"\"", "URI=\"file:///etc/hostname\""}, {"URI=\"\"", "URI=\"#xpointer(/)\""},
        {"</Reference>", "</Reference><Reference URI=\"\"/>"},
        {"<Transforms>", "<Transforms><Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\">"
                         "<x:stylesheet xmlns:x=\"http://www.w3.org/1999/XSL/Transform\"/></Transform>"},
        {"<SignedInfo>", "<SignedInfo><SignedInfo/>"}, {"<SignedInfo>", "<SignedInfo/><SignedInfo>"},
        {"rsa-sha256", "rsa-md5"}, {"rsa-sha256", "hmac-sha256"}, {"xmlenc#sha256", "xmlenc#sha257"},
        {"<CanonicalizationMethod Algorithm=\"http", "<CanonicalizationMethod Algorithm=\"x"}};
    struct bytes document = signed_by(&police, NULL);
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct bytes another = replaced(document, changes[i][0], changes[i][1]);
        enum cap_signature answer = with(&police, another);
        if (answer != CAP_SIGNATURE_CANNOT && answer != CAP_SIGNATURE_FAILED)
            fail_msg("%s: %d", changes[i][1], (int)answer);
    }
    struct bytes emptied =
        replaced(plain, "</alert>", "<Signature xmlns=\"" DSIG_ "\">...</Signature></alert>");
    assert_int_equal(with(&police, emptied), CAP_SIGNATURE_CANNOT);
    assert_int_equal(alone(emptied), CAP_SIGNATURE_CANNOT);
}

/* A true signature moved into another document, with all that it signed beside it. */
static void wrapped(void **state)
{
    struct bytes document = signed_by(&police, NULL);
    const char *text = arena_copy(&arena, document.data, document.len);
    const char *root = strstr(text, "<alert"), *signature = strstr(text, "<Signature");
    (void)state;
    assert_true(root && signature);
    size_t signature_len = strlen(signature) - strlen("</alert>\n");
    const char *forged =
        "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>forged</identifier>%s</alert>";
    const char *original = arena_printf(&arena, "<Object>%s</Object></Signature>", root);
    struct bytes stolen = {(const uint8_t *)arena_copy(&arena, signature, signature_len), signature_len};
    struct bytes in_object = replaced(stolen, "</Signature>", original);
    const struct bytes documents[] = {stolen, in_object};
    for (size_t i = 0; i < 2; i++) {
        const char *wrapping =
            arena_printf(&arena, forged, arena_copy(&arena, documents[i].data, documents[i].len));
        assert_int_equal(
            with(&police, (struct bytes){(const uint8_t *)wrapping, strlen(wrapping)}), CAP_SIGNATURE_FAILED);
    }
    /* Deeper than as a child of alert it is no signature of the document. */
    const char *deeper = arena_printf(&arena, forged, root);
    assert_int_equal(
        with(&police, (struct bytes){(const uint8_t *)deeper, strlen(deeper)}), CAP_SIGNATURE_NONE);
    /* An id that the reference could name stays unused: two elements called a, one of them signed. */
    struct bytes by_id = replaced(replaced(document, "URI=\"\"", "URI=\"#a\""), "<info>", "<info Id=\"a\">");
    assert_int_equal(with(&police, by_id), CAP_SIGNATURE_CANNOT);
    struct bytes typed = replaced(document, "<alert", "<!DOCTYPE alert><alert");
    assert_int_equal(with(&police, typed), CAP_SIGNATURE_CANNOT);
}

/* What it costs at most, whatever is signed and how often. */
static void costs(void **state)
{
    enum { TAGS = 24000 };
    static const char pair[] = "<parameter><valueName>a</valueName><value>b</value></parameter>";
    struct bytes document = signed_by(&police, NULL);
    (void)state;
    char *many = arena_take(&arena, TAGS * (sizeof pair - 1) + 1);
    for (size_t i = 0; i < TAGS; i++)
        memcpy(many + i * (sizeof pair - 1), pair, sizeof pair);
    const char *text = arena_copy(&arena, document.data, document.len), *at = strstr(text, "<Signature");
    const char *copy = arena_printf(&arena, "%.*s</alert>", (int)(strlen(at) - strlen("</alert>\n")), at);
    document = replaced(document, "<parameter>", arena_printf(&arena, "%s<parameter>", many));
    for (int i = 0; i < 3; i++)
        document = replaced(document, "</alert>", copy);
    double before = cap_cpu_ms();
    assert_int_not_equal(with(&police, document), CAP_SIGNATURE_GOOD);
    cap_assert_bounded("signatures", cap_cpu_ms() - before);
}

/* Base64 in lines of 64, as PEM has it. */
static const char *pem_of(const char *base64, size_t len)
{
    char *pem = arena_take(&arena, 2 * len + 100), *to = pem + sprintf(pem, "-----BEGIN CERTIFICATE-----");
    size_t column = 0;
    for (size_t i = 0; i < len; i++) {
        if (strchr(" \r\n", base64[i]))
            continue;
        if (column++ % 64 == 0)
            *to++ = '\n';
        *to++ = base64[i];
    }
    sprintf(to, "\n-----END CERTIFICATE-----\n");
    return pem;
}

/* Real ones. */
static void real_documents(void **state)
{
    static const char *const good[] = {"valid/ipaws-lew-carroll-md-2019.xml",
        "valid/oasiscap-ipaws-5e6ddbad023f1930ef6c1a5a.xml", "valid/wmo-bf-valid.xml"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct bytes document = cap_load(arena_printf(&arena, CAP_SHARED "%s", good[i]));
        if (!document.data) {
            print_message("skipped: there is no " CAP_SHARED "%s\n", good[i]);
            skip();
        }
        assert_int_equal(alone(document), CAP_SIGNATURE_GOOD);
        assert_int_equal(with(&police, document), CAP_SIGNATURE_FAILED);
        const char *start = strstr((const char *)document.data, "X509Certificate>");
        assert_non_null(start);
        start += strlen("X509Certificate>");
        struct signer enrolled = {.certificate_pem = text_of(pem_of(start, strcspn(start, "<")))};
        assert_int_equal(with(&enrolled, document), CAP_SIGNATURE_GOOD);
        assert_int_equal(
            with(&enrolled, replaced(document, "<severity>", "<severity> ")), CAP_SIGNATURE_FAILED);
        free((void *)(uintptr_t)document.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods),
        cmocka_unit_test(changed),
        cmocka_unit_test(spare_bits),
        cmocka_unit_test(own_key),
        cmocka_unit_test(two_signatures),
        cmocka_unit_test(made_pretty),
        cmocka_unit_test(objects),
        cmocka_unit_test(other_forms),
        cmocka_unit_test(changed_forms),
        cmocka_unit_test(wrapped),
        cmocka_unit_test(costs),
        cmocka_unit_test(real_documents),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
