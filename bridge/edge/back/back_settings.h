/* What the way back is told by the configuration file: which places are followed, under which topics the home
 * hears of them, and, when the owner answers footage requests here, as whom. */
#ifndef NEIGHBORS_EDGE_BACK_SETTINGS_H
#define NEIGHBORS_EDGE_BACK_SETTINGS_H

#include "geo/geo.h"
#include "proto/message.h"

enum {
    BACK_MOST_PLACES = 8,
    BACK_NAME = 65,      /* bytes of a place's name, with its NUL */
    BACK_LEAF = 6,       /* precision of leaf cells */
    BACK_FRESH_MIN = 15, /* minutes: older activity is not shown any more */
};

/* A place that is followed. Only its leaf cell leaves the house; distances are reckoned here, from `at`. */
struct back_place {
    char name[BACK_NAME];     /* for people */
    char topic[BACK_NAME];    /* its level in topics: a-z 0-9 _ */
    char leaf[GEO_CELL_TEXT]; /* what is followed */
    uint32_t metres;          /* of topic_radii */
    struct geo_point at;      /* the place itself, or the middle of its cell */
    uint16_t categories;      /* bit n: alerts of category n */
    enum severity least;      /* lesser alerts are not shown; SEVERITY_UNKNOWN: all */
};

struct back_settings {
    size_t place_count;
    struct back_place places[BACK_MOST_PLACES];
    char *topics;    /* the first level of the home's topics, "neighbors" */
    char *discovery; /* Home Assistant's discovery prefix, "homeassistant"; "": none */
    /* Who follows: the owner, or, when owner is NULL, the edge itself, which gets no footage requests. */
    char *owner;         /* "user/ann" */
    char *token;         /* the owner's */
    char *instance;      /* the client id that the token is for; NULL: of any */
    char *clips;         /* a folder with pictures that may be shared; NULL: none */
    char *answer_secret; /* what an answer at home must bring; NULL: nothing */
};

struct config_setting_t; /* of libconfig */

/* Reads the members places, way_back and owner of the file's root. False: what is wrong was told. */
bool back_settings_read(struct back_settings *settings, const struct config_setting_t *root)
    __attribute__((warn_unused_result));
/* Fills in what was not said. */
void back_settings_fill_in(struct back_settings *settings);
void back_settings_free(struct back_settings *settings);
/* Whether anything is to come back. */
bool back_settings_wanted(const struct back_settings *settings);
/* Whether the topic is one that the way back publishes: never to be taken for a device's. */
bool back_settings_own_topic(const struct back_settings *settings, struct text topic);

#endif
