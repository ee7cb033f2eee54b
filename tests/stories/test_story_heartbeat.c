/* Stories of heartbeats: what they prove, what they count, and that they do not pile up. */
#include "tests/stories/follower_case.h"

/* Who may take no packet so large sees at the next heartbeat that one is missing. */
static void a_heartbeat_counts_what_was_too_large(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.maximum_packet = 190});
    follows(ann, "nb/v1/inbox/#", 0);
    follows(ann, "nb/v1/cell/" HERE "/#", 1);
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    passes(30500);
    hears(ann, "heartbeat * sent=1 q0 nb/v1/inbox/heartbeat");
    assert_int_equal(broker_counters(stage.broker)->items_too_large, 1);
}

static void a_heartbeat_proves_silence(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.receive_maximum = 1});
    follows(ann, "nb/v1/inbox/#", 1);
    follows(ann, "nb/v1/cell/" HERE "/#", 1);
    proves(stage_now() + 29000);
    passes(30500);
    hears(ann, "heartbeat cursors=4 sent=0 q0 nb/v1/inbox/heartbeat");
    passes(30000); /* nothing was proved since */
    hears(ann, "heartbeat cursors=4 sent=* stale q0 *");
    proves(stage_now() + 29000);
    moves(HERE, KIND_PERSON, 2); /* one of which waits for the window */
    passes(30000);
    hears(ann, "activity PERSON 0 *");
    hears(ann, "heartbeat * stale q0 *");
}

static void heartbeats_go_on_when_the_clock_is_set_back(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, "nb/v1/inbox/#", 0);
    passes(1000);
    jumps(-600000);
    passes(31000);
    hears(ann, "heartbeat *");
    hears_nothing(ann);
    passes(30000);
    hears(ann, "heartbeat *");
    hears_nothing(ann);
}

static void who_does_not_read_gets_no_heartbeats_to_keep(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, "nb/v1/inbox/#", 0);
    follows(ann, "nb/v1/cell/" HERE "/#", 0);
    stalls(ann);
    for (int i = 0; i < 40; i++) {
        moves(HERE, KIND_PERSON, 64);
        settle();
    }
    size_t most = client_waiting_bytes(ann);
    assert_true(most < 2 * 65536);
    for (int i = 0; i < 2000; i++) {
        passes(31000);
        if (client_closed(ann))
            break;
        pings(ann);
    }
    assert_true(client_waiting_bytes(ann) < most + 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_heartbeat_counts_what_was_too_large),
        STORY(a_heartbeat_proves_silence),
        STORY(heartbeats_go_on_when_the_clock_is_set_back),
        STORY(who_does_not_read_gets_no_heartbeats_to_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
