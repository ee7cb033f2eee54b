/* The tail of followed channels: between store_feed.c (what each master tells), store_follow.c (what is
 * followed) and their tests alone. */
#ifndef NEIGHBORS_BRIDGE_STORE_FEED_INSIDE_H
#define NEIGHBORS_BRIDGE_STORE_FEED_INSIDE_H

#include "bridge/store_feed_link.h"

/* What one master tells. It lives as long as its node. */
struct feed {
    struct store *store;
    struct node *node;
    struct feed_link link;
    bool active;                   /* the node is a master */
    bool all_refused, any_refused; /* since the last feeds_check */
    uint64_t refused[CLUSTER_SLOTS /
                     64];  /* a bit a slot: what was asked there is to be asked elsewhere, or again */
    bool unanswered;       /* the last probe: nothing came since */
    double asked, silence; /* of it, by store_awake; seconds that this master told by sweeps, not here */
    int64_t proved;        /* everything before it was told, as far as this master has it */
};

/* The feed that tells of the slot, or NULL while there is none that works. */
struct feed *feed_of_slot(struct store *store, uint16_t slot);
/* The feed that will tell of it as soon as it works; NULL while nobody is known to have the slot. */
struct feed *feed_meant(struct store *store, uint16_t slot);
/* What was asked of it there was refused. */
bool feed_refused(const struct feed *feed, uint16_t slot);
/* Asks for the sharded channel of that name, or to hear no more of it; follow_subscribed or
 * follow_unsubscribed follows, or feed_refused, or the loss of the feed. */
void feed_subscribe(struct feed *feed, struct text name);
void feed_unsubscribe(struct feed *feed, struct text name);

/* What feeds tell of channels. The names are those of channels, not of their sharded ones. */
void follow_subscribed(struct feed *feed, struct text channel);
/* Also unasked: the slot went to another master. */
void follow_unsubscribed(struct feed *feed, struct text channel);
void follow_message(struct feed *feed, struct text channel, struct bytes message);
void follows_lost(struct feed *feed);
/* Those whose slot is another master's now, or which were refused, are to be subscribed anew. */
void follows_look(struct store *store);
/* Subscribes those that wait, where their feeds work. */
void follows_subscribe(struct store *store);

#endif
