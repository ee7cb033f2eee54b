/* A follower, Ann, and fires where she looks. */
#ifndef NEIGHBORS_TESTS_STORIES_FOLLOWER_CASE_H
#define NEIGHBORS_TESTS_STORIES_FOLLOWER_CASE_H

#include "tests/stories/stage.h"

#define CELL "nb/v1/cell/" HERE "/#"
#define NEAR "nb/v1/near/" HERE_LEAF "/400/"

static const struct manner stays = {.goes_on = true, .expiry_s = 600};

static inline int follower_begin(void **state)
{
    stage_begin(state);
    enrolled("user/ann", "", "");
    return 0;
}

static inline void fire(char id, uint32_t revision, bool in_force)
{
    alert_is(id, revision, CATEGORY_FIRE, HERE_LEAF, 100, in_force);
}

static inline struct client *ann_returns(struct manner manner)
{
    struct client *ann = knocks("user/ann", "phone", manner);
    hears(ann, "CONNACK 0x00 present");
    return ann;
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, follower_begin, stage_end)

#endif
