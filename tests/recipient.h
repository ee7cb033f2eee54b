/* A new private key and its self-signed certificate, for tests of what is sealed. */
#ifndef NEIGHBORS_TESTS_RECIPIENT_H
#define NEIGHBORS_TESTS_RECIPIENT_H

#include "proto/arena.h"
#include "proto/bytes.h"

struct recipient {
    struct text certificate, key; /* PEM */
};
/* kind: "RSA", "EC" or "ED25519" (to which nothing can be sealed). In the arena. */
struct recipient recipient_new(const char *kind, struct arena *arena);

#endif
