/* The sequencer of the public record, between store_sequence.c (acts become leaves) and store_head.c (the
 * tree is checked and its head signed) only. One call is under way at a time, so that what was read is still
 * so when it is used; what another process may do meanwhile, Redis compares. */
#ifndef NEIGHBORS_BRIDGE_STORE_SEQUENCE_H
#define NEIGHBORS_BRIDGE_STORE_SEQUENCE_H

#include "bridge/merkle.h"
#include "bridge/store_inside.h"
#include "bridge/store_log.h"

/* A head that was signed, by whomever. */
struct known_head {
    struct buffer encoded; /* len 0: none */
    uint64_t size;
    struct merkle_hash root;
};

struct sequence {
    struct store *store;
    int64_t now;  /* ms, of the last store_upkeep */
    bool busy;    /* a call is under way */
    double due;   /* store_clock at the next look */
    bool trusted; /* `tree` is what the store has, and goes on with what was signed */
    struct merkle_peaks tree;
    char cursors[STORE_SENDER_TAGS][24]; /* the last act of each tag that is in the record */
    unsigned first_tag;                  /* whose acts are read first */
    struct known_head kept, told;        /* the newest that this process trusted; that the store has now */
    double sign_due;
    uint64_t planned;                               /* leaves of the tree that is proved */
    struct merkle_plan peaks, from_kept, from_told; /* the proof under way */
    bool then_sign;                                 /* after it */
    /* All leaves are hashed anew, page after page, up to what a head says of them. */
    struct {
        bool begun, passed; /* passed: once to the end since the lease was taken */
        unsigned pages;     /* in this look */
        uint64_t goal;
        struct merkle_hash root; /* that the goal has */
        struct merkle_peaks tree;
    } audit;
};

/* Looks again in so many seconds; the call that was under way is over. */
void sequence_pause(struct sequence *sequence, double seconds);
/* Takes a head as the store has it. False: it cannot be read. */
bool head_take(struct known_head *out, struct bytes encoded) __attribute__((warn_unused_result));
/* Reads the tree's peaks and proves that it goes on with the heads that are known; then trusts it, or tells
 * what is wrong. `size`: of the tree. */
void head_prove(struct sequence *sequence, uint64_t size, bool then_sign);
/* Nothing waits: signs a head when it is due, after a look at the leaves. */
void head_upkeep(struct sequence *sequence);
/* The record is not what it was: said in the log and the counters, and nothing is signed until it is again.
 */
void head_broken(struct sequence *sequence, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum { SEQUENCE_LEASE_MS = 5000 };
extern const char sequence_key[]; /* under whose tag the record is */

#endif
