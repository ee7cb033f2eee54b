/* XML signatures of CAP documents (W3C XML-DSig, enveloped), verified with xmlsec1 and OpenSSL.
 *
 * One form alone is taken: a Signature that is a child of `alert`, with one Reference of the whole document
 * (URI ""), the transforms enveloped-signature and canonicalisation (1.0, 1.1, exclusive), RSA or ECDSA with
 * SHA-256 or better. Nothing is fetched, and no key of the document is trusted: the key is the enrolled
 * certificate's. A document is verified as its bytes came; when that fails, once more without processing
 * instructions and the blanks between elements, which signers are known to add afterwards and which mean
 * nothing in CAP; and of several signatures each also without the others, which were added after it. */
#ifndef NEIGHBORS_BRIDGE_CAP_SIGNATURE_H
#define NEIGHBORS_BRIDGE_CAP_SIGNATURE_H

#include "proto/bytes.h"

enum cap_signature {
    CAP_SIGNATURE_NONE,   /* the document has no signature */
    CAP_SIGNATURE_GOOD,   /* one of its signatures verifies */
    CAP_SIGNATURE_FAILED, /* it does not: other bytes or another key */
    CAP_SIGNATURE_CANNOT  /* it is of a form, or by a method, that is not verified here */
};

/* Does a signature of the document verify with the key of that certificate (PEM)? The document is one that
 * cap_read accepted, its bytes as they came. *why: one sentence, a constant; NULL when GOOD or NONE. The
 * certificate's time and issuer are not looked at: it was enrolled. Takes less than 100 ms for 4 MiB.
 * The first call of the process initialises xmlsec1 and closes all of its ways to files and the network; from
 * one thread alone. */
enum cap_signature cap_signature_check(struct bytes document, struct text certificate_pem, const char **why)
    __attribute__((warn_unused_result));

/* The same with the certificate that stands in the signature itself: GOOD says that nobody without its key
 * changed the document since, not whose key it is. CANNOT when there is none. */
enum cap_signature cap_signature_integrity(struct bytes document, const char **why)
    __attribute__((warn_unused_result));

#endif
