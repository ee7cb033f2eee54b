/* The code by which who gave a tip claims its reward: 100 random bits in Crockford's base32, "4T2XK-…", four
 * groups of five. The broker and the agency get its SHA-256 alone (Tip.claim_hash). */
#ifndef NEIGHBORS_CLI_CLAIM_CODE_H
#define NEIGHBORS_CLI_CLAIM_CODE_H

#include <stdbool.h>
#include <stdint.h>

enum { CLAIM_CODE = 23, CLAIM_HASH = 32 };

void claim_code_make(char out[CLAIM_CODE + 1]);

/* A code as somebody typed it, in the form that it was made in: capitals, hyphens where they belong, O and I
 * and L for the digits that they look like. False: it has not the form of a code. */
bool claim_code_read(const char *typed, char out[CLAIM_CODE + 1]) __attribute__((warn_unused_result));

/* SHA-256 of the code, hyphens and all. */
void claim_code_hash(const char *code, uint8_t out[CLAIM_HASH]);

#endif
