/* The inside of the way back, for the files of this folder alone. */
#ifndef NEIGHBORS_EDGE_BACK_INSIDE_H
#define NEIGHBORS_EDGE_BACK_INSIDE_H

#include <jansson.h>

#include "bridge/client/link.h"
#include "bridge/edge/back/back.h"
#include "bridge/edge/back/back_settings.h"
#include "bridge/edge/back/kept.h"
#include "proto/arena.h"

enum { BACK_IN_FLIGHT = 64, BACK_PUBLIC_ID = 65, BACK_TOPIC = 256 };

/* What the home's broker has still to acknowledge, and what it means when it does. */
enum telling { TELLING_ALERT, TELLING_REQUEST, TELLING_CLEARED };
struct told {
    int message;
    enum telling what;
    uint32_t revision;
    bool in_force;
    char place[BACK_NAME];
    char id[BACK_TOPIC]; /* the alert's, the request's, or the topic */
};

struct back {
    const struct edge_settings *edge;
    const struct back_settings *settings;
    struct kept *kept;
    struct link *home, *feed;
    char home_client[LIMIT_ID + 32], feed_client[LIMIT_ID + 32], feed_user[LIMIT_ID + 8];
    char status_topic[BACK_TOPIC], answer_topic[BACK_TOPIC], birth_topic[BACK_TOPIC];
    char will[64];
    char node[LIMIT_ID + 1]; /* the edge's id as Home Assistant takes it: A-Z a-z 0-9 _ - */
    int64_t now, wall;       /* of this turn: monotonic, since 1970; ms */

    /* The neighborhood's side (feed.c). */
    int64_t round;    /* of what was said to be in force; rises with each following anew */
    int64_t heard;    /* the last heartbeat, monotonic */
    int64_t followed; /* when all was followed anew, monotonic */
    bool following;   /* the subscriptions were answered */
    bool settled;     /* the round is over: what was not said in it has ended */
    bool gap;         /* something was missed: follow all anew */
    bool live;        /* silence means that nothing is in force but what was told */
    int64_t expiry;   /* when the next alert expires; 0: none does */
    uint64_t unheard; /* activity that nobody at home could be told */

    /* The home's side (home.c). */
    bool changed[BACK_MOST_PLACES]; /* what is in force there */
    bool greeted; /* discovery and what is left of former settings was told on this connection */
    bool status_changed, untold, untold_requests;
    struct told in_flight[BACK_IN_FLIGHT];
    size_t in_flight_count;

    /* Footage (footage.c). */
    int answering; /* the message number of the answer on its way; -1: none */
    char answering_id[BACK_PUBLIC_ID];
    int64_t due, not_before; /* when the next answer is due, wall; and not before, monotonic */
    int64_t closed_swept;
};

/* ---- feed.c ---- */
void feed_up(void *back, bool resumed);
void feed_down(void *back);
void feed_subscribed(void *back);
void feed_message(void *back, const struct link_message *message, unsigned number);
/* What is due by the clock. */
void feed_turn(struct back *back);

/* ---- home.c ---- */
void home_up(void *back, bool resumed);
void home_down(void *back);
void home_message(void *back, const struct link_message *message, unsigned number);
void home_acknowledged(void *back, const struct link_acknowledgement *acknowledgement);
/* Tells what changed. */
void home_turn(struct back *back);
/* Publishes at <topics>/<level>[/<leaf>] (leaf NULL: none) and takes the object. The message's number; -1:
 * not sent. */
int home_publish(struct back *back, const char *level, const char *leaf, json_t *object, bool retain);
/* Remembers what the acknowledgement of that message will mean. */
void home_expect(struct back *back, const struct told *told);
bool home_has_room(const struct back *back);
/* Whether the home is being told of the same, in whatever state. */
bool home_is_telling(const struct back *back, const struct told *told);

/* ---- home_assistant.c ---- */
/* The discovery document of the edge itself, and of a place; topic has room for BACK_TOPIC. */
json_t *discovery_of_edge(const struct back *back, char *topic);
json_t *discovery_of_place(const struct back *back, const struct back_place *place, char *topic);

/* ---- footage.c ---- */
void footage_request(struct back *back, struct bytes payload);
void footage_answer(struct back *back, const struct link_message *message);
void footage_acknowledged(void *back, const struct link_acknowledgement *acknowledgement);
void footage_lost(struct back *back);
void footage_turn(struct back *back);
/* Tells the home of the requests that it does not know. */
void footage_tell(struct back *back);

#endif
