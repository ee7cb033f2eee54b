/* Reads a subcommand's options with getopt_long: its own rows and those that all have. What the command line
 * does not say, the environment (NEIGHBORS_BROKER ...) does, then the settings of the installation, and then
 * the folder that ./run keeps (--data).
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/redis_url.h"
#include "cli/cli.h"
#include "proto/mqtt.h"

/* What getopt_long returns for an argument that belongs to no option; and for the first of the options, above
 * all characters. */
enum { ARGUMENT = 1, FIRST_OPTION = 256 };

enum common_option {
    BROKER,
    TLS_CA,
    TLS_CERT,
    AS,
    TOKEN_FILE,
    REDIS,
    KEYS,
    CONFIG,
    DATA,
    JSON,
    HELP,
    COMMON_OPTIONS
};

static const struct common_row {
    struct option_row row;
    const char *environment;
} common_rows[COMMON_OPTIONS] = {
    [BROKER] = {{"broker", "HOST:PORT", "the broker (that of the settings)"}, "NEIGHBORS_BROKER"},
    [TLS_CA] = {{"tls-ca", "FILE", "speak TLS, and trust the authorities in this file"}, "NEIGHBORS_TLS_CA"},
    [TLS_CERT] = {{"tls-cert", "BASE", "speak with the certificate BASE.crt and its key BASE.key"},
        "NEIGHBORS_TLS_CERT"},
    [AS] = {{"as", "ROLE/ID", "who speaks; else the first fitting token of DIR/tokens"}, "NEIGHBORS_AS"},
    [TOKEN_FILE] = {{"token-file", "FILE", "the token (DIR/tokens/<role>-<id>.token)"},
        "NEIGHBORS_TOKEN_FILE"},
    [REDIS] = {{"redis", "URL", "the registry (that of the settings)"}, "NEIGHBORS_REDIS"},
    [KEYS] = {{"keys", "DIR", "the folder of the keys (that of the settings' secret_file; DIR/keys)"},
        "NEIGHBORS_KEYS"},
    [CONFIG] = {{"config", "FILE",
                    "settings of the neighborsd that is meant (those in DIR when it is ./run's, else "
                    "/etc/neighbors/neighborsd.conf)"},
        "NEIGHBORS_CONFIG"},
    [DATA] = {{"data", "DIR", "the folder that ./run keeps (./.data)"}, "NEIGHBORS_DATA"},
    [JSON] = {{"json", NULL, "one JSON object a line"}, NULL},
    [HELP] = {{"help", NULL, "this text"}, NULL},
};

const struct option_row *cli_common_option(size_t index, const char **environment)
{
    if (index >= COMMON_OPTIONS)
        return NULL;
    *environment = common_rows[index].environment;
    return &common_rows[index].row;
}

static void print_row(const struct option_row *row)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", row->name, row->argument ? " " : "",
        row->argument ? row->argument : "");
    printf("  %-28s %s\n", left, row->help);
}

/* A command may have an option of its own by that name. */
static bool is_hidden(const struct command *command, size_t common)
{
    for (const struct option_row *row = command->options; row->name; row++)
        if (strcmp(row->name, common_rows[common].row.name) == 0)
            return true;
    return false;
}

static void print_usage(const struct command *command)
{
    printf("neighbors %s%s%s [OPTIONS]\n%s\n\n", command->name, *command->arguments ? " " : "",
        command->arguments, command->summary);
    for (const struct option_row *row = command->options; row->name; row++)
        print_row(row);
    if (command->options->name)
        puts("");
    for (size_t i = 0; i < COMMON_OPTIONS; i++)
        if (!is_hidden(command, i))
            print_row(&common_rows[i].row);
}

/* The rows of both tables as getopt wants them; `val` counts the common ones first. */
static void fill_getopt(const struct command *command, struct option *out)
{
    int value = FIRST_OPTION;
    for (size_t i = 0; i < COMMON_OPTIONS; i++, value++)
        if (!is_hidden(command, i))
            *out++ =
                (struct option){common_rows[i].row.name, common_rows[i].row.argument != NULL, NULL, value};
    for (const struct option_row *row = command->options; row->name; row++, value++)
        *out++ = (struct option){row->name, row->argument != NULL, NULL, value};
    *out = (struct option){0};
}

static bool split_broker(struct invocation *out, const char *broker)
{
    const char *colon = strrchr(broker, ':');
    size_t len = colon ? (size_t)(colon - broker) : strlen(broker);
    if (*broker == '[' && len > 2 && broker[len - 1] == ']') {
        broker++;
        len -= 2;
    }
    char *end = NULL;
    long port = colon ? strtol(colon + 1, &end, 10) : 1883;
    if (len == 0 || len >= sizeof out->broker_host || port < 1 || port > 65535 || (colon && *end != '\0'))
        return false;
    memcpy(out->broker_host, broker, len);
    out->broker_host[len] = '\0';
    out->common.broker_host = out->broker_host;
    out->common.broker_port = (int)port;
    return true;
}

/* The Redis that ./run starts; as the user that `ca redis` made, where it did. */
static const char *own_redis(struct invocation *out)
{
    char password[COMMAND_FIELD + 32];
    snprintf(password, sizeof password, "%s/redis.password", out->common.keys);
    if (access(password, R_OK) == 0)
        snprintf(
            out->redis, sizeof out->redis, "redis://neighbors@127.0.0.1:18833?password-file=%s", password);
    else
        snprintf(out->redis, sizeof out->redis, "redis://127.0.0.1:18833");
    return out->redis;
}

/* Arguments are seen by everybody on the machine. */
static bool shows_password(const char *redis)
{
    struct redis_url url;
    char why[REDIS_URL_ERROR];
    (void)!redis_url_read(redis, &url, why); /* who opens it says what is wrong with it */
    explicit_bzero(url.password, sizeof url.password);
    return url.password_shown;
}

/* Whether the broker is the one of the settings: nobody named another. */
static bool means_settings(const struct invocation *out, const char *broker)
{
    const struct common *common = &out->common;
    bool here =
        strcmp(common->broker_host, "127.0.0.1") == 0 || strcmp(common->broker_host, "localhost") == 0;
    return !broker || strcmp(broker, out->addresses.broker.text) == 0 ||
           (here && out->addresses.read && common->broker_port == out->addresses.tls_port);
}

/* One that nobody gave: of the settings, else as ./run has it. */
static const char *found(
    const struct invocation *out, const struct address *address, const char *otherwise, const char **from)
{
    *from = *address->text ? address->from : out->fallback;
    return *address->text ? address->text : otherwise;
}

static bool settle_addresses(struct invocation *out, const char *given[COMMON_OPTIONS], const char **from)
{
    struct common *common = &out->common;
    struct addresses *addresses = &out->addresses;
    addresses_find(given[CONFIG], common->data, given[DATA] != NULL, addresses);
    if (given[CONFIG] && *addresses->fault) {
        cli_fail(out, EXIT_USAGE, "--config: %s", addresses->fault);
        return false;
    }
    if (*addresses->fault && !given[KEYS] && strncmp(out->command->name, "ca ", 3) == 0) {
        cli_fail(out, EXIT_USAGE, "%s; so --keys must say which folder is meant", addresses->fault);
        return false;
    }
    snprintf(out->fallback, sizeof out->fallback, "as ./run has it%s%s", *addresses->fault ? ", for " : "",
        addresses->fault);
    snprintf(out->keys, sizeof out->keys, "%.240s%s", *addresses->keys ? addresses->keys : common->data,
        *addresses->keys ? "" : "/keys");
    common->keys = given[KEYS] ? given[KEYS] : out->keys;
    common->redis_from = from[REDIS];
    common->broker_from = from[BROKER];
    common->redis = given[REDIS];
    if (!common->redis)
        common->redis = found(out, &addresses->redis, own_redis(out), &common->redis_from);
    const char *broker = given[BROKER];
    if (!broker)
        broker = found(out, &addresses->broker, "127.0.0.1:18830", &common->broker_from);
    if (!split_broker(out, broker)) {
        cli_fail(out, EXIT_USAGE, "--broker has the form HOST:PORT");
        return false;
    }
    out->addresses_meant = means_settings(out, given[BROKER]);
    return true;
}

static bool settle_common(struct invocation *out, const char *given[COMMON_OPTIONS])
{
    static const char *const flags[COMMON_OPTIONS] = {[BROKER] = "--broker", [REDIS] = "--redis"};
    const char *from[COMMON_OPTIONS];
    if (given[REDIS] && shows_password(given[REDIS])) {
        cli_fail(out, EXIT_USAGE,
            "--redis: everybody on this machine sees a password there: give its file (?password-file=PATH), "
            "or the address in NEIGHBORS_REDIS");
        return false;
    }
    for (size_t i = 0; i < COMMON_OPTIONS; i++) {
        const char *environment = common_rows[i].environment ? getenv(common_rows[i].environment) : NULL;
        from[i] = given[i] ? flags[i] : common_rows[i].environment;
        if (!given[i] && environment && *environment)
            given[i] = environment;
    }
    struct common *common = &out->common;
    common->tls_ca = given[TLS_CA];
    common->tls_cert = given[TLS_CERT];
    common->as = given[AS];
    common->token_file = given[TOKEN_FILE];
    common->data = given[DATA] ? given[DATA] : ".data";
    return settle_addresses(out, given, from);
}

/* ---- listeners beside MQTT ---- */

static void reckon(const struct invocation *invocation, int above, const char *end, struct address *out)
{
    const struct common *common = &invocation->common;
    bool v6 = strchr(common->broker_host, ':') != NULL, tls = common->tls_ca && !*end;
    snprintf(out->text, sizeof out->text, "http%s://%s%s%s:%d%s", tls ? "s" : "", v6 ? "[" : "",
        common->broker_host, v6 ? "]" : "", common->broker_port + above, end);
    if (common->broker_from == invocation->fallback)
        snprintf(out->from, sizeof out->from, "%.500s", invocation->fallback);
    else
        snprintf(out->from, sizeof out->from, "%d ports above %.450s", above, common->broker_from);
}

static bool settle_listener(const struct invocation *invocation, const char *option,
    const struct address *of_settings, const char *what, struct address *out)
{
    if (!invocation->addresses_meant || (!*of_settings->text && !invocation->addresses.read))
        return false;
    *out = *of_settings;
    if (!*out->text)
        cli_fail(invocation, EXIT_REFUSED, "%s says that there is no listener for %s: say where with %s",
            out->from, what, option);
    return true;
}

bool cli_http(const struct invocation *invocation, const char *option, const char *given, struct address *out)
{
    size_t len = given ? strlen(given) : 0;
    *out = (struct address){0};
    if (given) {
        snprintf(out->text, sizeof out->text, "%.*s", (int)(len - (len && given[len - 1] == '/')), given);
        snprintf(out->from, sizeof out->from, "%s", option);
    } else if (!settle_listener(invocation, option, &invocation->addresses.http, "HTTP", out)) {
        reckon(invocation, 2, "", out);
    }
    return *out->text;
}

bool cli_metrics(
    const struct invocation *invocation, const char *option, const char *given, struct address *out)
{
    *out = (struct address){0};
    if (given) {
        bool whole = strstr(given, "://");
        snprintf(out->text, sizeof out->text, "%s%.400s%s", whole ? "" : "http://", given,
            whole ? "" : "/metrics");
        snprintf(out->from, sizeof out->from, "%s", option);
    } else if (!settle_listener(invocation, option, &invocation->addresses.metrics, "metrics", out)) {
        reckon(invocation, 5, "/metrics", out);
    }
    return *out->text;
}

bool cli_asks_json(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

bool cli_read(
    const struct command *command, int argc, char **argv, struct invocation *out, enum exit_code *code)
{
    struct option options[COMMON_OPTIONS + OPTIONS_MAX + 1];
    const char *given[COMMON_OPTIONS] = {NULL};
    /* Known before the options are read, so that a complaint of one before it is in JSON too. */
    *out = (struct invocation){.command = command, .common.json = cli_asks_json(argc, argv)};
    *code = EXIT_USAGE;
    fill_getopt(command, options);
    optind = 1;
    opterr = 0;
    out->arguments = argv + 1;
    /* "-" gives the arguments in their order, as ARGUMENT; they move to the front of argv, where all before
     * them is read. ":" tells a missing value from an unknown option. The digits are no options: they catch a
     * place of the southern hemisphere, which begins with a minus, where an argument may stand. */
    for (int choice;
         (choice = getopt_long(argc, argv, "-:h0::1::2::3::4::5::6::7::8::9::", options, NULL)) != -1;) {
        if (choice == 'h')
            choice = FIRST_OPTION + HELP;
        if (choice == '?' || choice == ':') {
            const char *word = argv[optind - 1];
            cli_fail(out, EXIT_USAGE,
                choice == ':' ? "%s needs a value" : "%s is not an option of this command", word);
            return false;
        }
        if (choice == ARGUMENT || (choice >= '0' && choice <= '9')) {
            out->arguments[out->argument_count++] = argv[optind - 1];
            continue;
        }
        const char *value = optarg ? optarg : "";
        if (choice < FIRST_OPTION + COMMON_OPTIONS)
            given[choice - FIRST_OPTION] = value;
        else
            out->value[choice - FIRST_OPTION - COMMON_OPTIONS] = value;
    }
    out->common.json = given[JSON] != NULL;
    while (optind < argc) /* behind "--" */
        out->arguments[out->argument_count++] = argv[optind++];
    if (given[HELP]) {
        print_usage(command);
        *code = EXIT_DONE;
        return false;
    }
    return settle_common(out, given);
}

/* A question mark for each byte that is no UTF-8: an argument may have such, or is cut in a character. */
static void make_utf8(char *text)
{
    for (size_t left = strlen(text), len; left > 0; text += len, left -= len) {
        len = 1;
        while (len < 4 && len < left && !mqtt_utf8_valid(text, len))
            len++;
        if (mqtt_utf8_valid(text, len))
            continue;
        len = 1;
        if (*text & 0x80)
            *text = '?';
    }
}

/* Settings that cannot be used leave the command line with guesses: whoever reads the complaint hears of it.
 */
static void add_fault(const struct invocation *invocation, enum exit_code code, char *sentence, size_t room)
{
    const char *fault = invocation->addresses.fault;
    size_t len = strlen(sentence);
    if (*fault && code != EXIT_USAGE && !strstr(sentence, fault))
        snprintf(sentence + len, room - len, " (the settings are not used: %s)", fault);
}

enum exit_code cli_fail(const struct invocation *invocation, enum exit_code code, const char *format, ...)
{
    char sentence[1200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    add_fault(invocation, code, sentence, sizeof sentence);
    make_utf8(sentence);
    fprintf(stderr, "neighbors: %s\n", sentence);
    const char *name = invocation->command->name;
    if (code == EXIT_USAGE && !invocation->common.json)
        fprintf(stderr, "neighbors %s%s--help tells how it is called\n", name, *name ? " " : "");
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s}", "ok", 0, "error", sentence));
    return code;
}

void cli_print_json(json_t *object)
{
    if (!object) {
        fputs("neighbors: what was done cannot be told as JSON, for a part of it is no UTF-8\n", stderr);
        return;
    }
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(object);
}
