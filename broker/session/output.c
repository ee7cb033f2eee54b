/* The output queue of a connection. Packets of one turn are gathered side by side in pieces of a few
 * kilobytes, so that one gathered write sends them; a payload that many connections send is copied when it is
 * short (cheaper than counting holders) and shared when it is long. */
#include "broker/session/output.h"

#include "broker/core.h"

enum { PIECE_ROOM = 2048, COPY_LIMIT = 2048 };

struct output_piece {
    struct output_piece *next;
    struct blob *blob; /* not NULL: the bytes are the blob's */
    size_t start, end; /* what is still to be sent */
    size_t room;       /* of data */
    uint8_t data[];
};

struct blob *blob_new(struct bytes bytes)
{
    struct blob *blob = must_alloc(sizeof *blob + bytes.len);

    blob->holders = 1;
    blob->len = (uint32_t)bytes.len;
    if (bytes.len)
        memcpy(blob->data, bytes.data, bytes.len);
    return blob;
}

struct blob *blob_hold(struct blob *blob)
{
    blob->holders++;
    return blob;
}

void blob_drop(struct blob *blob)
{
    if (blob && --blob->holders == 0)
        free(blob);
}

static struct output_piece *append_piece(struct output *output, size_t room)
{
    struct output_piece *piece = must_alloc(sizeof *piece + room);

    *piece = (struct output_piece){.room = room};
    if (output->last)
        output->last->next = piece;
    else
        output->first = piece;
    output->last = piece;
    return piece;
}

uint8_t *output_reserve(struct output *output, size_t size)
{
    struct output_piece *piece = output->last;

    /* A connection that gets one small packet a minute should not hold a large piece for it. */
    if (!piece)
        piece = append_piece(output, size > 256 ? size : 256);
    else if (piece->blob || piece->room - piece->end < size)
        piece = append_piece(output, size > PIECE_ROOM ? size : PIECE_ROOM);
    return piece->data + piece->end;
}

void output_commit(struct output *output, size_t used)
{
    output->last->end += used;
    output->pending += used;
}

void output_blob(struct output *output, struct blob *blob)
{
    if (blob->len <= COPY_LIMIT) {
        if (blob->len)
            memcpy(output_reserve(output, blob->len), blob->data, blob->len);
        else
            output_reserve(output, 0);
        output_commit(output, blob->len);
        return;
    }
    struct output_piece *piece = append_piece(output, 0);
    piece->blob = blob_hold(blob);
    piece->end = blob->len;
    output->pending += blob->len;
}

int output_pieces(const struct output *output, struct iovec *pieces, int capacity)
{
    int count = 0;

    for (struct output_piece *piece = output->first; piece && count < capacity; piece = piece->next) {
        if (piece->end == piece->start)
            continue;
        uint8_t *bytes = piece->blob ? piece->blob->data : piece->data;
        pieces[count++] = (struct iovec){bytes + piece->start, piece->end - piece->start};
    }
    return count;
}

static void drop_first(struct output *output)
{
    struct output_piece *piece = output->first;

    output->first = piece->next;
    if (!output->first)
        output->last = NULL;
    blob_drop(piece->blob);
    free(piece);
}

void output_sent(struct output *output, size_t len)
{
    output->pending -= len;
    while (output->first) {
        struct output_piece *piece = output->first;
        size_t waiting = piece->end - piece->start;

        if (len < waiting) {
            piece->start += len;
            return;
        }
        len -= waiting;
        drop_first(output);
    }
}

void output_clear(struct output *output)
{
    while (output->first)
        drop_first(output);
    output->pending = 0;
}
