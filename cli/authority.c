/* Certificates of the installation's own authority: EC P-256, signed with SHA-256, version 3. */
#include "cli/authority.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CLOCKS_DIFFER_S = 86400 };

void authority_path(const struct invocation *invocation, const char *file, char out[AUTHORITY_PATH])
{
    snprintf(out, AUTHORITY_PATH, "%.*s/%s", COMMAND_FIELD - 1, invocation->common.keys, file);
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

/* A certificate of `key` with a random serial number. Times in seconds. Not signed yet. */
static X509 *new_certificate(EVP_PKEY *key, const char *common_name, time_t from, time_t until)
{
    X509 *certificate = X509_new();
    BIGNUM *serial = BN_new();
    bool done = certificate && serial && BN_rand(serial, 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) &&
                X509_set_version(certificate, X509_VERSION_3) == 1 &&
                X509_set_pubkey(certificate, key) == 1 &&
                ASN1_TIME_set(X509_getm_notBefore(certificate), from) &&
                ASN1_TIME_set(X509_getm_notAfter(certificate), until) &&
                X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                    (const unsigned char *)common_name, -1, -1, 0) == 1;
    BN_free(serial);
    if (done)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static bool sign(X509 *certificate, X509 *issuer, EVP_PKEY *issuer_key)
{
    return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
           add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
           X509_sign(certificate, issuer_key, EVP_sha256()) > 0;
}

bool authority_make(struct authority *out)
{
    time_t now = time(NULL);
    *out = (struct authority){.key = EVP_EC_gen("P-256")};
    X509 *own = out->certificate = out->key ? new_certificate(out->key, "Neighbors authority",
                                                  now - CLOCKS_DIFFER_S, now + (time_t)AUTHORITY_DAYS * 86400)
                                            : NULL;
    return own && add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign") && sign(own, own, out->key);
}

enum exit_code authority_open(const struct invocation *invocation, bool quiet, struct authority *out)
{
    char path[AUTHORITY_PATH];
    *out = (struct authority){0};
    authority_path(invocation, "ca.key", path);
    FILE *file = fopen(path, "re");
    out->key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    if (out->key) {
        authority_path(invocation, "ca.crt", path);
        file = fopen(path, "re");
        out->certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
        if (file)
            fclose(file);
    }
    if (out->certificate && X509_check_private_key(out->certificate, out->key) == 1)
        return EXIT_DONE;
    authority_close(out);
    return quiet ? EXIT_REFUSED
                 : cli_fail(invocation, EXIT_REFUSED,
                       "%s: no authority can be read there; neighbors ca init makes one", path);
}

void authority_close(struct authority *authority)
{
    EVP_PKEY_free(authority->key);
    X509_free(authority->certificate);
    *authority = (struct authority){0};
}

X509 *authority_server(const struct authority *authority, EVP_PKEY *key, const char *names, int64_t days)
{
    time_t now = time(NULL);
    X509 *issuer = authority->certificate;
    X509 *server = new_certificate(key, "neighborsd", now - CLOCKS_DIFFER_S, now + (time_t)days * 86400);
    if (server && add_extension(server, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(server, issuer, NID_key_usage, "critical,digitalSignature") &&
        add_extension(server, issuer, NID_ext_key_usage, "serverAuth") &&
        add_extension(server, issuer, NID_subject_alt_name, names) && sign(server, issuer, authority->key))
        return server;
    X509_free(server);
    return NULL;
}

/* Good from exactly then on: what was issued before a revocation is void, as tokens are. */
void authority_pin(const struct invocation *invocation, char out[AUTHORITY_PIN])
{
    char path[AUTHORITY_PATH];
    unsigned char digest[EVP_MAX_MD_SIZE], *key = NULL;
    unsigned len = 0;
    authority_path(invocation, "server.crt", path);
    FILE *file = fopen(path, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    int size = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key) : -1;
    char *end = stpcpy(out, "sha256//");
    if (size <= 0 || EVP_Digest(key, (size_t)size, digest, &len, EVP_sha256(), NULL) != 1 || len != 32)
        out[0] = '\0';
    else
        EVP_EncodeBlock((unsigned char *)end, digest, (int)len);
    OPENSSL_free(key);
    X509_free(certificate);
    if (file)
        fclose(file);
}

bool authority_is_for(const char *path, const char *host)
{
    FILE *file = fopen(path, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    bool good = !certificate || X509_check_host(certificate, host, 0, 0, NULL) == 1 ||
                X509_check_ip_asc(certificate, host, 0) == 1;
    X509_free(certificate);
    if (file)
        fclose(file);
    return good;
}

static X509 *new_client(
    const struct authority *authority, EVP_PKEY *key, const char *name, int64_t from, int64_t until)
{
    X509 *issuer = authority->certificate,
         *client = new_certificate(key, name, (time_t)(from / 1000), (time_t)(until / 1000));
    if (client && add_extension(client, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(client, issuer, NID_key_usage, "critical,digitalSignature") &&
        add_extension(client, issuer, NID_ext_key_usage, "clientAuth") &&
        sign(client, issuer, authority->key))
        return client;
    X509_free(client);
    return NULL;
}

/* ---- names of the broker ---- */

static bool name_is_valid(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= 253 &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-*_") == len;
}

bool authority_names(const char *further, char out[AUTHORITY_NAMES])
{
    char list[1024], *rest = list;
    struct in6_addr address;
    size_t len = (size_t)snprintf(out, AUTHORITY_NAMES, "DNS:localhost,IP:127.0.0.1,IP:::1");
    if (strlen(further) >= sizeof list)
        return false;
    strcpy(list, further);
    for (char *name; (name = strsep(&rest, ", ")) != NULL;) {
        if (*name == '\0')
            continue;
        bool ip = inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
        if (!ip && !name_is_valid(name))
            return false;
        len += (size_t)snprintf(out + len, AUTHORITY_NAMES - len, ",%s:%s", ip ? "IP" : "DNS", name);
        if (len >= AUTHORITY_NAMES)
            return false;
    }
    return true;
}

/* ---- files ---- */

enum { FILE_PATH = AUTHORITY_PATH + 16, KEY_MODE = 0600, GROUPS_KEY_MODE = 0640, CERTIFICATE_MODE = 0644 };

/* The key, or with it NULL the certificate; as BASE.key or BASE.crt and `more`. */
static bool write_one(
    const char *base, const char *more, EVP_PKEY *key, const X509 *certificate, bool replace)
{
    char path[FILE_PATH];
    snprintf(path, sizeof path, "%.*s.%s%s", AUTHORITY_PATH - 1, base, key ? "key" : "crt", more);
    unsigned mode = key ? KEY_MODE : CERTIFICATE_MODE;
    FILE *file = replace ? cli_create_anew(path, mode) : cli_create(path, mode);
    if (!file)
        return false;
    bool written = key ? PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1
                       : PEM_write_X509(file, certificate) == 1;
    return fclose(file) == 0 && written;
}

/* Whose the former was the new one is, and a key that its group could read it can still: the broker's. */
static bool take_place(const char *base, const char *ending)
{
    char path[FILE_PATH], fresh[FILE_PATH];
    struct stat former;
    bool key = strcmp(ending, "key") == 0;
    snprintf(path, sizeof path, "%.*s.%s", AUTHORITY_PATH - 1, base, ending);
    snprintf(fresh, sizeof fresh, "%.*s.%s.new", AUTHORITY_PATH - 1, base, ending);
    if (stat(path, &former) == 0 &&
        (chown(fresh, former.st_uid, former.st_gid) != 0 ||
            (key && chmod(fresh, (former.st_mode & GROUPS_KEY_MODE) | KEY_MODE) != 0)))
        return false;
    return rename(fresh, path) == 0;
}

bool authority_write(const char *base, EVP_PKEY *key, X509 *certificate, bool replace)
{
    const char *more = replace ? ".new" : "";
    if (strlen(base) >= AUTHORITY_PATH) {
        errno = ENAMETOOLONG;
        return false;
    }
    return write_one(base, more, key, NULL, replace) && write_one(base, more, NULL, certificate, replace) &&
           (!replace || (take_place(base, "key") && take_place(base, "crt")));
}

static void serial_text(const ASN1_INTEGER *serial, char out[64])
{
    BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
    char *text = number ? BN_bn2hex(number) : NULL;
    if (!text)
        abort();
    snprintf(out, 64, "%s", text);
    OPENSSL_free(text);
    BN_free(number);
}

static bool note(const struct invocation *invocation, const X509 *certificate, const char *name, int64_t from,
    int64_t until)
{
    char path[AUTHORITY_PATH], serial[64];
    authority_path(invocation, "issued", path);
    serial_text(X509_get0_serialNumber(certificate), serial);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool written = dprintf(fd, "%s %lld %lld %s\n", serial, (long long)from, (long long)until, name) > 0;
    return close(fd) == 0 && written;
}

enum exit_code authority_issue(const struct invocation *invocation, const struct authority *authority,
    const char *name, int64_t from, int64_t until, const char *base)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *client = key ? new_client(authority, key, name, from, until) : NULL;
    /* Noted first: nothing is handed out that cannot be revoked by name. */
    bool done =
        client && note(invocation, client, name, from, until) && authority_write(base, key, client, true);
    int error = errno;
    X509_free(client);
    EVP_PKEY_free(key);
    return done ? EXIT_DONE
                : cli_fail(invocation, EXIT_REFUSED,
                      "the certificate of %.160s cannot be written to %.200s: %s", name, base,
                      strerror(error));
}

enum exit_code authority_sign(const struct invocation *invocation, const struct authority *authority,
    EVP_PKEY *public_key, const char *name, int64_t from, int64_t until, const char *base, X509 **certificate)
{
    *certificate =
        strlen(base) < AUTHORITY_PATH ? new_client(authority, public_key, name, from, until) : NULL;
    bool done = *certificate && note(invocation, *certificate, name, from, until) &&
                write_one(base, ".new", NULL, *certificate, true) && take_place(base, "crt");
    if (done)
        return EXIT_DONE;
    X509_free(*certificate);
    *certificate = NULL;
    return cli_fail(invocation, EXIT_REFUSED, "the certificate of %.160s cannot be written to %.200s.crt: %s",
        name, base, strerror(errno));
}
