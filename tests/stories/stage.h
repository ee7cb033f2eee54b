/* The stage on which stories are played: a broker whose clients, store and clock are scripted. A story is a
 * list of what somebody says and what somebody then hears; nothing sleeps, and nothing happens that the story
 * does not let happen.
 *
 * What a client hears are lines, one a packet: "CONNACK 0x00", "PUBACK 3 0x99 …", "alert a r2 ENDED q1 #4
 * <topic>". Expectations are patterns as fnmatch(3) has them. */
#ifndef NEIGHBORS_TESTS_STORIES_STAGE_H
#define NEIGHBORS_TESTS_STORIES_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "broker/broker.h"
#include "proto/message.h"
#include "proto/mqtt.h"
#include "tests/stories/stage_store.h"

/* Where stories take place: a leaf cell, its channel, and another one some 20 km away. */
#define HERE_LEAF "9q8yyk"
#define HERE "9q8yy"
#define AWAY_LEAF "9q9p1d"
#define AWAY "9q9p1"

extern struct stage {
    struct broker *broker;
    struct seal *seal;
    struct store *store;
    struct broker_options options;
    struct client *clients;
    bool ended;
} stage;

/* Setup and teardown of each test. A story that changes stage.options calls stage_restart afterwards. */
int stage_begin(void **state);
int stage_end(void **state);
void stage_restart(void);
/* Ends the store before the broker, as main.c does, and the broker; stage_end then has nothing left to do. */
void stage_strike(void);

/* Turns until nothing moves any more: completions that nobody holds, deliveries, what clients read. */
void settle(void);
/* Time passes, a second at most at a time, with turns in between. */
void passes(int64_t ms);
/* The process stands still so long, or the machine's clock is set by so much (back, when negative): no turn
 * in between. */
void jumps(int64_t ms);
int64_t stage_now(void);

/* Tokens by that key are no longer good. */
void key_goes(uint64_t key);

struct client;
struct manner {
    uint8_t version; /* 0: MQTT 5 */
    bool goes_on;    /* clean start 0 */
    bool no_problem_info;
    uint32_t expiry_s, maximum_packet;
    uint16_t receive_maximum, keep_alive;
    const char *will_topic;
    struct bytes will_payload;
    uint32_t will_delay_s;
    const char *certificate; /* instead of a token */
    const char *officer;     /* who acts for an agency, as the token says */
    const char *instance;    /* the only client id that may use the token */
    int64_t token_ends;
    uint64_t token_key; /* by which it was found good */
};

/* Somebody connects as "<role>/<id>" with that client id, and hears CONNACK 0x00. */
struct client *comes(const char *name, const char *client_id, struct manner manner);
/* As comes, but what is heard is the story's. */
struct client *knocks(const char *name, const char *client_id, struct manner manner);
/* A connection that has said nothing. */
struct client *dials(void);

void says(struct client *client, const void *data, size_t len);
void publishes(struct client *client, const char *topic, uint8_t qos, uint16_t packet_id, const char *json);
/* With everything that MQTT 5 can add. */
struct extras {
    bool dup, retain;
    const char *response_topic, *correlation;
    uint16_t alias;
};
void publishes_with(struct client *client, const char *topic, uint8_t qos, uint16_t packet_id,
    const char *json, struct extras extras);
/* One motion event now, of the numbered sequence; device NULL: the sender itself. */
void sees_motion(struct client *client, uint8_t qos, uint16_t packet_id, const char *device, unsigned seq);
void acknowledges(struct client *client, uint16_t packet_id);
void releases(struct client *client, uint16_t packet_id);
/* options: as in SUBSCRIBE. since: "<channel>:<cursor>" or NULL. */
void subscribes_with(
    struct client *client, uint16_t packet_id, const char *filter, uint8_t options, const char *since);
/* Follows at that QoS and hears SUBACK. */
void follows(struct client *client, const char *filter, uint8_t qos);
void unsubscribes(struct client *client, uint16_t packet_id, const char *filter);
void pings(struct client *client);
void disconnects(struct client *client, uint8_t reason);
/* The connection breaks without a word; the client is gone. */
void breaks(struct client *client);
/* Stops reading; reads on. */
void stalls(struct client *client);
void reads_on(struct client *client);

/* The next line that was heard matches. */
void hears(struct client *client, const char *pattern);
void hears_nothing(struct client *client);
/* The next line, to look at; NULL: none. */
const char *next_heard(struct client *client);
/* Whatever was heard is of no interest. */
void forgets(struct client *client);
/* The broker has closed the connection. */
void is_closed(struct client *client, const char *why_pattern);
bool client_closed(const struct client *client);
bool client_paused(const struct client *client);
size_t client_waiting_bytes(const struct client *client);
/* Everything that the client received so far, to the byte, each piece behind the time at which it came. */
struct bytes client_view(const struct client *client);
/* The newest cursor that the client got in a feed item of that channel, "<channel>:<cursor>". */
const char *cursor_of(struct client *client, const char *channel);

/* What the newest history page covered. */
extern struct page_told {
    int64_t from, to;
} page_told;

/* One packet as a line (stage_words.c); the cursor of a feed item goes to `cursor` (at least 64 bytes). */
void packet_words(const struct mqtt_packet *packet, char *line, size_t size, char *cursor);

#endif
