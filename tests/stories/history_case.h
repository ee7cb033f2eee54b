/* Who asks for the past, Ann, and how she reads on. */
#ifndef NEIGHBORS_TESTS_STORIES_HISTORY_CASE_H
#define NEIGHBORS_TESTS_STORIES_HISTORY_CASE_H

#include <string.h>

#include "tests/stories/stage.h"

static inline int history_begin(void **state)
{
    stage_begin(state);
    enrolled("user/ann", "", "");
    return 0;
}

static inline struct client *ann_with_inbox(struct manner manner)
{
    struct client *ann = comes("user/ann", "phone", manner);
    follows(ann, "nb/v1/inbox/#", 0);
    return ann;
}

/* Of these cells, up to now; page: "" for the first. */
static inline void asks_for(
    struct client *ann, uint16_t packet_id, const char *cells, unsigned limit, const char *page)
{
    char json[512];
    snprintf(json, sizeof(json),
        "{\"version\":1,\"cells\":[%s],\"from\":\"1\",\"to\":\"%lld\",\"limit\":%u,\"page\":\"%s\"}", cells,
        (long long)stage_now() + 1, limit, page);
    publishes_with(ann, "nb/v1/history", 1, packet_id, json,
        (struct extras){.response_topic = "nb/v1/inbox/reply/past", .correlation = "q7"});
}

/* Pages of a query without an end: what was read so far is what a page covers. */
static inline void asks_on(struct client *ann, unsigned limit, const char *page)
{
    char json[256];
    snprintf(json, sizeof(json), "{\"cells\":[\"" HERE "\"],\"limit\":%u,\"page\":\"%s\"}", limit, page);
    publishes_with(
        ann, "nb/v1/history", 1, 1, json, (struct extras){.response_topic = "nb/v1/inbox/reply/past"});
}

/* Takes the next page out of what was heard of one; false: it was the last. */
static inline bool goes_on(const char *line, char next[64])
{
    const char *begins = strstr(line, "next=");
    return begins && sscanf(begins, "next=%63[^: ]", next) == 1;
}

static inline void fire(char id, uint32_t revision, bool in_force)
{
    alert_is(id, revision, CATEGORY_FIRE, HERE_LEAF, 100, in_force);
    appears(HERE, id, revision, in_force);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, history_begin, stage_end)

#endif
