/* Session tickets (RFC 5077, RFC 8446 section 4.6.1). The client holds the session, sealed with a key that is
 * derived from the installation's secret and the hour, so that every process can open it and none remembers
 * it; a key older than the former hour opens nothing any more.
 *
 * What a full handshake asks of a client's certificate holds for a resumed one too: the ticket bears a digest
 * of the authorities and the revocation list by which the certificate was judged, and is ignored when they
 * are others now, or when the certificate has expired since. It bears the certificate's trail too, so that a
 * resumed session ends with it (tls_trail.c). Who is enrolled is asked at CONNECT, each time.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

#include "bridge/subkey.h"
#include "broker/net/tls_inside.h"

_Static_assert((int)TLS_SECRET == (int)SUBKEY_SECRET, "one secret for all keys");

enum { HOUR_S = 3600, IV = 16, OPENED = 1, OPENED_BY_THE_FORMER = 2, UNKNOWN = 0, FAILED = -1 };

/* The key of an hour, derived once. */
static const struct ticket_key *key_of(struct tickets *tickets, int64_t hour)
{
    struct ticket_key *key = &tickets->keys[(uint64_t)hour % 3];
    if (key->hour != hour) {
        char purpose[64];
        uint8_t bytes[sizeof(key->name) + sizeof(key->cipher) + sizeof(key->mac)];
        snprintf(purpose, sizeof(purpose), "neighbors tls ticket %lld", (long long)hour);
        subkey_derive(tickets->secret, purpose, bytes, sizeof(bytes));
        memcpy(key->name, bytes, sizeof(key->name));
        memcpy(key->cipher, bytes + sizeof(key->name), sizeof(key->cipher));
        memcpy(key->mac, bytes + sizeof(key->name) + sizeof(key->cipher), sizeof(key->mac));
        explicit_bzero(bytes, sizeof(bytes));
        key->hour = hour;
    }
    return key;
}

static bool use_mac(EVP_MAC_CTX *mac, const struct ticket_key *key)
{
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key->mac, sizeof(key->mac)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

static int seal_with(const struct ticket_key *key, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    memcpy(name, key->name, sizeof(key->name));
    bool done = RAND_bytes(iv, IV) == 1 &&
                EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv) == 1 &&
                use_mac(mac, key);
    return done ? OPENED : FAILED;
}

/* OpenSSL asks with which key a ticket is sealed, or opened. */
static int choose_key(
    SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int sealing)
{
    struct tls_session *session = SSL_get_app_data(ssl);
    struct tickets *tickets = &session->tls->tickets;
    int64_t hour = time(NULL) / HOUR_S;
    if (sealing) {
        return seal_with(key_of(tickets, hour), name, iv, cipher, mac);
    }
    for (int64_t each = hour - 1; each <= hour + 1; each++) {
        const struct ticket_key *key = key_of(tickets, each);
        if (memcmp(name, key->name, sizeof(key->name)) == 0) {
            bool done = EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv) == 1 &&
                        use_mac(mac, key);
            return !done ? FAILED : each == hour ? OPENED : OPENED_BY_THE_FORMER;
        }
    }
    return UNKNOWN;
}

/* What a ticket bears beside OpenSSL's own. */
struct note {
    uint8_t trust[TRUST_DIGEST];
    struct certificate_trail trail;
};

static int write_note(SSL *ssl, void *arg)
{
    (void)arg;
    struct tls_session *session = SSL_get_app_data(ssl);
    struct note note;
    memset(&note, 0, sizeof(note));
    trail_take(session);
    memcpy(note.trust, session->trust, sizeof(note.trust));
    note.trail = session->trail;
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), &note, sizeof(note));
}

static bool still_trusted(struct tls_session *session, SSL_SESSION *resumed)
{
    void *data;
    size_t len;
    struct note note;
    const X509 *certificate = SSL_SESSION_get0_peer(resumed);
    if (SSL_SESSION_get0_ticket_appdata(resumed, &data, &len) != 1 || len != sizeof(note)) {
        return false;
    }
    memcpy(&note, data, sizeof(note));
    session->trail = note.trail;
    return memcmp(note.trust, session->trust, sizeof(note.trust)) == 0 &&
           (!certificate || X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0);
}

static SSL_TICKET_RETURN judge(SSL *ssl, SSL_SESSION *resumed, const unsigned char *name, size_t len,
    SSL_TICKET_STATUS status, void *arg)
{
    (void)name;
    (void)len;
    (void)arg;
    bool opened = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
    if (!opened || !still_trusted(SSL_get_app_data(ssl), resumed)) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    return SSL_TICKET_RETURN_USE_RENEW; /* each ticket is for one use: nobody can tell who came back */
}

void tickets_use(SSL_CTX *context)
{
    SSL_CTX_set_timeout(context, HOUR_S);
    SSL_CTX_set_num_tickets(context, 1);
    if (SSL_CTX_set_tlsext_ticket_key_evp_cb(context, choose_key) != 1 ||
        SSL_CTX_set_session_ticket_cb(context, write_note, judge, NULL) != 1) {
        abort();
    }
}
