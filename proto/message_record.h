/* The public record: its leaves and the heads of its tree. */
#ifndef NEIGHBORS_PROTO_MESSAGE_RECORD_H
#define NEIGHBORS_PROTO_MESSAGE_RECORD_H

#include "proto/bytes.h"

struct log_leaf {
    uint64_t index;
    int64_t at;
    uint8_t act; /* enum log_act */
    struct text agency, agency_name, public_id;
    uint32_t revision;
    struct text case_number, text;
    struct bytes digest;
    struct text what;
    uint64_t count;
    struct text subject;
};

/* What was signed of the record: its first `size` leaves have that root. */
struct tree_head {
    uint64_t size;
    int64_t at;
    struct bytes root_hash, key_id, signature; /* signature len 0: what is to be signed */
};

#endif
