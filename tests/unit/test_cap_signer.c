/* Signs CAP documents with xmlsec1, as agencies do. */
#include "tests/unit/test_cap_signer.h"

#include <libxml/parser.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <xmlsec/crypto.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

#include "tests/unit/test_cap.h"

static struct text taken(BIO *bio, struct arena *arena)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    struct text text = {arena_copy(arena, data, (size_t)len), (size_t)len};
    BIO_free(bio);
    return text;
}

static X509 *certify(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    assert_int_equal(X509_set_version(certificate, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), -7200));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), -3600)); /* its time is not looked at */
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"agency/police", -1, -1, 0);
    assert_int_equal(X509_set_issuer_name(certificate, name), 1);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

struct signer signer_new(const char *kind, struct arena *arena)
{
    EVP_PKEY *key = strcmp(kind, "EC") == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
    assert_non_null(key);
    X509 *certificate = certify(key);
    BIO *key_bio = BIO_new(BIO_s_mem()), *pem = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(PEM_write_bio_X509(pem, certificate), 1);
    struct signer signer = {.key_pem = taken(key_bio, arena).data, .certificate_pem = taken(pem, arena)};
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);
    char *base64 = arena_take(arena, (size_t)len * 2);
    EVP_EncodeBlock((unsigned char *)base64, der, len);
    signer.certificate = base64;
    OPENSSL_free(der);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return signer;
}

static const char *or_else(const char *given, const char *usual)
{
    return given ? given : usual;
}

struct bytes signer_replace(struct bytes document, const char *find, const char *put, struct arena *arena)
{
    size_t len = strlen(find), put_len = strlen(put);
    const uint8_t *at = memmem(document.data, document.len, find, len);
    if (!at)
        fail_msg("the document has no \"%s\"", find);
    size_t before = (size_t)(at - document.data), after = document.len - before - len;
    uint8_t *data = arena_take(arena, before + put_len + after);
    memcpy(data, document.data, before);
    memcpy(data + before, put, put_len);
    memcpy(data + before + put_len, at + len, after);
    return (struct bytes){data, before + put_len + after};
}

struct bytes signer_sign(
    const struct signer *signer, const struct signing *how, struct bytes document, struct arena *arena)
{
    static const struct signing usual;
    how = how ? how : &usual;
    bool elliptic = strlen(signer->key_pem) < 600;
    const char *template = arena_printf(arena,
        "<Signature xmlns=\"" DSIG_ "\"><SignedInfo><CanonicalizationMethod Algorithm=\"%s\"/>"
        "<SignatureMethod Algorithm=\"%s\"/><Reference %s><Transforms>%s</Transforms>"
        "<DigestMethod Algorithm=\"%s\"/><DigestValue/></Reference>%s</SignedInfo><SignatureValue/>"
        "<KeyInfo>%s</KeyInfo>%s</Signature></alert>",
        or_else(how->canonicalization, EXCLUSIVE_),
        or_else(how->method, elliptic ? MORE_ "ecdsa-sha256" : MORE_ "rsa-sha256"),
        or_else(how->reference, "URI=\"\""),
        or_else(how->transforms, ENVELOPED_ "<Transform Algorithm=\"" EXCLUSIVE_ "\"/>"),
        or_else(how->digest, "http://www.w3.org/2001/04/xmlenc#sha256"), or_else(how->more, ""),
        or_else(
            how->key_info, arena_printf(arena, "<X509Data><X509Certificate>%s</X509Certificate></X509Data>",
                               signer->certificate)),
        or_else(how->object, ""));
    document = signer_replace(document, "</alert>", template, arena);
    xmlDoc *tree = xmlReadMemory((const char *)document.data, (int)document.len, NULL, NULL, XML_PARSE_NONET);
    assert_non_null(tree);
    xmlNode *signature = NULL; /* the last one is the new one */
    for (xmlNode *node = xmlDocGetRootElement(tree)->children; node; node = node->next)
        if (xmlSecCheckNodeName(node, xmlSecNodeSignature, xmlSecDSigNs))
            signature = node;
    xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);
    context->signKey = xmlSecCryptoAppKeyLoadMemory((const xmlSecByte *)signer->key_pem,
        (xmlSecSize)strlen(signer->key_pem), xmlSecKeyDataFormatPem, NULL, NULL, NULL);
    assert_non_null(context->signKey);
    assert_int_equal(xmlSecDSigCtxSign(context, signature), 0);
    xmlSecDSigCtxDestroy(context);
    xmlChar *data;
    int len;
    xmlDocDumpMemory(tree, &data, &len);
    struct bytes out = {(uint8_t *)arena_copy(arena, data, (size_t)len), (size_t)len};
    xmlFree(data);
    xmlFreeDoc(tree);
    return out;
}
