/* What `neighbors-edge setup` gathers on its way: the home's broker, the devices that speak there, what is
 * shared of them, and what the neighborhood's broker gave for the invitation. Each step is a file of this
 * folder. */
#ifndef NEIGHBORS_EDGE_SETUP_H
#define NEIGHBORS_EDGE_SETUP_H

#include "bridge/edge/settings/settings.h"

enum { SETUP_DEVICES = 64, SETUP_TEXT = 256, SETUP_TOKEN = 8192, SETUP_NONCE = 33 };

/* A camera or sensor that spoke. */
struct setup_device {
    const struct edge_map *map;
    char source[EDGE_NAME];
    char id[LIMIT_ID + 1]; /* as enrolled; "": it is not shared */
    unsigned seen, kinds;  /* bit n: motion kind n: told of so far; to be shared */
};

/* What the invitation gave. Texts are owned. */
struct setup_joined {
    char *edge, *edge_token; /* "edge/home-7" */
    char *user, *user_token;
    char *cell;      /* the leaf cell that the household lives in */
    char *authority; /* PEM; "": the broker's certificate is a public authority's */
    size_t device_count;
    char *devices[SETUP_DEVICES];
    bool tls;
    int port; /* of MQTT */
};

struct setup {
    struct endpoint local;                      /* the home's */
    struct edge_choice choices[EDGE_MOST_MAPS]; /* under other prefixes than their own */
    size_t choice_count;
    struct setup_device devices[SETUP_DEVICES];
    size_t device_count;
    char broker[SETUP_TEXT]; /* "https://host:port" */
    char code[32], pin[128], ca[SETUP_TEXT];
    char nonce[SETUP_NONCE]; /* under which the code is given, also again; "": not yet */
    char folder[SETUP_TEXT], spool[SETUP_TEXT];
    bool way_back; /* alerts and requests come into the home */
    struct setup_joined joined;
};

/* Connects to the home's broker, asking for where it is and for a password when it must, and listens until so
 * many seconds are over, or Enter is pressed. Devices are listed as they speak. False: it cannot be reached.
 */
bool setup_listen(struct setup *setup, int seconds) __attribute__((warn_unused_result));

enum setup_answer {
    SETUP_JOINED,
    SETUP_REFUSED,     /* the code is not good, or asked too often */
    SETUP_NOT_REACHED, /* no broker of Neighbors answers there as it should */
    SETUP_BAD_ADDRESS,
    SETUP_FAILED /* on this machine */
};
/* Gives the code to the neighborhood's broker. Not joined: why was told. */
enum setup_answer setup_join(struct setup *setup) __attribute__((warn_unused_result));
void setup_joined_free(struct setup_joined *joined);
/* The host in setup->broker; false: it is no address of one, or one without TLS beyond this machine. */
bool setup_broker_host(const struct setup *setup, char out[SETUP_TEXT]) __attribute__((warn_unused_result));

/* Whether the files can be written, before a code is used up for them. replace: also where a configuration
 * is. False: why was told. */
bool setup_may_write(const struct setup *setup, bool replace) __attribute__((warn_unused_result));
/* Writes neighbors-edge.conf, the tokens and the authority's certificate into the folder. False: why was
 * told. */
bool setup_write(const struct setup *setup) __attribute__((warn_unused_result));
/* Where this machine has the public authorities. */
#define SETUP_AUTHORITIES "/etc/ssl/certs"
/* A file in the folder. */
void setup_path(const struct setup *setup, const char *file, char out[2 * SETUP_TEXT]);

/* Connects as the edge, to see that it may. False: it did not within 20 s. */
bool setup_try(const struct setup *setup) __attribute__((warn_unused_result));
/* As the resident, tells the broker that neighbors may see what is shared of the devices, or nothing. False:
 * it was refused, or there was no answer. */
bool setup_share(const struct setup *setup, bool neighbors_see) __attribute__((warn_unused_result));

#endif
