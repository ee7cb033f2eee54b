/* The seal of footage, with OpenSSL's CMS. */
#include "bridge/seal_cms.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static const char not_certificate[] = "no certificate in PEM",
                  not_key[] = "no private key in PEM without a pass phrase",
                  not_sealable[] = "nothing can be sealed to its key: RSA or EC is needed",
                  not_sealed[] = "not something sealed (CMS EnvelopedData, DER)",
                  not_ours[] = "does not open with this key", failed[] = "OpenSSL could not do it";

static BIO *reader(const void *data, size_t len)
{
    return len <= INT_MAX ? BIO_new_mem_buf(data ? data : "", (int)len) : NULL;
}

/* What was written to the memory, in the arena. */
static struct bytes taken(BIO *memory, struct arena *arena)
{
    char *data = NULL;
    long len = BIO_get_mem_data(memory, &data);
    size_t size = len > 0 ? (size_t)len : 0;

    return (struct bytes){(const uint8_t *)arena_copy(arena, size ? data : "", size), size};
}

static bool can_be_sealed_to(X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    int type = key ? EVP_PKEY_get_base_id(key) : 0;

    return type == EVP_PKEY_RSA || type == EVP_PKEY_EC;
}

bool seal_cms_certificate(struct text pem, struct arena *arena, struct bytes *der, const char **why)
{
    BIO *in = reader(pem.data, pem.len);
    X509 *certificate = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    unsigned char *encoded = NULL;
    int len = 0;

    *why = not_certificate;
    if (certificate && !can_be_sealed_to(certificate))
        *why = not_sealable;
    else if (certificate)
        len = i2d_X509(certificate, &encoded);
    if (len > 0)
        *der = (struct bytes){(const uint8_t *)arena_copy(arena, (char *)encoded, (size_t)len), (size_t)len};
    OPENSSL_free(encoded);
    X509_free(certificate);
    BIO_free(in);
    ERR_clear_error();
    return len > 0;
}

/* RSA keys carry the content key by OAEP; PKCS #1 v1.5 would be OpenSSL's default. */
static bool add_recipient(CMS_ContentInfo *cms, X509 *certificate)
{
    CMS_RecipientInfo *recipient = CMS_add1_recipient_cert(cms, certificate, CMS_KEY_PARAM);
    if (!recipient)
        return false;
    if (CMS_RecipientInfo_type(recipient) != CMS_RECIPINFO_TRANS)
        return true;
    EVP_PKEY_CTX *context = CMS_RecipientInfo_get0_pkey_ctx(recipient);
    return context && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
}

static bool seal_to(X509 *certificate, BIO *plain, BIO *out)
{
    enum { FLAGS = CMS_BINARY | CMS_PARTIAL };
    CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_256_cbc(), FLAGS);
    bool good = cms && add_recipient(cms, certificate) && CMS_final(cms, plain, NULL, FLAGS) == 1 &&
                i2d_CMS_bio(out, cms) == 1;

    CMS_ContentInfo_free(cms);
    return good;
}

bool seal_cms_seal(
    struct bytes certificate, struct bytes plain, struct arena *arena, struct bytes *sealed, const char **why)
{
    const unsigned char *at = certificate.data;
    X509 *to = certificate.len <= LONG_MAX ? d2i_X509(NULL, &at, (long)certificate.len) : NULL;
    BIO *in = reader(plain.data, plain.len), *out = BIO_new(BIO_s_mem());
    bool good = false;

    *why = failed;
    if (!to)
        *why = not_certificate;
    else if (!can_be_sealed_to(to))
        *why = not_sealable;
    else
        good = in && out && seal_to(to, in, out);
    if (good)
        *sealed = taken(out, arena);
    BIO_free(out);
    BIO_free(in);
    X509_free(to);
    ERR_clear_error();
    return good;
}

static CMS_ContentInfo *enveloped(struct bytes sealed)
{
    enum { INDEFINITE = 0x80 };
    const unsigned char *at = sealed.data;
    if (sealed.len < 2 || sealed.len > LONG_MAX || sealed.data[1] == INDEFINITE)
        return NULL;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)sealed.len);
    if (cms && at == sealed.data + sealed.len && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_enveloped &&
        sk_CMS_RecipientInfo_num(CMS_get0_RecipientInfos(cms)) > 0)
        return cms;
    CMS_ContentInfo_free(cms);
    return NULL;
}

bool seal_cms_has_form(struct bytes sealed)
{
    CMS_ContentInfo *cms = enveloped(sealed);
    bool good = cms != NULL;

    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return good;
}

static int no_pass_phrase(char *buffer, int size, int writing, void *arg)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

bool seal_cms_open(
    struct bytes sealed, struct text key, struct arena *arena, struct bytes *plain, const char **why)
{
    CMS_ContentInfo *cms = enveloped(sealed);
    BIO *pem = reader(key.data, key.len), *out = BIO_new(BIO_s_mem());
    EVP_PKEY *private = pem ? PEM_read_bio_PrivateKey(pem, NULL, no_pass_phrase, NULL) : NULL;
    bool good = false;

    *why = not_ours;
    if (!cms)
        *why = not_sealed;
    else if (!private)
        *why = not_key;
    else
        good = out && CMS_decrypt(cms, private, NULL, NULL, out, CMS_BINARY) == 1;
    if (good)
        *plain = taken(out, arena);
    EVP_PKEY_free(private);
    BIO_free(out);
    BIO_free(pem);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return good;
}
