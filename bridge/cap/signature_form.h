/* The one form of signature that is verified (signature.h), looked for in the tree before xmlsec1 sees it. */
#ifndef NEIGHBORS_BRIDGE_CAP_SIGNATURE_FORM_H
#define NEIGHBORS_BRIDGE_CAP_SIGNATURE_FORM_H

#include <libxml/tree.h>
#include <stdbool.h>

#include "bridge/cap/signature.h"

/* True for a Signature element of XML-DSig. */
bool signature_is(const xmlNode *node);
/* True for a child of a Signature that verification needs: SignedInfo, SignatureValue, KeyInfo. */
bool signature_part(const xmlNode *node);
/* GOOD: of the form; CANNOT or FAILED: not, and why. */
enum cap_signature signature_form(const xmlNode *signature, const char **why);
/* The text of the number-th certificate in it, base64; NULL when there are no more. xmlFree. */
xmlChar *signature_certificate(const xmlNode *signature, int number);
/* True for base64 with blanks in it and every spare bit 0. Lenient decoders take a changed text for the same.
 */
bool signature_base64(const char *text);

#endif
