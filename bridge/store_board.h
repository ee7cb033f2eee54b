/* Notices (scripts/board.lua): what every session of a principal gets on its inbox once, also one that begins
 * to follow its inbox later, until the notice ends. Part of bridge/store.h. */
#ifndef NEIGHBORS_BRIDGE_STORE_BOARD_H
#define NEIGHBORS_BRIDGE_STORE_BOARD_H

#include "bridge/store.h"

/* The session follows its inbox: it is subscribed, and its channel is LIVE. What stands on the board comes
 * into the inbox, now and from now on. To be called after each SUBSCRIBE to the inbox and each return of a
 * session that follows it; twice does no harm. Not answered: what was not done, as the process ended, the
 * next one does at the return. */
void store_board_follow(struct store *store, struct session_name name, int64_t now);

/* The session lives on and does not follow its inbox any more: notices wait until it does again. */
void store_board_leave(struct store *store, struct session_name name);

struct store_notice {
    struct text principal; /* "user/ann" */
    struct text name;      /* tells notices of a principal apart; letters and digits, at most 64 */
    int64_t until, now;
    struct text suffix; /* of the inbox topic */
    struct bytes payload;
};
/* Puts it up; one that stands there stays as it is. OK, ENDED (it was taken down before), FAILED or GONE. */
void store_board_post(
    struct store *store, const struct store_notice *notice, store_status_done *done, void *arg);

/* Takes it down and out of every inbox, for good: its bytes are not in Redis any more. Until then none of
 * that name is put up. OK, FAILED or GONE. */
void store_board_take_down(struct store *store, struct text principal, struct text name, int64_t until,
    int64_t now, store_status_done *done, void *arg);

#endif
