/* Keys, certificates and signed CAP documents made for tests. */
#ifndef NEIGHBORS_TESTS_UNIT_TEST_CAP_SIGNER_H
#define NEIGHBORS_TESTS_UNIT_TEST_CAP_SIGNER_H

#include "proto/arena.h"
#include "proto/bytes.h"

struct signer {
    const char *key_pem;
    struct text certificate_pem;
    const char *certificate; /* base64 alone, as it stands in a document */
};
/* A new key and its self-signed certificate: "RSA" or "EC". */
struct signer signer_new(const char *kind, struct arena *arena);

/* How a signature is made; NULL: the usual (exclusive canonicalisation, SHA-256, one Reference of all). */
struct signing {
    const char *canonicalization, *method, *digest; /* URIs */
    const char *transforms;                         /* elements in Transforms */
    const char *reference;                          /* the attribute: URI="" */
    const char *more;                               /* elements behind Reference */
    const char *key_info;                           /* NULL: the certificate */
    const char *object;                             /* an Object element */
};
/* The document with a Signature as its last child. */
struct bytes signer_sign(
    const struct signer *signer, const struct signing *how, struct bytes document, struct arena *arena);
/* The document with the first `find` replaced; fails the test when it is not there. */
struct bytes signer_replace(struct bytes document, const char *find, const char *put, struct arena *arena);

#define DSIG_ "http://www.w3.org/2000/09/xmldsig#"
#define MORE_ "http://www.w3.org/2001/04/xmldsig-more#"
#define ENVELOPED_ "<Transform Algorithm=\"" DSIG_ "enveloped-signature\"/>"
#define EXCLUSIVE_ "http://www.w3.org/2001/10/xml-exc-c14n#"

#endif
