/* libconfig. A name that is not known is refused; plain http has to be said, but for the broker on this
 * machine. */
#include "bridge/feed/poll_settings.h"

#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/feed/fetch.h"

/* Numbers, in seconds unless the name says otherwise. */
static const struct number {
    const char *name;
    int least, most, by_default;
} numbers[] = {
    {"interval", 1, 86400, 60},
    {"backoff_first_ms", 1, 3600000, 2000},
    {"backoff_most", 1, 86400, 900},
    {"timeout", 1, 600, 30},
    {"feed_most_kb", 1, 65536, 16384},
    {"document_most_kb", 1, 8192, 4096},
    {"redirects", 0, 10, 3},
    {"kept_days", 1, 3650, 40},
};
enum { INTERVAL, BACKOFF_FIRST, BACKOFF_MOST, TIMEOUT, FEED_MOST, DOCUMENT_MOST, REDIRECTS, KEPT, NUMBERS };

struct reading {
    char *error;
    size_t size;
    int values[NUMBERS];
    const char *token_file;
};

static bool wrong(struct reading *reading, const config_setting_t *setting, const char *rule)
{
    const char *file = config_setting_source_file(setting), *name = config_setting_name(setting);
    snprintf(reading->error, reading->size, "%s:%u: %s: %s", file ? file : "configuration",
        config_setting_source_line(setting), name ? name : "entry", rule);
    return false;
}

static bool only_knows(struct reading *reading, const config_setting_t *group, const char *const *names)
{
    if (!config_setting_is_group(group))
        return wrong(reading, group, "must be a group: { ... }");
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        size_t n = 0;
        while (names[n] && strcmp(names[n], config_setting_name(member)) != 0)
            n++;
        if (!names[n])
            return wrong(reading, member, "is not a setting");
    }
    return true;
}

static const char *text_in(const config_setting_t *group, const char *name)
{
    const char *value = NULL;
    config_setting_lookup_string(group, name, &value);
    return value;
}

static bool truth_in(const config_setting_t *group, const char *name)
{
    int value = 0;
    config_setting_lookup_bool(group, name, &value);
    return value;
}

static bool read_number(
    struct reading *reading, const config_setting_t *group, const struct number *number, int *value)
{
    config_setting_t *member = config_setting_get_member(group, number->name);
    if (!member)
        return true;
    *value = config_setting_get_int(member);
    if (config_setting_type(member) == CONFIG_TYPE_INT && *value >= number->least && *value <= number->most)
        return true;
    char rule[80];
    snprintf(rule, sizeof rule, "a whole number from %d to %d", number->least, number->most);
    return wrong(reading, member, rule);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool read_feed(struct reading *reading, const config_setting_t *entry, struct poll_feed_settings *out)
{
    static const char *const names[] = {
        "url", "token_file", "interval", "allow_http", "allow_private", "by_id_alone", NULL};
    int interval = reading->values[INTERVAL];
    if (!only_knows(reading, entry, names) || !read_number(reading, entry, &numbers[INTERVAL], &interval))
        return false;
    const char *token = text_in(entry, "token_file");
    *out = (struct poll_feed_settings){.url = text_in(entry, "url"),
        .token_file = token ? token : reading->token_file,
        .interval_ms = INT64_C(1000) * interval,
        .allow_http = truth_in(entry, "allow_http"),
        .allow_private = truth_in(entry, "allow_private"),
        .by_id_alone = truth_in(entry, "by_id_alone")};
    if (!out->url || !(begins(out->url, "https://") || begins(out->url, "http://")))
        return wrong(reading, entry, "url: an address that begins with https://");
    if (begins(out->url, "http://") && !out->allow_http)
        return wrong(
            reading, entry, "url: anybody on the way can change http; allow_http = true says that it may");
    if (!out->token_file)
        return wrong(reading, entry, "token_file: the token of the agency as which it is posted");
    return true;
}

static bool read_feeds(struct reading *reading, const config_setting_t *root, struct poll_settings *out)
{
    config_setting_t *list = config_setting_get_member(root, "feeds");
    if (!list || !config_setting_is_list(list) || config_setting_length(list) == 0)
        return wrong(reading, list ? list : root, "feeds: a list of at least one: ( { url = ... } )");
    out->feed_count = (size_t)config_setting_length(list);
    out->feeds = calloc(out->feed_count, sizeof *out->feeds);
    if (!out->feeds)
        abort();
    for (size_t i = 0; i < out->feed_count; i++) {
        const config_setting_t *entry = config_setting_get_elem(list, (unsigned)i);
        if (!read_feed(reading, entry, &out->feeds[i]))
            return false;
        for (size_t other = 0; other < i; other++)
            if (strcmp(out->feeds[other].url, out->feeds[i].url) == 0)
                return wrong(reading, entry, "url: each feed once");
    }
    return true;
}

static bool read_root(struct reading *reading, const config_setting_t *root, struct poll_settings *out)
{
    static const char *const names[] = {"post", "token_file", "state", "feeds", "interval",
        "backoff_first_ms", "backoff_most", "timeout", "feed_most_kb", "document_most_kb", "redirects",
        "kept_days", NULL};
    if (!only_knows(reading, root, names))
        return false;
    for (size_t i = 0; i < NUMBERS; i++) {
        reading->values[i] = numbers[i].by_default;
        if (!read_number(reading, root, &numbers[i], &reading->values[i]))
            return false;
    }
    const int *value = reading->values;
    reading->token_file = text_in(root, "token_file");
    out->post = text_in(root, "post");
    out->state = text_in(root, "state");
    out->backoff_first_ms = value[BACKOFF_FIRST];
    out->backoff_most_ms = INT64_C(1000) * value[BACKOFF_MOST];
    out->timeout_ms = INT64_C(1000) * value[TIMEOUT];
    out->feed_most = (size_t)value[FEED_MOST] * 1024;
    out->document_most = (size_t)value[DOCUMENT_MOST] * 1024;
    out->redirects = value[REDIRECTS];
    out->kept_ms = INT64_C(86400000) * value[KEPT];
    if (!out->post || !(begins(out->post, "https://") || fetch_is_local(out->post)))
        return wrong(reading, root, /* the token must not cross a network in the open */
            "post: the broker's https://.../v1/alerts; http on this machine alone");
    if (!out->state)
        return wrong(reading, root, "state: the file of what is remembered");
    return read_feeds(reading, root, out);
}

bool poll_settings_read(const char *file, struct poll_settings *out, char *error, size_t size)
{
    struct reading reading = {.error = error, .size = size};
    config_t *config = malloc(sizeof *config);
    *out = (struct poll_settings){.owned = config};
    if (!config)
        abort();
    config_init(config);
    if (config_read_file(config, file) == CONFIG_TRUE)
        return read_root(&reading, config_root_setting(config), out);
    if (config_error_type(config) == CONFIG_ERR_FILE_IO)
        snprintf(error, size, "%s: it cannot be read", file);
    else
        snprintf(error, size, "%s:%d: %s", file, config_error_line(config), config_error_text(config));
    return false;
}

void poll_settings_free(struct poll_settings *settings)
{
    if (settings->owned)
        config_destroy(settings->owned);
    free(settings->owned);
    free(settings->feeds);
}
