/* What a public feed offers: CAP documents in it, and where others are. Atom and RSS, a CAP document by
 * itself, and collections of them (EDXL-DE, <alerts>). Pure: nothing is loaded. */
#ifndef NEIGHBORS_BRIDGE_FEED_FEED_READ_H
#define NEIGHBORS_BRIDGE_FEED_FEED_READ_H

#include "proto/arena.h"

enum { FEED_ENTRIES_MAX = 20000, FEED_DEPTH_MAX = 64 };

/* One alert: either its document or its address is there. Texts are NUL-terminated. */
struct feed_entry {
    struct text id;        /* the feed's name for it; "" when it has none */
    struct text updated;   /* as written; "" when it is not told */
    struct text address;   /* of its document, absolute; "" when it is embedded */
    struct bytes document; /* embedded; len 0: none */
};
struct feed_content {
    size_t count;
    struct feed_entry *entries; /* the other way round than they stand: feeds have the newest first */
    size_t left_out;            /* entries that offer no document, such as those with cap: fields alone */
};

/* Reads a feed that came from `base`. Everything lives in the arena, but a feed that is one CAP document is a
 * view of the bytes given. False: *why says in a constant what is wrong. */
bool feed_read(struct bytes feed, const char *base, struct arena *arena, struct feed_content *out,
    const char **why) __attribute__((warn_unused_result));

/* True when the bytes are an XML document whose root is an alert of CAP, of whatever version. */
bool feed_is_cap(struct bytes document);

#endif
