/* neighbors ca init: everything secret that an installation needs, made once: the keys that sign tokens and
 * the public record and that push services know it by, the secret of the seal, a small certificate authority
 * with its empty revocation list, and the broker's certificate from it. Nothing is ever overwritten. */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>
#include <unistd.h>

#include "bridge/seal.h"
#include "bridge/token.h"
#include "cli/authority.h"

enum { HOST, DAYS };
static const struct option_row options[] = {
    [HOST] = {"host", "NAMES", "further names or addresses of the broker, with commas between"},
    [DAYS] = {"days", "N", "how long the broker's certificate is good (825)"},
    {0},
};

static const char *const files[] = {"token.key", "token.pub", "log.key", "log.pub", "push.key", "push.pub",
    "broker.secret", "ca.key", "ca.crt", "ca.crl", "server.key", "server.crt"};

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

static bool make_certificates(const struct invocation *invocation, const char *names, int64_t days)
{
    char ca[AUTHORITY_PATH], server_base[AUTHORITY_PATH];
    struct authority authority;
    int count;
    authority_path(invocation, "ca", ca);
    authority_path(invocation, "server", server_base);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *server = authority_make(&authority) && key ? authority_server(&authority, key, names, days) : NULL;
    bool done = server && authority_write(ca, authority.key, authority.certificate, false) &&
                authority_write(server_base, key, server, false) &&
                authority_revoke(invocation, &authority, NULL, NULL, NULL, &count) == EXIT_DONE;
    X509_free(server);
    EVP_PKEY_free(key);
    authority_close(&authority);
    return done;
}

static bool any_exists(const struct invocation *invocation, char path[AUTHORITY_PATH])
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        authority_path(invocation, files[i], path);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static enum exit_code make_key(
    struct invocation *invocation, const char *name, enum token_algorithm algorithm)
{
    char key_path[AUTHORITY_PATH], public_path[AUTHORITY_PATH], file[32];
    const char *error = NULL;
    snprintf(file, sizeof file, "%s.key", name);
    authority_path(invocation, file, key_path);
    snprintf(file, sizeof file, "%s.pub", name);
    authority_path(invocation, file, public_path);
    if (!token_key_make(algorithm, key_path, public_path, &error))
        return cli_fail(invocation, EXIT_REFUSED, "%s: %s", key_path, error);
    return EXIT_DONE;
}

static enum exit_code make_keys(struct invocation *invocation)
{
    static const struct {
        const char *name;
        enum token_algorithm algorithm;
    } keys[] = {{"token", TOKEN_EDDSA}, {"log", TOKEN_EDDSA}, {"push", TOKEN_ES256}};
    enum exit_code code = EXIT_DONE;
    for (size_t i = 0; code == EXIT_DONE && i < sizeof keys / sizeof *keys; i++)
        code = make_key(invocation, keys[i].name, keys[i].algorithm);
    return code;
}

static enum exit_code make_all(struct invocation *invocation, const char *names, int64_t days)
{
    char secret_path[AUTHORITY_PATH];
    authority_path(invocation, "broker.secret", secret_path);
    enum exit_code code = make_keys(invocation);
    if (code != EXIT_DONE)
        return code;
    if (!make_secret(secret_path))
        return cli_fail(invocation, EXIT_REFUSED, "%s cannot be written", secret_path);
    if (!make_certificates(invocation, names, days))
        return cli_fail(
            invocation, EXIT_REFUSED, "the certificates cannot be made in %s", invocation->common.keys);
    if (invocation->common.json)
        cli_print_json(
            json_pack("{s:b, s:s, s:s}", "ok", 1, "keys", invocation->common.keys, "names", names));
    else
        printf("Keys, secret and certificates are in %s; keep token.key, log.key, push.key, ca.key, "
               "server.key and "
               "broker.secret to yourself.\n",
            invocation->common.keys);
    return EXIT_DONE;
}

static enum exit_code run(struct invocation *invocation)
{
    char names[AUTHORITY_NAMES], path[AUTHORITY_PATH];
    int64_t days = SERVER_DAYS;
    const char *further = invocation->value[HOST] ? invocation->value[HOST] : "";
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "ca init takes no arguments");
    if (!authority_names(further, names))
        return cli_fail(invocation, EXIT_USAGE, "--host: names or addresses with commas between");
    if (invocation->value[DAYS] &&
        !cli_number(invocation, "--days", invocation->value[DAYS], 1, AUTHORITY_DAYS - 1, &days))
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
