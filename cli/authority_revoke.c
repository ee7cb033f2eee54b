/* The revocation list (RFC 5280, section 5): signed anew with each change, in place of the one before. It is
 * good for as long as the authority, because it is made where it is needed and not fetched from anywhere. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cli/authority.h"

static X509_CRL *read_list(const char *path)
{
    FILE *file = fopen(path, "re");
    X509_CRL *list = file ? PEM_read_X509_CRL(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    return list;
}

static bool has(X509_CRL *list, ASN1_INTEGER *serial)
{
    X509_REVOKED *entry;
    return list && X509_CRL_get0_by_serial(list, &entry, serial) > 0;
}

static ASN1_INTEGER *serial_of(const char *text)
{
    BIGNUM *number = NULL;
    ASN1_INTEGER *serial = BN_hex2bn(&number, text) > 0 ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
    BN_free(number);
    return serial;
}

bool authority_issued(const struct invocation *invocation, issued_handler *handler, void *arg)
{
    char path[AUTHORITY_PATH], line[400];
    authority_path(invocation, "ca.crl", path);
    X509_CRL *list = read_list(path);
    authority_path(invocation, "issued", path);
    FILE *file = fopen(path, "re");
    bool readable = file || errno == ENOENT;
    while (file && fgets(line, sizeof line, file)) {
        struct issued issued;
        if (sscanf(line, "%63s %" SCNd64 " %" SCNd64 " %159s", issued.serial, &issued.from, &issued.until,
                issued.name) != 4)
            continue;
        ASN1_INTEGER *serial = serial_of(issued.serial);
        issued.revoked = serial && has(list, serial);
        ASN1_INTEGER_free(serial);
        handler(arg, &issued);
    }
    if (file)
        fclose(file);
    X509_CRL_free(list);
    return readable;
}

/* ---- changing the list ---- */

struct change {
    X509_CRL *list;
    bool (*wanted)(void *arg, const struct issued *issued);
    void *arg;
    int count;
    bool failed;
};

static void add(struct change *change, ASN1_INTEGER *serial)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *now = ASN1_TIME_set(NULL, time(NULL));
    bool added = entry && now && serial && X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
                 X509_REVOKED_set_revocationDate(entry, now) == 1 &&
                 X509_CRL_add0_revoked(change->list, entry) == 1;
    ASN1_TIME_free(now);
    if (!added)
        X509_REVOKED_free(entry);
    change->failed = change->failed || !added;
    change->count++;
}

static void consider(void *arg, const struct issued *issued)
{
    struct change *change = arg;
    if (issued->revoked || issued->until < cli_now() || !change->wanted(change->arg, issued))
        return;
    ASN1_INTEGER *serial = serial_of(issued->serial);
    add(change, serial);
    ASN1_INTEGER_free(serial);
}

static X509_CRL *new_list(const struct authority *authority)
{
    X509_CRL *list = X509_CRL_new();
    if (list && X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1 &&
        X509_CRL_set_issuer_name(list, X509_get_subject_name(authority->certificate)) == 1)
        return list;
    X509_CRL_free(list);
    return NULL;
}

/* Each list has a higher number than the one before it. */
static bool number_and_sign(X509_CRL *list, const struct authority *authority)
{
    ASN1_INTEGER *former = X509_CRL_get_ext_d2i(list, NID_crl_number, NULL, NULL);
    int64_t number = 0;
    if (former && ASN1_INTEGER_get_int64(&number, former) != 1)
        number = 0;
    ASN1_INTEGER_free(former);
    ASN1_INTEGER *next = ASN1_INTEGER_new();
    ASN1_TIME *now = ASN1_TIME_set(NULL, time(NULL));
    bool done = next && now && ASN1_INTEGER_set_int64(next, number + 1) == 1 &&
                X509_CRL_add1_ext_i2d(list, NID_crl_number, next, 0, X509V3_ADD_REPLACE) == 1 &&
                X509_CRL_set1_lastUpdate(list, now) == 1 &&
                X509_CRL_set1_nextUpdate(list, X509_get0_notAfter(authority->certificate)) == 1 &&
                X509_CRL_sort(list) == 1 && X509_CRL_sign(list, authority->key, EVP_sha256()) > 0;
    ASN1_INTEGER_free(next);
    ASN1_TIME_free(now);
    return done;
}

static bool write_list(const char *path, X509_CRL *list)
{
    char fresh[AUTHORITY_PATH + 8];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *file = cli_create_anew(fresh, 0644); /* the broker, who is somebody else, reads it */
    bool written = file && PEM_write_X509_CRL(file, list) == 1;
    return file && fclose(file) == 0 && written && rename(fresh, path) == 0;
}

/* Two that revoke at the same time do it one after the other. */
static int lock(const struct invocation *invocation)
{
    char path[AUTHORITY_PATH];
    authority_path(invocation, "issued", path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

enum exit_code authority_revoke(const struct invocation *invocation, const struct authority *authority,
    bool (*wanted)(void *arg, const struct issued *issued), void *arg, const X509 *certificate, int *count)
{
    char path[AUTHORITY_PATH];
    struct change change = {.wanted = wanted, .arg = arg};
    int held = lock(invocation);
    authority_path(invocation, "ca.crl", path);
    X509_CRL *former = read_list(path);
    change.list = former ? X509_CRL_dup(former) : new_list(authority);
    bool done = held >= 0 && change.list;
    if (done && wanted)
        done = authority_issued(invocation, consider, &change);
    if (done && certificate) {
        ASN1_INTEGER *serial = ASN1_INTEGER_dup(X509_get0_serialNumber(certificate));
        if (!has(former, serial))
            add(&change, serial);
        ASN1_INTEGER_free(serial);
    }
    if (done && (change.count || !former))
        done = !change.failed && number_and_sign(change.list, authority) && write_list(path, change.list);
    int error = errno;
    X509_CRL_free(former);
    X509_CRL_free(change.list);
    if (held >= 0)
        close(held);
    *count = change.count;
    return done ? EXIT_DONE
                : cli_fail(
                      invocation, EXIT_REFUSED, "%s: the list cannot be written: %s", path, strerror(error));
}
