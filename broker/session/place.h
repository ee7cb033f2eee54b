/* A followed place: a circle around a leaf cell's centre, a cell, an inbox. Sessions that follow the same
 * place share it, so that what it concerns is computed once for all of them. */
#ifndef NEIGHBORS_BROKER_SESSION_PLACE_H
#define NEIGHBORS_BROKER_SESSION_PLACE_H

#include "broker/session/entry.h"

enum { PLACE_KEY = CHANNEL_NAME + 16, PLACE_CHANNELS = 96 };

struct place_channel {
    geo_cell cell;
    uint32_t
        leaves; /* bit n: leaf cell n of it concerns the place; for channels one precision above the leaves */
};

struct followed_place {
    UT_hash_handle hh;
    uint32_t holders;
    enum follow_kind kind;
    geo_cell cell; /* NEAR: the leaf cell; CELL: the cell */
    uint32_t metres;
    struct geo_point center;
    uint64_t shown_key; /* tells places apart in a session's table of shown revisions */
    /* The answer for the alert that was asked about last: one bit a face. */
    uint64_t last_alert; /* its serial: an address may be used anew */
    uint64_t last_faces;
    size_t channel_count;
    struct place_channel *channels; /* NEAR, CELL: those that can hold what concerns it */
    char name[];                    /* "near/9qh1f5/1600", "cell/9qh1f", "inbox/user/ann/phone" */
};

/* The place of a filter, held for the caller. session_channel: of INBOX, the session's
 * "<role>/<id>/<client>". NULL when it touches more channels than a session may follow. */
struct followed_place *place_hold(
    struct broker *broker, const struct follow_filter *filter, const char *session_channel);
void place_drop(struct broker *broker, struct followed_place *place);
/* Tells the store how many follow each leaf cell here (for previews), once a minute. */
void places_tell(struct broker *broker, int64_t now);

/* One bit for each face of the alert that has a point in common with the place. */
uint64_t place_alert_faces(struct followed_place *place, const struct alert_object *alert);
/* True when activity in the leaf cell with these bits below the channel's cell concerns the place. */
bool place_has_leaf(const struct followed_place *place, geo_cell channel, uint16_t bits, int leaf_precision);

/* The leaf cell with these bits below the channel's cell. */
geo_cell leaf_of(geo_cell channel, uint16_t bits, int leaf_precision);
/* The bits of a leaf cell below the channel's precision. */
uint16_t leaf_bits(geo_cell leaf, int channel_precision);

#endif
