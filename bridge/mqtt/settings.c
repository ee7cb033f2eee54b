/* The configuration file of neighbors-bridge (settings.h). */
#include "bridge/mqtt/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COARSEST = 4, FINEST = 6 };

static bool is_word(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(text);
    return len >= 1 && len <= LIMIT_ID && strspn(text, allowed) == len;
}

static bool read_outside(const config_setting_t *group, struct bridge_settings *settings)
{
    int version = 5;
    config_setting_t *told = group ? config_setting_get_member(group, "mqtt") : NULL;
    if (told) {
        version = config_setting_get_int(told);
        if (version != 5 && version != 4)
            return setting_wrong(told, "must be 5, or 4 for MQTT 3.1.1");
        config_setting_remove((config_setting_t *)group, "mqtt"); /* the rest is as of every broker */
    }
    settings->outside_mqtt5 = version == 5;
    return setting_endpoint(group, &settings->outside);
}

static bool read_rule(const config_setting_t *entry, const char *group, struct bridge_settings *settings)
{
    static const char *const names[] = {"topic", NULL};
    if (settings->rule_count == BRIDGE_MOST_RULES)
        return setting_wrong(entry, "too many rules");
    if (!setting_only_knows(entry, names))
        return false;
    struct bridge_rule *rule = &settings->rules[settings->rule_count++];
    setting_copy_text(entry, "topic", &rule->topic);
    const char *wrong =
        rule->topic ? topic_rule_filter(rule->topic, group, rule->filter) : "must be a topic with {dev}";
    return wrong == NULL || setting_wrong_in(entry, "topic", wrong);
}

static bool read_inward(const config_setting_t *group, struct bridge_settings *settings)
{
    static const char *const names[] = {"share", "rules", NULL};
    if (group == NULL)
        return true;
    if (!setting_only_knows(group, names))
        return false;
    const char *share = setting_text(group, "share");
    if (share && !is_word(share))
        return setting_wrong_in(group, "share", "must be 1 to 64 of A-Z a-z 0-9 . _ -");
    const config_setting_t *list = config_setting_get_member(group, "rules");
    if (list == NULL || config_setting_length(list) == 0)
        return setting_wrong_in(group, "rules", "must be a list: ( { topic = \"city/{dev}/motion\"; } )");
    for (int i = 0; i < config_setting_length(list); i++)
        if (!read_rule(config_setting_get_elem(list, (unsigned)i), share, settings))
            return false;
    return true;
}

static bool read_cell(const config_setting_t *list, int i, struct bridge_settings *settings)
{
    static const char letters[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    const char *cell = config_setting_get_string_elem(list, i);
    size_t len = cell ? strlen(cell) : 0;
    if (len < COARSEST || len > FINEST || strspn(cell, letters) != len)
        return setting_wrong(list, "must be a list of geohashes of 4 to 6 letters: [ \"9qh1f\" ]");
    if (settings->cell_count == BRIDGE_MOST_CELLS)
        return setting_wrong(list, "too many cells");
    return asprintf(&settings->cells[settings->cell_count++], "nb/v1/%scell/%s/#",
               settings->json ? "json/" : "", cell) >= 0;
}

static bool read_prefix(const config_setting_t *group, struct bridge_settings *settings)
{
    setting_copy_text(group, "prefix", &settings->prefix);
    if (settings->prefix == NULL || settings->prefix[0] == 0 || settings->prefix[0] == '$' ||
        strpbrk(settings->prefix, "+#") || strlen(settings->prefix) > TOPIC_FILTER / 2)
        return setting_wrong_in(group, "prefix", "must be what mirrored topics begin with");
    return true;
}

static bool read_outward(const config_setting_t *group, struct bridge_settings *settings)
{
    static const char *const names[] = {"cells", "prefix", "encoding", NULL};
    if (group == NULL)
        return true;
    if (!setting_only_knows(group, names) || !read_prefix(group, settings))
        return false;
    const char *encoding = setting_text(group, "encoding");
    settings->json = encoding == NULL || strcmp(encoding, "json") == 0;
    if (!settings->json && strcmp(encoding, "protobuf") != 0)
        return setting_wrong_in(group, "encoding", "must be json or protobuf");
    const config_setting_t *list = config_setting_get_member(group, "cells");
    if (list == NULL || config_setting_length(list) == 0)
        return setting_wrong_in(group, "cells", "must be a list of geohashes: [ \"9qh1f\" ]");
    for (int i = 0; i < config_setting_length(list); i++)
        if (!read_cell(list, i, settings))
            return false;
    return true;
}

static bool read_names(const config_setting_t *root, struct bridge_settings *settings)
{
    setting_copy_text(root, "id", &settings->id);
    setting_set(&settings->instance, "1");
    setting_copy_text(root, "instance", &settings->instance);
    if (settings->id == NULL || strncmp(settings->id, "node/", 5) != 0 || !is_word(settings->id + 5))
        return setting_wrong_in(root, "id", "must be as enrolled: \"node/city\"");
    if (!is_word(settings->instance))
        return setting_wrong_in(root, "instance", "must be 1 to 64 of A-Z a-z 0-9 . _ -");
    if (settings->broker.password)
        setting_set(&settings->broker.username, settings->id);
    return true;
}

static bool read_all(const config_setting_t *root, struct bridge_settings *settings)
{
    static const char *const names[] = {"id", "instance", "broker", "outside", "inward", "outward", NULL};
    if (!setting_only_knows(root, names) ||
        !setting_endpoint(config_setting_get_member(root, "broker"), &settings->broker) ||
        !read_outside(config_setting_get_member(root, "outside"), settings) || !read_names(root, settings))
        return false;
    if (settings->broker.host == NULL || settings->outside.host == NULL)
        return setting_wrong(root, "broker, outside: both need a host");
    if (!read_inward(config_setting_get_member(root, "inward"), settings) ||
        !read_outward(config_setting_get_member(root, "outward"), settings))
        return false;
    return settings->rule_count || settings->cell_count ||
           setting_wrong(root, "inward, outward: at least one of them");
}

bool bridge_settings_read(struct bridge_settings *settings, const char *file)
{
    config_t config;
    *settings = (struct bridge_settings){.broker.port = 1883, .outside.port = 1883};
    bool good = setting_open(&config, file) && read_all(config_root_setting(&config), settings);
    config_destroy(&config);
    return good;
}

void bridge_settings_free(struct bridge_settings *settings)
{
    for (size_t i = 0; i < settings->rule_count; i++)
        free(settings->rules[i].topic);
    for (size_t i = 0; i < settings->cell_count; i++)
        free(settings->cells[i]);
    free(settings->id);
    free(settings->instance);
    free(settings->prefix);
    endpoint_free(&settings->broker);
    endpoint_free(&settings->outside);
}
