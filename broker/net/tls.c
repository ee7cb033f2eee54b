/* OpenSSL between two buffers: a BIO of our own reads from what was fed, and appends to what is to be sent.
 * The buffer to send is there only while something waits, and OpenSSL gives its own back when idle: an idle
 * session stays small. */
#include "broker/net/tls.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "bridge/private_key.h"
#include "broker/net/tls_inside.h"

static int bio_read(BIO *bio, char *out, int size)
{
    struct tls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (session->input_len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t len = session->input_len < (size_t)size ? session->input_len : (size_t)size;
    memcpy(out, session->input, len);
    session->input += len;
    session->input_len -= len;
    return (int)len;
}

static int bio_write(BIO *bio, const char *data, int size)
{
    struct tls_session *session = BIO_get_data(bio);
    size_t len = (size_t)size;
    if (session->output_size - session->output_len < len) {
        size_t bigger = (session->output_len + len) * 2;
        uint8_t *output = realloc(session->output, bigger);
        if (!output) {
            abort();
        }
        session->output = output;
        session->output_size = bigger;
    }
    memcpy(session->output + session->output_len, data, len);
    session->output_len += len;
    return size;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    if (!method || !BIO_meth_set_read(method, bio_read) || !BIO_meth_set_write(method, bio_write) ||
        !BIO_meth_set_ctrl(method, bio_control)) {
        abort();
    }
    return method;
}

/* ---- the settings ---- */

/* What Mozilla calls intermediate, without DHE: forward secrecy and authenticated encryption for all. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20", groups[] = "X25519:P-256:P-384";
enum { STRENGTH = 2 /* 112 bits: RSA of 2048, no SHA-1 */, CHAIN_BYTES = 32768 };

bool tls_refuse(char error[TLS_ERROR], const char *setting, const char *path, const char *why)
{
    snprintf(error, TLS_ERROR, "%s: %.160s: %s", setting, path, why ? why : "cannot be used");
    ERR_clear_error();
    return false;
}

const char *tls_library_error(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    return reason ? reason : "tls failed";
}

/* What is wrong with the file; NULL: the key is in use. One with a password is not asked for it. */
static const char *use_private_key(SSL_CTX *context, const char *path)
{
    const char *fault;
    EVP_PKEY *key = private_key_read(path, &fault);
    if (!fault && !(key && SSL_CTX_use_PrivateKey(context, key) == 1)) {
        fault = tls_library_error();
    }
    EVP_PKEY_free(key);
    return fault;
}

static bool load_server(SSL_CTX *context, const struct settings *settings, char error[TLS_ERROR])
{
    if (SSL_CTX_use_certificate_chain_file(context, settings->tls_certificate) != 1) {
        return tls_refuse(error, "tls_certificate", settings->tls_certificate, tls_library_error());
    }
    const char *fault = use_private_key(context, settings->tls_key);
    if (fault) {
        return tls_refuse(error, "tls_key", settings->tls_key, fault);
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        return tls_refuse(error, "tls_key", settings->tls_key, "is not the certificate's");
    }
    return true;
}

/* A client that speaks ALPN gets what the listener is for if it offers it; who offers something else alone is
 * not for us. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *offered, unsigned offered_len, void *arg)
{
    static const unsigned char mqtt[] = "\4mqtt", http[] = "\10http/1.1";
    struct tls_session *session = SSL_get_app_data(ssl);
    const unsigned char *ours = session->use == TLS_FOR_MQTT ? mqtt : http;
    unsigned char *chosen;
    (void)arg;
    int found = SSL_select_next_proto(&chosen, out_len, ours, ours[0] + 1u, offered, offered_len);
    *out = chosen;
    if (found != OPENSSL_NPN_NEGOTIATED) {
        session->why = "no protocol of ours was offered";
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_OK;
}

/* OpenSSL only warns who asks for renegotiation, and goes on. Nobody of good will asks. */
static void notice(const SSL *ssl, int where, int what)
{
    if (where == SSL_CB_WRITE_ALERT && what == (SSL3_AL_WARNING << 8 | SSL_AD_NO_RENEGOTIATION)) {
        struct tls_session *session = SSL_get_app_data(ssl);
        session->broken = true;
        session->why = "renegotiation";
    }
}

static SSL_CTX *context_new(
    const struct settings *settings, bool resumes, uint8_t digest[TRUST_DIGEST], char error[TLS_ERROR])
{
    static const unsigned char name[] = "neighbors";
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, ciphers) != 1 || SSL_CTX_set1_groups_list(context, groups) != 1) {
        abort();
    }
    SSL_CTX_set_security_level(context, STRENGTH);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_PRIORITIZE_CHACHA |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | (resumes ? 0 : SSL_OP_NO_TICKET));
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(context, CHAIN_BYTES);
    SSL_CTX_set_verify_depth(context, TRAIL_MOST - 2); /* authorities between the client's and the last */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* tickets need no memory of ours */
    SSL_CTX_set_session_id_context(context, name, sizeof(name) - 1);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    SSL_CTX_set_info_callback(context, notice);
    if (resumes) {
        tickets_use(context);
    } else {
        SSL_CTX_set_num_tickets(context, 0);
    }
    if (!load_server(context, settings, error) || !trust_load(context, settings, digest, error)) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

static void look_at_files(const struct settings *settings, struct timespec out[TLS_FILES])
{
    const char *files[TLS_FILES] = {
        settings->tls_certificate, settings->tls_key, settings->tls_client_ca, settings->tls_client_crl};
    for (size_t i = 0; i < TLS_FILES; i++) {
        struct stat about;
        out[i] = files[i][0] && stat(files[i], &about) == 0 ? about.st_mtim : (struct timespec){0};
    }
}

bool tls_files_changed(const struct tls *tls, const struct settings *settings)
{
    struct timespec now[TLS_FILES];
    look_at_files(settings, now);
    return memcmp(now, tls->seen, sizeof(now)) != 0;
}

struct tls *tls_new(const struct settings *settings, const uint8_t secret[TLS_SECRET], char error[TLS_ERROR])
{
    struct tls *tls = calloc(1, sizeof(*tls));
    if (!tls) {
        abort();
    }
    look_at_files(settings, tls->seen);
    tls->resumes = secret != NULL;
    if (secret) {
        memcpy(tls->tickets.secret, secret, TLS_SECRET);
    }
    tls->context = context_new(settings, tls->resumes, tls->trust, error);
    if (!tls->context) {
        tls_free(tls);
        return NULL;
    }
    tls->method = method_new();
    trail_use(tls);
    return tls;
}

bool tls_reload(struct tls *tls, const struct settings *settings, char error[TLS_ERROR])
{
    uint8_t digest[TRUST_DIGEST];
    look_at_files(settings, tls->seen);
    SSL_CTX *context = context_new(settings, tls->resumes, digest, error);
    if (!context) {
        return false;
    }
    SSL_CTX_free(tls->context); /* sessions hold it until they end */
    tls->context = context;
    memcpy(tls->trust, digest, sizeof(digest));
    trail_use(tls);
    return true;
}

int64_t tls_certificate_ends(const struct tls *tls)
{
    struct tm ends;
    const X509 *certificate = SSL_CTX_get0_certificate(tls->context);
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &ends) != 1) {
        return 0;
    }
    return (int64_t)timegm(&ends) * 1000;
}

void tls_free(struct tls *tls)
{
    if (tls) {
        SSL_CTX_free(tls->context);
        BIO_meth_free(tls->method);
        trail_forget(tls);
        explicit_bzero(&tls->tickets, sizeof(tls->tickets));
        free(tls);
    }
}

/* ---- sessions ---- */

struct tls_session *tls_session_new(struct tls *tls, enum tls_use use)
{
    struct tls_session *session = calloc(1, sizeof(*session));
    SSL *ssl = session ? SSL_new(tls->context) : NULL;
    BIO *bio = ssl ? BIO_new(tls->method) : NULL;
    if (!bio) {
        SSL_free(ssl);
        free(session);
        return NULL;
    }
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    SSL_set_app_data(ssl, session);
    session->ssl = ssl;
    session->tls = tls;
    session->use = use;
    memcpy(session->trust, tls->trust, sizeof(tls->trust));
    snprintf(session->refused, sizeof(session->refused), "-");
    return session;
}

void tls_session_free(struct tls_session *session)
{
    if (session) {
        SSL_free(session->ssl);
        free(session->output);
        free(session);
    }
}

void tls_feed(struct tls_session *session, const uint8_t *data, size_t len)
{
    session->input = data;
    session->input_len = len;
}

enum tls_status tls_read(struct tls_session *session, uint8_t *clear, size_t size, size_t *len)
{
    *len = 0;
    ERR_clear_error();
    while (*len < size) {
        size_t got = 0;
        int done = SSL_read_ex(session->ssl, clear + *len, size - *len, &got);
        *len += got;
        if (session->broken) {
            return TLS_FAILED;
        }
        if (done == 1) {
            continue;
        }
        switch (SSL_get_error(session->ssl, done)) {
        case SSL_ERROR_WANT_READ:
            return TLS_AGAIN;
        case SSL_ERROR_ZERO_RETURN:
            return TLS_CLOSED;
        default:
            return TLS_FAILED;
        }
    }
    return TLS_MORE;
}

bool tls_established(const struct tls_session *session)
{
    return SSL_is_init_finished(session->ssl);
}

bool tls_resumed(const struct tls_session *session)
{
    return SSL_session_reused(session->ssl) == 1;
}

const char *tls_failure(const struct tls_session *session)
{
    return session->why ? session->why : tls_library_error();
}

const char *tls_refused_name(const struct tls_session *session)
{
    return session->refused;
}

bool tls_write(struct tls_session *session, const uint8_t *clear, size_t len)
{
    size_t written;
    ERR_clear_error();
    return SSL_write_ex(session->ssl, clear, len, &written) == 1;
}

void tls_shutdown(struct tls_session *session)
{
    if (SSL_is_init_finished(session->ssl)) {
        (void)SSL_shutdown(session->ssl);
        ERR_clear_error();
    }
}

struct bytes tls_output(const struct tls_session *session)
{
    if (session->output_len == session->output_at) {
        return (struct bytes){NULL, 0};
    }
    return (struct bytes){session->output + session->output_at, session->output_len - session->output_at};
}

void tls_sent(struct tls_session *session, size_t len)
{
    session->output_at += len;
    if (session->output_at == session->output_len) {
        free(session->output);
        session->output = NULL;
        session->output_at = session->output_len = session->output_size = 0;
    }
}
