/* Places at rest. Redis holds no geohash finer than a channel of a household or of a device: what must be
 * read again is sealed, what is only looked up is a digest. Both keys come from the secret that the
 * processes share and Redis does not have. */
#ifndef NEIGHBORS_BRIDGE_PLACE_SEAL_H
#define NEIGHBORS_BRIDGE_PLACE_SEAL_H

#include "proto/bytes.h"

enum {
    PLACE_KEY_SECRET = 32, /* the installation's (seal.h: SEAL_SECRET) */
    PLACE_GEOHASH = 12,    /* the longest geohash */
    PLACE_SEALED = 38,     /* characters of a sealed place, whatever the length of its geohash */
    PLACE_DIGEST = 32,     /* characters of a digest */
};

struct place_key;

/* Keys from the secret (copied). Never NULL; out of memory ends the process. One thread. */
struct place_key *place_key_new(const uint8_t secret[PLACE_KEY_SECRET]);
void place_key_free(struct place_key *key);

/* Seals a geohash of at most PLACE_GEOHASH characters: AES-256-SIV (RFC 5297) of the geohash filled up to its
 * full length, bound to the owner, as base64url and a NUL. The same geohash of the same owner seals alike;
 * of two owners, or under two names of one, nothing can be compared. owner: where it stands, the key's name
 * and the field's, "p:device/cam-1 place"; not empty. The empty geohash seals to "". */
void place_seal(
    const struct place_key *key, const char *owner, struct text geohash, char out[PLACE_SEALED + 1]);

/* Opens what place_seal made for this owner; "" opens to "". False: it is another owner's, was changed, or is
 * of another secret; out is then "". */
bool place_open(const struct place_key *key, const char *owner, struct text sealed,
    char out[PLACE_GEOHASH + 1]) __attribute__((warn_unused_result));

/* Who the owner is of a field of a principal's hash ("device/cam-1", "place") or of a household's. Names
 * longer than the contract's are cut, so that nothing opens for them. */
enum { PLACE_OWNER = 128 };
void place_owner_principal(struct text principal, const char *field, char out[PLACE_OWNER]);
void place_owner_household(struct text household, const char *field, char out[PLACE_OWNER]);

/* The name of a cell in keys of Redis: AES-256 of the geohash and the purpose, as lower-case hex and a NUL;
 * about 100 ns. purpose: the index that it is for ("sharers"), so that two indexes cannot be laid beside each
 * other. */
void place_digest(
    const struct place_key *key, const char *purpose, struct text geohash, char out[PLACE_DIGEST + 1]);

/* Seals and opens any bytes in the same way (what a session follows); data is not empty. out of
 * place_seal_bytes has room for len + PLACE_SEAL_EXTRA bytes; out of place_open_bytes for len. Lengths show.
 */
enum { PLACE_SEAL_EXTRA = 16 };
void place_seal_bytes(const struct place_key *key, const char *owner, struct bytes data, uint8_t *out);
bool place_open_bytes(const struct place_key *key, const char *owner, struct bytes sealed, uint8_t *out)
    __attribute__((warn_unused_result));

#endif
