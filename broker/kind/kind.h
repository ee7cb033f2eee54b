/* The kinds of messages that can be published: one file and one row each (kinds.c). A new kind is one file
 * here, one row in the table, one message in the schema, one test. */
#ifndef NEIGHBORS_BROKER_KIND_H
#define NEIGHBORS_BROKER_KIND_H

#include "broker/step/publication.h"

/* What a kind does in each step of the pipeline. NULL: nothing. */
struct kind {
    enum publish_topic topic;
    enum step_result (*decode)(struct publication *publication); /* payload to message */
    enum step_result (*authorize)(struct publication *publication);
    enum step_result (*locate)(struct publication *publication);
    enum step_result (*store)(
        struct publication *publication); /* calls the store; counts `stores`; STEP_WAIT */
    void (*release)(
        struct publication *publication); /* what decode to store took and the arena does not hold */
};

/* The row of a topic; NULL when this broker does not take it. */
const struct kind *kind_of(enum publish_topic topic);
/* True when that role may publish to the topic. */
bool kind_allows(enum publish_topic topic, enum role role);

/* True when the sender is banned, and the refusal says until when and why. */
bool kind_refuses_banned(struct publication *publication);

/* The id in public of a decoded footage request, until the step store. */
void footage_request_public_id(struct publication *publication, char out[PUBLIC_ID + 1]);

extern const struct kind kind_household, kind_motion, kind_alert, kind_history, kind_settings, kind_witness,
    kind_flag, kind_verdict, kind_footage_request, kind_footage_answer, kind_resolve, kind_tip, kind_reward,
    kind_forget, kind_export, kind_desk, kind_push;

#endif
