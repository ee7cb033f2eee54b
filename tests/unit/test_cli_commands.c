/* The program as it is called: what it prints, how it ends, where no server is needed. */
#include <jansson.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { OUTPUT = 32768 };

/* Runs `<environment> neighbors <arguments>` with its standard error joined in; returns how it ended. config:
 * settings of an installation, "" for none. */
static int run_in(const char *environment, const char *config, const char *arguments, char output[OUTPUT])
{
    char command[1280];
    snprintf(command, sizeof command,
        "exec 2>&1; unset NEIGHBORS_AS NEIGHBORS_TOKEN_FILE; export NEIGHBORS_CONFIG=%s; %s%s %s %s", config,
        *environment ? "export " : "", environment, *environment ? ";" : "", NEIGHBORS_PROGRAM);
    size_t len = strlen(command);
    snprintf(command + len, sizeof command - len, " %s", arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    output[fread(output, 1, OUTPUT - 1, pipe)] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int run(const char *arguments, char output[OUTPUT])
{
    return run_in("", "", arguments, output);
}

/* Lines of the table: how it is called, how it ends, what is among its words ("" anything; = before: all of
 * them). */
struct command_case {
    const char *arguments;
    int code;
    const char *output;
};

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
    {"geo encode 57.64911,10.40744 --precision 11", 0, "=u4pruydqqvj\n"},
    {"geo encode 34.0522,-118.2437", 0, "=9q5ctr\n"},
    {"geo encode -33.86,151.2", 0, "=r3gx2e\n"},
    {"geo encode -33.86,151.2 --json", 0, "={\"cell\":\"r3gx2e\"}\n"},
    {"geo encode 91,0", 1, "the latitude"},
    {"geo encode 1", 2, "is not LATITUDE,LONGITUDE"},
    {"geo encode 1,1 --precision 13", 2, "a whole number from 1 to 12"},
    {"geo decode ezs42", 0, "42.60498046875,-5.60302734375"},
    {"geo decode ezs42 --json", 0, "\"south\":42.5830078125"},
    {"geo decode eaz", 1, "eaz: "},
    {"geo neighbors s", 0, ""},
    {"geo parent ezs42", 0, "=ezs4\n"},
    {"geo parent ezs42 --precision 1", 0, "=e\n"},
    {"geo parent ezs42 --precision 6", 2, "a whole number from 1 to 5"},
    {"geo parent e", 1, "no coarser cells"},
    {"geo children ezs42", 0, "ezs420\nezs421\n"},
    {"geo children ezs42ezs42zz", 1, "no finer cells"},
    {"geo ancestor ezs42 ezs4z ezk", 0, "=ez\n"},
    {"geo ancestor ezs42 9", 1, "no cell contains all of them"},
    {"geo ancestor ezs42", 2, "two geohashes or more"},
    {"geo contains 9q5 34.05,-118.24", 0, "=in\n"},
    {"geo contains 9q5ct 9q5", 0, "=partly\n"},
    {"geo contains 9q5ct 9q8 --json", 0, "={\"what\":\"9q8\",\"side\":\"out\"}\n"},
    {"geo contains --circle 34.05,-118.24,2000 9q5ctr", 0, "=in\n"},
    {"geo contains --circle 34.05,-118.24,2000 9q5ct", 0, "=partly\n"},
    {"geo contains --circle -33.86,151.2,2000 -33.9,151.2", 0, "=out\n"},
    {"geo contains 9q5", 2, "say a geohash or an area"},
    {"geo concerned --circle 34,-118,300 -", 0, "="},
    {"geo concerned --circle 34,-118,300 - <<'END'\n# who\n34.01,-118,800 "
     "ann\n34.01,-118,811.7\n34.01,-118,812 "
     "ben\n\n34,-117,9\nEND\n",
        0, "=34.01,-118,812 ben\n"},
    {"geo concerned --circle 34,-118,300 --json - <<'END'\n\n34,-118,0\nEND\n", 0,
        "={\"line\":2,\"lat\":34.0,\"lon\":-118.0,\"metres\":0.0,\"text\":\"34,-118,0\"}\n"},
    {"geo concerned --circle 34,-118,300 - <<'END'\n34,-118\nEND\n", 2, "\"34,-118\" is not LAT,LON,METRES"},
    {"geo concerned --circle 34,-118,300 - <<'END'\n34,-118,5m\nEND\n", 2, "is not LAT,LON,METRES"},
    {"geo concerned --circle 34,-118,300 - <<'END'\n34,-118,-1\nEND\n", 1, "34,-118,-1: the radius"},
    {"geo concerned --circle 34,-118,300 /nonexistent", 1, "/nonexistent: No such file"},
    {"geo concerned /dev/null", 2, "say an area"},
    {"geo contains 9q5 91,0", 1, "the latitude"},
    {"geo contains 9q5 1,1x", 2, "is not LATITUDE,LONGITUDE"},
    {"geo distance -33.86,151.2 -33.86,151.2", 0, "=0.000\n"},
    {"geo distance 0,0 -- -1,0", 0, "=111195.080\n"},
    {"geo distance -1,0 0,0 --json", 0, "{\"metres\":111195.0"},
    {"geo distance --circle 0,0,1000 1,0", 0, "=110195.080\n"},
    {"geo distance 0,0", 2, "two places"},
    {"geo area s", 0, "south 0 west 0 north 45 east 45\n"},
    {"geo area --circle 0,0,1000", 0, "3141592.6"},
    {"geo area --circle 0,0,1000 --json", 0, "{\"area\":3141592.6"},
    {"geo area", 2, "say one geohash"},
    {"geo check --circle 1,1,1", 0, "=1,1,1: ok\n"},
    {"geo check --circle 1,181,1", 1, "1,181,1: the longitude"},
    {"geo check --circle 1,181,1 --json", 1, "\"ok\":false"},
    {"geo check", 2, "say one area"},
    {"geo cover --circle 34.05,-118.24,800 --max 5", 0, "=9q5ct\n"},
    {"geo cover --circle 34.05,-118.24,800 --max 5 --json", 0,
        "{\"cell\":\"9q5ct\",\"side\":\"partly\",\"cover\":{\"cells\":1,\"area\":"},
    {"geo cover --circle 34.05,-118.24,800 --max 5 --json", 0, "\"forced\":false"},
    {"geo cover --circle 34.05,-118.24,2000 --max 7 --json", 0, "\"forced\":true"},
    {"geo cover --circle 34.05,-118.24,2000 --interior --cells 1", 0, "=9q5ctj\n"},
    {"geo cover --circle 34.05,-118.24,2 --interior", 0, "="},
    {"geo cover --circle 34.05,-118.24,9000 --min 7 --max 7 --cells 60000 | wc -l", 0, "=13431\n"},
    {"geo cover --circle 34.05,-118.24,9000 --max 8 --cells 60000 | wc -l", 0, "=1024\n"},
    {"geo show --circle 34.05,-118.24,800 --svg /nonexistent/picture", 1, "No such file"},
    {"geo show --circle 34.05,-118.24,800 --svg /dev/full", 1, "cannot be written"},
    {"geo show", 2, "say one area"},
    {"geo cover --circle 34.05,-118.24,8000 --min 6 --cells 10", 1,
        "takes more than 10 cells of precision 6"},
    {"geo cover --circle 34.05,-118.24,-1", 1, "34.05,-118.24,-1: "},
    {"geo cover --circle 34.05,-118.24,9 --polygon x", 2, "--circle LAT,LON,METRES or --polygon FILE"},
    {"geo cover --polygon /nonexistent", 1, "No such file"},
    {"geo cover --polygon - < /dev/null", 1, "-:1: "},
    {"geo cover --circle 34.05,-118.24", 2, "--circle has the form"},
    {"geo cover", 2, "--circle LAT,LON,METRES"},
    {"geo cover --circle 1,1,100 --min 6 --max 5", 2, "--min is finer than --max"},
};

static void each_call_ends_as_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char output[OUTPUT];
        int code = run(cases[i].arguments, output);
        const char *expected = cases[i].output;
        bool fits = *expected == '=' ? strcmp(output, expected + 1) == 0 : strstr(output, expected) != NULL;
        if (code != cases[i].code || !fits)
            fail_msg("neighbors %s\n  ended with %d, expected %d, and said: %s", cases[i].arguments, code,
                cases[i].code, output);
    }
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
    remove(secret);
    remove(config);
    assert_int_equal(rmdir(keys), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- polygons ---- */

#define SQUARE "[[[10.41,57.64],[10.43,57.64],[10.43,57.65],[10.41,57.65],[10.41,57.64]]]"

static void polygons_are_read_wherever_geojson_has_them(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int code;
        const char *output;
    } files[] = {
        {"{\"type\":\"Polygon\",\"coordinates\":" SQUARE "}", 0, "u4pru\n"},
        {"{\"type\":\"MultiPolygon\",\"coordinates\":[" SQUARE "]}", 0, "u4pru\n"},
        {"{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":"
         "{\"type\":\"Polygon\",\"coordinates\":" SQUARE "}}]}",
            0, "u4pru\n"},
        {"{\"type\":\"Point\",\"coordinates\":[10.41,57.64]}", 1, "only polygons can be covered"},
        {"{\"type\":\"FeatureCollection\",\"features\":[]}", 1, "there is no polygon in it"},
        {"{\"type\":\"Polygon\",\"coordinates\":[[[1,2],[3]]]}", 1, "a position is an array"},
        {"{\"type\":\"Polygon\",\"coordinates\":[[[1,2],[3,4],[1,2]]]}", 1, "-: "},
        {"[]", 1, "this is not GeoJSON"},
        {"{", 1, "-:2: "},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char arguments[600], output[OUTPUT];
        snprintf(
            arguments, sizeof arguments, "geo cover --max 5 --polygon - <<'END'\n%s\nEND\n", files[i].json);
        int code = run(arguments, output);
        if (code != files[i].code || !strstr(output, files[i].output))
            fail_msg("%s\n  ended with %d and said: %s", files[i].json, code, output);
    }
}

static void what_is_wrong_with_a_polygon_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *rings;
        const char *output;
    } files[] = {
        {"[[0,0],[2,0],[2,2],[0,2],[0,0]]", "-: ok\n"},
        {"[[0,0],[2,0],[2,2],[0,2]]", "-: polygon 1, ring 1, point 4 at 2,0: the last point"},
        {"[[0,0],[2,91],[2,2],[0,0]]", "-: polygon 1, ring 1, point 2 at 91,2: the latitude"},
        {"[[0,0],[3,2],[3,0],[0,1],[0,0]]", "-: polygon 1, ring 1, point 1 at 0,0: the edges"},
        {"[[0,0],[2,0],[2,2],[0,2],[0,0]],[[5,5],[6,5],[6,6],[5,5]]",
            "-: polygon 1, ring 2, point 1 at 5,5: a hole"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char arguments[400], output[OUTPUT];
        snprintf(arguments, sizeof arguments,
            "geo check --polygon - <<'END'\n{\"type\":\"Polygon\",\"coordinates\":[%s]}\nEND\n",
            files[i].rings);
        int code = run(arguments, output);
        if (code != (i > 0) || !strstr(output, files[i].output))
            fail_msg("%s\n  ended with %d and said: %s", files[i].rings, code, output);
    }
}

/* ---- geo show ---- */

static void an_area_is_shown_as_geojson(void **state)
{
    (void)state;
    char output[OUTPUT];
    const char *cell, *side, *geometry;
    double lat, excess;
    int forced;
    assert_int_equal(run("geo show --circle 34.05,-118.24,800 --max 5", output), 0);
    json_t *root = json_loads(output, 0, NULL), *features = json_object_get(root, "features");
    assert_string_equal(json_string_value(json_object_get(root, "type")), "FeatureCollection");
    assert_int_equal(json_array_size(features), 2);
    assert_int_equal(
        json_unpack(json_array_get(features, 0), "{s:{s:s, s:s}, s:{s:s, s:[[[F, F]]]}}", "properties",
            "cell", &cell, "side", &side, "geometry", "type", &geometry, "coordinates", &excess, &lat),
        0);
    assert_string_equal(cell, "9q5ct");
    assert_string_equal(side, "partly");
    assert_string_equal(geometry, "Polygon");
    assert_int_equal(json_unpack(json_array_get(features, 1), "{s:{s:{s:F}, s:{s:F, s:b}}}", "properties",
                         "circle", "lat", &lat, "cover", "excess", &excess, "forced", &forced),
        0);
    assert_true(lat == 34.05 && excess > 0 && !forced);
    json_decref(root);
}

static size_t times(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)); at++)
        count++;
    return count;
}

/* Each cell of the cover is in the picture, whatever lies where. */
static void an_area_is_drawn(void **state)
{
    (void)state;
    static const char *const shapes[] = {"--circle 34.05,-118.24,2000",
        "--circle 34.05,-118.24,2000 --interior", "--circle 89,10,300000 --max 2",
        "--circle -89,-180,300000 --max 2", "--circle -17,179.99,3000 --max 5",
        "--circle 0,0,20000000 --max 1", "--circle 34.05,-118.24,0"};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char arguments[200], output[OUTPUT], cells[OUTPUT];
        snprintf(arguments, sizeof arguments, "geo show %s --svg -", shapes[i]);
        assert_int_equal(run(arguments, output), 0);
        snprintf(arguments, sizeof arguments, "geo cover %s", shapes[i]);
        assert_int_equal(run(arguments, cells), 0);
        assert_int_equal(strncmp(output, "<svg ", 5), 0);
        assert_string_equal(output + strlen(output) - 7, "</svg>\n");
        assert_int_equal(times(output, "<rect class="), times(cells, "\n"));
        assert_int_equal(times(output, "<path class=\"area\""), 1);
        assert_null(strstr(output, "nan"));
        assert_null(strstr(output, "inf"));
        assert_int_equal(times(output, "<text"), times(output, "</text>"));
    }
}

/* ---- ca init ---- */

static bool names_host(const char *path, const char *host, bool address)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    bool found = (address ? X509_check_ip_asc(certificate, host, 0)
                          : X509_check_host(certificate, host, 0, 0, NULL)) == 1;
    X509_free(certificate);
    return found;
}

static X509 *read_certificate(const char *path)
{
    FILE *file = fopen(path, "r");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    return certificate;
}

static void assert_chain(const char *authority_path, const char *server_path)
{
    X509_STORE *trusted = X509_STORE_new();
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    X509 *authority = read_certificate(authority_path), *server = read_certificate(server_path);
    X509_STORE_add_cert(trusted, authority);
    X509_STORE_CTX_init(check, trusted, server, NULL);
    X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_SERVER);
    assert_int_equal(X509_verify_cert(check), 1);
    X509_STORE_CTX_free(check);
    X509_STORE_free(trusted);
    X509_free(authority);
    X509_free(server);
}

static void an_installation_s_keys_are_made_once(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        mode_t mode;
    } files[] = {{"token.key", 0600}, {"token.pub", 0644}, {"broker.secret", 0600}, {"ca.key", 0600},
        {"ca.crt", 0644}, {"server.key", 0600}, {"server.crt", 0644}};
    char folder[64] = P_tmpdir "/neighbors-ca-XXXXXX";
    char arguments[128], output[OUTPUT], path[128], authority[128];
    struct stat status;
    assert_non_null(mkdtemp(folder));
    snprintf(arguments, sizeof arguments, "ca init --data %s --host broker.example,192.0.2.7", folder);
    assert_int_equal(run(arguments, output), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/keys/%s", folder, files[i].name);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, files[i].mode);
    }
    assert_true(names_host(path, "localhost", false));
    assert_true(names_host(path, "broker.example", false));
    assert_false(names_host(path, "other.example", false));
    assert_true(names_host(path, "127.0.0.1", true));
    assert_true(names_host(path, "::1", true));
    assert_true(names_host(path, "192.0.2.7", true));
    snprintf(authority, sizeof authority, "%s/keys/ca.crt", folder);
    assert_chain(authority, path);

    assert_int_equal(run(arguments, output), 1);
    assert_non_null(strstr(output, "token.key exists already"));
    snprintf(path, sizeof path, "rm -r %s", folder);
    assert_int_equal(system(path), 0);
}

static void hosts_that_cannot_be_are_refused(void **state)
{
    (void)state;
    char output[OUTPUT];
    assert_int_equal(run("ca init --keys /nonexistent/keys --host 'a,DNS:b'", output), 2);
    assert_int_equal(run("ca init --keys /proc/none/keys", output), 1);
    assert_non_null(strstr(output, "cannot be made"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_ends_as_it_should),
        cmocka_unit_test(settings_say_where_it_is),
        cmocka_unit_test(the_folder_of_a_run_says_where_it_is),
        cmocka_unit_test(polygons_are_read_wherever_geojson_has_them),
        cmocka_unit_test(what_is_wrong_with_a_polygon_is_told_with_its_place),
        cmocka_unit_test(an_area_is_shown_as_geojson),
        cmocka_unit_test(an_area_is_drawn),
        cmocka_unit_test(an_installation_s_keys_are_made_once),
        cmocka_unit_test(hosts_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
