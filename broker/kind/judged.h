/* What witnesses, flags and verdicts have in common: the alert that is spoken of, who may speak of it, and
 * what its sender is told. */
#ifndef NEIGHBORS_BROKER_KIND_JUDGED_H
#define NEIGHBORS_BROKER_KIND_JUDGED_H

#include "broker/kind/kind.h"

/* The alert as it is now; publication->job, in the arena. */
struct judged {
    uint8_t sender_tag;
    char public_id[PUBLIC_ID + 1];
    bool loaded, known; /* the store has answered; it has the alert */
    bool in_force, held;
    struct text sender, household; /* who sent it: never told in public */
    struct alert alert;
};

/* A resident may witness or flag what lies within this distance of its household's leaf cell (of the cell's
 * centre, to the nearest point of the alert): as far as the widest of the common radii that one follows. */
enum { JUDGED_WITHIN_M = 3200 };

static inline struct judged *judged(const struct publication *publication)
{
    return publication->job;
}

/* Names the alert. STEP_REFUSE: no public id of ours. */
enum step_result judged_name(struct publication *publication, struct text public_id);
/* Loads it: STEP_WAIT at first, then STEP_GO_ON, or STEP_REFUSE when it is not known. */
enum step_result judged_load(struct publication *publication);
/* May this resident speak of others' alerts at all: a verified household with a place, not banned. */
enum step_result judged_by_household(struct publication *publication);
/* And of this one: not its own household's, and near. */
enum step_result judged_from_near(struct publication *publication);
/* The refusal for what the store answered; STORE_OK: nothing is refused. To be given to pipeline_stored. */
enum store_status judged_answer(struct publication *publication, enum store_status status);
/* Puts a Moderation into the inbox of who sent the alert (nothing when it is not known who). The publication
 * waits for it: `stores` counts one more. */
void judged_tell(struct publication *publication, struct text sender, struct text client,
    const char *decision, struct text reason);

#endif
