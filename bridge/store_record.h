/* What is noted for the public record. An act that changes something is noted by the script that changes it,
 * in the same step: record_act of scripts/act.lua. What is done by being noted alone goes through store_act.
 * A sequencer moves acts, each once, into the log (bridge/store_log.h); which of them become leaves, and that
 * nothing personal does, is said in bridge/record_leaf.h. */
#ifndef NEIGHBORS_BRIDGE_STORE_RECORD_H
#define NEIGHBORS_BRIDGE_STORE_RECORD_H

#include "bridge/store.h"

/* Texts with len 0 are left out. `officer`, `subject` (but an agency's name) and `reason` are for the
 * operator's desk and stay there; name, case_number, text, digest and count are public. */
struct store_act {
    uint8_t sender_tag;  /* of `by` */
    const char *what;    /* a word: "refused" */
    struct text by;      /* "<role>/<id>" */
    struct text officer; /* "" when not known */
    struct text subject; /* what it was about, in one line */
    struct text reason;
    int64_t now;
    struct text name;        /* of the agency, as the public knows it */
    struct text case_number; /* of an investigation */
    struct text text;        /* for who reads the record: the rule that refused it */
    struct bytes digest;     /* of the agency's message; 16 bytes */
    uint32_t count;          /* how many it concerned; 0: not told */
};

/* A call that is sent again because its answer was lost may stand there twice. OK, FAILED or GONE. */
void store_act(struct store *store, const struct store_act *act, store_status_done *done, void *arg);

#endif
