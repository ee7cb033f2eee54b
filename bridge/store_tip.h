/* Tips and rewards in the store (scripts/tip.lua). Part of bridge/store.h. A conversation is under the tag of
 * the resident who began it, a programme under its agency's; what one side says goes to the other side's
 * board (bridge/store_board.h) before the call is answered, so that a call which is sent again completes what
 * was cut off. No answer to an agency tells who a resident is. */
#ifndef NEIGHBORS_BRIDGE_STORE_TIP_H
#define NEIGHBORS_BRIDGE_STORE_TIP_H

#include "bridge/store.h"

struct reward;

struct store_tip {
    uint8_t sender_tag;          /* of the conversation's id */
    const char *conversation_id; /* PUBLIC_ID characters; of one that begins, the message's own id */
    char tip_id[PUBLIC_ID + 1];  /* of this message: public form of the sender's own name for it */
    uint8_t digest[16];          /* of the bytes that were sent: tells a repeat from a conflict */
    struct text sender;          /* "user/ann", "agency/police" */
    struct text agency;          /* of one that begins: "agency/police"; len 0: it goes on */
    struct bytes claim_hash;     /* of one that begins; 32 bytes or none */
    struct bytes payload;        /* neighbors.v1.Tip in protobuf, as the other side gets it */
    uint32_t limit;              /* conversations that a resident begins in a day; 0: any */
    int64_t now;
};
struct store_tip_result {
    /* OK, REPEAT, CONFLICT, LIMITED, NOT_FOUND (no such conversation of this sender, or no such agency),
     * FAILED, GONE */
    enum store_status status;
    int64_t retry_after_ms; /* LIMITED */
};
typedef void store_tip_done(void *arg, const struct store_tip_result *result);
void store_tip(struct store *store, const struct store_tip *tip, store_tip_done *done, void *arg);

/* Of a programme: so many in all (reward->stock), one for a tip (reward->conversation_id), or one that was
 * handed in (reward->redeem). One is taken from the stock, noted for the tip and on record in one step: never
 * more than there are, never two of a programme for a tip. Its voucher, signed with the log's key, is on the
 * tipster's board before the call is answered. */
struct store_reward {
    uint8_t agency_tag, conversation_tag;
    const struct reward *reward;
    struct text agency, agency_name, officer;
    int64_t now;
};
struct store_reward_result {
    /* OK; REPEAT (this very thing was done before); CONFLICT (fewer than were given already; a voucher that
     * was handed in before); LIMITED (none are left); NOT_FOUND (no such programme, conversation or voucher);
     * ENDED (this broker has no key for vouchers); FAILED, GONE */
    enum store_status status;
    uint32_t left, number; /* of the programme now; of the voucher */
};
typedef void store_reward_done(void *arg, const struct store_reward_result *result);
void store_reward(struct store *store, const struct store_reward *reward, store_reward_done *done, void *arg);

#endif
