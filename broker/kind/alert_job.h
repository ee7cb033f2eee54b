/* An alert on its way through the steps, for the files kind/alert*.c: what each step hands to the next. */
#ifndef NEIGHBORS_BROKER_KIND_ALERT_JOB_H
#define NEIGHBORS_BROKER_KIND_ALERT_JOB_H

#include "bridge/cap/cap_area.h"
#include "broker/kind/kind.h"

enum { ALERT_HOUR = 3600 * 1000, ALERT_DAY = 24 * ALERT_HOUR };

/* publication->job of an alert. All lives in the publication's arena. */
struct alert_job {
    /* decode */
    bool cap;
    struct bytes document; /* of CAP: as it came */
    struct cap_plan plan;  /* likewise */
    bool late;             /* it expired before it came */
    bool looked_up;        /* the alert that is named by its public id */
    bool own;              /* it is of this sender */
    /* locate */
    struct cap_resolved *resolved; /* the areas of plan.codes; NULL: not asked yet */
    bool too_large;                /* they have more points than an alert can have */
    struct position exact;         /* a resident's own place: for alert_tokens, never stored, never logged */
    struct geo_shape shape;        /* of the place; none of an alert without */
    const struct geo_prepared *prepared; /* of shape; NULL: the alert has no place */
    double area_km2;
    size_t channel_count; /* 0: it is kept and told to nobody */
    char channels[STORE_COVER][13];
    bool approval; /* it waits for a second officer */
};

static inline struct alert_job *alert_job(const struct publication *publication)
{
    return publication->job;
}
static inline bool of_agency(const struct publication *publication)
{
    return publication->principal->role == ROLE_AGENCY;
}

/* ---- alert.c ---- */
/* Fills in the times that were not told, and sets job->late. */
enum step_result alert_times(struct publication *publication);

/* ---- alert_named.c ---- */
/* An UPDATE or CANCEL of an agency may name by its public id which of its own alerts it is of. May wait. */
enum step_result alert_named(struct publication *publication);

/* ---- alert_cap.c: an agency's CAP document (R.. are the numbers of bridge/cap's table of rules) ---- */
enum step_result alert_cap_decode(struct publication *publication);
/* The place, from what is drawn and from the store's table of geocodes: may wait. What has no place is told
 * in the outcome. */
enum step_result alert_cap_locate(struct publication *publication);

/* ---- alert_place.c ---- */
/* A resident's place becomes the centre of its leaf cell. */
void alert_snap(struct alert *alert, int leaf_precision);
/* Shape, area, channels, jurisdiction and whether it waits for approval. */
enum step_result alert_place(struct publication *publication);

/* ---- alert_merge.c ---- */
/* By which digests the report of a resident finds others of the same thing within 150 m. */
void alert_tokens(const struct publication *publication, struct store_report *report,
    uint8_t near[STORE_NEAR][STORE_TOKEN]);

/* ---- alert_preview.c ---- */
/* Instead of storing it: what it would reach. */
enum step_result alert_preview(struct publication *publication);

#endif
