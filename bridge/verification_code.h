/* The codes that verify where a household lives, or hand a device over, and the ways by which they come. */
#ifndef NEIGHBORS_BRIDGE_VERIFICATION_CODE_H
#define NEIGHBORS_BRIDGE_VERIFICATION_CODE_H

#include "proto/bytes.h"

enum verification_way {
    VERIFICATION_POST = 1, /* a letter with the code to the address */
    VERIFICATION_NEIGHBOR, /* a verified household near by gives the code */
    VERIFICATION_AGENCY,   /* an agency gives the code, who has seen the address */
    VERIFICATION_HANDOVER, /* not a place: a device goes from one household to another */
    VERIFICATION_JOIN,     /* not a place: an invited agency enrols its own key */
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

/* A list of ways, "post,neighbor", as bits: bit n: way n. False: a word is none of them. */
bool verification_ways_read(const char *list, unsigned *out) __attribute__((warn_unused_result));

#endif
