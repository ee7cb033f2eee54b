/* The command line's connection to the broker: MQTT 5 by libmosquitto, one call at a time, each waiting for
 * its answer. */
#ifndef NEIGHBORS_CLI_LINK_H
#define NEIGHBORS_CLI_LINK_H

#include "cli/identity.h"
#include "proto/bytes.h"

struct link;

/* What comes on a subscription. Views live until the handler returns. */
struct link_message {
    struct text topic;
    struct bytes payload, correlation;
    bool retained;
};
typedef void link_handler(void *arg, const struct link_message *message);

/* The answer to a PUBLISH or SUBSCRIBE. */
struct link_answer {
    int reason;         /* MQTT 5 reason code */
    char text[300];     /* the reason string, else what the code means */
    json_t *properties; /* user properties: [name, value] pairs; NULL when there are none. json_decref */
};

struct link_publish {
    const char *topic, *content_type;
    struct bytes payload;
    const char *response_topic; /* or NULL */
    struct bytes correlation;
    bool inbox; /* for publish_once: the session follows its inbox from before on */
};

/* Connects as `identity` and waits for CONNACK. EXIT_DONE with *out, or the code after the complaint (quiet:
 * without it). identity and invocation must outlive the link. */
enum exit_code link_open(const struct invocation *invocation, const struct identity *identity, bool quiet,
    link_handler *handler, void *arg, struct link **out) __attribute__((warn_unused_result));

/* Publishes at QoS 1 and waits for PUBACK. False: the connection was lost first. */
bool link_publish(struct link *link, const struct link_publish *publish, struct link_answer *answer)
    __attribute__((warn_unused_result));

/* Subscribes at QoS 1 and waits for SUBACK. since: user property values, count of them. False as above. */
bool link_subscribe(struct link *link, const char *filter, const char *const *since, size_t count,
    struct link_answer *answer) __attribute__((warn_unused_result));

/* Handles what comes for at most wait_ms. False: the connection is lost. */
bool link_turn(struct link *link, int wait_ms) __attribute__((warn_unused_result));

/* Leaves in good order. */
void link_close(struct link *link);

/* True for reason codes that mean no. */
bool link_refused(const struct link_answer *answer);

#endif
