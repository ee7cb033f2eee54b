/* What a session's wishes keep back, and when it comes.
 *
 * An alert that must wait is not kept: when the wait is over, what is in force in the session's channels and
 * was not shown yet is shown, so the latest state comes, or nothing of what ended meanwhile. That some alert
 * waits is a flag of its link, stored with the cursors.
 * Activity that must wait stays in its channel: the link's cursor, as it is stored and as heartbeats tell it,
 * stays before the first such item, and the link goes back there when the wait is over.
 * A footage request waits so in the inbox, in quiet hours alone; what else stands in the inbox passes it.
 * (Who connects anew meanwhile gets that again.) What was shown is stored with the cursors too, so that a
 * correction of it comes at once, and nothing twice, over reconnections and restarts. Silence that was wished
 * for is no lag: a heartbeat does not call it stale. */
#ifndef NEIGHBORS_BROKER_SESSION_HOLD_H
#define NEIGHBORS_BROKER_SESSION_HOLD_H

#include "broker/session/session.h"
#include "broker/session/wishes.h"

/* Of a session that wishes for something. */
struct holding {
    struct wishes *wishes;
    int64_t release_at; /* ms: when what waits comes; 0: nothing waits */
    struct shown over;  /* what ended and was never shown: another channel may tell an older state after it */
};

/* Of a link with activity that waits or waited. */
struct link_held {
    bool waits;
    struct position_in_channel before;   /* where the first that waits stands */
    struct position_in_channel released; /* activity up to here has waited long enough */
    struct position_in_channel passed;   /* up to here everything that did not wait was sent */
};

/* Takes the wishes in place of those before. What waits is judged anew. */
void hold_wish(struct session *session, const struct settings_message *settings);
/* The wishes as they are stored: Settings without what is not delivery, protobuf; len 0: none. */
struct bytes hold_encode(const struct settings_message *settings, struct arena *arena);
/* Takes over stored wishes of a session that goes on. */
void hold_restore(struct session *session, struct bytes wishes);
void hold_free(struct session *session);

/* An alert that concerns a follow. */
struct hold_alert {
    const struct follow *follow;
    struct link *link;
    const struct alert_object *alert;
    const struct initial *initial;       /* one of those in force; NULL: an entry of the channel */
    struct position_in_channel position; /* of the entry */
    bool ended;
};
/* True when it is not to be told now. */
bool hold_alert(struct session *session, const struct hold_alert *what);
/* The same of activity in the entry at `position`; before: where the link stands before it. */
bool hold_activity(struct session *session, struct link *link, struct position_in_channel position,
    struct position_in_channel before);
/* The same of an entry of the inbox; is_request: a footage request. Also true for what was sent while a
 * request before it waited. */
bool hold_inbox(struct session *session, struct link *link, struct position_in_channel position,
    struct position_in_channel before, bool is_request);
/* The number of the alert's text in the wished language (wishes_text). */
size_t hold_text(const struct session *session, const struct alert *alert);

/* The cursor of a link that may be stored: `sent`, or what waits before it. */
struct position_in_channel hold_cursor(const struct link *link, struct position_in_channel sent);
/* What waits is read again from where it stands; before a link is held against its channel anew. */
void hold_take_back(struct link *link);
/* Lets go what waited long enough. */
void hold_tick(struct session *session, int64_t now);

#endif
