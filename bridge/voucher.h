/* Vouchers: what an agency grants for a tip, as a JSON Web Signature (RFC 7515) by the log's key (EdDSA,
 * RFC 8037), so that the agency checks one where there is no network: who shows it and the code whose SHA-256
 * is its claim is the one who gave the tip, whoever that is. */
#ifndef NEIGHBORS_BRIDGE_VOUCHER_H
#define NEIGHBORS_BRIDGE_VOUCHER_H

#include "bridge/log_succession.h"

enum { VOUCHER_CLAIM = 32 };

struct voucher {
    struct text agency, programme, reward, case_number;
    uint32_t number;            /* within the programme, from 1 */
    struct bytes claim;         /* SHA-256 of the code, VOUCHER_CLAIM bytes; none: no code was asked for */
    int64_t issued_at, ends_at; /* ms, whole seconds */
};

/* The text of a voucher, in the arena. */
struct text voucher_sign(const struct log_key *key, const struct voucher *voucher, struct arena *arena);

/* Reads and checks one. False: *why is static text. */
bool voucher_check(const uint8_t public_key[LOG_KEY], struct text text, int64_t now, struct arena *arena,
    struct voucher *out, const char **why) __attribute__((warn_unused_result));

/* The same by the key in use or one that was before it. */
bool voucher_check_any(const struct log_public *keys, struct text text, int64_t now, struct arena *arena,
    struct voucher *out, const char **why) __attribute__((warn_unused_result));

/* Whether the code is the one that the voucher's claim is of. */
bool voucher_is_claimed_by(const struct voucher *voucher, struct text code)
    __attribute__((warn_unused_result));

#endif
