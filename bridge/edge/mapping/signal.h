/* A signal is what one message says about one device, by one row, before memory decides whether it is news.
 */
#ifndef NEIGHBORS_EDGE_SIGNAL_H
#define NEIGHBORS_EDGE_SIGNAL_H

#include "bridge/client/message.h"
#include "bridge/edge/mapping/row.h"

enum {
    EDGE_MOST_PAYLOAD = 64 * 1024, /* larger ones are pictures and never read */
    EDGE_SOURCE = 192,             /* bytes of a source's name, with its NUL */
};

struct edge_signal {
    const struct edge_row *row;
    char device[EDGE_NAME];   /* the publisher's name of it; stays in the house */
    char source[EDGE_SOURCE]; /* what is going on: the publisher's id, else the topic (and key) that tells it
                               */
    bool has_id;              /* source is an id */
    bool guarded;             /* the guard keeps it from starting anything */
    enum edge_meaning means;
    enum motion_kind kind;
    unsigned confidence; /* 0 to 100; 0: not told */
    int64_t time, until; /* as the device says, ms; 0: not told */
};

typedef void edge_signal_take(void *arg, const struct edge_signal *signal);

/* A payload that is parsed at most once, however many rows look at it. */
struct edge_document {
    struct bytes payload;
    void *root; /* json_t; NULL before the first use and when it is no JSON */
    bool parsed;
};
void edge_document_close(struct edge_document *document);

/* Reads the message by the row, whose topic has matched. Calls take for each signal and says how many there
 * were. */
size_t edge_read(const struct edge_row *row, const struct edge_captures *captures, struct text topic,
    struct edge_document *document, edge_signal_take *take, void *arg);

#endif
