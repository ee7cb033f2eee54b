/* The options of enrolment that say what an agency is trusted with. */
#ifndef NEIGHBORS_CLI_TRUST_H
#define NEIGHBORS_CLI_TRUST_H

#include "bridge/registry.h"
#include "cli/cli.h"
#include "proto/arena.h"

/* What was said; NULL: not said. */
struct trust_words {
    const char *jurisdiction;   /* a file of GeoJSON, "everywhere" or "nowhere" */
    const char *certificate;    /* a file of PEM, or "none" */
    const char *must_sign;      /* yes, no */
    const char *second_officer; /* yes, no */
    const char *cap_reading;    /* tolerant, forgiving */
    const char *drill;          /* yes, no */
    const char *kind;           /* police, fire, … */
    const char *office;         /* LAT,LON */
    const char *since;          /* a date */
};

/* EXIT_DONE with *out, whose bytes live in the arena; *given: anything was said. Else the code after the
 * complaint. */
enum exit_code trust_read(const struct invocation *invocation, const struct trust_words *words,
    struct arena *arena, struct registry_trust *out, bool *given) __attribute__((warn_unused_result));

/* What stands for a jurisdiction of no area. */
extern const struct bytes trust_nowhere;

#endif
