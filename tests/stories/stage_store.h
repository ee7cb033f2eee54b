/* The scripted store: bridge/store.h, kept in memory, with every call written down. What the story does not
 * hold is answered when the stage settles, in order; what it holds is answered when the story says so, with
 * what it says. */
#ifndef NEIGHBORS_TESTS_STORIES_STAGE_STORE_H
#define NEIGHBORS_TESTS_STORIES_STAGE_STORE_H

#include "bridge/store.h"
#include "proto/message.h"

enum call_kind {
    CALL_MOTION,
    CALL_ALERT,
    CALL_WITNESS,
    CALL_FLAG,
    CALL_VERDICT,
    CALL_ACT,
    CALL_GEOCODES,
    CALL_FOLLOWERS,
    CALL_CELLS,
    CALL_TELL,
    CALL_LOAD,
    CALL_PRINCIPAL,
    CALL_DRILLED,
    CALL_INVITE,
    CALL_CODE,
    CALL_CODE_USE,
    CALL_OPEN,
    CALL_SAVE,
    CALL_WISHES,
    CALL_CLOSE,
    CALL_RELEASE,
    CALL_INBOX,
    CALL_BOARD,
    CALL_FOOTAGE,
    CALL_FOOTAGE_ANSWER,
    CALL_RESOLVE,
    CALL_TIP,
    CALL_REWARD,
    CALL_PUSH_COUNT,
    CALL_PUSH_PUT,
    CALL_PUSH_REMOVE,
    CALL_PUSH_TAKE,
    CALL_PUSH_NEAR,
    CALL_PUSH_WANT,
    CALL_PUSH_LOOKED,
    CALL_PUSH_FINISH,
    CALL_PUSH_LATER,
    CALL_HOUSEHOLD,
    CALL_HOUSEHOLD_CHANGE,
    CALL_FORGET,
    CALL_EXPORT,
    CALL_DESK,
    CALL_FOLLOW,
    CALL_STATE,
    CALL_READ,
    CALL_KINDS
};

struct store *stage_store_new(const struct store_events *events);
/* Answers the calls that are not held; true when there was one. */
bool stage_store_answer(struct store *store);

/* Calls of this kind wait for the story from now on; no longer. */
void holds(enum call_kind kind);
void lets_go(enum call_kind kind);
/* Answers the nth (from 0) call of this kind that waits. OK: what the store has. */
void answers(enum call_kind kind, size_t nth, enum store_status status);
/* How many calls of the kind wait; how many there were; the newest, in words. */
size_t waiting(enum call_kind kind);
size_t calls(enum call_kind kind);
const char *last_call(enum call_kind kind);
/* The newest call of the kind matches. */
void was_called(enum call_kind kind, const char *pattern);
/* The next answer to a call of this kind has this status; held or not. */
void will_answer(enum call_kind kind, enum store_status status);

/* What is enrolled. household "": none; place: a leaf cell or "". */
void enrolled(const char *name, const char *household, const char *place);
/* What is known of it beyond that: verified, banned_until, ban_reason, certificate, must_sign, no_approval,
 * forgiving, jurisdiction; texts are constants, the jurisdiction is copied. trusted_within: its jurisdiction
 * is the cell. */
void trusted(const char *name, struct principal_record with);
void trusted_within(const char *name, const char *cell, struct principal_record with);
/* The operator's table has the code ("SAME 006037"): the area of a cell. */
void geocode_is(const char *code, const char *cell);
/* How many followers are in whatever leaf cells are asked about. */
void followers_are(uint64_t followers);
/* An agency whose test alert has not come back yet (the others' has); who is on its list ("lee kim max"). */
void undrilled(const char *name);
void officers_are(const char *name, const char *officers);
/* So many cells may still be newly followed today, by whoever asks; every cell is new. */
void cells_left(uint64_t cells);
/* The codes that are given back are of this way, from somebody who lives there ("": not bound to a place). */
void codes_are(int way, const char *leaf);
void revoked(const char *name);
/* The same while nobody listens. */
void revoked_untold(const char *name);
/* The store heard nothing for a while, and says so. */
void changes_are_missed(void);
/* Tokens of the principal issued before are void; as the store tells it. */
void tokens_withdrawn(const char *name, int64_t before);
/* What the next motion is answered with. */
void motion_verdict(bool session_old, uint64_t current_session, uint64_t too_old);

/* Where an alert is: the centre of a leaf cell, with a radius; 0: a point. */
void alert_is(
    char id, uint32_t revision, enum category category, const char *leaf, uint32_t radius_m, bool in_force);
/* An alert with everything that it says; truth, severity and merged other than 0 are what the store tells
 * beside the body. The area that later revisions refer to is its category, place and status. */
struct beside {
    uint8_t truth, severity;
    uint32_t merged;
    bool has_document, held, removed;
};
void alert_says(char id, uint32_t revision, const struct alert *alert, struct beside beside, bool in_force);
/* The centre of a leaf cell. */
struct position centre_of(const char *leaf);
/* The channel has a new entry, told when it is followed. */
void appears(const char *channel, char id, uint32_t revision, bool in_force);
void moves(const char *channel, enum motion_kind kind, size_t count);
/* The same, but nobody is told: somebody was away. */
void appears_untold(const char *channel, char id, uint32_t revision, bool in_force);
/* The same, told, but as an entry that is `back_ms` old. */
void appears_behind(const char *channel, int64_t back_ms, enum motion_kind kind);
/* A question for the channel's state that waits is answered with what is true now. */
void state_is_taken(const char *channel);
/* Tells a followed channel that its state was read anew. */
void seam(const char *channel);
/* All entries so far are gone; low-water mark at the last one. */
void trimmed(const char *channel);
/* The oldest entries are gone; low-water mark at the last of them. */
void first_trimmed(const char *channel, size_t entries);
/* A backup came back: the newest `entries` are lost, and the generation rises. */
void restored(const char *channel, size_t entries);
/* An entry in a session's inbox. */
void inbox_gets(const char *session, const char *suffix, struct bytes payload);
/* Somebody else opened the session, and the store tells it; or does not. */
void opened_elsewhere(const char *session, bool told);
/* The two openings that wait are answered, the second one first, each with its own generation. */
void opening_answers_turn_round(void);
/* The session as the next process finds it: stored wishes are "none" or so many bytes. */
bool has_wishes(const char *session);
/* Forgets all sessions, to have room for more. */
void sessions_forgotten(void);
/* The session's stored cursor of a channel, "ms-seq.index", or "none"; static. */
const char *stored_cursor(const char *session, const char *channel);
/* The session was shown everything of the channel, and acknowledged it, by another process. */
void shown_elsewhere(const char *session, const char *channel);
struct position_in_channel head_of(const char *channel);
bool is_followed(const char *channel);
/* What the tail is proved up to; before a story says so: now. */
void proves(int64_t as_of);
void goes_away(bool away);

#endif
