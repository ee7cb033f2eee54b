/* The settings: defaults, files, the environment, what is said about a wrong one, and that the sample file is
 * the table's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/log.h"
#include "broker/net/settings_file.h"

static char path[] = "/tmp/neighbors-settings-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static bool read_text(struct settings *settings, const char *text, char error[SETTING_ERROR])
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    settings_default(settings);
    return settings_read_file(settings, path, error);
}

/* What is said about a file, behind the file's name. */
static void expect_error(const char *text, const char *expected)
{
    struct settings settings;
    char error[SETTING_ERROR] = "";
    assert_false(read_text(&settings, text, error));
    assert_int_equal(strncmp(error, path, strlen(path)), 0);
    assert_string_equal(error + strlen(path), expected);
    settings_free(&settings);
}

static void defaults_are_good(void **state)
{
    (void)state;
    struct settings settings;
    char error[SETTING_ERROR];
    settings_default(&settings);
    assert_true(settings_check(&settings, error));
    assert_int_equal(settings.mqtt_port, 1883);
    assert_int_equal(settings.maximum_packet, 1024 * 1024);
    assert_string_equal(settings.metrics_address, "127.0.0.1");
    settings_free(&settings);
}

static void file_sets(void **state)
{
    (void)state;
    struct settings settings;
    char error[SETTING_ERROR], node[NODE_TEXT];
    assert_true(read_text(
        &settings, "# a comment\nmqtt_port = 1234;\nnode = \"north\"\nclock_past_s = 31536000L;\n", error));
    assert_int_equal(settings.mqtt_port, 1234);
    assert_string_equal(settings.node, "north");
    settings_node(&settings, node);
    assert_string_equal(node, "north");
    assert_true(settings_set_string(&settings, "node", "", error));
    assert_true(settings_check(&settings, error));
    settings_node(&settings, node);
    assert_true(node[0] && strlen(node) < NODE_TEXT);
    assert_int_equal(settings.clock_past_s, 31536000);
    settings_free(&settings);
}

static void wrong_settings_are_named(void **state)
{
    (void)state;
    expect_error("mqtt_port = 1;\nmax_conections = 5;\n",
        ":2: max_conections: there is no such setting; the nearest is max_connections");
    expect_error("\n\nmqtt_port = 65536;\n", ":3: mqtt_port: 65536 is more than 65535 (port)");
    expect_error("processes = 0;\n", ":1: processes: 0 is less than 1 (processes)");
    expect_error("max_connections = 3000000000L;\n",
        ":1: max_connections: 3000000000 is more than 1000000 (connections)");
    expect_error("mqtt_port = \"1883\";\n", ":1: mqtt_port: must be a number (port), without quotes");
    expect_error("node = 7;\n", ":1: node: must be a text in quotes");
    expect_error("node = { a = 1; };\n", ":1: node: must be a whole number or a text in quotes");
    expect_error("mqtt_port = 1.5;\n", ":1: mqtt_port: must be a whole number or a text in quotes");
    expect_error("mqtt_port = ;\n", ":1: syntax error");
    expect_error("node = \"a\";\nnode = \"b\";\n", ":2: duplicate setting name");
}

/* A password stands only in a file that others cannot read. */
static void passwords_are_not_for_everybody(void **state)
{
    (void)state;
    static const char with[] = "mqtt_port = 1;\nredis_url = \"redis://ann:word@h\";\n",
                      without[] = "redis_url = \"redis://ann@h?password-file=/nonexistent\";\n";
    struct settings settings;
    char error[SETTING_ERROR] = "";
    assert_true(read_text(&settings, with, error));
    settings_free(&settings);
    assert_int_equal(chmod(path, 0644), 0);
    expect_error(with, ":2: redis_url: has a password, and this file holds a secret and is not closed to "
                       "others: chmod o= it");
    assert_true(read_text(&settings, without, error));
    settings_free(&settings);
    assert_int_equal(chmod(path, 0600), 0);
}

static void missing_file_is_named(void **state)
{
    (void)state;
    struct settings settings;
    char error[SETTING_ERROR];
    settings_default(&settings);
    assert_false(settings_read_file(&settings, "/nonexistent.conf", error));
    assert_string_equal(error, "/nonexistent.conf: No such file or directory");
    settings_free(&settings);
}

static void environment_sets(void **state)
{
    (void)state;
    struct settings settings;
    char error[SETTING_ERROR];
    char *good[] = {(char *)"HOME=/", (char *)"NEIGHBORS_MQTT_PORT=99", (char *)"NEIGHBORS_NODE=east", NULL};
    char *foreign[] = {(char *)"NEIGHBORS_SOMETHING=1", (char *)"NEIGHBORS_", (char *)"NEIGHBORS", NULL};
    char *word[] = {(char *)"NEIGHBORS_MQTT_PORT=many", NULL};
    char *large[] = {(char *)"NEIGHBORS_MQTT_PORT=99999999999999999999", NULL};
    settings_default(&settings);
    assert_true(settings_from_environment(&settings, good, error));
    assert_int_equal(settings.mqtt_port, 99);
    assert_string_equal(settings.node, "east");
    assert_true(settings_from_environment(&settings, foreign, error));
    assert_false(settings_from_environment(&settings, word, error));
    assert_string_equal(error, "environment: mqtt_port: must be a number (port), not \"many\"");
    assert_false(settings_from_environment(&settings, large, error));
    settings_free(&settings);
}

#define PORTAL_CENTER_RULE                                                                                   \
    "portal_center: degrees, latitude (at most 85) and longitude with a comma between, as 34.0768,-118.0316"
#define PORTAL_TILES_RULE                                                                                    \
    "portal_tiles: an address with {z}, {x} and {y}, as https://tiles.example.org/{z}/{x}/{y}.png"

static void rules_between_settings(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *rule;
    } cases[] = {
        {"node", "a b", "node: must be at most 48 characters from A-Za-z0-9._-"},
        {"tls_certificate", "a.pem", "tls_certificate, tls_key: both or none"},
        {"tls_client_ca", "a.pem", "tls_client_ca: needs tls_certificate"},
        {"log_level", "loud", "log_level: must be error, warning, info or debug"},
        {"portal_name", "", "portal_name: must be 1 to 64 bytes"},
        {"portal_center", "34.0", PORTAL_CENTER_RULE},
        {"portal_center", "86,0", PORTAL_CENTER_RULE},
        {"portal_center", "34.0,-118.0,14", PORTAL_CENTER_RULE},
        {"portal_center", "1e1,0", PORTAL_CENTER_RULE},
        {"portal_tiles", "https://tiles.example.org/{z}/{x}.png", PORTAL_TILES_RULE},
        {"portal_tiles", "https:///{z}/{x}/{y}.png", PORTAL_TILES_RULE},
        {"portal_tiles", "https://a.org; script-src *//{z}/{x}/{y}.png", PORTAL_TILES_RULE},
        {"portal_tiles", "http://tiles.example.org/{z}/{x}/{y}.png",
            "portal_tiles: must begin with https:// (or http://127.0.0.1:, http://localhost:)"},
        {"portal_tiles", "https://tiles.example.org/{z}/{x}/{y}.png",
            "portal_tiles: needs portal_tiles_attribution, whose map it is"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct settings settings;
        char error[SETTING_ERROR];
        settings_default(&settings);
        assert_true(settings_set_string(&settings, cases[i].name, cases[i].value, error));
        assert_false(settings_check(&settings, error));
        assert_string_equal(error, cases[i].rule);
        settings_free(&settings);
    }
}

static void printed_settings_read_back(void **state)
{
    (void)state;
    struct settings settings, again;
    char error[SETTING_ERROR], *first = NULL, *second = NULL;
    size_t len;
    settings_default(&settings);
    assert_true(settings_set_string(&settings, "redis_url", "a \"quoted\" \\ one", error));
    FILE *out = open_memstream(&first, &len);
    settings_print(&settings, out);
    fclose(out);
    assert_true(read_text(&again, first, error));
    out = open_memstream(&second, &len);
    settings_print(&again, out);
    fclose(out);
    assert_string_equal(first, second);
    free(first);
    free(second);
    settings_free(&settings);
    settings_free(&again);
}

static void sample_file_is_up_to_date(void **state)
{
    (void)state;
    struct settings settings;
    char *expected = NULL, *found = NULL;
    size_t len, size = 0;
    settings_default(&settings);
    FILE *out = open_memstream(&expected, &len);
    settings_print(&settings, out);
    fclose(out);
    FILE *in = fopen("deploy/neighborsd.conf", "r");
    assert_non_null(in);
    assert_true(getdelim(&found, &size, '\0', in) > 0);
    fclose(in);
    assert_string_equal(found, expected);
    free(expected);
    free(found);
    settings_free(&settings);
}

static char reported[1024];

static void report(enum log_level level, const char *event, const char *text)
{
    (void)level;
    strcat(strcat(strcat(strcat(reported, event), " "), text), "\n");
}

static void reload_takes_what_it_may_and_tells_what_it_did(void **state)
{
    (void)state;
    log_set_writer(report);
    struct settings settings, fresh;
    char error[SETTING_ERROR];
    settings_default(&settings);
    settings_default(&fresh);
    assert_true(settings_set_number(&fresh, "max_connections", 7, error));
    assert_true(settings_set_number(&fresh, "mqtt_port", 7, error));
    assert_true(settings_set_string(&fresh, "log_level", "error", error));
    settings_reload(&settings, &fresh);
    assert_int_equal(settings.max_connections, 7);
    assert_int_equal(settings.mqtt_port, 1883);
    assert_int_equal(settings_log_level(&settings), LOG_LEVEL_ERROR);
    assert_string_equal(reported, "reload setting=mqtt_port why=\"needs a restart\"\n"
                                  "reload setting=max_connections was=20000 is=7\n"
                                  "reload setting=log_level was=\"info\" is=\"error\"\n"
                                  "reloaded changed=2 restart=1\n");
    settings_free(&settings);
    settings_free(&fresh);
}

static void units_are_converted(void **state)
{
    (void)state;
    struct settings settings;
    settings_default(&settings);
    struct broker_options broker = settings_broker(&settings);
    struct store_redis_options store = settings_store(&settings);
    assert_int_equal(broker.clock_past_ms, 7 * 24 * 3600 * 1000LL);
    assert_int_equal(broker.maximum_packet, 1048576);
    assert_int_equal(store.release_verified_ms, 7 * 24 * 3600 * 1000LL);
    assert_int_equal(store.release_delay_ms, 10000);
    assert_ptr_equal(store.url, settings.redis_url);
    settings_free(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_good),
        cmocka_unit_test(file_sets),
        cmocka_unit_test(wrong_settings_are_named),
        cmocka_unit_test(passwords_are_not_for_everybody),
        cmocka_unit_test(missing_file_is_named),
        cmocka_unit_test(environment_sets),
        cmocka_unit_test(rules_between_settings),
        cmocka_unit_test(printed_settings_read_back),
        cmocka_unit_test(sample_file_is_up_to_date),
        cmocka_unit_test(reload_takes_what_it_may_and_tells_what_it_did),
        cmocka_unit_test(units_are_converted),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
