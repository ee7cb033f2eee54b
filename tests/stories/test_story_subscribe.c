/* Stories of subscribing: what SUBACK waits for, what is refused, what is told again, from where one goes on.
 */
#include <string.h>

#include "tests/stories/follower_case.h"

static void suback_waits_for_the_channels_and_the_store(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    holds(CALL_FOLLOW);
    holds(CALL_SAVE);
    subscribes_with(ann, 1, NEAR "#", 1, NULL);
    hears_nothing(ann);
    assert_int_equal(calls(CALL_SAVE), 0);
    lets_go(CALL_FOLLOW);
    settle();
    fire('b', 1, true);
    appears(HERE, 'b', 1, true);
    hears_nothing(ann);
    was_called(CALL_SAVE, "user/ann/phone subscriptions cursors");
    answers(CALL_SAVE, 0, STORE_OK);
    hears(ann, "SUBACK 1 0x01");
    hears(ann, "alert a r1 IN_FORCE q1 #1 retained *");
    hears(ann, "alert b r1 IN_FORCE q1 #2 retained *");
    hears_nothing(ann); /* b is in force and is new: once */
}

static void filters_are_refused_by_their_reasons(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *answer;
    } cases[] = {
        {"#", "SUBACK 1 0x87 \"filters*"},
        {"$SYS/#", "SUBACK 1 0x87 \"filters*"},
        {"$share/g/nb/v1/near/9q8yyk/400/#", "SUBACK 1 0x9e \"filters*"},
        {"nb/v1/near/9q8yyk/401/#", "SUBACK 1 0x8f \"filters*"},
        {"nb/v1/cell/9q8/#", "SUBACK 1 0x87 \"filters*"},
        {"nb/v1/near/+/400/#", "SUBACK 1 0x87 \"filters*"},
        {"nb/v1/near/9q8yyk/400/#", "SUBACK 1 0x00"},
    };
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    struct client *old = comes("user/ann", "old", (struct manner){.version = MQTT_3_1_1});
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        subscribes_with(ann, 1, cases[i].filter, 0, NULL);
        hears(ann, cases[i].answer);
        subscribes_with(old, 1, cases[i].filter, 0, NULL);
        hears(old, cases[i].answer[11] == '0' ? "SUBACK 1 0x00" : "SUBACK 1 0x80");
    }
}

static void too_many_filters(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    char filter[64];
    for (int i = 0; i < 20; i++) {
        snprintf(filter, sizeof(filter), "nb/v1/inbox/reply/%d", i);
        follows(ann, filter, 0);
    }
    subscribes_with(ann, 1, "nb/v1/inbox/tip", 0, NULL);
    hears(ann, "SUBACK 1 0x97 \"filters*");
    subscribes_with(ann, 2, "nb/v1/inbox/reply/3", 1, NULL); /* one that is there is only replaced */
    hears(ann, "SUBACK 2 0x01");
}

static void a_channel_that_cannot_be_followed_closes(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    struct client *tablet = comes("user/ann", "tablet", (struct manner){0});
    holds(CALL_FOLLOW);
    subscribes_with(ann, 1, "nb/v1/inbox/#", 0, NULL);
    subscribes_with(tablet, 1, "nb/v1/inbox/#", 0, NULL);
    answers(CALL_FOLLOW, 0, STORE_FAILED);
    hears(ann, "DISCONNECT 0x80");
    hears_nothing(tablet);
    breaks(ann);
    lets_go(CALL_FOLLOW);
    hears(tablet, "SUBACK 1 0x00");
}

static void retain_handling(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    subscribes_with(ann, 1, NEAR "#", 2 << 4, NULL);
    hears(ann, "SUBACK 1 0x00");
    subscribes_with(ann, 2, NEAR "#", 1 << 4, NULL); /* it was there */
    hears(ann, "SUBACK 2 0x00");
    hears_nothing(ann);
    subscribes_with(ann, 3, NEAR "#", 0, NULL);
    hears(ann, "SUBACK 3 0x00");
    hears(ann, "alert a r1 IN_FORCE q0 retained *");
    subscribes_with(ann, 4, NEAR "#", 0, NULL); /* again, though it was shown */
    hears(ann, "SUBACK 4 0x00");
    hears(ann, "alert a r1 IN_FORCE q0 retained *");
}

static void info_is_told(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, "nb/v1/info", 1);
    hears(ann, "info story q0 retained nb/v1/info");
}

static void since_a_cursor(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, CELL, 0);
    moves(HERE, KIND_PERSON, 2);
    hears(ann, "activity PERSON 0 *");
    char cursor[80];
    snprintf(cursor, sizeof(cursor), "%s", cursor_of(ann, HERE));
    hears(ann, "activity PERSON 1 *");
    disconnects(ann, 0);
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    moves(HERE, KIND_VEHICLE, 1);
    ann = comes("user/ann", "phone", (struct manner){0});
    subscribes_with(ann, 1, CELL, 0, cursor);
    hears(ann, "SUBACK 1 0x00");
    hears(ann, "alert a r1 IN_FORCE q0 retained *"); /* in force first */
    const char *line = next_heard(ann);
    if (strstr(line, "PERSON 1"))
        line = next_heard(ann);
    assert_non_null(strstr(line, "activity VEHICLE"));
    hears_nothing(ann);
}

static void since_anothers_cursor(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, CELL, 0);
    moves(HERE, KIND_PERSON, 1);
    hears(ann, "activity PERSON 0 *");
    char foreign[80];
    snprintf(foreign, sizeof(foreign), "%s%s", AWAY, strchr(cursor_of(ann, HERE), ':'));
    moves(AWAY, KIND_ANIMAL, 1);
    struct client *bob = comes("user/ann", "tablet", (struct manner){0});
    subscribes_with(bob, 1, "nb/v1/cell/" AWAY "/#", 0, foreign);
    hears(bob, "SUBACK 1 0x00 \"since: *");
    hears_nothing(bob);
    subscribes_with(bob, 2, CELL, 0, "9q8yy:nonsense");
    hears(bob, "SUBACK 2 0x00 \"since: *");
    hears_nothing(bob);
    subscribes_with(bob, 3, "nb/v1/cell/9q8yv/#", 0, "nonsense");
    hears(bob, "SUBACK 3 0x00 \"since: *");
    moves(HERE, KIND_VEHICLE, 1);
    hears(bob, "activity VEHICLE 0 *");
}

static void unsubscribed_while_it_reads(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 0);
    follows(ann, "nb/v1/cell/" AWAY "/#", 0);
    breaks(ann);
    moves(HERE, KIND_PERSON, 1);
    moves(AWAY, KIND_ANIMAL, 1);
    holds(CALL_READ);
    ann = ann_returns(stays);
    unsubscribes(ann, 1, CELL);
    hears(ann, "UNSUBACK 1 0x00");
    unsubscribes(ann, 2, "nb/v1/cell/" AWAY "/#");
    hears(ann, "UNSUBACK 2 0x00");
    lets_go(CALL_READ);
    hears_nothing(ann);
    follows(ann, CELL, 0);
    moves(HERE, KIND_VEHICLE, 1);
    hears(ann, "activity VEHICLE 0 *");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(suback_waits_for_the_channels_and_the_store),
        STORY(filters_are_refused_by_their_reasons),
        STORY(too_many_filters),
        STORY(a_channel_that_cannot_be_followed_closes),
        STORY(retain_handling),
        STORY(info_is_told),
        STORY(since_a_cursor),
        STORY(since_anothers_cursor),
        STORY(unsubscribed_while_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
