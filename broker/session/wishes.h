/* What a follower wishes of its deliveries (message Settings), kept with its session: how severe an alert
 * must be, hours in which only the most severe comes, things gathered and told together, and a language. */
#ifndef NEIGHBORS_BROKER_SESSION_WISHES_H
#define NEIGHBORS_BROKER_SESSION_WISHES_H

#include "broker/hours.h"
#include "proto/arena.h"
#include "proto/message.h"

struct wishes;

/* Wishes from a Settings message (copied). NULL when it wishes for nothing. clock: tells the zone's time. */
struct wishes *wishes_new(const struct settings_message *settings, zone_clock *clock);
/* NULL is allowed. */
void wishes_free(struct wishes *wishes);

/* What is to become of an item. */
enum wish {
    WISH_NOW,
    WISH_LATER, /* at wishes_until */
    WISH_NEVER,
};
/* An alert of that category and severity (enum category, enum severity) at `now` (ms). known: the follower
 * was shown it before, so it gets every correction at once. NULL wishes for nothing. */
enum wish wishes_alert(struct wishes *wishes, int64_t now, uint8_t category, uint8_t severity, bool known);
/* Activity. */
enum wish wishes_activity(struct wishes *wishes, int64_t now);
/* True in the quiet hours. NULL wishes for nothing. */
bool wishes_quiet(struct wishes *wishes, int64_t now);
/* When what is LATER now comes; ms. */
int64_t wishes_until(struct wishes *wishes, int64_t now);

/* The number of the alert's text that is in the wished language, else in the nearest (the same language of
 * another region): 0 is the alert's own, 1 + n is texts[n]. Language tags are compared as RFC 4647 lookup
 * does, without regard to case. */
size_t wishes_text(const struct wishes *wishes, const struct alert *alert);

#endif
