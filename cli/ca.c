/* neighbors ca init: everything secret that an installation needs, made once: the keys that sign tokens and
 * the public record, the secret of the seal, a small certificate authority (EC P-256) and the broker's
 * certificate from it. Nothing is ever overwritten. */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#include "bridge/seal.h"
#include "bridge/token.h"
#include "cli/cli.h"

enum { HOST, DAYS };
static const struct option_row options[] = {
    [HOST] = {"host", "NAMES", "further names or addresses of the broker, with commas between"},
    [DAYS] = {"days", "N", "how long the broker's certificate is good (825)"},
    {0},
};

static const char *const files[] = {"token.key", "token.pub", "log.key", "log.pub", "broker.secret", "ca.key",
    "ca.crt", "server.key", "server.crt"};
enum { PATH_TEXT = COMMAND_FIELD + 32, CA_DAYS = 3650, SERVER_DAYS = 825 };

static void path_of(const struct invocation *invocation, const char *file, char out[PATH_TEXT])
{
    snprintf(out, PATH_TEXT, "%.*s/%s", COMMAND_FIELD - 1, invocation->common.keys, file);
}

/* ---- the secret ---- */

static bool make_secret(const char *path)
{
    uint8_t secret[SEAL_SECRET];
    FILE *file = RAND_priv_bytes(secret, sizeof secret) == 1 ? cli_create(path, 0600) : NULL;
    if (!file)
        return false;
    bool written = fwrite(secret, sizeof secret, 1, file) == 1;
    OPENSSL_cleanse(secret, sizeof secret);
    return fclose(file) == 0 && written;
}

/* ---- certificates ---- */

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

/* A certificate of `key` with a random serial number, good from a day ago (clocks differ) for `days`. Not
 * signed yet. */
static X509 *new_certificate(EVP_PKEY *key, const char *common_name, int64_t days)
{
    X509 *certificate = X509_new();
    BIGNUM *serial = BN_new();
    bool done = certificate && serial && BN_rand(serial, 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) &&
                X509_set_version(certificate, X509_VERSION_3) == 1 &&
                X509_set_pubkey(certificate, key) == 1 &&
                X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, NULL) &&
                X509_time_adj_ex(X509_getm_notAfter(certificate), (int)days, 0, NULL) &&
                X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                    (const unsigned char *)common_name, -1, -1, 0) == 1;
    BN_free(serial);
    if (done)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static bool sign_certificate(X509 *certificate, X509 *issuer, EVP_PKEY *issuer_key)
{
    return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
           add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
           X509_sign(certificate, issuer_key, EVP_sha256()) > 0;
}

static X509 *new_authority(EVP_PKEY *key)
{
    X509 *authority = new_certificate(key, "Neighbors authority", CA_DAYS);
    if (authority &&
        add_extension(authority, authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add_extension(authority, authority, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        sign_certificate(authority, authority, key))
        return authority;
    X509_free(authority);
    return NULL;
}

static X509 *new_server(
    EVP_PKEY *key, X509 *authority, EVP_PKEY *authority_key, const char *names, int64_t days)
{
    X509 *server = new_certificate(key, "neighborsd", days);
    if (server && add_extension(server, authority, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(server, authority, NID_key_usage, "critical,digitalSignature") &&
        add_extension(server, authority, NID_ext_key_usage, "serverAuth") &&
        add_extension(server, authority, NID_subject_alt_name, names) &&
        sign_certificate(server, authority, authority_key))
        return server;
    X509_free(server);
    return NULL;
}

static bool write_pem(const struct invocation *invocation, const char *name, EVP_PKEY *key, X509 *certificate)
{
    char file_name[32], path[PATH_TEXT];
    snprintf(file_name, sizeof file_name, "%s.key", name);
    path_of(invocation, file_name, path);
    FILE *file = cli_create(path, 0600);
    if (!file)
        return false;
    bool written = PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
    written = fclose(file) == 0 && written;
    snprintf(file_name, sizeof file_name, "%s.crt", name);
    path_of(invocation, file_name, path);
    file = written ? cli_create(path, 0644) : NULL;
    if (!file)
        return false;
    written = PEM_write_X509(file, certificate) == 1;
    return fclose(file) == 0 && written;
}

static bool make_certificates(const struct invocation *invocation, const char *names, int64_t days)
{
    EVP_PKEY *authority_key = EVP_EC_gen("P-256"), *server_key = EVP_EC_gen("P-256");
    X509 *authority = authority_key ? new_authority(authority_key) : NULL;
    X509 *server =
        authority && server_key ? new_server(server_key, authority, authority_key, names, days) : NULL;
    bool done = server && write_pem(invocation, "ca", authority_key, authority) &&
                write_pem(invocation, "server", server_key, server);
    X509_free(server);
    X509_free(authority);
    EVP_PKEY_free(server_key);
    EVP_PKEY_free(authority_key);
    return done;
}

/* ---- names of the broker ---- */

static bool name_is_valid(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= 253 &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-*_") == len;
}

/* "DNS:localhost,IP:127.0.0.1,..." with the further names; false when one cannot be a name. */
static bool alternative_names(const char *further, char *out, size_t size)
{
    char list[1024], *rest = list;
    struct in6_addr address;
    size_t len = (size_t)snprintf(out, size, "DNS:localhost,IP:127.0.0.1,IP:::1");
    if (strlen(further) >= sizeof list)
        return false;
    strcpy(list, further);
    for (char *name; (name = strsep(&rest, ", ")) != NULL;) {
        if (*name == '\0')
            continue;
        bool ip = inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
        if (!ip && !name_is_valid(name))
            return false;
        len += (size_t)snprintf(out + len, size - len, ",%s:%s", ip ? "IP" : "DNS", name);
        if (len >= size)
            return false;
    }
    return true;
}

static bool any_exists(const struct invocation *invocation, char path[PATH_TEXT])
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        path_of(invocation, files[i], path);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static enum exit_code make_all(struct invocation *invocation, const char *names, int64_t days)
{
    char key_path[PATH_TEXT], public_path[PATH_TEXT], secret_path[PATH_TEXT];
    const char *error = NULL;
    path_of(invocation, "token.key", key_path);
    path_of(invocation, "token.pub", public_path);
    path_of(invocation, "broker.secret", secret_path);
    if (!token_key_make(TOKEN_EDDSA, key_path, public_path, &error))
        return cli_fail(invocation, EXIT_REFUSED, "%s: %s", key_path, error);
    path_of(invocation, "log.key", key_path);
    path_of(invocation, "log.pub", public_path);
    if (!token_key_make(TOKEN_EDDSA, key_path, public_path, &error))
        return cli_fail(invocation, EXIT_REFUSED, "%s: %s", key_path, error);
    if (!make_secret(secret_path))
        return cli_fail(invocation, EXIT_REFUSED, "%s cannot be written", secret_path);
    if (!make_certificates(invocation, names, days))
        return cli_fail(
            invocation, EXIT_REFUSED, "the certificates cannot be made in %s", invocation->common.keys);
    if (invocation->common.json)
        cli_print_json(
            json_pack("{s:b, s:s, s:s}", "ok", 1, "keys", invocation->common.keys, "names", names));
    else
        printf("Keys, secret and certificates are in %s; keep token.key, log.key, ca.key, server.key and "
               "broker.secret to yourself.\n",
            invocation->common.keys);
    return EXIT_DONE;
}

static enum exit_code run(struct invocation *invocation)
{
    char names[2048], path[PATH_TEXT];
    int64_t days = SERVER_DAYS;
    const char *further = invocation->value[HOST] ? invocation->value[HOST] : "";
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "ca init takes no arguments");
    if (!alternative_names(further, names, sizeof names))
        return cli_fail(invocation, EXIT_USAGE, "--host: names or addresses with commas between");
    if (invocation->value[DAYS] &&
        !cli_number(invocation, "--days", invocation->value[DAYS], 1, CA_DAYS - 1, &days))
        return EXIT_USAGE;
    if (strlen(invocation->common.keys) >= COMMAND_FIELD || !cli_make_folder(invocation->common.keys))
        return cli_fail(
            invocation, EXIT_REFUSED, "the folder %.200s cannot be made", invocation->common.keys);
    if (any_exists(invocation, path))
        return cli_fail(invocation, EXIT_REFUSED, "%s exists already, and keys are never overwritten", path);
    return make_all(invocation, names, days);
}

const struct command command_ca_init = {
    "ca init", "make the keys, the secret and the certificates of an installation", "", options, run};
