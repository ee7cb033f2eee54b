/* A question for the past on its way through the steps, for the files kind/history*.c. */
#ifndef NEIGHBORS_BROKER_KIND_HISTORY_JOB_H
#define NEIGHBORS_BROKER_KIND_HISTORY_JOB_H

#include "bridge/store_cells.h"
#include "broker/kind/kind.h"
#include "broker/session/place.h"

enum { HISTORY_PLACES = 16, HISTORY_CHANNELS = 256 };

struct history_found {
    struct entry *entry;
    uint32_t channel; /* its number in history->channels */
    uint32_t generation;
};

/* Where a page ends: behind the first `position.index` items (0: all) of that channel's entry. Entries of
 * several channels may have the same position; they come in the order of the channels. */
struct place_in_history {
    struct position_in_channel position;
    uint32_t channel;
};

/* A revision of an alert that a page before told. */
struct history_told {
    char public_id[PUBLIC_ID + 1];
    uint32_t revision;
};

/* publication->job of a history query. It lives in the publication's arena; found and told are its own. */
struct history {
    struct publication *publication;
    /* locate */
    struct followed_place *places[HISTORY_PLACES];
    size_t place_count;
    struct store_cell counted[HISTORY_PLACES]; /* those of the places that are new, perhaps */
    size_t counted_count;
    geo_cell channels[HISTORY_CHANNELS];
    size_t channel_count;
    unsigned classes;              /* of enum item_class */
    char label[32];                /* that the pages of this query are bound to */
    struct place_in_history after; /* where the page before ended; without one, where the time begins */
    int64_t read_at;               /* ms: the page covers nothing behind it */
    uint32_t limit;                /* items in a page */
    bool json;
    bool over; /* they are too many for today */
    /* what the pages before told */
    size_t channels_looked_back;
    struct position_in_channel looked_at; /* in the channel that is looked back in; 0-0: nothing yet */
    size_t told_count, told_room;
    struct history_told *told;
    /* what the channels have */
    size_t channels_read;
    size_t found_count, found_room;
    struct history_found *found;
    struct position_in_channel bound; /* nothing behind it is in this page: a channel has more */
    bool complete;                    /* nothing that was asked for is known to be missing so far */
};

static const struct position_in_channel history_everything = {UINT64_MAX, UINT32_MAX, 0}; /* as a bound */

/* ---- history_token.c ---- */
/* Sets history->label: pages are bound to what was asked, but for how many items a page has. */
void history_token_bind(struct history *history);
/* Sets history->after from the query's token; false: it is none of this history. */
bool history_token_open(struct history *history) __attribute__((warn_unused_result));
/* The token of the page that begins behind `last`; in the publication's arena. */
struct text history_token(struct history *history, const struct place_in_history *last);

/* ---- history_read.c ---- */
/* Asks for the next piece that is not read yet, and resumes the publication when it has come (with
 * publication->failed when the store has failed). False: everything is read. */
bool history_read(struct history *history) __attribute__((warn_unused_result));
/* Lets go of what was read. */
void history_read_forget(struct history *history);

/* ---- history_page.c ---- */
/* Fills the page, in the publication's arena, with what was read; its alerts are loaded. */
void history_page_fill(struct history *history, struct history_page *page);

#endif
