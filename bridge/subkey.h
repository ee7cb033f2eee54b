/* A key for each purpose out of the one secret of an installation, so that no output of one tells anything of
 * another. */
#ifndef NEIGHBORS_BRIDGE_SUBKEY_H
#define NEIGHBORS_BRIDGE_SUBKEY_H

#include <stddef.h>
#include <stdint.h>

enum { SUBKEY_SECRET = 32 };

/* HKDF-SHA-256 (RFC 5869) of the secret; purpose: a text that nothing else uses. Out of memory ends the
 * process. The caller wipes out[] when done. */
void subkey_derive(const uint8_t secret[SUBKEY_SECRET], const char *purpose, uint8_t *out, size_t len);

#endif
