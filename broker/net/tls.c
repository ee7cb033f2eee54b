/* OpenSSL between two buffers: a BIO of our own reads from what was fed, and appends to what is to be sent.
 * The buffer to send is there only while something waits, and OpenSSL gives its own back when idle: an idle
 * session stays small. */
#include "broker/net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>

struct tls {
    SSL_CTX *context;
    BIO_METHOD *method;
};

struct tls_session {
    SSL *ssl;
    const uint8_t *input; /* fed and not yet used */
    size_t input_len;
    uint8_t *output;
    size_t output_at, output_len, output_size; /* [at, len) waits */
};

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

static bool refuse(char error[TLS_ERROR], const char *setting, const char *path, const char *why)
{
    snprintf(error, TLS_ERROR, "%s: %.160s: %s", setting, path, why ? why : "cannot be used");
    ERR_clear_error();
    return false;
}

const char *tls_failure(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    return reason ? reason : "tls failed";
}

static bool load_files(SSL_CTX *context, const struct settings *settings, char error[TLS_ERROR])
{
    struct stat about;
    if (SSL_CTX_use_certificate_chain_file(context, settings->tls_certificate) != 1) {
        return refuse(error, "tls_certificate", settings->tls_certificate, tls_failure());
    }
    if (stat(settings->tls_key, &about) == 0 && (about.st_mode & S_IROTH)) {
        return refuse(error, "tls_key", settings->tls_key, "must not be readable by everybody");
    }
    if (SSL_CTX_use_PrivateKey_file(context, settings->tls_key, SSL_FILETYPE_PEM) != 1) {
        return refuse(error, "tls_key", settings->tls_key, tls_failure());
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        return refuse(error, "tls_key", settings->tls_key, "is not the certificate's");
    }
    const char *authorities = settings->tls_client_ca;
    if (!authorities[0]) {
        return true;
    }
    if (SSL_CTX_load_verify_file(context, authorities) != 1) {
        return refuse(error, "tls_client_ca", authorities, tls_failure());
    }
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(authorities));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, NULL);
    return true;
}

/* A client that speaks ALPN gets "mqtt" if it offers it; who offers something else alone is not for us. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *offered, unsigned offered_len, void *arg)
{
    static const unsigned char ours[] = "\4mqtt";
    (void)ssl;
    (void)arg;
    unsigned char *chosen;
    int found = SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, offered, offered_len);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static SSL_CTX *context_new(const struct settings *settings, char error[TLS_ERROR])
{
    static const unsigned char name[] = "neighbors";
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context) {
        abort();
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* tickets need no memory of ours */
    SSL_CTX_set_session_id_context(context, name, sizeof(name) - 1);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    if (!load_files(context, settings, error)) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

struct tls *tls_new(const struct settings *settings, char error[TLS_ERROR])
{
    SSL_CTX *context = context_new(settings, error);
    if (!context) {
        return NULL;
    }
    struct tls *tls = calloc(1, sizeof(*tls));
    if (!tls) {
        abort();
    }
    tls->context = context;
    tls->method = method_new();
    return tls;
}

bool tls_reload(struct tls *tls, const struct settings *settings, char error[TLS_ERROR])
{
    SSL_CTX *context = context_new(settings, error);
    if (!context) {
        return false;
    }
    SSL_CTX_free(tls->context); /* sessions hold it until they end */
    tls->context = context;
    return true;
}

void tls_free(struct tls *tls)
{
    if (tls) {
        SSL_CTX_free(tls->context);
        BIO_meth_free(tls->method);
        free(tls);
    }
}

struct tls_session *tls_session_new(struct tls *tls)
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
    session->ssl = ssl;
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

size_t tls_common_name(const struct tls_session *session, char out[TLS_COMMON_NAME])
{
    X509 *certificate = SSL_get0_peer_certificate(session->ssl);
    if (!certificate || SSL_get_verify_result(session->ssl) != X509_V_OK) {
        return 0;
    }
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) {
        return 0; /* of two names neither can be believed */
    }
    unsigned char *name = NULL;
    int len = ASN1_STRING_to_UTF8(&name, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    bool usable = len > 0 && len <= TLS_COMMON_NAME && !memchr(name, '\0', (size_t)len);
    if (usable) {
        memcpy(out, name, (size_t)len);
    }
    OPENSSL_free(name);
    return usable ? (size_t)len : 0;
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
