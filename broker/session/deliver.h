/* Takes sessions on along their channels: alerts in force first, then what was missed, then what is new, as
 * far as the client's window and the output allow. */
#ifndef NEIGHBORS_BROKER_SESSION_DELIVER_H
#define NEIGHBORS_BROKER_SESSION_DELIVER_H

#include "broker/session/session.h"

/* Puts the session among those that broker_turn takes on. */
void deliver_wake(struct session *session);
/* Puts it among those that are taken on when an alert was loaded. */
void deliver_wait_for_alert(struct session *session);
/* True when the channel can hold what concerns the follow's place. */
bool deliver_serves(const struct follow *follow, const struct channel *channel);
/* The link goes on from an earlier position. */
void deliver_go_back(struct session *session, struct link *link, struct position_in_channel position);
/* All that became possible in this turn. */
void deliver_turn(struct broker *broker);
/* An alert was loaded, or is gone: who waited for it goes on. */
void deliver_alert_loaded(struct broker *broker);
/* Frees the session's part in deliveries; the part of one follow that ends. */
void deliver_forget(struct session *session);
void deliver_forget_follow(struct session *session, const struct follow *follow);

/* Sends one message that stands in no channel (info, replies, heartbeats). qos 0 or 1; retained sets RETAIN.
 * Not sent, and counted, when it is larger than the client takes. */
struct delivery {
    struct text topic;
    struct blob *payload;
    uint8_t qos;
    bool retained;
    struct bytes correlation; /* MQTT 5 correlation data; len 0: none */
    uint32_t ids[8];          /* subscription identifiers */
    int id_count;
    struct link *link; /* QoS 1: whose cursor waits for the acknowledgement; NULL: none */
    struct position_in_channel before;
    bool in_force;      /* an alert that was in force already */
    uint64_t shown_key; /* of an alert (session/shown.h); else 0 */
};
/* False when the window is full (QoS 1) and nothing was sent. */
bool deliver_send(struct session *session, const struct delivery *delivery);

#endif
