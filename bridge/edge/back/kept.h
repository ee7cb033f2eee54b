/* What the way back remembers, in tables of its own in the spool's file: which state of which alert the home
 * was shown, what is in force, and the footage requests with the owner's answers. So nothing is shown twice
 * after a restart, and what the home could not be told waits until it can.
 *
 * Changes gather in one transaction, begun by the first of them and ended by kept_commit; only then may what
 * brought them be acknowledged. A change that cannot be written makes the commit fail. */
#ifndef NEIGHBORS_EDGE_KEPT_H
#define NEIGHBORS_EDGE_KEPT_H

#include "bridge/edge/spool/spool.h"
#include "proto/arena.h"

struct kept;

/* NULL: told on standard error. The spool must outlive it. */
struct kept *kept_open(struct spool *spool);
void kept_close(struct kept *kept);
/* True when everything since the last commit is on disk, or there was nothing. False: nothing of it is. */
bool kept_commit(struct kept *kept) __attribute__((warn_unused_result));

/* ---- alerts ---- */

enum kept_change { CHANGE_NONE, CHANGE_NEW, CHANGE_UPDATE, CHANGE_ENDED };

struct kept_alert {
    const char *place, *public_id;
    uint32_t revision;
    bool in_force;
    enum kept_change change; /* what the home is still to be told; NONE: nothing */
    int severity;
    int64_t since, expires; /* ms; expires 0: not told */
    const char *detail;     /* JSON as tell_alert makes it */
};

/* The alert as it is kept, with its texts in the arena; false: it is not. */
bool kept_find(struct kept *kept, const char *place, const char *public_id, struct arena *arena,
    struct kept_alert *out) __attribute__((warn_unused_result));
/* Keeps it as part of the round of what was said to be in force. */
void kept_put(struct kept *kept, const struct kept_alert *alert, int64_t round, int64_t now);
/* It was said again in this round. */
void kept_confirm(struct kept *kept, const char *place, const char *public_id, int64_t round);
/* Ends what is in force but was not said in this round; ends what expired; forgets what ended a week ago. How
 * many ended. */
int kept_sweep(struct kept *kept, int64_t round, int64_t now);
int kept_expire(struct kept *kept, int64_t now);
/* When the next one expires; 0: none does. */
int64_t kept_next_expiry(struct kept *kept);
/* The latest round of which anything is kept; 0: none. */
int64_t kept_last_round(struct kept *kept);
/* Forgets the alerts of all places but these. */
void kept_only_places(struct kept *kept, const char *const *places, size_t count);

typedef void kept_alert_visit(void *arg, const struct kept_alert *alert);
/* What is in force at the place, the most severe first, then the newest. */
void kept_in_force(struct kept *kept, const char *place, kept_alert_visit *visit, void *arg);
/* What the home is still to be told, of all places. The visit may change nothing here. */
void kept_untold(struct kept *kept, kept_alert_visit *visit, void *arg);
/* The home has heard of that state. When it is another one by now, what is still to be told follows on it. */
void kept_told(struct kept *kept, const char *place, const char *public_id, uint32_t revision, bool in_force);

/* True when that activity was not seen before; it is remembered for as long as it may come again. */
bool kept_activity_is_new(struct kept *kept, struct text place, struct text cursor, int64_t now);

/* ---- footage requests ---- */

struct kept_request {
    const char *id;
    struct bytes request;    /* FootageRequest, protobuf */
    struct bytes answer;     /* FootageAnswer, protobuf, that waits; len 0: nothing was said */
    const char *clips;       /* names of the clips shared so far, parted by spaces */
    int64_t due, open_until; /* ms; due: when the answer is to leave, 0: it left */
    bool told, answered;     /* the home knows of it; the owner has answered */
};

/* Keeps a request that is not known yet; true when it is new. */
bool kept_add_request(
    struct kept *kept, const char *id, struct bytes request, int64_t answer_at, int64_t open_until);
bool kept_find_request(struct kept *kept, const char *id, struct arena *arena, struct kept_request *out)
    __attribute__((warn_unused_result));
/* Keeps what the owner said, in place of what was said before. */
void kept_set_answer(struct kept *kept, const char *id, struct bytes answer, const char *clips, int64_t due);
void kept_answer_left(struct kept *kept, const char *id);
void kept_request_told(struct kept *kept, const char *id);
/* Makes the home be told again of the open requests that nobody has answered. */
void kept_tell_requests_again(struct kept *kept, int64_t now);
void kept_drop_request(struct kept *kept, const char *id);
/* Forgets the requests that closed a day ago. */
void kept_drop_closed(struct kept *kept, int64_t now);

/* The first request whose answer is due; false: none. Texts and bytes are in
 * the arena. */
bool kept_due_request(struct kept *kept, int64_t now, struct arena *arena, struct kept_request *out)
    __attribute__((warn_unused_result));
/* When the next answer is due; 0: none is. */
int64_t kept_next_due(struct kept *kept, int64_t now);
typedef void kept_request_visit(void *arg, const struct kept_request *request);
void kept_untold_requests(struct kept *kept, int64_t now, kept_request_visit *visit, void *arg);

/* ---- topics ---- */

/* Notes that a retained message of ours stands at the topic. */
void kept_add_topic(struct kept *kept, const char *topic);
void kept_drop_topic(struct kept *kept, const char *topic);
/* Calls each with every such topic; it may change nothing here. */
void kept_topics(struct kept *kept, void (*each)(void *arg, const char *topic), void *arg);

#endif
