/* Each limit of a footage request, refused by its field and rule, and nothing stored; what is within is
 * stored. Who may ask at all. */
#include "tests/stories/footage_case.h"

static struct arena arena;
static struct recipient keys;
static struct client *lee;

static int begins(void **state)
{
    stage_begin(state);
    arena_init(&arena, NULL, 0);
    keys = recipient_new("EC", &arena);
    lee = detective("agency/pd", "lee", keys.certificate);
    return 0;
}

static int ends(void **state)
{
    arena_free(&arena);
    return stage_end(state);
}

#define CIRCLE(radius)                                                                                       \
    "\"place\":{\"circle\":{\"center\":{\"latE7\":377737000,\"lonE7\":-1224152000},\"radiusM\":" radius "}}"
/* 900 m wide and high, reaching over the eastern side of HERE; inside it otherwise. */
#define OVER_THE_SIDE                                                                                        \
    "\"place\":{\"circle\":{\"center\":{\"latE7\":377737000,\"lonE7\":-1223880000},\"radiusM\":300}}"
#define AWAY_CIRCLE                                                                                          \
    "\"place\":{\"circle\":{\"center\":{\"latE7\":378067000,\"lonE7\":-1222723000},\"radiusM\":400}}"
/* In the middle of a cell of precision 7, and not over its sides. */
#define ONE_CELL                                                                                             \
    "\"place\":{\"circle\":{\"center\":{\"latE7\":377743866,\"lonE7\":-1224145133},\"radiusM\":30}}"
/* Thin and 20 km long: its own area is small, that of the whole cells is not. */
#define THIN                                                                                                 \
    "\"place\":{\"polygons\":{\"polygons\":[{\"rings\":[{\"points\":["                                       \
    "{\"latE7\":377700000,\"lonE7\":-1224900000},{\"latE7\":377700100,\"lonE7\":-1222600000},"               \
    "{\"latE7\":377700200,\"lonE7\":-1224900000},{\"latE7\":377700000,\"lonE7\":-1224900000}]}]}]}}"
#define DAY_S (24 * HOUR_S)

static const struct row {
    const char *why;
    struct asking asking;
    const char *pattern; /* behind "PUBACK 1 " */
} rows[] = {
    {"as it should be", {0}, "0x00*request-id=*"},
    {"everybody within a few metres", {.place = ONE_CELL},
        "0x99*place: 0.025 to 0.5 square miles in whole cells of precision 7; this has 0.007*"},
    {"the least area", {.place = CIRCLE("30")}, "0x00*"},
    {"more than half a square mile", {.place = CIRCLE("700")}, "0x99*place: 0.025 to 0.5 square miles*"},
    {"more, with its whole cells", {.place = CIRCLE("640")}, "0x99*place: 0.025 to 0.5 square miles*"},
    {"the whole town", {.place = CIRCLE("500000")}, "0x99*place: 0.025 to 0.5 square miles*"},
    {"a thin line through town", {.place = THIN}, "0x99*place: 0.025 to 0.5 square miles*"},
    {"a point", {.place = AT_HERE}, "0x99*place: a circle or polygons*"},
    {"elsewhere", {.place = AWAY_CIRCLE}, "0x87*place: reaches beyond the jurisdiction*"},
    {"a part elsewhere", {.place = OVER_THE_SIDE}, "0x87*place: reaches beyond the jurisdiction*"},
    {"no area", {.place = "\"place\":{}"}, "0x99*place: required*"},
    {"15 minutes", {.from_s = -2 * HOUR_S, .to_s = -2 * HOUR_S + 900}, "0x00*"},
    {"a second less", {.from_s = -2 * HOUR_S, .to_s = -2 * HOUR_S + 899},
        "0x99*to: 15 minutes to 12 hours after `from`*"},
    {"12 hours", {.from_s = -13 * HOUR_S, .to_s = -HOUR_S}, "0x00*"},
    {"a second more", {.from_s = -13 * HOUR_S - 1, .to_s = -HOUR_S},
        "0x99*to: 15 minutes to 12 hours after `from`*"},
    {"backwards", {.from_s = -HOUR_S, .to_s = -2 * HOUR_S}, "0x99*to: 15 minutes to 12 hours*"},
    {"45 days ago", {.from_s = -45 * DAY_S, .to_s = -45 * DAY_S + HOUR_S}, "0x00*"},
    {"longer ago", {.from_s = -45 * DAY_S - 1, .to_s = -45 * DAY_S + HOUR_S},
        "0x99*from: not older than 45 days*"},
    {"what is still to come", {.from_s = -HOUR_S, .to_s = HOUR_S}, "0x99*to: not in the future*"},
    {"open for 14 days", {.open_s = 14 * DAY_S}, "0x00*"},
    {"and a second", {.open_s = 14 * DAY_S + 1}, "0x99*open_until: at most 14 days from now*"},
    {"over already", {.open_s = -1}, "0x99*open_until: must lie in the future*"},
    {"a protest", {.incident = "PROTEST"}, "0x99*incident: *"},
    {"an incident of no kind", {.incident = "UNSPECIFIED"}, "0x99*incident: required*"},
    {"a protest, by its words", {.sought = "Faces of the people who protested at city hall"},
        "0x99*sought: no footage of protests and other lawful assembly may be asked for (\"protested\")*"},
    {"in Spanish", {.sought = "Quién fue a la manifestación del sábado"},
        "0x99*sought: no footage of protests*manifestacion*"},
    {"in the case number", {.case_number = "Rally 3"}, "0x99*case_number: no footage of protests*"},
    {"only what somebody looks like", {.sought = "A black man"}, "0x99*sought: says only what*"},
    {"nothing that helps", {.sought = "Suspicious person seen"}, "0x99*sought: says only what*"},
    {"somebody missing, by looks",
        {.incident = "MISSING_PERSON", .sought = "An old white man with a red cap"}, "0x00*"},
    {"hidden characters", {.contact = "desk@police.example\\u202e"}, "0x99*contact: holds characters*"},
    {"no case", {.case_number = ""}, "0x99*case_number: required*"},
    {"nothing sought", {.sought = ""}, "0x99*sought: required*"},
    {"nobody to ask", {.contact = ""}, "0x99*contact: required*"},
    {"no name", {.id = ""}, "0x99*sender_request_id: required*"},
};

static void test_each_limit(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char pattern[200];
        begins(state);
        asks(lee, 1, rows[i].asking);
        snprintf(pattern, sizeof(pattern), "PUBACK 1 %s", rows[i].pattern);
        print_message("%s\n", rows[i].why);
        hears(lee, pattern);
        hears_nothing(lee);
        assert_int_equal(calls(CALL_FOOTAGE), rows[i].pattern[2] == '0');
        ends(state);
    }
    begins(state);
}

static void test_who_may_ask(void **state)
{
    (void)state;
    struct client *nameless = comes("agency/pd", "desk", (struct manner){0});
    asks(nameless, 1, (struct asking){0});
    hears(nameless, "PUBACK 1 0x87*officer: needed*");
    enrolled("agency/bare", "", "");
    trusted_within("agency/bare", HERE, (struct principal_record){.name = TEXT("Bare")});
    struct client *bare = comes("agency/bare", "kim", (struct manner){.officer = "kim"});
    asks(bare, 1, (struct asking){0});
    hears(bare, "PUBACK 1 0x87*agency_certificate: the agency is enrolled without one*");
    struct client *signer = detective("agency/sign", "kim", recipient_new("ED25519", &arena).certificate);
    asks(signer, 1, (struct asking){0});
    hears(signer, "PUBACK 1 0x87*agency_certificate: nothing can be sealed to its key*");
    trusted("agency/sign",
        (struct principal_record){.banned_until = stage_now() + 1000, .ban_reason = TEXT("why")});
    settle();
    asks(signer, 2, (struct asking){0});
    hears(signer, "PUBACK 2 0x87*sender: banned until *: why*");
    was_called(CALL_ACT, "refused agency/sign kim: *, in public: the sender is banned");
    struct client *ann = neighbor("user/ann", "home-ann", HERE_LEAF);
    asks(ann, 1, (struct asking){0});
    hears(ann, "PUBACK 1 0x87*");
    struct client *olga =
        (enrolled("operator/olga", "", ""), comes("operator/olga", "x", (struct manner){0}));
    asks(olga, 1, (struct asking){0});
    hears(olga, "PUBACK 1 0x87*");
    assert_int_equal(calls(CALL_FOOTAGE), 0);
}

static void test_two_requests_a_case(void **state)
{
    (void)state;
    asks(lee, 1, (struct asking){.id = "r-1"});
    hears(lee, "PUBACK 1 0x00*");
    was_called(CALL_FOOTAGE, "agency/pd 24-1187 for=120 open=4320 cells=* by=lee: A white van*");
    asks(lee, 2, (struct asking){.id = "r-2"});
    hears(lee, "PUBACK 2 0x00*");
    asks(lee, 3, (struct asking){.id = "r-3"});
    hears(lee, "PUBACK 3 0x97*case_number: at most two requests a case*");
    asks(lee, 4, (struct asking){.id = "r-3", .case_number = "24-1188"});
    hears(lee, "PUBACK 4 0x00*");
}

static void test_ten_open_requests(void **state)
{
    char id[10], number[20];
    (void)state;
    for (uint16_t i = 1; i <= 11; i++) {
        snprintf(id, sizeof(id), "r-%u", i);
        snprintf(number, sizeof(number), "24-%u", i);
        asks(lee, i, (struct asking){.id = id, .case_number = number, .open_s = i * HOUR_S});
        hears(lee, i <= 10 ? "PUBACK * 0x00*" : "PUBACK 11 0x97*ten open requests*retry-after=3600*");
    }
    was_called(CALL_ACT, "refused agency/pd lee: *, in public: sender: at most ten open requests an agency");
    passes(HOUR_S * 1000);
    lee = comes("agency/pd", "lee", (struct manner){.officer = "lee"});
    asks(lee, 12, (struct asking){.id = "r-11", .case_number = "24-11"});
    hears(lee, "PUBACK 12 0x00*");
}

static void test_the_same_again_is_the_same_and_cannot_be_changed(void **state)
{
    char id[PUBLIC_ID + 1], again[PUBLIC_ID + 1];
    (void)state;
    asks(lee, 1, (struct asking){0});
    learns_request(lee, id);
    asks(lee, 2, (struct asking){0});
    learns_request(lee, again);
    assert_string_equal(again, id);
    asks(lee, 3, (struct asking){.sought = "A white van, and a man with a dog"});
    hears(lee, "PUBACK 3 0x83*sender_request_id: used already*");
    /* nor does an alert by that name have anything to do with it */
    warns(lee, 4, "r-1", "\"category\":\"crime\"," SAYS_ENOUGH "," IN_AN_HOUR "," AREA);
    learns_id(lee, again);
    assert_string_not_equal(again, id);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, begins, ends)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_each_limit, ends),
        STORY(test_who_may_ask),
        STORY(test_two_requests_a_case),
        STORY(test_ten_open_requests),
        STORY(test_the_same_again_is_the_same_and_cannot_be_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
