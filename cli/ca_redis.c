/* neighbors ca redis: a user of Redis that may do what the broker and the command line do and nothing else: a
 * password in a file of its own, and the file of users that Redis loads (aclfile), which has the password's
 * digest alone. Nothing is ever overwritten, but in a file of users that a version of before made the line of
 * the default user. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/redis_users.h"
#include "cli/cli.h"

static const struct option_row options[] = {{0}};

enum { SECRET = 32, DIGEST = 32, PATH_TEXT = COMMAND_FIELD + 32 };

/* Our keys and channels alone; the types of data that the functions use; none of what is dangerous but the
 * few named ones: functions are loaded, durability is asked for, the append-only file is rewritten after a
 * deletion, a connection ends the one before it, and of a cluster it is asked who has what. */
static const char users[] = REDIS_USERS_DEFAULT
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

/* All but the default user's line stays. False: errno tells. */
static bool mend(const char *path)
{
    char fresh[PATH_TEXT + 8], *line = NULL;
    size_t room = 0;
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *before = fopen(path, "re"), *file = before ? cli_create_anew(fresh, 0600) : NULL;
    bool written = file != NULL;
    while (written && getline(&line, &room, before) > 0)
        written = fputs(redis_users_line_is_old(line) ? REDIS_USERS_DEFAULT : line, file) >= 0;
    written = written && !ferror(before) && fflush(file) == 0 && fsync(fileno(file)) == 0;
    free(line);
    if (before)
        fclose(before);
    written = file && fclose(file) == 0 && written && cli_take_place(fresh, path);
    int error = errno;
    if (file && !written)
        unlink(fresh);
    errno = error;
    return written;
}

static enum exit_code run_mend(const struct invocation *invocation, const char *path)
{
    if (!mend(path))
        return cli_fail(invocation, EXIT_REFUSED, "%s: %s", path, strerror(errno));
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:b}", "ok", 1, "users", path, "mended", 1));
    else
        printf(
            "%s was of a version of before: its default user may do now what Redis does as that user at its "
            "start,\nall else is as it was. Where several Redis have a copy, each gets this one.\n",
            path);
    return EXIT_DONE;
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
    snprintf(users_path, sizeof users_path, "%s/" REDIS_USERS_FILE, keys);
    if (redis_users_file_is_old(users_path))
        return run_mend(invocation, users_path);
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
