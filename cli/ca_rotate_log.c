/* neighbors ca rotate-log-key: a new key signs the public record from now on. The one before signs the new
 * one first, and that stays in both files and is told with each head: who remembered the former key finds to
 * the new one. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

#include "bridge/log_succession.h"
#include "cli/cli.h"

static const struct option_row options[] = {{0}};

enum { PATH_TEXT = COMMAND_FIELD + 32 };

static void path_of(const struct invocation *invocation, const char *file, char out[PATH_TEXT])
{
    snprintf(out, PATH_TEXT, "%.*s/%s", COMMAND_FIELD - 1, invocation->common.keys, file);
}

/* Whole, beside the file that it is to replace. */
static bool write_file(const char *path, EVP_PKEY *key, bool private, const struct log_formers *formers)
{
    FILE *file = cli_create_anew(path, private ? 0600 : 0644);
    if (!file)
        return false;
    bool written = private ? PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1
                           : PEM_write_PUBKEY(file, key) == 1;
    written = written && log_formers_write(file, formers) && fflush(file) == 0 && fsync(fileno(file)) == 0;
    return fclose(file) == 0 && written;
}

/* The private file last: until then the former key signs, and is good by the public one too. */
static bool write_both(const struct invocation *invocation, EVP_PKEY *key, const struct log_formers *formers)
{
    char private_path[PATH_TEXT], public_path[PATH_TEXT], fresh_private[PATH_TEXT], fresh_public[PATH_TEXT];
    path_of(invocation, "log.key", private_path);
    path_of(invocation, "log.pub", public_path);
    path_of(invocation, "log.key.new", fresh_private);
    path_of(invocation, "log.pub.new", fresh_public);
    bool written = write_file(fresh_private, key, true, formers) &&
                   write_file(fresh_public, key, false, formers) && rename(fresh_public, public_path) == 0 &&
                   cli_take_place(fresh_private, private_path);
    int error = errno;
    if (!written) {
        unlink(fresh_private);
        unlink(fresh_public);
    }
    errno = error;
    return written;
}

static enum exit_code rotate(const struct invocation *invocation, const struct log_key *former)
{
    struct log_formers formers;
    uint8_t public_key[LOG_KEY];
    size_t len = sizeof public_key;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    enum exit_code code = EXIT_DONE;
    if (!key || EVP_PKEY_get_raw_public_key(key, public_key, &len) != 1)
        code = cli_fail(invocation, EXIT_REFUSED, "no key can be made");
    else if (!log_key_succeed(former, public_key, &formers))
        code = cli_fail(invocation, EXIT_REFUSED,
            "log.key names %d keys before it already: take the last lines out", LOG_FORMER_MOST);
    else if (!write_both(invocation, key, &formers))
        code = cli_fail(invocation, EXIT_REFUSED, "log.key and log.pub in %.200s cannot be written: %s",
            invocation->common.keys, strerror(errno));
    EVP_PKEY_free(key);
    if (code == EXIT_DONE && invocation->common.json)
        cli_print_json(json_pack("{s:b, s:I}", "ok", 1, "before", (json_int_t)formers.count));
    else if (code == EXIT_DONE)
        puts("A new key signs the public record as soon as neighborsd is restarted, on all machines; give "
             "each\n"
             "this log.key, and agencies the new log.pub.");
    return code;
}

static enum exit_code run(struct invocation *invocation)
{
    char path[PATH_TEXT];
    const char *error;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "ca rotate-log-key takes no arguments");
    path_of(invocation, "log.key", path);
    struct log_key *former = log_key_load(path, &error);
    if (!former)
        return cli_fail(invocation, EXIT_REFUSED, "%s: %s", path, error);
    enum exit_code code = rotate(invocation, former);
    log_key_free(former);
    return code;
}

const struct command command_ca_rotate_log = {"ca rotate-log-key",
    "a new key for the public record, for which the one before gives its word", "", options, run};
