/* What those who do not follow ask (HTTP): the alerts in force and the recent activity of a place, and the
 * agencies' alerts in force. A place is read and matched as a follower's is (session/place.h), so that both
 * see the same; but only what is for the public: exercises, tests and drafts are left out. */
#ifndef NEIGHBORS_BROKER_INQUIRY_H
#define NEIGHBORS_BROKER_INQUIRY_H

#include "broker/session/alert_object.h"

enum { INQUIRY_CELLS = 64, INQUIRY_ALERTS = 1000, INQUIRY_ACTIVITIES = 2000 };

/* A place: a circle around a leaf cell's centre, or cells of one precision above the channels' to the leaves.
 * near.len 0 and no cells: everywhere (of agency alerts alone). */
struct inquiry_place {
    struct text near;
    uint32_t metres; /* one of the radii that can be followed */
    size_t cell_count;
    const struct text *cells;
};
struct inquiry_question {
    struct text address; /* who asks, for the limit of a day; len 0: nobody is counted */
    struct inquiry_place place;
    int64_t since; /* ms: activity appended from then on */
    size_t cursor_count;
    const struct channel_cursor *cursors; /* but in these channels what is behind them */
};

struct inquiry_activity {
    char cell[GEO_CELL_TEXT]; /* leaf */
    struct activity activity;
};
/* Lives until the completion returns. */
struct inquiry_answer {
    bool failed;                   /* the store failed */
    const struct refusal *refused; /* over the day's limit of its address; NULL: not */
    bool complete;                 /* else something was left out: trimmed, or too much */
    size_t alert_count;
    const struct alert_object *const *alerts; /* in force, each once, by public id */
    size_t activity_count;
    const struct inquiry_activity *activities; /* in the order of their channels and of appending */
    size_t cursor_count;
    const struct channel_cursor *cursors; /* to ask on behind this answer; their channels' public names */
    int64_t changed;                      /* of agency alerts: ms, since when they are these */
};

/* Called once, in a later turn. */
typedef void inquiry_done(void *arg, const struct inquiry_answer *answer);

/* False: *refusal says why, and done is not called. All is copied. */
bool broker_inquire(struct broker *broker, const struct inquiry_question *question, inquiry_done *done,
    void *arg, struct refusal *refusal) __attribute__((warn_unused_result));
/* The agencies' alerts in force that touch one of the cells; of no cells all. */
bool broker_agency_alerts(struct broker *broker, const struct inquiry_place *place, inquiry_done *done,
    void *arg, struct refusal *refusal) __attribute__((warn_unused_result));

/* Some alert was loaded: those that waited for it go on. */
void inquiries_alert_loaded(struct broker *broker);
/* The store is gone: those that still wait are answered as failed. What is kept is dropped. */
void inquiries_clear(struct broker *broker);

#endif
