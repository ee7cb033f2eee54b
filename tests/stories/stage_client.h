/* A client on the stage, for the files of the stage alone: stories have what stage.h says. */
#ifndef NEIGHBORS_TESTS_STORIES_STAGE_CLIENT_H
#define NEIGHBORS_TESTS_STORIES_STAGE_CLIENT_H

#include "broker/session/connection.h"
#include "tests/stories/stage.h"

enum { STAGE_LINES = 4096 };

struct client {
    struct transport transport;
    struct client *next;
    struct connection *connection; /* NULL: broken */
    char address[16];
    uint8_t version;
    bool stalled, paused, closed;
    char why[64];
    uint8_t *bytes; /* received and not yet a packet */
    size_t len;
    uint8_t *view; /* all that was received, with its times */
    size_t view_len;
    char *lines[STAGE_LINES];
    size_t heard, told;
    char cursors[8][2][32]; /* channel, cursor */
};

/* What a password is here. */
struct told_token {
    int64_t issued, ends;
    uint64_t key;
    char officer[65], instance[65];
};

/* What the broker does with a client's transport (stage_hears.c). */
extern const struct transport_ops stage_transport;

/* Hears what the broker has for it, unless it stalls. True when there was something. */
bool client_take_output(struct client *client);
void client_free(struct client *client);

#endif
