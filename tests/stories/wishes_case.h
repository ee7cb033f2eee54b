/* A follower with wishes, Ann, and what happens where she looks. It is a Tuesday, 22:13:20 UTC. */
#ifndef NEIGHBORS_TESTS_STORIES_WISHES_CASE_H
#define NEIGHBORS_TESTS_STORIES_WISHES_CASE_H

#include "tests/stories/stage.h"

#define CELL "nb/v1/cell/" HERE "/#"
#define QUIET "\"quiet\":[{\"fromMinute\":1330,\"toMinute\":1340}]" /* 22:10 to 22:20 */
enum { MINUTE = 60000 };

static const struct manner stays = {.goes_on = true, .expiry_s = 86400};

static inline int wishes_begin(void **state)
{
    stage_begin(state);
    enrolled("user/ann", "", "");
    enrolled("agency/fire", "", "");
    return 0;
}

static inline void wishes(struct client *client, const char *json)
{
    publishes(client, "nb/v1/settings", 1, 9, json);
    hears(client, "PUBACK 9 0x00");
}

static inline struct client *ann_comes(const char *json)
{
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 1);
    wishes(ann, json);
    return ann;
}

static inline struct client *ann_returns(void)
{
    struct client *ann = knocks("user/ann", "phone", stays);
    hears(ann, "CONNACK 0x00 present");
    return ann;
}

/* The process dies: what it did not store is not known. */
static inline void process_dies(struct client *client)
{
    will_answer(CALL_CLOSE, STORE_FENCED);
    breaks(client);
}

static inline struct alert an_alert(enum category category, enum severity severity)
{
    return (struct alert){.category = (uint8_t)category,
        .severity = (uint8_t)severity,
        .sender_kind = SENDER_AGENCY,
        .headline = TEXT("something happened"),
        .effective = stage_now(),
        .expires = stage_now() + 86400000,
        .place = {.kind = PLACE_CIRCLE, .center = centre_of(HERE_LEAF), .radius_m = 100}};
}

static inline void happens(
    char id, uint32_t revision, enum category category, enum severity severity, bool in_force)
{
    struct alert alert = an_alert(category, severity);
    alert_says(id, revision, &alert, (struct beside){0}, in_force);
    appears(HERE, id, revision, in_force);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, wishes_begin, stage_end)

#endif
