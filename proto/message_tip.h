/* Tips to an agency, and the rewards for them. */
#ifndef NEIGHBORS_PROTO_MESSAGE_TIP_H
#define NEIGHBORS_PROTO_MESSAGE_TIP_H

#include "proto/bytes.h"

/* A tip to an agency, or what goes on with it. */
struct tip {
    struct text sender_tip_id, conversation_id, agency, about, case_number, text;
    struct bytes sealed, claim_hash; /* claim_hash: LIMIT_CLAIM bytes or none */
    /* Set by the broker. */
    bool from_agency;
    int64_t at;
    struct text tip_id;
};

/* Of a programme: how many there are, or one for a tip, or one that was handed in. */
struct reward {
    struct text sender_reward_id, programme, conversation_id, case_number, reward, currency, claim_text;
    uint64_t amount_cents;
    int64_t claim_until;
    uint32_t stock, redeem;
    /* Set by the broker. */
    struct text agency_name, voucher;
    uint32_t number;
};

#endif
