/* What Home Assistant's discovery teaches: a retained config tells under which topic an entity speaks, by
 * which words and about what, with full or short keys, `~`, and one document for a whole device. Binary
 * sensors of motion, occupancy, presence and sound and event entities of doorbells and motion become rows of
 * the map home-assistant; the device's name is <node>/<object> of the config's topic, and
 * <object>/<component> of a document's components. All else, and what only a Jinja interpreter could read, is
 * left out. */
#ifndef NEIGHBORS_EDGE_DISCOVERY_H
#define NEIGHBORS_EDGE_DISCOVERY_H

#include "bridge/edge/mapping/row.h"

#define EDGE_DISCOVERY_MAP "home-assistant"

enum { EDGE_MOST_LEARNED = 512 }; /* entities; what comes then is left out and counted */

struct edge_learned;

struct edge_learned_hooks {
    void *arg;
    /* Whether the owner listed the device: of others nothing is learned. NULL: all are. */
    bool (*listed)(void *arg, const char *map, const char *device);
    /* A topic that must be listened to from now on. NULL: nobody needs to know. */
    void (*topic)(void *arg, const char *topic);
};

struct edge_learned *edge_learned_new(const struct edge_learned_hooks *hooks);
void edge_learned_free(struct edge_learned *learned);

/* Takes a discovery config: learns from it, or forgets what the former one under this topic taught. false:
 * the topic is none of a config under this prefix. */
bool edge_learned_take(
    struct edge_learned *learned, const char *prefix, struct text topic, struct bytes payload);

/* Calls visit with each row that was learned for the topic, and its device. */
typedef void edge_learned_visit(void *arg, const struct edge_row *row, const char *device);
void edge_learned_each(
    const struct edge_learned *learned, struct text topic, edge_learned_visit *visit, void *arg);

/* Calls visit with every topic that was learned. */
void edge_learned_topics(
    const struct edge_learned *learned, void (*visit)(void *arg, const char *topic), void *arg);

/* Calls visit with every topic that a config of the device (its local name) may come under. */
void edge_discovery_topics(
    const char *prefix, const char *device, void (*visit)(void *arg, const char *topic), void *arg);

size_t edge_learned_count(const struct edge_learned *learned);

#endif
