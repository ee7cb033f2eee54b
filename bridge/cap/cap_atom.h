/* The agencies' alerts in force as an Atom feed (RFC 4287) of CAP documents, as the OASIS note "CAP Feeds"
 * describes: an entry an alert, with a link to its document and the fields that readers sort by. */
#ifndef NEIGHBORS_BRIDGE_CAP_CAP_ATOM_H
#define NEIGHBORS_BRIDGE_CAP_CAP_ATOM_H

#include "proto/arena.h"
#include "proto/message.h"

struct cap_atom_entry {
    const struct alert *alert; /* with public id and revision */
    int64_t updated;           /* ms; when this revision was stored */
};
struct cap_atom {
    struct text base;  /* "https://alerts.example.org", without a slash at its end; "": links are relative */
    struct text query; /* of the feed's own address, "?cells=9qh1f"; may be empty */
    struct text
        sender;      /* ours: names the entries, with the year of the format in a tag: address (RFC 4151) */
    int64_t updated; /* ms; of the list */
    size_t count;
    const struct cap_atom_entry *entries;
};

/* The feed, UTF-8. An entry's id is "tag:<sender>,2026:<public id>.<revision>": what has the same id has the
 * same content. Characters that XML cannot hold become blanks. The bytes live in the arena. */
struct bytes cap_atom_write(const struct cap_atom *feed, struct arena *arena);

#endif
