/* Stories of senders: what is acknowledged, in which order, and who is held back. */
#include "tests/stories/publish_case.h"

static void acknowledgements_keep_their_order(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    holds(CALL_MOTION);
    sees_motion(cam, 1, 1, NULL, 1);
    sees_motion(cam, 1, 2, NULL, 2);
    publishes(cam, "nb/v1/motion", 1, 3, "no json");
    answers(CALL_MOTION, 1, STORE_OK);
    hears_nothing(cam);
    answers(CALL_MOTION, 0, STORE_OK);
    hears(cam, "PUBACK 1 0x00*");
    hears(cam, "PUBACK 2 0x00*");
    hears(cam, "PUBACK 3 0x99*");
}

static void a_broken_connection_leaves_its_publications_to_the_store(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    holds(CALL_MOTION);
    sees_motion(cam, 1, 1, NULL, 1);
    sees_motion(cam, 1, 2, NULL, 2);
    settle();
    breaks(cam);
    answers(CALL_MOTION, 1, STORE_OK);
    answers(CALL_MOTION, 0, STORE_FAILED);
    settle();
    assert_int_equal(broker_counters(stage.broker)->publishes_acknowledged, 1);
}

static void nothing_is_acknowledged_that_the_store_refused(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    will_answer(CALL_MOTION, STORE_FAILED);
    sees_motion(cam, 1, 1, NULL, 1);
    hears(cam, "DISCONNECT 0x80");
    is_closed(cam, "store failed");
    assert_int_equal(broker_counters(stage.broker)->connections_closed_store, 1);
    assert_int_equal(broker_counters(stage.broker)->connections_closed_protocol, 0);
    assert_int_equal(broker_counters(stage.broker)->kinds[TOPIC_MOTION].failed, 1);
}

static void while_the_store_is_away_the_gate_shuts(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){.version = MQTT_3_1_1});
    goes_away(true);
    for (unsigned i = 1; i <= 40; i++)
        sees_motion(cam, 1, (uint16_t)i, NULL, i);
    hears_nothing(cam);
    assert_true(client_paused(cam));
    size_t asked = calls(CALL_MOTION);
    assert_in_range(asked, 10, 11);
    passes(7200000); /* nobody is blamed for what the store does */
    assert_false(client_closed(cam));
    goes_away(false);
    for (unsigned i = 1; i <= 40; i++) {
        char line[32];
        snprintf(line, sizeof(line), "PUBACK %u 0x00", i);
        hears(cam, line);
    }
    assert_false(client_paused(cam));
}

static void a_flood_without_acknowledgements_is_held_back_too(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    holds(CALL_MOTION);
    for (unsigned i = 1; i <= 200; i++)
        sees_motion(cam, 0, 0, NULL, i);
    settle();
    assert_true(client_paused(cam));
    assert_in_range(waiting(CALL_MOTION), 10, 11);
    lets_go(CALL_MOTION);
    settle();
    assert_int_equal(calls(CALL_MOTION), 200);
}

static void the_receive_maximum_is_kept(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    holds(CALL_MOTION);
    for (unsigned i = 1; i <= 11; i++)
        sees_motion(cam, 1, (uint16_t)i, NULL, i);
    hears(cam, "DISCONNECT 0x93");
}

static void a_reader_who_does_not_read_is_not_written_to_for_ever(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){.keep_alive = 60});
    stalls(cam);
    for (unsigned i = 0; i < 2000000 && !client_paused(cam); i++)
        pings(cam);
    assert_true(client_paused(cam));
    assert_true(client_waiting_bytes(cam) < 3000000);
    passes(100000); /* and does not stay */
    is_closed(cam, "*");
}

static void aliases_are_the_connections_own(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    publishes_with(cam, "nb/v1/alert", 1, 1, "{}", (struct extras){.alias = 4});
    hears(cam, "PUBACK 1 0x87*");
    publishes_with(cam, "", 1, 2, "{}", (struct extras){.alias = 4});
    hears(cam, "PUBACK 2 0x87*");
    publishes_with(cam, "", 1, 3, "{}", (struct extras){.alias = 3});
    hears(cam, "DISCONNECT 0x82");
}

static void nothing_is_retained(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    publishes_with(cam, "nb/v1/motion", 1, 1, "{}", (struct extras){.retain = true});
    hears(cam, "PUBACK 1 0x99 \"retain: must not be set\"");
}

static void an_alert_is_acknowledged_when_it_is_stored(void **state)
{
    (void)state;
    enrolled("user/ann", "", "");
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    holds(CALL_ALERT);
    publishes(ann, "nb/v1/alert", 1, 1, alert_here);
    hears_nothing(ann);
    answers(CALL_ALERT, 0, STORE_OK);
    hears(ann, "PUBACK 1 0x00*");
    publishes(ann, "nb/v1/alert", 1, 2, alert_here);
    answers(CALL_ALERT, 0, STORE_REPEAT);
    hears(ann, "PUBACK 2 0x00*");
    publishes(ann, "nb/v1/alert", 1, 3, alert_here);
    answers(CALL_ALERT, 0, STORE_CONFLICT);
    hears(ann, "PUBACK 3 0x83 \"sender_alert_id: *\"");
    publishes(ann, "nb/v1/alert", 1, 4, alert_here);
    answers(CALL_ALERT, 0, STORE_DEAD);
    hears(ann, "PUBACK 4 0x00*");
}

static void the_end_answers_everybody(void **state)
{
    (void)state;
    struct client *edge = edge_at_home((struct manner){0});
    holds(CALL_PRINCIPAL);
    holds(CALL_MOTION);
    sees_motion(edge, 1, 1, "door", 1);
    lets_go(CALL_PRINCIPAL);
    settle();
    holds(CALL_PRINCIPAL);
    sees_motion(edge, 1, 2, "unheard of", 1);
    settle();
    stage_strike(); /* with a store that is still to answer both */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(acknowledgements_keep_their_order),
        STORY(a_broken_connection_leaves_its_publications_to_the_store),
        STORY(nothing_is_acknowledged_that_the_store_refused),
        STORY(while_the_store_is_away_the_gate_shuts),
        STORY(a_flood_without_acknowledgements_is_held_back_too),
        STORY(the_receive_maximum_is_kept),
        STORY(a_reader_who_does_not_read_is_not_written_to_for_ever),
        STORY(aliases_are_the_connections_own),
        STORY(nothing_is_retained),
        STORY(an_alert_is_acknowledged_when_it_is_stored),
        STORY(the_end_answers_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
