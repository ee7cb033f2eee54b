/* The configuration file of `neighbors-edge run`; deploy/neighbors-edge.conf is a whole one. A name that is
 * not known is refused, so that a slip of the pen does not share less or more than was meant. */
#include <libconfig.h>
#include <stdio.h>
#include <string.h>

#include "bridge/edge/settings.h"

static bool wrong(const config_setting_t *setting, const char *rule)
{
    const char *file = config_setting_source_file(setting), *name = config_setting_name(setting);
    char where[300];
    snprintf(where, sizeof(where), "%s:%u: %s", file ? file : "configuration",
        config_setting_source_line(setting), name ? name : "entry");
    return edge_settings_wrong(where, rule);
}

static bool only_knows(const config_setting_t *group, const char *const *names)
{
    if (!config_setting_is_group(group))
        return wrong(group, "must be a group: { … }");
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        size_t n = 0;
        while (names[n] && strcmp(names[n], config_setting_name(member)) != 0)
            n++;
        if (names[n] == NULL)
            return wrong(member, "is not a setting");
    }
    return true;
}

static const char *text_in(const config_setting_t *group, const char *name)
{
    const char *value = NULL;
    config_setting_lookup_string(group, name, &value);
    return value;
}

static void copy_text(const config_setting_t *group, const char *name, char **out)
{
    const char *value = text_in(group, name);
    if (value)
        edge_settings_set(out, value);
}

static bool read_endpoint(const config_setting_t *group, struct edge_endpoint *endpoint)
{
    static const char *const names[] = {
        "host", "port", "ca", "cert", "key", "username", "password_file", "token_file", NULL};
    if (group == NULL)
        return true;
    if (!only_knows(group, names))
        return false;
    copy_text(group, "host", &endpoint->host);
    copy_text(group, "ca", &endpoint->ca);
    copy_text(group, "cert", &endpoint->cert);
    copy_text(group, "key", &endpoint->key);
    copy_text(group, "username", &endpoint->username);
    config_setting_lookup_int(group, "port", &endpoint->port);
    if (endpoint->port < 0 || endpoint->port > 65535)
        return wrong(group, "port: must be 1 to 65535");
    const char *secret = text_in(group, "token_file");
    secret = secret ? secret : text_in(group, "password_file");
    return secret == NULL || edge_settings_secret(&endpoint->password, secret);
}

static bool read_maps(struct edge_settings *settings, const config_setting_t *list)
{
    static const char *const names[] = {"name", "prefix", NULL};
    for (int i = 0; list && i < config_setting_length(list); i++) {
        const config_setting_t *entry = config_setting_get_elem(list, (unsigned)i);
        if (!only_knows(entry, names))
            return false;
        const char *name = text_in(entry, "name");
        if (name == NULL)
            return wrong(entry, "name: is missing");
        if (!edge_settings_map(settings, name, text_in(entry, "prefix")))
            return false;
    }
    return true;
}

static bool read_kinds(const config_setting_t *list, unsigned *kinds)
{
    *kinds = 0;
    for (int i = 0; list && i < config_setting_length(list); i++) {
        const char *word = config_setting_get_string_elem(list, i);
        unsigned bits = word ? edge_settings_kind_bits(word) : 0;
        if (bits == 0)
            return wrong(list, "must be of motion, person, vehicle, animal, package, doorbell, sound, all");
        *kinds |= bits;
    }
    return true;
}

static bool read_devices(struct edge_settings *settings, const config_setting_t *list)
{
    static const char *const names[] = {"source", "id", "kinds", "map", NULL};
    for (int i = 0; list && i < config_setting_length(list); i++) {
        const config_setting_t *entry = config_setting_get_elem(list, (unsigned)i);
        unsigned kinds;
        if (!only_knows(entry, names) || !read_kinds(config_setting_get_member(entry, "kinds"), &kinds))
            return false;
        const char *source = text_in(entry, "source"), *id = text_in(entry, "id");
        if (source == NULL || id == NULL)
            return wrong(entry, "source, id: both are needed");
        if (!edge_settings_share(settings, text_in(entry, "map"), source, id, kinds))
            return false;
    }
    return true;
}

static bool read_spool(struct edge_settings *settings, const config_setting_t *group)
{
    static const char *const names[] = {"file", "most_events", NULL};
    if (group == NULL)
        return true;
    if (!only_knows(group, names))
        return false;
    int most = (int)settings->spool_most;
    copy_text(group, "file", &settings->spool_file);
    config_setting_lookup_int(group, "most_events", &most);
    if (most < 1000)
        return wrong(group, "most_events: must be at least 1000");
    settings->spool_most = most;
    return true;
}

static bool read_all(struct edge_settings *settings, const config_setting_t *root)
{
    static const char *const names[] = {
        "id", "local", "broker", "spool", "maps", "devices", "assume_quiet", NULL};
    if (!only_knows(root, names))
        return false;
    int quiet = 0;
    config_setting_lookup_bool(root, "assume_quiet", &quiet);
    settings->assume_quiet = quiet;
    const char *id = text_in(root, "id");
    return (id == NULL || edge_settings_id(settings, id)) &&
           read_endpoint(config_setting_get_member(root, "local"), &settings->local) &&
           read_endpoint(config_setting_get_member(root, "broker"), &settings->broker) &&
           read_spool(settings, config_setting_get_member(root, "spool")) &&
           read_maps(settings, config_setting_get_member(root, "maps")) &&
           read_devices(settings, config_setting_get_member(root, "devices"));
}

bool edge_settings_file(struct edge_settings *settings, const char *file)
{
    config_t config;
    bool good = false;
    config_init(&config);
    if (config_read_file(&config, file) == CONFIG_TRUE)
        good = read_all(settings, config_root_setting(&config));
    else
        fprintf(stderr, "neighbors-edge: %s:%d: %s\n", file, config_error_line(&config),
            config_error_text(&config));
    config_destroy(&config);
    return good;
}
