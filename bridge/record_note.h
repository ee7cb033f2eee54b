/* Acts that the command line does itself and notes for the public record: bans, disclosures, agencies added
 * and changed. Blocking; as scripts/act.lua would note them, so that they may be part of a transaction and
 * need no broker. */
#ifndef NEIGHBORS_BRIDGE_RECORD_NOTE_H
#define NEIGHBORS_BRIDGE_RECORD_NOTE_H

#include "bridge/redis_sync.h"

/* NULL texts are "". What of it becomes public: bridge/record_leaf.h. */
struct record_note {
    const char *what;    /* "banned", "disclosure", "agency-added" … */
    const char *by;      /* "operator/<id>" */
    const char *subject; /* "<role>/<id>" that it was done to */
    const char *reason;  /* for the operator's desk alone */
    const char *name;    /* the agency's, in public */
    const char *text;    /* public words */
    uint32_t count;
    int64_t at; /* ms */
};

/* Two commands, XADD and HINCRBY, told one after the other: within MULTI when the caller began one. False:
 * redis->error. */
bool record_note(struct redis_sync *redis, const struct record_note *note)
    __attribute__((warn_unused_result));

#endif
