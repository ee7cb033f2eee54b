/* Keys and certificates made by OpenSSL. */
#include "tests/recipient.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

static struct text text_from(BIO *pem, struct arena *arena)
{
    char *data = NULL;
    long len = BIO_get_mem_data(pem, &data);
    struct text text = {arena_copy(arena, data, (size_t)len), (size_t)len};
    BIO_free(pem);
    return text;
}

static EVP_PKEY *key_of(const char *kind)
{
    if (strcmp(kind, "RSA") == 0)
        return EVP_RSA_gen(2048);
    if (strcmp(kind, "EC") == 0)
        return EVP_EC_gen("P-256");
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

struct recipient recipient_new(const char *kind, struct arena *arena)
{
    EVP_PKEY *key = key_of(kind);
    X509 *certificate = X509_new();
    BIO *key_pem = BIO_new(BIO_s_mem()), *certificate_pem = BIO_new(BIO_s_mem());
    X509_NAME *name = X509_get_subject_name(certificate);
    bool good =
        X509_set_version(certificate, 2) && ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -60) &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"agency/pd", -1, -1, 0) &&
        X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
        X509_sign(certificate, key, strcmp(kind, "ED25519") == 0 ? NULL : EVP_sha256()) > 0 &&
        PEM_write_bio_X509(certificate_pem, certificate) &&
        PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL);
    if (!good)
        abort();
    X509_free(certificate);
    EVP_PKEY_free(key);
    struct recipient recipient = {.certificate = text_from(certificate_pem, arena)};
    recipient.key = text_from(key_pem, arena);
    return recipient;
}
