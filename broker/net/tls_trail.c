/* What is known again of a client's certificate while its connection is open: each certificate of its chain
 * by a key of its issuer's name and its number, as a revocation list has it, and the authority at the chain's
 * end by its name and its public key, so that one that was renewed with the same key is the same. */
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "broker/net/tls_inside.h"

/* The first bytes of a digest of a name, in the form in which names are compared, and what goes with it. */
static uint64_t key_of(const X509_NAME *name, const uint8_t *data, int len)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    uint64_t key;
    int usable = 0;
    unsigned long name_hash = X509_NAME_hash_ex(name, NULL, NULL, &usable);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || !usable || len < 0 || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1 ||
        EVP_DigestUpdate(context, &name_hash, sizeof(name_hash)) != 1 ||
        EVP_DigestUpdate(context, data, (size_t)len) != 1 || EVP_DigestFinal_ex(context, digest, NULL) != 1) {
        abort();
    }
    EVP_MD_CTX_free(context);
    memcpy(&key, digest, sizeof(key));
    return key;
}

static uint64_t key_of_number(const X509_NAME *issuer, const ASN1_INTEGER *number)
{
    unsigned char *data = NULL;
    int len = i2d_ASN1_INTEGER(number, &data);
    uint64_t key = key_of(issuer, data, len);
    OPENSSL_free(data);
    return key;
}

static uint64_t key_of_authority(const X509 *authority)
{
    unsigned char *data = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(authority), &data);
    uint64_t key = key_of(X509_get_subject_name(authority), data, len);
    OPENSSL_free(data);
    return key;
}

/* ---- of a session ---- */

/* A resumed one has it from its ticket (tls_ticket.c). */
void trail_take(struct tls_session *session)
{
    if (tls_resumed(session)) {
        return;
    }
    STACK_OF(X509) *chain = SSL_get0_verified_chain(session->ssl);
    int count = SSL_get0_peer_certificate(session->ssl) ? sk_X509_num(chain) : 0;
    session->trail = (struct certificate_trail){0};
    if (count <= 0 || count > TRAIL_MOST) { /* more than the depth that is verified */
        return;
    }
    for (int i = 0; i < count; i++) {
        const X509 *each = sk_X509_value(chain, i);
        session->trail.certificates[i] =
            key_of_number(X509_get_issuer_name(each), X509_get0_serialNumber(each));
    }
    session->trail.count = (uint32_t)count;
    session->trail.authority = key_of_authority(sk_X509_value(chain, count - 1));
}

/* ---- of the files ---- */

static int compare(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

static bool has(const struct key_set *set, uint64_t key)
{
    return set->count && bsearch(&key, set->keys, set->count, sizeof(key), compare);
}

static void add(struct key_set *set, uint64_t key)
{
    if (set->count == set->room) {
        set->room = set->room ? 2 * set->room : 16;
        set->keys = realloc(set->keys, set->room * sizeof(key));
        if (!set->keys) {
            abort();
        }
    }
    set->keys[set->count++] = key;
}

/* An entry that takes another one back, of a list of changes, revokes nothing. */
static bool takes_back(X509_REVOKED *entry)
{
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    bool back = reason && ASN1_ENUMERATED_get(reason) == CRL_REASON_REMOVE_FROM_CRL;
    ASN1_ENUMERATED_free(reason);
    return back;
}

static void add_list(struct key_set *revoked, X509_CRL *list)
{
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(list);
    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
        X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
        if (!takes_back(entry)) {
            add(revoked, key_of_number(X509_CRL_get_issuer(list), X509_REVOKED_get0_serialNumber(entry)));
        }
    }
}

static void sort(struct key_set *set)
{
    if (set->count) {
        qsort(set->keys, set->count, sizeof(*set->keys), compare);
    }
}

static void clear(struct key_set *set)
{
    free(set->keys);
    *set = (struct key_set){0};
}

void trail_use(struct tls *tls)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(tls->context));
    trail_forget(tls);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509_OBJECT *object = sk_X509_OBJECT_value(objects, i);
        const X509 *authority = X509_OBJECT_get0_X509(object);
        X509_CRL *list = X509_OBJECT_get0_X509_CRL(object);
        if (authority) {
            add(&tls->authorities, key_of_authority(authority));
        } else if (list) {
            add_list(&tls->revoked, list);
        }
    }
    sort(&tls->authorities);
    sort(&tls->revoked);
}

void trail_forget(struct tls *tls)
{
    clear(&tls->authorities);
    clear(&tls->revoked);
}

/* ---- one against the other ---- */

const char *tls_trail_fault(const struct tls *tls, const struct certificate_trail *trail)
{
    for (uint32_t i = 0; i < trail->count; i++) {
        if (has(&tls->revoked, trail->certificates[i])) {
            return "certificate revoked";
        }
    }
    return trail->count && !has(&tls->authorities, trail->authority)
               ? "the certificate's authority is no longer accepted"
               : NULL;
}

const char *tls_session_fault(struct tls_session *session)
{
    trail_take(session);
    return tls_trail_fault(session->tls, &session->trail);
}
