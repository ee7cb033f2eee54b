/* What a connection was shown of alerts: revisions only rise, and a correction of what was shown is never
 * kept back. Alerts are remembered by followed place, encoding and public id, as one number. Of the last
 * thousands all is known; for a session with wishes it is stored with the cursors. */
#ifndef NEIGHBORS_BROKER_SESSION_SHOWN_H
#define NEIGHBORS_BROKER_SESSION_SHOWN_H

#include "broker/session/alert_object.h"

struct follow;

struct shown_alert {
    uint64_t key;
    uint32_t revision;     /* 0: it is known, and its newest state is to be told */
    uint32_t expires : 30; /* minutes since 1970 */
    uint32_t ended : 1;    /* it was told as ended */
    uint32_t doubt : 1;    /* it may have been shown, by a process that could not say so any more */
};

struct shown_table {
    struct shown_alert *slots;
    uint32_t count, room; /* room: a power of 2; 0: none yet */
};
struct shown {
    struct shown_table late, before; /* of late, and those before them */
    bool forgot;                     /* not everything that was shown is here */
};

/* Never 0. */
uint64_t shown_key(const struct follow *follow, const char *public_id);
/* NULL: it is not known. Holds until the next that is remembered. */
const struct shown_alert *shown_find(const struct shown *shown, uint64_t key);
/* True when the revision is newer than what was shown, or, with `again`, the same; remembers it. */
bool shown_tell(struct shown *shown, struct shown_alert alert, bool again);
/* Remembers an alert that is not known yet. */
void shown_learn(struct shown *shown, struct shown_alert alert);
/* The next of all that is remembered, from *at = 0 on; false: there is none. */
bool shown_next(const struct shown *shown, size_t *at, struct shown_alert *out);
void shown_free(struct shown *shown);

#endif
