/* How a household's place becomes known to be real. Whatever way the operator chose, it is the same three
 * steps: somebody begins, a code comes out and reaches the household by that way, and whoever gives the code
 * back is done. A code is used once, ends by itself, is known to Redis by a keyed digest alone, and a
 * household may try ten an hour. scripts/verification.lua does each step at once; here it is asked blocking,
 * for the command line.
 */
#ifndef NEIGHBORS_BRIDGE_VERIFICATION_H
#define NEIGHBORS_BRIDGE_VERIFICATION_H

#include "bridge/registry.h"
#include "bridge/seal.h"

enum verification_way {
    VERIFICATION_POST = 1, /* a letter with the code to the address */
    VERIFICATION_NEIGHBOR, /* a verified household near by gives the code */
    VERIFICATION_AGENCY,   /* an agency gives the code, who has seen the address */
    VERIFICATION_HANDOVER, /* not a place: a device goes from one household to another */
};
/* "post", "neighbor", "agency", "handover"; NULL for another number. The number of a name; 0: none. */
const char *verification_way_name(int way);
int verification_way_of(struct text name);

enum { VERIFICATION_CODE = 9, VERIFICATION_WITHIN_M = 1600, VERIFICATION_INVITATIONS = 3 };

/* A new random code, "K7QF-2MPX" (40 bits). */
void verification_code_new(char out[VERIFICATION_CODE + 1]);
/* As codes are written, whatever case and whether with its dash. False: it is no code. */
bool verification_code_read(struct text text, char out[VERIFICATION_CODE + 1])
    __attribute__((warn_unused_result));

struct verification {
    enum verification_way way;
    const char *household; /* whose alone it is; NULL: whoever is near */
    const char *by;        /* who gives it: "operator", "agency/fire-1", "user/ann", of a device its name */
    int64_t now, expires;  /* ms */
};
/* Begins: the code to be handed on. */
enum registry_result verification_begin(struct redis_sync *redis, const struct seal *seal,
    const struct verification *verification, char code[VERIFICATION_CODE + 1])
    __attribute__((warn_unused_result));

/* What a code is for. */
struct verification_found {
    enum verification_way way;
    char by[REGISTRY_ID + 16];
};
/* Gives the code back for a household: it is used from now on, and unless it hands a device over, the
 * household is verified since now, as all its members learn. REFUSED: the code is not good for it, or too
 * many were tried. wanted: the ways that are accepted, bit n: way n. */
enum registry_result verification_redeem(struct redis_sync *redis, const struct seal *seal,
    const char *household, struct text code, unsigned wanted, int64_t now, struct verification_found *out)
    __attribute__((warn_unused_result));

#endif
