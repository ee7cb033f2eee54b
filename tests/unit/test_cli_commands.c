/* The program as it is called: what it prints, how it ends, where no server is needed. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/cli_case.h"

static const struct command_case cases[] = {
    {"--help", 0, "neighbors watch"},
    {"", 2, "neighbors watch"},
    {"nonsense", 2, "there is no command \"nonsense\""},
    {"geo", 2, "neighbors geo cover"},
    {"geo", 2, "neighbors: say which command of \"geo\""},
    {"geo --help", 0, "neighbors geo cover"},
    {"geo rumor", 2, "there is no command \"geo rumor\""},
    {"geo rumor --json 2>&-", 2, "={\"ok\":false,\"error\":\"there is no command \\\"geo rumor\\\"\"}\n"},
    {"rumor --json 2>&-", 2, "={\"ok\":false,\"error\":\"there is no command \\\"rumor\\\"\"}\n"},
    {"rumor\xff --json 2>&-", 2, "={\"ok\":false,\"error\":\"there is no command \\\"rumor?\\\"\"}\n"},
    {"geo encode $(printf 'x%050d' 0 | sed s/0/é/g) --json 2>&-", 2, "éé?\\\" is not LATITUDE,LONGITUDE"},
    {"watch --bogus --json 2>&-", 2,
        "={\"ok\":false,\"error\":\"--bogus is not an option of this command\"}\n"},
    {"watch --at --json", 2, "\"--json\" is not a place"},
    {"stats --help", 0, "[OPTIONS]\nwhat the broker counts\n\n  --url"},
    {"revoke --help", 0, "sessions end\n\n  --instance"},
    {"watch --help", 0, "--radius METRES"},
    {"watch", 2, "say where: --at LAT,LON"},
    {"watch --at 34", 2, "is not a place"},
    {"watch --at 91,0", 2, "is not a place on the globe"},
    {"watch --at 34,-118 --radius 9000", 2, "a whole number from 1 to 8000"},
    {"watch --at 34,-118 --class rumor", 2, "cannot be followed"},
    {"watch --at 34,-118 --category rumor", 2, "is no category"},
    {"watch --at 34,-118 --bogus", 2, "--bogus is not an option of this command"},
    {"watch --at", 2, "--at needs a value"},
    {"watch --at 34,-118 --data /nonexistent", 2, "say who speaks"},
    {"watch --at 34,-118 --as user/ann --data /nonexistent", 1,
        "there is no token in /nonexistent/tokens/user-ann.token"},
    {"publish alert --category fire --at 1,1", 2, "--headline TEXT"},
    {"publish alert --headline x --at 1,1", 2, "--category WORD"},
    {"publish alert --headline x --category fire", 2, "say where"},
    {"publish alert --headline x --category fire --at 1,1 --expires soon", 2, "is not a time"},
    {"publish alert --update a --cancel b", 2, "updated or cancelled, not both"},
    {"publish alert --file x --headline y", 2, "give no --headline beside it"},
    {"publish alert --headline x --category fire --at 1,1 --area x", 2, "say where once"},
    {"publish alert --headline x --category fire --area /nonexistent", 1, "No such file"},
    {"publish alert --headline x --category fire --at 1,1 --status rumor", 2, "\"rumor\" is not one of"},
    {"publish cap", 2, "say which files"},
    {"publish cap x --data /nonexistent", 2, "say who speaks"},
    {"publish cap /nonexistent --as agency/pd --token-file /nonexistent", 1, "there is no token"},
    {"witness", 2, "say which alert"},
    {"witness a b", 2, "say which alert"},
    {"witness a --when soon", 2, "is not a time"},
    {"flag a", 2, "say why: --reason WORD"},
    {"flag a --reason rumor", 2, "\"rumor\" is not one of the words"},
    {"verdict a", 2, "--decision WORD"},
    {"verdict a --decision perhaps", 2, "\"perhaps\" is not one of the words"},
    {"verdict a --decision confirmed --revision -1", 2, "--revision"},
    {"settings", 2, "--client ID"},
    {"settings --client a --least rumor", 2, "\"rumor\" is not one of the words"},
    {"settings --client a --least weather=1", 2, "is not one of the words"},
    {"settings --client a --quiet 22:00", 2, "has not the form"},
    {"settings --client a --quiet 22:00-25:00", 2, "has not the form"},
    {"settings --client a --quiet 22:00-07:00@noday", 2, "has not the form"},
    {"settings --client a --digest 90s", 2, "has not the form"},
    {"settings --client a --least severe --quiet 22:00-07:00@sat-mon,13:00-24:00 --data /nonexistent", 2,
        "say who speaks"},
    {"settings --share ghosts", 2, "--share"},
    {"settings --share person@25:00-26:00", 2, "--share"},
    {"settings --retention 0", 2, "--retention"},
    {"settings --footage gossip", 2, "--footage"},
    {"settings --share cam-1=person+vehicle@08:00-18:00@mon-fri,all --footage pd=theft,arson --data "
     "/nonexistent",
        2, "say who speaks"},
    {"forget", 2, "say what"},
    {"export x", 2, "options alone"},
    {"export --from soon", 2, "is not a time"},
    {"forget --from soon", 2, "is not a time"},
    {"tip --help", 0, "--to AGENCY"},
    {"tip", 2, "--text TEXT"},
    {"tip --to pd --text ''", 2, "--text TEXT"},
    {"tip x --to pd --text a", 2, "options alone"},
    {"tip --text a", 2, "--to AGENCY, or which conversation goes on"},
    {"tip --text a --to pd --conversation b", 2, "--to AGENCY, or which conversation goes on"},
    {"tip --text a --conversation b --about c", 2, "--about is said when a conversation begins"},
    {"tip --text a --conversation b --case c", 2, "--case is said when a conversation begins"},
    {"tip --text a --conversation b --code-file c", 2, "--code-file is said when a conversation begins"},
    {"tip --text a --to pd --certificate /nonexistent", 1, "--certificate: /nonexistent cannot be read"},
    {"tip --text a --to pd --certificate /dev/null", 1, "cannot be sealed to /dev/null"},
    {"tip --text a --to pd --code-file /dev/null", 1, "/dev/null holds no code"},
    {"tip --text a --to pd --data /nonexistent", 2, "say who speaks"},
    {"tips x", 2, "options alone"},
    {"tips --count 0", 2, "--count"},
    {"tips --for soon", 2, "--for"},
    {"tips --as user/ann --data /nonexistent", 1, "there is no token"},
    {"reward", 2, "neighbors reward stock"},
    {"reward stock --programme p --stock 2", 2, "--programme NAME --stock N --reward WORDS"},
    {"reward stock --programme p --stock 0 --reward x", 2, "a whole number from 1 to 1000000"},
    {"reward stock --programme p --stock 1 --reward x --data /nonexistent", 2, "say who speaks"},
    {"reward give --programme p --conversation c", 2, "--conversation ID --case NUMBER"},
    {"reward give --programme p --conversation c --case 1 --until soon", 2, "is not a time"},
    {"reward redeem --programme p", 2, "--programme NAME --number N"},
    {"reward redeem --programme p --number 0", 2, "--number"},
    {"reward redeem x --programme p --number 1", 2, "options alone"},
    {"reward check --voucher x", 2, "--voucher FILE --code CODE"},
    {"reward check --voucher x --code y --log-key /nonexistent", 1, "--log-key: /nonexistent"},
    {"publish motion --kind ghost", 2, "\"ghost\" is not one of the words"},
    {"publish motion --seq -1", 2, "--seq"},
    {"history", 2, "either --at LAT,LON or --cells A,B"},
    {"history --cells 9qh1f,a", 2, "--cells: a: a geohash has only the digits and the letters without"},
    {"enroll device", 2, "say what is enrolled and its id"},
    {"enroll device a --share ghosts", 2, "\"ghosts\" is not motion"},
    {"enroll device a --verified-since yesterday", 2, "is not a time"},
    {"enroll user ann --officer lee", 2, "who acts for an agency"},
    {"enroll agency pd --officer 'a b'", 2, "who acts for an agency"},
    {"enroll agency pd --keys /nonexistent", 1, "neighbors ca init makes one"},
    {"revoke ann", 2, "ROLE/ID"},
    {"poll x", 2, "options alone"},
    {"poll --config /nonexistent", 1, "/nonexistent: it cannot be read"},
    {"trace", 2, "say which alert"},
    {"trace xyz", 2, "24 hexadecimal digits"},
    {"moderate", 2, "neighbors moderate list"},
    {"moderate list x", 2, "options alone"},
    {"moderate list --redis redis://127.0.0.1:1", 3, "cannot reach Redis at 127.0.0.1:1"},
    {"moderate show", 2, "say which alert"},
    {"moderate release", 2, "say which alert"},
    {"moderate release a", 2, "say why: --reason TEXT"},
    {"moderate remove a --reason x --data /nonexistent", 2, "say who speaks"},
    {"moderate ban user/ann --for 1d", 2, "say why: --reason TEXT"},
    {"moderate ban user/ann --reason x", 2, "say when it ends"},
    {"moderate ban user/ann --reason x --until -1h", 2, "a ban ends in the future"},
    {"moderate ban ann --reason x --for 1d", 2, "say whom as ROLE/ID"},
    {"moderate ban --reason x --for 1d", 2, "say whom as ROLE/ID"},
    {"moderate unban user/ann", 2, "say why: --reason TEXT"},
    {"geocodes", 2, "neighbors geocodes import"},
    {"geocodes import", 2, "geocodes import same.geojson --scheme SAME"},
    {"geocodes import x", 2, "--scheme SAME or --scheme UGC"},
    {"geocodes import x --scheme 'a b'", 2, "--scheme SAME or --scheme UGC"},
    {"geocodes import /nonexistent --scheme SAME", 1, "nothing was imported"},
    {"geocodes show SAME", 2, "say which"},
    {"geocodes list SAME UGC", 2, "at most a scheme"},
    {"geocodes list --redis redis://127.0.0.1:1", 3, "cannot reach Redis at 127.0.0.1:1"},
    {"stats --broker nowhere:x", 2, "--broker has the form HOST:PORT"},
    {"stats --broker 127.0.0.1:1", 3, "cannot read http://127.0.0.1:6/metrics"},
    {"revoke user/ann --redis redis://127.0.0.1:1", 3, "cannot reach Redis at 127.0.0.1:1"},
    {"revoke user/ann --redis redis://neighbors:word@127.0.0.1:1", 2,
        "everybody on this machine sees a password"},
    {"revoke user/ann --redis 'redis://:word@127.0.0.1:1?password-file=/x'", 2, "give its file"},
    {"revoke user/ann --redis redis://neighbors@127.0.0.1:1", 3, "cannot reach Redis at 127.0.0.1:1"},
    {"revoke user/ann --redis nonsense", 3, "the address of Redis has the form"},
};

static void each_call_ends_as_it_should(void **state)
{
    (void)state;
    assert_cases(cases, sizeof cases / sizeof *cases);
}

/* ---- where the installation is ---- */

/* Nobody listens at any of these. What is said: flags before the environment before the file. */
static const struct {
    const char *environment, *arguments;
    int code;
    const char *output;
} places[] = {
    {"", "stats", 3, "cannot read http://127.0.0.1:5/metrics (metrics_port of "},
    {"", "top", 3, "cannot read http://127.0.0.1:5/metrics (metrics_port of "},
    {"", "log head", 3, "cannot reach http://127.0.0.1:3 (http_port of "},
    {"", "log verify --state /nonexistent", 3, "cannot reach http://127.0.0.1:3 (http_port of "},
    {"", "geocodes list", 3, "(redis_url of "},
    {"", "revoke user/ann", 3, "cannot reach Redis at 127.0.0.1:4: "},
    {"", "trace 000000000000000000000000", 3, "(redis_url of "},
    {"", "import /dev/null", 1, "not a whole export"},
    {"", "witness x --as user/a --token-file TOKEN", 3, "the broker at 127.0.0.1:2 (mqtt_port of "},
    {"", "household show h1", 1, "/nonexistent-keys/broker.secret: "},
    {"NEIGHBORS_METRICS_PORT=6", "stats", 3, "http://127.0.0.1:6/metrics (NEIGHBORS_METRICS_PORT)"},
    {"NEIGHBORS_HTTP_PORT=6", "log head", 3, "http://127.0.0.1:6 (NEIGHBORS_HTTP_PORT)"},
    {"NEIGHBORS_REDIS_URL=redis://127.0.0.1:6", "geocodes list", 3, "127.0.0.1:6: "},
    {"NEIGHBORS_REDIS=redis://127.0.0.1:7", "geocodes list", 3, "(NEIGHBORS_REDIS)"},
    {"NEIGHBORS_REDIS=redis://127.0.0.1:7", "geocodes list --redis redis://127.0.0.1:8", 3,
        "127.0.0.1:8: Connection refused (--redis)"},
    {"NEIGHBORS_METRICS_PORT=0", "stats", 1, "NEIGHBORS_METRICS_PORT says that there is no listener for"},
    {"NEIGHBORS_METRICS_PORT=0", "stats --url 127.0.0.1:9", 3, "http://127.0.0.1:9/metrics (--url)"},
    {"NEIGHBORS_METRICS_PORT=x", "stats", 2, "--config: environment: metrics_port"},
    {"NEIGHBORS_BROKER=127.0.0.1:2", "log head", 3, "cannot reach http://127.0.0.1:3 (http_port of "},
    {"", "log head --broker 127.0.0.1:1", 3, "http://127.0.0.1:3 (2 ports above --broker)"},
    {"", "stats --broker 127.0.0.1:1", 3, "http://127.0.0.1:6/metrics (5 ports above --broker)"},
    {"", "log head --http http://127.0.0.1:9/", 3, "cannot reach http://127.0.0.1:9 (--http)"},
    {"NEIGHBORS_CONFIG=/nonexistent", "geo encode 0,0", 2, "--config: /nonexistent: No such file"},
};

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void settings_say_where_it_is(void **state)
{
    (void)state;
    char folder[] = "/tmp/neighbors-settings-XXXXXX", config[64], token[64];
    assert_non_null(mkdtemp(folder));
    snprintf(config, sizeof config, "%s/neighborsd.conf", folder);
    snprintf(token, sizeof token, "%s/token", folder);
    put_file(token, "token\n");
    assert_int_equal(chmod(token, 0600), 0);
    put_file(config,
        "mqtt_port = 2;\nhttp_address = \"0.0.0.0\";\nhttp_port = 3;\nredis_url = \"redis://127.0.0.1:4\";\n"
        "metrics_port = 5;\nsecret_file = \"/nonexistent-keys/broker.secret\";\n");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char arguments[512], output[OUTPUT];
        const char *at = strstr(places[i].arguments, "TOKEN");
        int before = at ? (int)(at - places[i].arguments) : (int)strlen(places[i].arguments);
        snprintf(arguments, sizeof arguments, "%.*s%s", before, places[i].arguments, at ? token : "");
        int code = run_in(
            places[i].environment, strstr(places[i].environment, "CONFIG") ? "" : config, arguments, output);
        if (code != places[i].code || !strstr(output, places[i].output))
            fail_msg("%s neighbors %s\n  ended with %d and said: %s", places[i].environment,
                places[i].arguments, code, output);
    }
    remove(config);
    remove(token);
    remove(folder);
}

/* What a ./run was told with --data and --port-base its folder knows. */
static void the_folder_of_a_run_says_where_it_is(void **state)
{
    (void)state;
    char folder[] = "/tmp/neighbors-run-XXXXXX", keys[64], secret[80], config[64], arguments[128];
    char output[OUTPUT];
    assert_non_null(mkdtemp(folder));
    snprintf(keys, sizeof keys, "%s/keys", folder);
    snprintf(secret, sizeof secret, "%s/broker.secret", keys);
    snprintf(config, sizeof config, "%s/neighborsd.conf", folder);
    assert_int_equal(mkdir(keys, 0700), 0);
    put_file(config, "mqtt_port = 2;\nredis_url = \"redis://127.0.0.1:4\";\nmetrics_port = 5;\n");
    snprintf(arguments, sizeof arguments, "stats --data %s", folder);
    assert_int_equal(run_in("", "", arguments, output), 3);
    assert_non_null(strstr(output, "(as ./run has it)")); /* it is nobody's yet */
    put_file(secret, "");
    assert_int_equal(run_in("", "", arguments, output), 3);
    assert_non_null(strstr(output, "http://127.0.0.1:5/metrics (metrics_port of /tmp/neighbors-run-"));
    snprintf(arguments, sizeof arguments, "geocodes list --data %s", folder);
    assert_int_equal(run_in("", "", arguments, output), 3);
    assert_non_null(strstr(output, "127.0.0.1:4: Connection refused (redis_url of /tmp/neighbors-run-"));
    put_file(config, "mqtt_pord = 2;\n");
    snprintf(arguments, sizeof arguments, "enroll user ann --data %s", folder);
    assert_int_equal(run_in("", "", arguments, output), 1);
    assert_non_null(strstr(output, "token.key: does not exist"));
    assert_non_null(strstr(output, "(the settings are not used: /tmp/neighbors-run-"));
    assert_non_null(strstr(output, "mqtt_pord"));
    snprintf(arguments, sizeof arguments, "ca redis --data %s", folder); /* not into the wrong folder */
    assert_int_equal(run_in("", "", arguments, output), 2);
    assert_non_null(strstr(output, "--keys must say which folder is meant"));
    remove(secret);
    remove(config);
    assert_int_equal(rmdir(keys), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_ends_as_it_should),
        cmocka_unit_test(settings_say_where_it_is),
        cmocka_unit_test(the_folder_of_a_run_says_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
