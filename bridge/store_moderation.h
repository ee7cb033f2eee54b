/* What others say of an alert: who saw it too, who says that it should not be here, and what an agency or the
 * operator decides. Part of bridge/store.h, which says how calls are answered. */
#ifndef NEIGHBORS_BRIDGE_STORE_MODERATION_H
#define NEIGHBORS_BRIDGE_STORE_MODERATION_H

#include "bridge/store_alert.h"

/* A resident saw it too. When `enough` distinct households did, an UNVERIFIED alert becomes CORROBORATED,
 * which is a revision. OK, REPEAT (this household did), NOT_FOUND, ENDED, FAILED, GONE. */
struct store_witness {
    uint8_t sender_tag;
    const char *public_id;
    struct text household;
    struct text remark;
    int64_t now;
    uint32_t enough;
};
void store_witness(
    struct store *store, const struct store_witness *witness, store_alert_done *done, void *arg);

/* A resident says that it should not be here. When `enough` distinct households did, a resident's alert is
 * held back: it ends everywhere (a revision) and waits for a moderator. OK, REPEAT, NOT_FOUND, ENDED. */
struct store_flag {
    uint8_t sender_tag;
    const char *public_id;
    struct text household;
    uint8_t reason; /* enum flag_reason */
    struct text remark;
    int64_t now;
    uint32_t enough;
    bool
        appeal; /* from the sender of what is held: kept for the moderator; OK or ENDED when it is not held */
};
struct store_flag_result {
    enum store_status status;
    bool held;                  /* by this flag, or its repetition */
    struct text sender, client; /* of the alert, when held: to be told */
};
typedef void store_flag_done(void *arg, const struct store_flag_result *result);
void store_flag(struct store *store, const struct store_flag *flag, store_flag_done *done, void *arg);

/* What an agency or the operator says of an alert: CONFIRMED and REFUTED change its truth; APPROVED lets one
 * out that waits (by another officer of the same agency); RELEASED lets one out that was held; REMOVED ends
 * it for good. Each is a revision, and is kept in the acts for the public record. */
struct store_verdict {
    uint8_t sender_tag;
    const char *public_id;
    uint32_t revision; /* that was looked at; 0: the newest */
    uint8_t decision;  /* enum verdict_decision */
    struct text by;    /* "<role>/<id>" */
    struct text officer;
    struct text reason;
    int64_t now;
    struct text name, case_number; /* of an agency, as the public record names it, and of its case; "" */
};
struct store_verdict_result {
    enum store_status status;   /* OK, REPEAT (so already), CONFLICT (another revision now), NOT_FOUND, ENDED,
                                   REVOKED (APPROVED by the officer who sent it, or by another agency) */
    struct text sender, client; /* of the alert */
    uint32_t revision;
};
typedef void store_verdict_done(void *arg, const struct store_verdict_result *result);
void store_verdict(
    struct store *store, const struct store_verdict *verdict, store_verdict_done *done, void *arg);

#endif
