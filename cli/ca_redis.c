/* neighbors ca redis: a user of Redis that may do what the broker and the command line do and nothing else: a
 * password in a file of its own, and the file of users that Redis loads (aclfile), which has the password's
 * digest alone. Nothing is ever overwritten. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static const struct option_row options[] = {{0}};

enum { SECRET = 32, DIGEST = 32, PATH_TEXT = COMMAND_FIELD + 32 };

/* Our keys and channels alone; the types of data that the functions use; none of what is dangerous but the
 * few named ones: functions are loaded, durability is asked for, the append-only file is rewritten after a
 * deletion, a connection ends the one before it, and of a cluster it is asked who has what.
 * The default user, as whom nobody gets in, may do all: at its start Redis (7.0) reads the transactions of
 * its append-only file as that user, and leaves out, with a line in its log, those that it may not run. */
static const char users[] =
    "user default off resetpass ~* &* +@all\n"
    "user neighbors on #%s ~nb:* &nb:* -@all +@hash +@list +@set +@sortedset +@stream +@string +@keyspace "
    "-@dangerous +fcall +fcall_ro +function|load +multi +exec +discard +ping +auth +hello +select +time "
    "+client|id "
    "+client|kill +info +config|get +subscribe +unsubscribe +publish +pubsub|numsub +pubsub|shardnumsub "
    "+bgrewriteaof +bgsave "
    "+ssubscribe +sunsubscribe +spublish +wait +role +cluster|slots +cluster|shards +cluster|info "
    "+cluster|myid +cluster|nodes\n";

static void hex_of(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        sprintf(out + 2 * i, "%02x", bytes[i]);
}

static bool write_new(const char *path, const char *text)
{
    FILE *file = cli_create(path, 0600);
    if (!file)
        return false;
    bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written;
}

static bool make(const char *password_path, const char *users_path)
{
    uint8_t secret[SECRET], digest[DIGEST];
    char password[2 * SECRET + 2], digest_text[2 * DIGEST + 1], text[sizeof users + 2 * DIGEST];
    if (RAND_priv_bytes(secret, sizeof secret) != 1)
        return false;
    hex_of(secret, sizeof secret, password);
    bool made = EVP_Digest(password, 2 * SECRET, digest, NULL, EVP_sha256(), NULL) == 1;
    hex_of(digest, sizeof digest, digest_text);
    snprintf(text, sizeof text, users, digest_text);
    strcat(password, "\n");
    made = made && write_new(password_path, password) && write_new(users_path, text);
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(password, sizeof password);
    return made;
}

static enum exit_code run(struct invocation *invocation)
{
    char password_path[PATH_TEXT], users_path[PATH_TEXT];
    const char *keys = invocation->common.keys;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "ca redis takes no arguments");
    if (strlen(keys) >= COMMAND_FIELD || !cli_make_folder(keys))
        return cli_fail(invocation, EXIT_REFUSED, "the folder %.200s cannot be made", keys);
    snprintf(password_path, sizeof password_path, "%s/redis.password", keys);
    snprintf(users_path, sizeof users_path, "%s/redis-users.acl", keys);
    if (access(password_path, F_OK) == 0 || access(users_path, F_OK) == 0)
        return cli_fail(invocation, EXIT_REFUSED,
            "%s or redis-users.acl beside it exists already, and is never overwritten", password_path);
    if (!make(password_path, users_path))
        return cli_fail(invocation, EXIT_REFUSED, "%s: %s", keys, strerror(errno));
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:s}", "ok", 1, "password", password_path, "users", users_path));
    else
        printf("Redis loads %s (aclfile); the broker logs in with\n"
               "redis_url = \"redis://neighbors@127.0.0.1:6379?password-file=%s\";\n",
            users_path, password_path);
    return EXIT_DONE;
}

const struct command command_ca_redis = {
    "ca redis", "make the user of Redis that the broker logs in as", "", options, run};
