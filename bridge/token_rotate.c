/* Key pairs on disk: made once, and replaced without a moment in which a token that was handed out is
 * refused. The public file says above each former key until when it is needed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/token_inside.h"

enum { PATH = 600, LINE = 200 };
static const char until_mark[] = "needed until ";

static EVP_PKEY *new_key(enum token_algorithm algorithm)
{
    return algorithm == TOKEN_ES256 ? EVP_EC_gen("P-256") : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static bool write_private(FILE *file, EVP_PKEY *key)
{
    return PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
}

/* A new file with that mode whatever the umask is, whole and on the disk, or none. */
static FILE *create(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *file = fd >= 0 && fchmod(fd, mode) == 0 ? fdopen(fd, "w") : NULL;
    if (fd >= 0 && !file)
        close(fd);
    return file;
}

static bool finish(FILE *file, bool written)
{
    written = written && fflush(file) == 0 && fsync(fileno(file)) == 0;
    return fclose(file) == 0 && written;
}

static bool write_new(EVP_PKEY *key, const char *path, bool private, const char **error)
{
    FILE *file = create(path, private ? 0600 : 0644);
    if (!file) {
        *error = errno == EEXIST ? "the key file exists already" : "the key file cannot be made";
        return false;
    }
    if (finish(file, private ? write_private(file, key) : PEM_write_PUBKEY(file, key) == 1))
        return true;
    *error = "the key file cannot be written";
    return false;
}

bool token_key_make(
    enum token_algorithm algorithm, const char *private_path, const char *public_path, const char **error)
{
    EVP_PKEY *key = new_key(algorithm);
    if (!key) {
        *error = "the key cannot be made";
        return false;
    }
    bool done = write_new(key, private_path, true, error) && write_new(key, public_path, false, error);
    EVP_PKEY_free(key);
    return done;
}

/* ---- rotation ---- */

static void write_former(FILE *to, const struct token_key *key, int64_t until)
{
    fprintf(to, "\nkey %s, %s%" PRId64 " (seconds since 1970)\n", key->id, until_mark, until);
}

/* The times that the file says, in the order of its keys; 0 where it says none. How many keys it has. */
static size_t read_times(FILE *file, int64_t out[KEYS_MOST])
{
    char line[LINE];
    size_t at = 0;
    int64_t until = 0;
    memset(out, 0, KEYS_MOST * sizeof *out);
    while (at < KEYS_MOST && fgets(line, sizeof line, file)) {
        const char *found = strstr(line, until_mark);
        if (found)
            until = strtoll(found + sizeof until_mark - 1, NULL, 10);
        if (strncmp(line, "-----BEGIN ", 11) != 0)
            continue;
        out[at++] = until;
        until = 0;
    }
    return at;
}

/* The keys that are still needed, behind the new one. */
static bool write_kept(FILE *to, const struct key_list *former, const int64_t *times, int64_t now_s,
    int64_t keep_until, int *kept)
{
    bool written = true;
    *kept = 0;
    for (size_t i = 0; i < former->count; i++) {
        int64_t until = times[i] && times[i] < keep_until ? times[i] : keep_until;
        if (until <= now_s)
            continue;
        write_former(to, &former->keys[i], until);
        written = PEM_write_PUBKEY(to, former->keys[i].key) == 1 && written;
        ++*kept;
    }
    return written;
}

static const char *read_former(const char *path, struct key_list *former, int64_t times[KEYS_MOST])
{
    const char *error = key_list_read(former, path);
    FILE *file = error ? NULL : fopen(path, "re");
    if (!file)
        return error ? error : "cannot be read";
    size_t found = read_times(file, times);
    fclose(file);
    if (found != former->count)
        return "is a key set, which is changed by hand";
    return former->count == KEYS_MOST ? "holds 16 keys already: drop one that is not needed" : NULL;
}

static bool put_in_place(FILE *file, bool written, const char *made, const char *path)
{
    if (finish(file, written) && rename(made, path) == 0)
        return true;
    unlink(made);
    return false;
}

static bool replace_private(EVP_PKEY *key, const char *path)
{
    char made[PATH];
    snprintf(made, sizeof made, "%.580s.new", path);
    unlink(made);
    FILE *file = create(made, 0600);
    return file && put_in_place(file, write_private(file, key), made, path);
}

bool token_key_rotate(enum token_algorithm algorithm, const char *private_path, const char *public_path,
    int64_t now_s, int64_t keep_until, int *kept, const char **error)
{
    struct key_list former = {0};
    int64_t times[KEYS_MOST];
    char made[PATH];
    snprintf(made, sizeof made, "%.580s.new", public_path);
    *error = read_former(public_path, &former, times);
    EVP_PKEY *key = *error ? NULL : new_key(algorithm);
    unlink(made);
    FILE *file = key ? create(made, 0644) : NULL;
    bool done = false;
    if (file) {
        bool written = PEM_write_PUBKEY(file, key) == 1;
        written = write_kept(file, &former, times, now_s, keep_until, kept) && written;
        done = put_in_place(file, written, made, public_path) && replace_private(key, private_path);
    }
    if (!done && !*error)
        *error = "the key files cannot be written";
    EVP_PKEY_free(key);
    key_list_clear(&former);
    return done;
}
