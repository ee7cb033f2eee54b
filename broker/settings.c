/* The table of settings at work: defaults, setting by name, rules, printing. No file and no library here. */
#include "broker/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/redis_url.h"
#include "bridge/verification_code.h"
#include "broker/log.h"
#include "broker/settings_portal.h"
#include "proto/message.h"

enum setting_type { SETTING_NUMBER, SETTING_STRING };

struct setting {
    const char *name, *unit, *sentence;
    enum setting_type type;
    bool reloadable;
    size_t offset;
    int64_t minimum, maximum, number;
    const char *string;
};

#define NUMBER_ROW(name_, unit_, minimum_, maximum_, standard, reloadable_, sentence_)                       \
    {.name = #name_,                                                                                         \
        .unit = unit_,                                                                                       \
        .sentence = sentence_,                                                                               \
        .type = SETTING_NUMBER,                                                                              \
        .reloadable = reloadable_,                                                                           \
        .offset = offsetof(struct settings, name_),                                                          \
        .minimum = minimum_,                                                                                 \
        .maximum = maximum_,                                                                                 \
        .number = standard},
#define STRING_ROW(name_, standard, reloadable_, sentence_)                                                  \
    {.name = #name_,                                                                                         \
        .sentence = sentence_,                                                                               \
        .type = SETTING_STRING,                                                                              \
        .reloadable = reloadable_,                                                                           \
        .offset = offsetof(struct settings, name_),                                                          \
        .string = standard},
static const struct setting table[] = {SETTING_TABLE(NUMBER_ROW, STRING_ROW)};
enum { SETTING_COUNT = sizeof(table) / sizeof(table[0]) };

static const char *const level_names[] = {"error", "warning", "info", "debug"};

static int64_t *number_of(const struct settings *settings, const struct setting *row)
{
    return (int64_t *)((char *)settings + row->offset);
}

static char **string_of(const struct settings *settings, const struct setting *row)
{
    return (char **)((char *)settings + row->offset);
}

static void replace_string(struct settings *settings, const struct setting *row, const char *value)
{
    char *copy = strdup(value);
    if (!copy) {
        abort();
    }
    free(*string_of(settings, row));
    *string_of(settings, row) = copy;
}

void settings_default(struct settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    for (const struct setting *row = table; row < table + SETTING_COUNT; row++) {
        if (row->type == SETTING_NUMBER) {
            *number_of(settings, row) = row->number;
        } else {
            replace_string(settings, row, row->string);
        }
    }
}

void settings_free(struct settings *settings)
{
    for (const struct setting *row = table; row < table + SETTING_COUNT; row++) {
        if (row->type == SETTING_STRING) {
            free(*string_of(settings, row));
        }
    }
    memset(settings, 0, sizeof(*settings));
}

/* How many letters must be changed, added or left out to make `a` of `b`. */
static size_t letters_apart(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    size_t row[LONGEST + 1], width = strnlen(b, LONGEST);
    for (size_t j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 1; j <= width; j++) {
            size_t best = diagonal + (a[i] != b[j - 1]);
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[width];
}

static const char *nearest(const char *name)
{
    const char *best = table[0].name;
    for (const struct setting *row = table; row < table + SETTING_COUNT; row++) {
        if (letters_apart(name, row->name) < letters_apart(name, best)) {
            best = row->name;
        }
    }
    return best;
}

static const struct setting *find(const char *name, char error[SETTING_ERROR])
{
    for (const struct setting *row = table; row < table + SETTING_COUNT; row++) {
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    snprintf(error, SETTING_ERROR, "%.64s: there is no such setting; the nearest is %s", name, nearest(name));
    return NULL;
}

bool settings_set_number(
    struct settings *settings, const char *name, int64_t value, char error[SETTING_ERROR])
{
    const struct setting *row = find(name, error);
    if (!row) {
        return false;
    }
    if (row->type != SETTING_NUMBER) {
        snprintf(error, SETTING_ERROR, "%s: must be a text in quotes", name);
        return false;
    }
    if (value < row->minimum || value > row->maximum) {
        bool low = value < row->minimum;
        snprintf(error, SETTING_ERROR, "%s: %" PRId64 " is %s than %" PRId64 " (%s)", name, value,
            low ? "less" : "more", low ? row->minimum : row->maximum, row->unit);
        return false;
    }
    *number_of(settings, row) = value;
    return true;
}

bool settings_set_string(
    struct settings *settings, const char *name, const char *value, char error[SETTING_ERROR])
{
    const struct setting *row = find(name, error);
    if (!row) {
        return false;
    }
    if (row->type != SETTING_STRING) {
        snprintf(error, SETTING_ERROR, "%s: must be a number (%s), without quotes", name, row->unit);
        return false;
    }
    replace_string(settings, row, value);
    return true;
}

/* The setting that an environment variable names: NEIGHBORS_MQTT_PORT is mqtt_port. False: not one of ours at
 * all. */
static bool name_of_variable(const char *variable, size_t len, char name[64])
{
    static const char prefix[] = "NEIGHBORS_";
    size_t skip = sizeof(prefix) - 1;
    if (len <= skip || len - skip >= 64 || strncmp(variable, prefix, skip) != 0) {
        return false;
    }
    for (size_t i = skip; i < len; i++) {
        char c = variable[i];
        name[i - skip] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    name[len - skip] = '\0';
    return true;
}

static bool set_from_text(
    struct settings *settings, const struct setting *row, const char *value, char error[SETTING_ERROR])
{
    if (row->type == SETTING_STRING) {
        return settings_set_string(settings, row->name, value, error);
    }
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno || end == value || *end) {
        snprintf(
            error, SETTING_ERROR, "%s: must be a number (%s), not \"%.64s\"", row->name, row->unit, value);
        return false;
    }
    return settings_set_number(settings, row->name, number, error);
}

bool settings_from_environment(struct settings *settings, char *const *environment, char error[SETTING_ERROR])
{
    for (; *environment; environment++) {
        char name[64], rule[SETTING_ERROR];
        const char *equals = strchr(*environment, '=');
        if (!equals || !name_of_variable(*environment, (size_t)(equals - *environment), name)) {
            continue;
        }
        const struct setting *row = find(name, rule);
        if (!row) {
            log_line(LOG_LEVEL_WARNING, "environment", "why=\"%s\"", rule);
        } else if (!set_from_text(settings, row, equals + 1, rule)) {
            snprintf(error, SETTING_ERROR, "environment: %.480s", rule);
            return false;
        }
    }
    return true;
}

static bool retention_is_choice(int64_t days)
{
    const uint16_t *choice = retention_choices;
    while (*choice && *choice != days)
        choice++;
    return *choice != 0;
}

static bool log_format_known(const char *format)
{
    static const char *const known[] = {"auto", "text", "json", "journal"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(format, known[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const char node_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

void settings_node(const struct settings *settings, char out[NODE_TEXT])
{
    snprintf(out, NODE_TEXT, "%s", settings->node);
    if (!out[0] && gethostname(out, NODE_TEXT - 1) && errno != ENAMETOOLONG)
        out[0] = '\0';
    out[NODE_TEXT - 1] = '\0';
    out[strspn(out, node_letters)] = '\0';
    if (!out[0])
        snprintf(out, NODE_TEXT, "neighbors");
}

bool settings_check(const struct settings *settings, char error[SETTING_ERROR])
{
    const char *rule = NULL;
    struct redis_url redis;
    char why[REDIS_URL_ERROR];
    unsigned ways;
    size_t node = strlen(settings->node);
    if (node > NODE_TEXT - 1 || strspn(settings->node, node_letters) != node) {
        rule = "node: must be at most 48 characters from A-Za-z0-9._-";
    } else if (!settings->mqtt_port && !settings->tls_port && !settings->http_port) {
        rule = "mqtt_port, tls_port, http_port: one of them must not be 0";
    } else if (!settings->tls_certificate[0] != !settings->tls_key[0]) {
        rule = "tls_certificate, tls_key: both or none";
    } else if (settings->tls_client_ca[0] && !settings->tls_certificate[0]) {
        rule = "tls_client_ca: needs tls_certificate";
    } else if (settings->openid_keys[0] &&
               (!settings->openid_issuer[0] || !settings->openid_audience[0] || !settings->openid_claim[0])) {
        rule = "openid_keys: needs openid_issuer, openid_audience and openid_claim";
    } else if (strspn(settings->openid_prefix, node_letters) != strlen(settings->openid_prefix) ||
               strlen(settings->openid_prefix) > 32) {
        rule = "openid_prefix: must be at most 32 characters from A-Za-z0-9._-";
    } else if (settings->tls_client_crl[0] && !settings->tls_client_ca[0]) {
        rule = "tls_client_crl: needs tls_client_ca";
    } else if (settings->https_port && !settings->tls_certificate[0]) {
        rule = "https_port: needs tls_certificate";
    } else if (settings->leaf_precision < settings->channel_precision) {
        rule = "leaf_precision: must not be less than channel_precision";
    } else if (settings->http_memory < settings->http_body_max) {
        rule = "http_memory: must not be less than http_body_max";
    } else if (settings->public_url[0] && strncmp(settings->public_url, "https://", 8) != 0 &&
               strncmp(settings->public_url, "http://", 7) != 0) {
        rule = "public_url: must begin with https:// or http://";
    } else if (strpbrk(settings->public_url, " \"<>\\^`{|}?#\t\r\n")) {
        rule = "public_url: an address without query, as https://alerts.example.org";
    } else if (!settings->cap_sender[0] || strpbrk(settings->cap_sender, " ,<&\"\t\r\n")) {
        rule = "cap_sender: must be given, without blanks, commas, < and &";
    } else if (!verification_ways_read(settings->verification_ways, &ways)) {
        rule = "verification_ways: post, neighbor, agency, with commas between";
    } else if (!retention_is_choice(settings->retention_days)) {
        rule = "retention_days: one of 1, 3, 7, 14, 21, 30, 60, 90, 120, 180";
    } else if ((rule = settings_portal_rule(settings))) {
        /* it says itself what is wrong */
    } else if (settings_log_level(settings) < 0) {
        rule = "log_level: must be error, warning, info or debug";
    } else if (!log_format_known(settings->log_format)) {
        rule = "log_format: must be auto, text, json or journal";
    } else if (!redis_url_read(settings->redis_url, &redis, why)) {
        snprintf(error, SETTING_ERROR, "redis_url: %s", why);
        return false;
    } else {
        return true;
    }
    snprintf(error, SETTING_ERROR, "%s", rule);
    return false;
}

static void print_quoted(const char *value, FILE *out)
{
    fputc('"', out);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\') {
            fputc('\\', out);
        }
        fputc(*value, out);
    }
    fputc('"', out);
}

void settings_print(const struct settings *settings, FILE *out)
{
    fprintf(out, "# Configuration of neighborsd. Each setting may be overridden by the environment: "
                 "NEIGHBORS_<NAME>.\n"
                 "# What is read anew on SIGHUP says so; everything else needs a restart.\n");
    for (const struct setting *row = table; row < table + SETTING_COUNT; row++) {
        const char *anew = row->reloadable ? "; read anew on SIGHUP" : "";
        fprintf(out, "\n# %s.\n", row->sentence);
        if (row->type == SETTING_NUMBER) {
            fprintf(out, "# %s, %" PRId64 " to %" PRId64 ", by default %" PRId64 "%s.\n%s = %" PRId64 ";\n",
                row->unit, row->minimum, row->maximum, row->number, anew, row->name,
                *number_of(settings, row));
        } else {
            fprintf(out, "# by default \"%s\"%s.\n%s = ", row->string, anew, row->name);
            print_quoted(*string_of(settings, row), out);
            fputs(";\n", out);
        }
    }
}

/* In mdoc a backslash begins an escape, and a minus is a hyphen unless it has one. */
static void print_escaped(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == '-')
            fputc('\\', out);
        fputc(*text == '\\' ? 'e' : *text, out);
    }
}

void settings_print_manual(FILE *out)
{
    fputs(".Dd $Mdocdate$\n.Dt NEIGHBORSD.CONF 5\n.Os Neighbors\n.Sh NAME\n.Nm neighborsd.conf\n"
          ".Nd settings of neighborsd\n.Sh DESCRIPTION\n"
          "A file of lines\n.Ql name = value;\nwhere a value is a number or a text in quotes, and\n"
          ".Ql #\nbegins a comment. The environment overrides it:\n.Ev NEIGHBORS_ Ns Ar NAME .\n"
          "What is read anew on SIGHUP says so; everything else needs a restart.\n.Bl -tag -width indent\n",
        out);
    for (const struct setting *row = table; row < table + SETTING_COUNT; row++) {
        fprintf(out, ".It Ic %s\n", row->name);
        print_escaped(row->sentence, out);
        fputs(".\n", out);
        if (row->type == SETTING_NUMBER)
            fprintf(out, "In %s, %" PRId64 " to %" PRId64 "; by default %" PRId64, row->unit, row->minimum,
                row->maximum, row->number);
        else if (row->string[0])
            fprintf(out, "By default\n.Qq %s", row->string);
        else
            fputs("By default none", out);
        if (row->type != SETTING_NUMBER && row->string[0])
            fputc(' ', out); /* in mdoc punctuation is a word */
        fputs(row->reloadable ? ";\nread anew on SIGHUP.\n" : ".\n", out);
    }
    fputs(".El\n.Sh SEE ALSO\n.Xr neighbors 1 ,\n.Xr neighborsd 8\n", out);
}

void settings_reload(struct settings *settings, const struct settings *from)
{
    unsigned changed = 0, restart = 0;
    for (const struct setting *row = table; row < table + SETTING_COUNT; row++) {
        bool number = row->type == SETTING_NUMBER;
        bool same = number ? *number_of(settings, row) == *number_of(from, row)
                           : strcmp(*string_of(settings, row), *string_of(from, row)) == 0;
        if (same) {
            continue;
        }
        if (!row->reloadable) {
            restart++;
            log_line(LOG_LEVEL_WARNING, "reload", "setting=%s why=\"needs a restart\"", row->name);
        } else if (number) {
            changed++;
            log_line(LOG_LEVEL_INFO, "reload", "setting=%s was=%" PRId64 " is=%" PRId64, row->name,
                *number_of(settings, row), *number_of(from, row));
            *number_of(settings, row) = *number_of(from, row);
        } else {
            changed++;
            log_line(LOG_LEVEL_INFO, "reload", "setting=%s was=\"%s\" is=\"%s\"", row->name,
                *string_of(settings, row), *string_of(from, row));
            replace_string(settings, row, *string_of(from, row));
        }
    }
    log_line(LOG_LEVEL_INFO, "reloaded", "changed=%u restart=%u", changed, restart);
}

int settings_log_level(const struct settings *settings)
{
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        if (strcmp(settings->log_level, level_names[level]) == 0) {
            return level;
        }
    }
    return -1;
}

struct broker_options settings_broker(const struct settings *settings)
{
    unsigned ways;
    if (!verification_ways_read(settings->verification_ways, &ways)) {
        ways = 0; /* settings_load has refused it */
    }
    return (struct broker_options){
        .channel_precision = (int)settings->channel_precision,
        .leaf_precision = (int)settings->leaf_precision,
        .verification_ways = ways,
        .push_keep_ms = settings->push_days * 24 * 60 * 60 * 1000,
        .push_timeout_ms = settings->push_timeout_ms,
        .push_most = (uint64_t)settings->push_subscriptions,
        .push_at_once = (uint32_t)settings->push_at_once,
        .maximum_packet = (uint32_t)settings->maximum_packet,
        .receive_maximum = (uint16_t)settings->receive_maximum,
        .topic_alias_maximum = (uint16_t)settings->topic_alias_maximum,
        .session_expiry_max_s = (uint32_t)settings->session_expiry_max_s,
        .packets_second = (uint32_t)settings->packets_second,
        .bytes_second = (uint32_t)settings->bytes_second,
        .flood_ms = settings->flood_ms,
        .max_identity = (uint32_t)settings->max_connections_per_identity,
        .max_filters = (uint32_t)settings->max_filters,
        .new_cells_day = (uint32_t)settings->new_cells_day,
        .feed_cells_day = (uint32_t)settings->feed_cells_day,
        .max_outbound = (uint32_t)settings->max_outbound,
        .connect_timeout_ms = settings->connect_timeout_ms,
        .keep_alive_max_s = settings->keep_alive_max_s,
        .heartbeat_ms = settings->heartbeat_ms,
        .cursor_save_ms = settings->cursor_save_ms,
        .ring_items = (uint32_t)settings->ring_items,
        .clock_past_ms = settings->clock_past_s * 1000,
        .clock_future_ms = settings->clock_future_s * 1000,
        .resident_alerts_hour = (uint32_t)settings->resident_alerts_hour,
        .agency_alerts_hour = (uint32_t)settings->agency_alerts_hour,
        .cell_alerts_hour = (uint32_t)settings->cell_alerts_hour,
        .merge_ms = settings->merge_minutes * 60 * 1000,
        .witnesses_enough = (uint32_t)settings->witnesses_enough,
        .flags_enough = (uint32_t)settings->flags_enough,
        .approval_km2 = (double)settings->approval_km2,
    };
}

struct store_redis_options settings_store(const struct settings *settings)
{
    static const int64_t day_ms = 24 * 60 * 60 * 1000;
    return (struct store_redis_options){
        .url = settings->redis_url,
        .node = settings->node,
        .release_delay_ms = settings->release_delay_ms,
        .release_households = settings->release_households,
        .release_hysteresis = settings->release_hysteresis,
        .cooldown_ms = settings->cooldown_s * 1000,
        .release_verified_ms = settings->release_verified_days * day_ms,
        .absence_ms = settings->absence_days * day_ms,
        .retention_days = settings->retention_days,
        .backup_days = settings->backup_days,
        .channel_retention_ms = settings->channel_retention_hours * 60 * 60 * 1000,
        .channel_precision = (int)settings->channel_precision,
        .leaf_precision = (int)settings->leaf_precision,
        .clock_past_ms = settings->clock_past_s * 1000,
        .clock_future_ms = settings->clock_future_s * 1000,
        .footage_households = settings->footage_households,
        .footage_batch_ms = settings->footage_release_s * 1000,
        .deadline_ms = settings->store_deadline_ms,
        .tree_head_ms = settings->tree_head_s * 1000,
        .push = settings->push_key_file[0] != '\0',
    };
}
