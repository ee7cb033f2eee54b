/* Between the files of inquiries. */
#ifndef NEIGHBORS_BROKER_INQUIRY_INSIDE_H
#define NEIGHBORS_BROKER_INQUIRY_INSIDE_H

#include "broker/inquiry.h"
#include "broker/session/place.h"
#include "broker/session/reach.h"

enum { AT_ONCE = 64, CHANNELS = 256, ENTRIES = 2048, REPLAY_MS = 60 * 1000 };

struct asked_channel {
    struct inquiry *inquiry;
    geo_cell cell;
    char name[GEO_CELL_TEXT];
    bool has_cursor;
    struct position_in_channel after; /* entries behind it are told */
    struct position_in_channel head;
    uint32_t generation;
};

struct inquiry {
    TAILQ_ENTRY(inquiry) in_waiting;
    struct broker *broker;
    inquiry_done *done;
    void *arg;
    bool list; /* of the agencies' alerts */
    bool failed, complete;
    size_t open;            /* answers of the store still to come */
    struct refusal refusal; /* code OK: it may ask this */
    char rule[REACH_RULE];
    struct followed_place *places[INQUIRY_CELLS];
    size_t place_count;
    struct asked_channel *channels;
    size_t channel_count;
    struct alert_object **alerts;          /* held */
    size_t alert_count, alert_room, ready; /* of the first `ready` none is still being loaded */
    struct inquiry_activity *activities;
    size_t activity_count, activity_room;
    struct arena arena; /* of the cursors */
};

/* NULL with the refusal filled when too many are on their way. */
struct inquiry *inquiry_new(struct broker *broker, inquiry_done *done, void *arg, struct refusal *refusal);
void inquiry_free(struct inquiry *inquiry);
/* Fills the refusal; false. */
bool inquiry_refuse(struct refusal *refusal, uint8_t code, const char *field, const char *rule);
/* Holds the places; false: the refusal says why. */
bool inquiry_add_places(struct inquiry *inquiry, const struct inquiry_place *asked, struct refusal *refusal)
    __attribute__((warn_unused_result));
/* Holds that revision for the answer. */
void inquiry_keep_alert(struct inquiry *inquiry, const struct alert_notice *notice);
/* Answers when all is there: the store's answers, and the alerts. */
void inquiry_advance(struct inquiry *inquiry);
/* Drops the agencies' alerts that are kept. */
void inquiry_forget_agencies(struct broker *broker);

#endif
