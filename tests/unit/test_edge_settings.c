/* The settings of neighbors-edge: the file, the flags that win over it, and slips of the pen that are refused
 * rather than share something else than was meant. */
#include "tests/unit/test_edge.h"

#include <unistd.h>

#include "bridge/edge/settings/settings.h"

struct files {
    char config[64], token[64];
};

static int make_files(void **state)
{
    struct files *files = calloc(1, sizeof(*files));
    assert_non_null(files);
    snprintf(files->config, sizeof(files->config), "%s/neighbors-conf-XXXXXX", P_tmpdir);
    snprintf(files->token, sizeof(files->token), "%s/neighbors-token-XXXXXX", P_tmpdir);
    int config = mkstemp(files->config), token = mkstemp(files->token);
    *state = files;
    bool written = write(token, "secret\r\n", 8) == 8;
    return close(config) || close(token) || !written;
}

static int remove_files(void **state)
{
    struct files *files = *state;
    int result = unlink(files->config) | unlink(files->token);
    free(files);
    return result;
}

/* Reads a file of this text, with further flags. */
static bool read_text(struct files *files, const char *text, struct edge_settings *settings, int *result,
    const char *flag, const char *value)
{
    FILE *out = fopen(files->config, "we");
    assert_non_null(out);
    fprintf(out, text, files->token);
    fclose(out);
    char *words[] = {"run", "--config", files->config, (char *)flag, (char *)value, NULL};
    return edge_settings_read(settings, flag ? 5 : 3, words, result);
}

static const char whole[] =
    "id = \"edge/home-7\"; local = { host = \"::1\"; port = 1884; };"
    "broker = { host = \"b\"; token_file = \"%s\"; ca = \"ca.pem\"; };"
    "spool = { file = \"s.db\"; most_events = 5000; };"
    "maps = ( { name = \"frigate\"; prefix = \"f\"; } );"
    "devices = ( { source = \"a b\"; id = \"cam-1\"; kinds = [ \"person\", \"Sound\" ]; },"
    "{ source = \"c\"; id = \"cam-2\"; kinds = [ \"all\" ]; map = \"ring-mqtt\"; } );";

static void test_a_whole_file(void **state)
{
    struct edge_settings settings;
    int result;
    assert_true(read_text(*state, whole, &settings, &result, "--local", "10.0.0.1"));
    assert_string_equal(settings.id, "home-7");
    assert_string_equal(settings.local.host, "10.0.0.1");
    assert_int_equal(settings.local.port, 1884);
    assert_int_equal(settings.broker.port, 8883);
    assert_string_equal(settings.broker.username, "edge/home-7");
    assert_string_equal(settings.broker.password, "secret");
    assert_int_equal(settings.spool_limits.most_events, 5000);
    assert_false(settings.assume_quiet);
    assert_string_equal(settings.choices[0].prefix, "f");
    const struct edge_shared *shared = edge_settings_shared(&settings, "frigate", "a b");
    assert_non_null(shared);
    assert_string_equal(shared->id, "cam-1");
    assert_int_equal(shared->kinds, 1U << KIND_PERSON | 1U << KIND_SOUND);
    assert_null(edge_settings_shared(&settings, "frigate", "c"));
    assert_non_null(edge_settings_shared(&settings, "ring-mqtt", "c"));
    assert_null(edge_settings_shared(&settings, "frigate", "another"));
    edge_settings_free(&settings);
}

static void test_what_is_refused(void **state)
{
    static const char *const texts[] = {
        "id = 5",
        "idd = \"home-7\"; # %s",
        "id = \"a b\"; # %s",
        "local = { hosst = \"a\"; }; # %s",
        "local = { host = \"a\"; port = 70000; }; # %s",
        "maps = ( { name = \"frigat\"; } ); # %s",
        "maps = ( { prefix = \"a\"; } ); # %s",
        "devices = ( { source = \"a\"; id = \"b\"; } ); # %s",
        "devices = ( { source = \"a\"; id = \"b\"; kinds = [ \"people\" ]; } ); # %s",
        "devices = ( { source = \"a/#\"; id = \"b\"; kinds = [ \"all\" ]; } ); # %s",
        "devices = ( { source = \"a\"; id = \"b c\"; kinds = [ \"all\" ]; } ); # %s",
        "devices = ( { id = \"b\"; kinds = [ \"all\" ]; } ); # %s",
        "devices = ( { source = \"a\"; id = \"b\"; kinds = [ \"all\" ]; map = \"x\"; } ); # %s",
        "spool = { most_events = 1; }; # %s",
        "broker = { host = \"b\"; token_file = \"%s.none\"; };",
        "id = \"a\"; local = { host = \"a\"; }; broker = { host = \"b\"; token_file = \"%s\"; };",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct edge_settings settings;
        int result = 0;
        if (read_text(*state, texts[i], &settings, &result, NULL, NULL) || result != 1)
            fail_msg("taken, or %d: %s", result, texts[i]);
        edge_settings_free(&settings);
    }
}

static void test_flags(void **state)
{
    static const struct {
        const char *flag, *value;
        bool good;
    } cases[] = {{"--device", "x=cam-9:person,vehicle", true}, {"--device", "x=cam-9", false},
        {"--device", "x=cam-9:people", false}, {"--device", "x", false},
        {"--map", "zigbee2mqtt=zigbee/1", true}, {"--map", "zigbee", false}, {"--broker", "b:0", false},
        {"--broker", "[::1]:99", true}, {"--broker", "", false}, {"--id", "edge/", false},
        {"--id", "x", true}, {"--nonsense", "x", false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct edge_settings settings;
        int result;
        if (read_text(*state, whole, &settings, &result, cases[i].flag, cases[i].value) != cases[i].good)
            fail_msg("%s %s", cases[i].flag, cases[i].value);
        if (strcmp(cases[i].flag, "--broker") == 0 && cases[i].good) {
            assert_string_equal(settings.broker.host, "::1");
            assert_int_equal(settings.broker.port, 99);
        }
        edge_settings_free(&settings);
    }
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, make_files, remove_files)

static const char placed[] =
    "id = \"h\"; local = { host = \"a\"; }; broker = { host = \"b\"; token_file = \"%s\"; };"
    "maps = ( { name = \"frigate\"; } ); devices = ( { source = \"a\"; id = \"cam-1\"; "
    "kinds = [ \"all\" ]; ";

/* What may leave of where a device is: the middle of a cell, unless its owner says exactly. */
static void test_places_are_coarsened(void **state)
{
    static const struct {
        const char *entry;
        int32_t lat_e7, lon_e7; /* 0, 0: refused */
    } cases[] = {
        {"at = \"34.0768,-118.0316\";", 340768433, -1180316162},           /* 9qh1f5 */
        {"at = \"34.0768,-118.0316\"; cell = 5;", 340795898, -1180151367}, /* 9qh1f */
        {"at = \"34.0768,-118.0316\"; cell = 0;", 340768000, -1180316000},
        {"at = \"34.0768,-118.0316\"; cell = 9;", 0, 0},
        {"at = \"34.0768,-118.0316\"; cell = 3;", 0, 0},
        {"at = \"34.0768,-118.0316\"; cell = \"6\";", 0, 0},
        {"at = \"34.0768\";", 0, 0},
        {"at = \"94.0768,-118.0316\";", 0, 0},
        {"at = \"34.0768,-118.0316 \";", 0, 0},
        {"at = 34.0768;", 0, 0},
        {"cell = 6;", 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct edge_settings settings;
        struct motion_event event = {.device = TEXT("cam-1")}, other = {.device = TEXT("cam-2")};
        char text[600];
        int result;
        snprintf(text, sizeof(text), "%s%s } );", placed, cases[i].entry);
        assert_int_equal(read_text(*state, text, &settings, &result, NULL, NULL), cases[i].lat_e7 != 0);
        if (cases[i].lat_e7) {
            edge_settings_fill_place(&settings, &event);
            edge_settings_fill_place(&settings, &other);
            assert_true(event.has_position && !other.has_position);
            assert_in_range(event.position.lat_e7, cases[i].lat_e7 - 1, cases[i].lat_e7 + 1);
            assert_in_range(-event.position.lon_e7, -cases[i].lon_e7 - 1, -cases[i].lon_e7 + 1);
        }
        edge_settings_free(&settings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILES(test_a_whole_file),
        WITH_FILES(test_what_is_refused),
        WITH_FILES(test_flags),
        WITH_FILES(test_places_are_coarsened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
