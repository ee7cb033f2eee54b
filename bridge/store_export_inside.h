/* What the files of an export use of each other: store_export.c asks, store_export_decode.c makes a page of
 * the answers. */
#ifndef NEIGHBORS_BRIDGE_STORE_EXPORT_INSIDE_H
#define NEIGHBORS_BRIDGE_STORE_EXPORT_INSIDE_H

#include "bridge/store_export.h"
#include "bridge/store_inside.h"

/* A reply that is kept until the page is together. */
struct kept {
    struct kept *next;
    redisReply *reply;
};

/* A page that is being asked for. */
struct export_call {
    struct store *store;
    struct arena arena;
    struct text household, page;
    store_export_done *done;
    void *arg;
    size_t member_count, device_count;
    struct text *members;
    struct store_export_device *devices;
    struct kept *home, *principals, *events, *said; /* the newest first */
    unsigned under_way;
    bool failed;
    unsigned tag;  /* that is next, of regions or senders */
    char from[40]; /* where its log begins */
    int list;      /* what is next in its lists: */
    char score[24], id[40];
    size_t room; /* entries */
};

/* How many there are in the list at that place of each of the replies. */
size_t export_count_at(const struct kept *list, size_t place);

/* Fills in what was kept; views into the replies and the call's arena. STORE_FAILED in its status when the
 * household's rules cannot be read; a place that cannot be opened is "" and in the log. */
void export_decode(struct export_call *call, struct store_export *out);

#endif
