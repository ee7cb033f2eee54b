/* Rows that an owner writes: what is read of them, what they make of messages, and that each slip of the pen
 * is refused with file, line, field and rule. */
#include "tests/unit/test_edge.h"

#include <unistd.h>

#include "bridge/edge/mapping/own_rows.h"
#include "bridge/edge/settings/settings.h"

static const int64_t now = INT64_C(1767225600000);

/* Reads this text as the file's list of rows; what was told on standard error is left in `told`. */
static bool read_rows(const char *rows, struct edge_settings *settings, char *told, size_t room)
{
    char file[] = P_tmpdir "/neighbors-rows-XXXXXX", errors[] = P_tmpdir "/neighbors-errors-XXXXXX";
    int descriptor = mkstemp(file), out = mkstemp(errors), standard = dup(STDERR_FILENO);
    assert_true(descriptor >= 0 && out >= 0 && standard >= 0);
    dprintf(descriptor, "rows = (\n%s\n);\n", rows);
    close(descriptor);
    dup2(out, STDERR_FILENO);
    bool good = edge_settings_mapping(settings, file);
    dup2(standard, STDERR_FILENO);
    close(standard);
    ssize_t length = pread(out, told, room - 1, 0);
    told[length > 0 ? length : 0] = 0;
    close(out);
    assert_int_equal(unlink(file) | unlink(errors), 0);
    return good;
}

static void say(struct bench *bench, const char *topic, const char *payload, int64_t at)
{
    bench_bytes(bench, text_of(topic), (struct bytes){(const uint8_t *)payload, strlen(payload)}, false, at);
}

static void test_rows_make_events(void **state)
{
    (void)state;
    struct edge_settings settings = {.choice_count = 0};
    struct bench bench;
    char told[512];
    assert_true(read_rows(
        "{ map = \"gate\"; topic = \"{p}/{dev}/beam\"; shape = \"text\"; kind = \"vehicle\";"
        "  words = { start = [ \"broken\" ]; end = [ \"clear\" ]; }; },\n"
        "{ map = \"frigate\"; topic = \"{p}/{dev}/person\"; shape = \"text\"; kind = \"person\";"
        "  words = { start = [ \"1\", \"2\" ]; end = [ \"0\" ]; }; },\n"
        "{ map = \"nvr\"; topic = \"nvr/{_}/alarm\"; shape = \"life\"; device = \"/cam\"; id = \"/plate\";"
        "  kind_from = \"/what\"; phase_from = \"/say\"; words = { start = [ \"b\" ]; end = [ \"e\" ]; };"
        "  guard = \"!/drill\"; time = \"/t\"; confidence = \"/sure\"; of = 100; silence_s = 60; },\n"
        "{ map = \"nvr\"; topic = \"nvr/{_}/seen\"; shape = \"collection\"; each = \"/seen/*\"; device = "
        "\"/cam\";"
        "  kind_from = \"/what\"; closed = true; always = \"pulse\"; }",
        &settings, told, sizeof(told)));
    assert_string_equal(told, "");
    assert_int_equal(settings.own.map_count, 2); /* frigate is built in */
    bench_open(&bench, true);
    bench.translator.own = &settings.own;
    bench.translator.use_count = 0;
    assert_true(edge_translator_add(&bench.translator, edge_map_of(TEXT("frigate")), NULL));
    for (size_t i = 0; i < settings.own.map_count; i++)
        assert_true(edge_translator_add(&bench.translator, &settings.own.maps[i], NULL));
    say(&bench, "gate/north/beam", "broken", now);
    say(&bench, "gate/north/beam", "on", now);
    say(&bench, "frigate/yard/person", "2", now);
    say(&bench, "nvr/1/alarm",
        "{\"cam\":\"c\",\"plate\":\"SAMPLE-1\",\"what\":\"truck\",\"say\":\"b\",\"sure\":70}", now);
    assert_null(strstr(bench.last.activity_id, "SAMPLE"));
    assert_int_equal(bench.last.confidence, 70);
    say(&bench, "nvr/1/alarm",
        "{\"cam\":\"c\",\"plate\":\"SAMPLE-2\",\"what\":\"truck\",\"say\":\"b\",\"drill\":true}", now);
    say(&bench, "nvr/1/seen",
        "{\"seen\":[{\"cam\":\"d\",\"what\":\"dog\"},{\"cam\":\"d\",\"what\":\"leaf\"}]}", now);
    say(&bench, "gate/north/beam", "clear", now);
    bench_expect(&bench, "1 START VEHICLE north; 3 START PERSON yard; 4 START VEHICLE c; 6 PULSE ANIMAL d; "
                         "7 END VEHICLE north");
    bench_close(&bench);
    edge_settings_free(&settings);
}

#define GOOD "map = \"m\"; topic = \"a/{dev}\"; shape = \"text\"; "

static const struct {
    const char *row, *told;
} slips[] = {
    {GOOD "kind = \"person\"; colour = 1;", ":2: colour: is not a setting"},
    {GOOD, ":2: entry: kind: one of kind and kind_from is needed"},
    {GOOD "kind = \"people\";", ":2: kind: must be motion, person"},
    {GOOD "kind = \"person\"; kind_from = \"payload\";", ":2: kind: one of kind and kind_from"},
    {GOOD "kind_from = \"{kind}\";", ":2: kind_from: the topic has no {kind}"},
    {GOOD "kind = \"person\"; phase_from = \"/a\";", ":2: shape: a text has no places"},
    {GOOD "kind = \"person\"; words = { begin = [ \"x\" ]; };", ":2: words: must be a group of start"},
    {GOOD "kind = \"person\"; words = { };", ":2: words: must name at least one word"},
    {GOOD "kind = \"person\"; words = { start = [ 1 ]; };", ":2: start: must be a list of up to 32 words"},
    {GOOD "kind = \"person\"; rank = 10;", ":2: rank: is out of bounds"},
    {GOOD "kind = \"person\"; rank = \"1\";", ":2: rank: must be a whole number"},
    {GOOD "kind = \"person\"; endless = 1;", ":2: endless: must be true or false"},
    {GOOD "kind = \"person\"; always = \"maybe\";", ":2: always: must be start"},
    {"map = \"M\"; topic = \"a/{dev}\"; shape = \"text\"; kind = \"person\";", ":2: map: must be 1 to 31"},
    {"map = \"auto\"; topic = \"a/{dev}\"; shape = \"text\"; kind = \"person\";", ":2: map: must be 1 to 31"},
    {"map = \"m\"; topic = \"a/{dev}\"; shape = \"xml\"; kind = \"person\";", ":2: shape: must be text"},
    {"map = \"m\"; shape = \"text\"; kind = \"person\";", ":2: entry: topic: must be a topic"},
    {"map = \"m\"; topic = \"a/#\"; shape = \"text\"; kind = \"person\";",
        ":2: topic: wildcards are written"},
    {"map = \"m\"; topic = \"a/+/b\"; shape = \"text\"; kind = \"person\";",
        ":2: topic: wildcards are written"},
    {"map = \"m\"; topic = \"a/{dev\"; shape = \"text\"; kind = \"person\";", ":2: topic: a { without its }"},
    {"map = \"m\"; topic = \"a/dev}\"; shape = \"text\"; kind = \"person\";", ":2: topic: a } without its {"},
    {"map = \"m\"; topic = \"a/{device}\"; shape = \"text\"; kind = \"person\";",
        ":2: topic: a capture is one"},
    {"map = \"m\"; topic = \"a/{p}/{dev}\"; shape = \"text\"; kind = \"person\";",
        ":2: topic: {p} is the whole first"},
    {"map = \"m\"; topic = \"a/x{dev+}\"; shape = \"text\"; kind = \"person\";",
        ":2: topic: {dev+} and {_+} are whole"},
    {"map = \"m\"; topic = \"a/{dev}{kind}\"; shape = \"text\"; kind = \"person\";",
        ":2: topic: two captures need"},
    {"map = \"m\"; topic = \"a/b\"; shape = \"text\"; kind = \"person\";", ":2: topic: needs {dev}"},
    {"map = \"m\"; topic = \"$SYS/{dev}\"; shape = \"text\"; kind = \"person\";",
        ":2: topic: must not begin"},
    {"map = \"m\"; topic = \"a/{dev}\"; shape = \"pointer\"; kind = \"person\";",
        ":2: entry: phase_from: is needed"},
    {"map = \"m\"; topic = \"a/{dev}\"; shape = \"pointer\"; kind = \"person\"; phase_from = \"state\";",
        ":2: phase_from: must be JSON pointers"},
    {"map = \"m\"; topic = \"a/{dev}\"; shape = \"life\"; kind = \"person\"; phase_from = \"/s\";",
        ":2: entry: id: a life needs one"},
    {"map = \"m\"; topic = \"a/{dev}\"; shape = \"collection\"; kind = \"person\"; phase_from = \"/s\";",
        ":2: entry: each: belongs to a collection"},
    {"map = \"m\"; topic = \"a/{_}\"; shape = \"pointer\"; kind = \"person\"; phase_from = \"/s\"; "
     "device = \"key\";",
        ":2: device: only a collection"},
    {"map = \"m\"; topic = \"a/{dev}\"; shape = \"pointer\"; kind = \"person\"; phase_from = \"/s\"; "
     "confidence = \"/c\";",
        ":2: entry: of: must be 1 or 100"},
};

static void test_slips_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
        struct edge_settings settings = {.choice_count = 0};
        char row[512], told[512];
        snprintf(row, sizeof(row), "{ %s }", slips[i].row);
        if (read_rows(row, &settings, told, sizeof(told)) || strstr(told, slips[i].told) == NULL)
            fail_msg("%s\n  told: %s\n  not:  %s", row, told, slips[i].told);
        edge_settings_free(&settings);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    struct edge_settings settings = {.choice_count = 0};
    char told[512], *rows = calloc(EDGE_MOST_OWN_ROWS + 1, 80);
    assert_non_null(rows);
    for (int i = 0; i <= EDGE_MOST_OWN_ROWS; i++)
        sprintf(rows + strlen(rows), "%s{ " GOOD "kind = \"person\"; }", i ? "," : "");
    assert_false(read_rows(rows, &settings, told, sizeof(told)));
    assert_non_null(strstr(told, "rows: must have at most 64 rows"));
    edge_settings_free(&settings);
    rows[strlen("{ " GOOD "kind = \"person\"; }")] = 0;
    settings = (struct edge_settings){.choice_count = 0};
    assert_true(read_rows(rows, &settings, told, sizeof(told)));
    assert_int_equal(settings.own.row_count, 1);
    edge_settings_free(&settings);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_make_events),
        cmocka_unit_test(test_slips_are_told),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
