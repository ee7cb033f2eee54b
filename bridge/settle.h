/* Brings the indexes of the regions (bridge/sharing_index.h) in line with a household, its members and where
 * they are, in steps that each keep to one tag. Nothing here speaks with Redis: it says what is to be asked
 * next and takes the answers, for the broker's loop (store_settle.c) and for the command line
 * (sharing_index.c) alike.
 *
 * Each settling has a revision, the time at which it began. The household takes what was found under its
 * newest one alone, and so does each region; what was begun a minute ago is too late everywhere. So whoever
 * comes late, frozen and thawed, does no harm. Where the household stands is noted at the household before a
 * region learns of it and until it has forgotten it, so that the next one finds what this one leaves half
 * done. Regions where the household stood come before others: what is withdrawn is withdrawn first. */
#ifndef NEIGHBORS_BRIDGE_SETTLE_H
#define NEIGHBORS_BRIDGE_SETTLE_H

#include "bridge/store_inside.h"

struct settle;

/* The household is copied. */
struct settle *settle_new(struct text household);
void settle_free(struct settle *settle);

/* The commands that are to be asked next, in any order; whoever asks takes them. 0: it is over. */
size_t settle_next(struct settle *settle, struct command **commands);
/* Their answers, in the order of the commands; what is needed of them is copied. */
void settle_take(struct settle *settle, redisReply *const *replies);

/* When it is over. False: the rules cannot be read, or others settled it again and again meanwhile. */
bool settle_done(const struct settle *settle);

/* What is to be settled stands at nb:{uXX}:unsettled from before the change until it is settled, so that it
 * is done by others (store_settle.c) when whoever began dies. A note is an entry of its own for each change.
 */
enum { UNSETTLED_TAGS = 16, UNSETTLED_NOTE = 32 };
void settle_note_new(char out[UNSETTLED_NOTE]);
void settle_note(struct command *command, struct text household, const char *note);
void settle_note_drop(struct command *command, struct text household, const char *note);

#endif
