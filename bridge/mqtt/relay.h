/* Takes messages from one broker (the source) to another (the target), and acknowledges them to the source
 * only after the target has acknowledged them.
 *
 * libmosquitto writes all acknowledgements that wait at once, so a relay works in batches: it takes what has
 * come, is deaf to the source until the target has answered for all of it, then lets the acknowledgements go.
 * What the target does not answer for in time is given back: the connection to the source is cut, and the
 * source delivers it again. While the target is away, nothing is taken. */
#ifndef NEIGHBORS_MQTT_RELAY_H
#define NEIGHBORS_MQTT_RELAY_H

#include <poll.h>

#include "bridge/client/link.h"

enum { RELAY_POLLED = 2 };

struct relay_totals {
    uint64_t taken;    /* messages that came */
    uint64_t done;     /* of those, acknowledged by the target */
    uint64_t refused;  /* by us or by the target, for good; of a message that was taken in part each refused
                          event */
    uint64_t skipped;  /* retained: the replay of something old */
    uint64_t large;    /* not read, and acknowledged: link_settings.most_payload */
    uint64_t returned; /* given back to the source, which delivers them again */
};

/* What goes to the target in place of a message. */
struct relay_item {
    struct relay_item *next;
    int message; /* as sent; -1: not yet */
    int64_t not_before;
    const char *content_type; /* NULL: none */
    char *topic, *who;        /* owned; who: what the log may name it by, "" for nothing */
    size_t size;
    uint8_t payload[];
};

struct relay {
    const char *name; /* for the log: "inward" */
    struct link *source, *target;
    const char *const *filters; /* to subscribe to at the source */
    size_t filter_count;
    void *arg;
    /* Says what the message becomes: calls relay_send, or relay_refuse, or neither. */
    void (*take)(struct relay *relay, void *arg, const struct link_message *message);
    struct relay_totals totals, told;
    struct relay_item *first, **last;
    bool cut; /* the source, and not closed yet */
    int64_t now, held_since, pause;
    int64_t minute, lines; /* of refusals in the log, in the minute that began then */
    int64_t tell_at;
};

/* Opens both connections. The settings' texts and the filters must outlive the relay. */
void relay_open(struct relay *relay, const struct link_settings *source, const struct link_settings *target);
void relay_close(struct relay *relay);

/* Puts a message for the target behind the others of the batch; topic, payload and who are copied. */
void relay_send(
    struct relay *relay, struct text topic, const char *content_type, struct bytes payload, struct text who);
/* Counts what will never be taken, and tells it in the log; text names field and rule, never a place. */
void relay_refuse(struct relay *relay, struct text who, unsigned code, const char *text);

/* What poll has to watch, and after how many ms a turn is wanted at the latest. */
int relay_poll(struct relay *relay, struct pollfd polled[RELAY_POLLED], int64_t now);
/* now: monotonic, wall: since 1970; ms. */
void relay_turn(struct relay *relay, const struct pollfd polled[RELAY_POLLED], int64_t now, int64_t wall);

#endif
