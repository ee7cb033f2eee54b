/* Whose client certificate is accepted: what OpenSSL's verification says (authority, times, purpose, strength
 * of keys and signatures), and our own rules for it: not revoked, no authority itself, and its one common
 * name is "<role>/<id>". Whatever it is refused for is remembered for the log.
 *
 * Revocation is looked up here, and not by X509_V_FLAG_CRL_CHECK: that would check the list's signature at
 * each handshake, and refuse everybody once the list is overdue. What an old list revokes is revoked all the
 * same. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "broker/core.h"
#include "broker/log.h"
#include "broker/net/tls_inside.h"

enum { CLOCKS_DIFFER_S = 60 };

/* ---- one certificate ---- */

/* Its common name; 0 when it has none, or two, of which neither can be believed. */
static size_t common_name(const X509 *certificate, char out[PEER_NAME])
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) {
        return 0;
    }
    unsigned char *name = NULL;
    int len = ASN1_STRING_to_UTF8(&name, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    bool usable = len > 0 && len < PEER_NAME && !memchr(name, '\0', (size_t)len);
    if (usable) {
        memcpy(out, name, (size_t)len);
        out[len] = '\0';
    }
    OPENSSL_free(name);
    return usable ? (size_t)len : 0;
}

static int64_t milliseconds(const ASN1_TIME *when)
{
    struct tm time = {0};
    return ASN1_TIME_to_tm(when, &time) == 1 ? (int64_t)timegm(&time) * 1000 : 0;
}

void tls_client(struct tls_session *session, char name[PEER_NAME], struct peer *peer)
{
    const X509 *certificate = SSL_get0_peer_certificate(session->ssl);
    peer->certificate = (struct text){0};
    peer->trail = NULL;
    if (certificate && SSL_get_verify_result(session->ssl) == X509_V_OK) {
        peer->certificate = (struct text){name, common_name(certificate, name)};
        peer->certificate_from = milliseconds(X509_get0_notBefore(certificate));
        peer->certificate_until = milliseconds(X509_get0_notAfter(certificate));
        trail_take(session);
        peer->trail = &session->trail;
    }
}

static bool revoked(X509_STORE_CTX *chain, X509 *certificate)
{
    STACK_OF(X509_CRL) *lists = X509_STORE_CTX_get1_crls(chain, X509_get_issuer_name(certificate));
    bool found = false;
    for (int i = 0; lists && i < sk_X509_CRL_num(lists); i++) {
        X509_REVOKED *entry = NULL;
        found = found || X509_CRL_get0_by_cert(sk_X509_CRL_value(lists, i), &entry, certificate) == 1;
    }
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
    return found;
}

/* Why a client's own certificate that OpenSSL accepts is not good for us; NULL: it is. */
static const char *fault(X509_STORE_CTX *chain, X509 *certificate, const char *name, size_t len)
{
    const char *slash = len ? memchr(name, '/', len) : NULL;
    if (X509_check_ca(certificate) != 0) {
        X509_STORE_CTX_set_error(chain, X509_V_ERR_INVALID_PURPOSE);
        return "an authority's certificate is no client's";
    }
    if (!role_of((struct text){name, len})) {
        X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
        return slash ? "the common name bears no role and id of ours" : "the common name is not <role>/<id>";
    }
    return NULL;
}

static bool early_within_reason(const X509 *certificate)
{
    time_t soon = time(NULL) + CLOCKS_DIFFER_S;
    return X509_cmp_time(X509_get0_notBefore(certificate), &soon) < 0;
}

/* OpenSSL asks for each certificate of a chain, from the authority's to the client's. */
static int judge(int good, X509_STORE_CTX *chain)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_session *session = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get_current_cert(chain);
    bool own = certificate && X509_STORE_CTX_get_error_depth(chain) == 0;
    char name[PEER_NAME] = "";
    size_t len = own ? common_name(certificate, name) : 0;
    if (!good && own && X509_STORE_CTX_get_error(chain) == X509_V_ERR_CERT_NOT_YET_VALID &&
        early_within_reason(certificate)) {
        X509_STORE_CTX_set_error(chain, X509_V_OK);
        good = 1;
    }
    const char *why = good ? NULL : X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain));
    if (good && certificate && revoked(chain, certificate)) {
        X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REVOKED);
        why = X509_verify_cert_error_string(X509_V_ERR_CERT_REVOKED);
    } else if (good && own) {
        why = fault(chain, certificate, name, len);
    }
    if (why) {
        session->why = why;
        snprintf(
            session->refused, sizeof(session->refused), "%s", role_of((struct text){name, len}) ? name : "-");
    }
    return why == NULL;
}

/* ---- the files ---- */

static void digest_file(EVP_MD_CTX *digest, const char *path)
{
    uint8_t part[8192];
    size_t len;
    FILE *in = path[0] ? fopen(path, "re") : NULL;
    while (in && (len = fread(part, 1, sizeof(part), in)) > 0) {
        if (EVP_DigestUpdate(digest, part, len) != 1) {
            abort();
        }
    }
    if (in) {
        fclose(in);
    }
    if (EVP_DigestUpdate(digest, "/", 1) != 1) {
        abort();
    }
}

static void digest_files(const struct settings *settings, uint8_t out[TRUST_DIGEST])
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1) {
        abort();
    }
    digest_file(digest, settings->tls_client_ca);
    digest_file(digest, settings->tls_client_crl);
    if (EVP_DigestFinal_ex(digest, out, NULL) != 1) {
        abort();
    }
    EVP_MD_CTX_free(digest);
}

/* The list must be signed by one of the authorities: else anybody's would do. Two may have one name. */
static const char *add_list(X509_STORE *store, X509_CRL *list)
{
    const char *why = "no authority of tls_client_ca made it";
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    for (int i = 0; why && i < sk_X509_OBJECT_num(objects); i++) {
        const X509 *authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (authority && X509_NAME_cmp(X509_get_subject_name(authority), X509_CRL_get_issuer(list)) == 0) {
            bool signed_by = X509_CRL_verify(list, X509_get0_pubkey(authority)) == 1;
            why = signed_by ? NULL : "its signature is wrong";
        }
    }
    if (!why && X509_STORE_add_crl(store, list) != 1) {
        why = "cannot be used";
    }
    return why;
}

static void tell_overdue(const char *path, const X509_CRL *list)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(list);
    if (next && X509_cmp_current_time(next) < 0) {
        log_line(LOG_LEVEL_WARNING, "tls_client_crl",
            "path=\"%.160s\" why=\"a newer list was promised and is overdue; this one holds on\"", path);
    }
}

static bool load_lists(SSL_CTX *context, const char *path, char error[TLS_ERROR])
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    FILE *in = fopen(path, "re");
    const char *why = in ? NULL : strerrordesc_np(errno);
    size_t count = 0;
    X509_CRL *list;
    while (in && !why && (list = PEM_read_X509_CRL(in, NULL, NULL, NULL))) {
        why = add_list(store, list);
        tell_overdue(path, list);
        X509_CRL_free(list);
        count++;
    }
    if (in) {
        fclose(in);
    }
    unsigned long last = ERR_peek_last_error();
    bool end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    if (!why && (count == 0 || !end)) {
        why = "holds no revocation list that can be read";
    }
    ERR_clear_error();
    return !why || tls_refuse(error, "tls_client_crl", path, why);
}

bool trust_load(
    SSL_CTX *context, const struct settings *settings, uint8_t digest[TRUST_DIGEST], char error[TLS_ERROR])
{
    const char *authorities = settings->tls_client_ca, *lists = settings->tls_client_crl;
    digest_files(settings, digest);
    if (!authorities[0]) {
        return true;
    }
    if (SSL_CTX_load_verify_file(context, authorities) != 1) {
        return tls_refuse(error, "tls_client_ca", authorities, tls_library_error());
    }
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(authorities));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, judge);
    return !lists[0] || load_lists(context, lists, error);
}
