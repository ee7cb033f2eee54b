/* Senders at home: a camera, and an edge with a device that it speaks for. */
#ifndef NEIGHBORS_TESTS_STORIES_PUBLISH_CASE_H
#define NEIGHBORS_TESTS_STORIES_PUBLISH_CASE_H

#include "tests/stories/stage.h"

static const char alert_here[] =
    "{\"version\":1,\"sender_alert_id\":\"x1\",\"msg_type\":\"ALERT\",\"category\":\"fire\",\"headline\":"
    "\"smoke\","
    "\"severity\":\"SEVERE\",\"urgency\":\"IMMEDIATE\",\"certainty\":\"OBSERVED\","
    "\"place\":{\"circle\":{\"center\":{\"lat_e7\":377700000,\"lon_e7\":-1224200000},\"radius_m\":100}}}";

static inline struct client *camera(struct manner manner)
{
    enrolled("device/cam", "home", HERE_LEAF);
    return comes("device/cam", "c", manner);
}

static inline struct client *edge_at_home(struct manner manner)
{
    enrolled("edge/hub", "home", "");
    enrolled("device/door", "home", HERE_LEAF);
    return comes("edge/hub", "e", manner);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, stage_begin, stage_end)

#endif
