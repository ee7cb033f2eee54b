/* What an owner shares is sealed to an agency's certificate: CMS EnvelopedData (RFC 5652) in DER, AES-256 in
 * CBC mode, the content key by RSA-OAEP (RFC 3560, SHA-256) or by ECDH (RFC 5753). Whoever has the key opens
 * it, also with `openssl cms -decrypt -inform DER`. */
#ifndef NEIGHBORS_BRIDGE_SEAL_CMS_H
#define NEIGHBORS_BRIDGE_SEAL_CMS_H

#include "proto/arena.h"
#include "proto/bytes.h"

/* The first certificate of the PEM as DER, in the arena. False when there is none, or when nothing can be
 * sealed to its key (neither RSA nor EC); *why says so, a constant. */
bool seal_cms_certificate(struct text pem, struct arena *arena, struct bytes *der, const char **why)
    __attribute__((warn_unused_result));

/* Seals to the certificate (DER). False: *why, a constant. */
bool seal_cms_seal(struct bytes certificate, struct bytes plain, struct arena *arena, struct bytes *sealed,
    const char **why) __attribute__((warn_unused_result));

/* Opens with the private key (PEM, without a pass phrase). False: *why, a constant. */
bool seal_cms_open(struct bytes sealed, struct text key, struct arena *arena, struct bytes *plain,
    const char **why) __attribute__((warn_unused_result));

/* True when the bytes have the form of something sealed: one CMS EnvelopedData in DER and nothing behind it.
 * Whom it is sealed to, and whether it opens, is not looked at. */
bool seal_cms_has_form(struct bytes sealed) __attribute__((warn_unused_result));

#endif
