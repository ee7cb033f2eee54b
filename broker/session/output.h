/* What waits to be sent on a connection: a queue of small packets side by side, and of shared payloads by
 * reference. Holds no memory while it is empty. */
#ifndef NEIGHBORS_BROKER_SESSION_OUTPUT_H
#define NEIGHBORS_BROKER_SESSION_OUTPUT_H

#include <sys/uio.h>

#include "proto/bytes.h"

/* Bytes that several connections send: counted, freed with the last holder. */
struct blob {
    uint32_t holders;
    uint32_t len;
    uint8_t data[];
};
/* A copy of the bytes, held once. */
struct blob *blob_new(struct bytes bytes);
struct blob *blob_hold(struct blob *blob);
/* NULL is allowed. */
void blob_drop(struct blob *blob);

struct output_piece;
struct output {
    struct output_piece *first, *last;
    size_t pending; /* bytes in all */
};

/* Room for `size` bytes at the end of the queue, to be written at once; output_commit says how many were
 * used. */
uint8_t *output_reserve(struct output *output, size_t size);
void output_commit(struct output *output, size_t used);
/* Appends the payload: small ones are copied, larger ones held. */
void output_blob(struct output *output, struct blob *blob);
/* The next pieces to send, in order; returns how many. */
int output_pieces(const struct output *output, struct iovec *pieces, int capacity);
/* The first `len` bytes have been sent. */
void output_sent(struct output *output, size_t len);
void output_clear(struct output *output);

#endif
