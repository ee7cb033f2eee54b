/* Topic rules of neighbors-bridge: which filter they need, and who a topic says it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/mqtt/topic_rule.h"

static void a_rule_becomes_a_filter(void **state)
{
    static const struct {
        const char *pattern, *group, *filter; /* filter NULL: no rule */
    } cases[] = {
        {"city/+/{dev}/motion", NULL, "city/+/+/motion"},
        {"city/+/{dev}/motion", "g", "$share/g/city/+/+/motion"},
        {"{dev}", NULL, "+"},
        {"a/{dev}/#", NULL, "a/+/#"},
        {"/{dev}", NULL, "/+"},
        {"", NULL, NULL},
        {"city/motion", NULL, NULL},
        {"city/+", NULL, NULL},
        {"{dev}/{dev}", NULL, NULL},
        {"a/x{dev}", NULL, NULL},
        {"a+/{dev}", NULL, NULL},
        {"{dev}/#/b", NULL, NULL},
        {"$SYS/{dev}", NULL, NULL},
        {"{kind}/{dev}", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char filter[TOPIC_FILTER];
        const char *wrong = topic_rule_filter(cases[i].pattern, cases[i].group, filter);
        if (cases[i].filter)
            assert_string_equal(wrong ? wrong : filter, cases[i].filter);
        else
            assert_non_null(wrong);
    }
}

static void a_topic_says_who_it_is(void **state)
{
    static const struct {
        const char *pattern, *topic, *device; /* device NULL: it does not fit */
    } cases[] = {
        {"city/+/{dev}/motion", "city/elm/lamp-1/motion", "lamp-1"},
        {"city/+/{dev}/motion", "city//lamp-1/motion", "lamp-1"},
        {"city/+/{dev}/motion", "city/elm//motion", NULL},
        {"city/+/{dev}/motion", "city/elm/lamp-1", NULL},
        {"city/+/{dev}/motion", "city/elm/lamp-1/motion/x", NULL},
        {"city/+/{dev}/motion", "City/elm/lamp-1/motion", NULL},
        {"a/{dev}/#", "a/lamp", "lamp"},
        {"a/{dev}/#", "a/lamp/b/c", "lamp"},
        {"a/{dev}/#", "a", NULL},
        {"{dev}", "lamp", "lamp"},
        {"{dev}", "", NULL},
        {"{dev}", "lamp/x", NULL},
        {"{dev}/", "lamp/", "lamp"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text device;
        bool fits = topic_rule_fits(cases[i].pattern, text_of(cases[i].topic), &device);
        assert_int_equal(fits, cases[i].device != NULL);
        assert_true(!fits || text_equal(device, text_of(cases[i].device)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_becomes_a_filter), cmocka_unit_test(a_topic_says_who_it_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
