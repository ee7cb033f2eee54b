/* The configuration file of `neighbors-edge run`; deploy/neighbors-edge.conf is a whole one. A name that is
 * not known is refused, so that a slip of the pen does not share less or more than was meant. */
#include <stdio.h>
#include <string.h>

#include "bridge/client/setting.h"
#include "bridge/edge/settings/settings.h"

enum { MEGABYTE = 1024 * 1024 };

static bool read_maps(struct edge_settings *settings, const config_setting_t *list)
{
    static const char *const names[] = {"name", "prefix", NULL};
    for (int i = 0; list && i < config_setting_length(list); i++) {
        const config_setting_t *entry = config_setting_get_elem(list, (unsigned)i);
        if (!setting_only_knows(entry, names))
            return false;
        const char *name = setting_text(entry, "name");
        if (name == NULL)
            return setting_wrong(entry, "name: is missing");
        if (!edge_settings_map(settings, name, setting_text(entry, "prefix")))
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
            return setting_wrong(
                list, "must be of motion, person, vehicle, animal, package, doorbell, sound, all");
        *kinds |= bits;
    }
    return true;
}

static bool read_devices(struct edge_settings *settings, const config_setting_t *list)
{
    static const char *const names[] = {"source", "id", "kinds", "map", "at", "cell", NULL};
    for (int i = 0; list && i < config_setting_length(list); i++) {
        const config_setting_t *entry = config_setting_get_elem(list, (unsigned)i);
        unsigned kinds;
        if (!setting_only_knows(entry, names) ||
            !read_kinds(config_setting_get_member(entry, "kinds"), &kinds))
            return false;
        const char *source = setting_text(entry, "source"), *id = setting_text(entry, "id");
        if (source == NULL || id == NULL)
            return setting_wrong(entry, "source, id: both are needed");
        if (!edge_settings_share(settings, setting_text(entry, "map"), source, id, kinds) ||
            !edge_settings_place(&settings->shared[settings->shared_count - 1], entry))
            return false;
    }
    return true;
}

static bool read_spool(struct edge_settings *settings, const config_setting_t *group)
{
    static const char *const names[] = {"file", "most_events", "most_megabytes", NULL};
    if (group == NULL)
        return true;
    if (!setting_only_knows(group, names))
        return false;
    struct spool_limits *limits = &settings->spool_limits;
    int events = (int)limits->most_events, megabytes = (int)(limits->most_bytes / MEGABYTE);
    setting_copy_text(group, "file", &settings->spool_file);
    config_setting_lookup_int(group, "most_events", &events);
    config_setting_lookup_int(group, "most_megabytes", &megabytes);
    if (events < 1000)
        return setting_wrong(group, "most_events: must be at least 1000");
    if (megabytes < 1)
        return setting_wrong(group, "most_megabytes: must be at least 1");
    *limits = (struct spool_limits){events, (int64_t)megabytes * MEGABYTE};
    return true;
}

static bool read_seconds(const config_setting_t *root, const char *name, int64_t *milliseconds)
{
    int seconds = (int)(*milliseconds / 1000);
    const config_setting_t *member = config_setting_get_member(root, name);
    config_setting_lookup_int(root, name, &seconds);
    if (member && (config_setting_type(member) != CONFIG_TYPE_INT || seconds < 0 || seconds > 3600))
        return setting_wrong(member, "must be 0 to 3600 seconds");
    *milliseconds = (int64_t)seconds * 1000;
    return true;
}

/* What says how messages become events: also for the dry run. */
static bool read_mapping(struct edge_settings *settings, const config_setting_t *root)
{
    return read_seconds(root, "together_s", &settings->together_ms) &&
           read_seconds(root, "hold_off_s", &settings->hold_off_ms) &&
           edge_own_read(&settings->own, config_setting_get_member(root, "rows")) &&
           read_maps(settings, config_setting_get_member(root, "maps"));
}

/* The settings that there are. */
static const char *const names[] = {"id", "local", "broker", "spool", "maps", "rows", "devices",
    "assume_quiet", "together_s", "hold_off_s", "places", "way_back", "owner", NULL};

static bool read_all(struct edge_settings *settings, const config_setting_t *root)
{
    if (!setting_only_knows(root, names))
        return false;
    int quiet = 0;
    config_setting_lookup_bool(root, "assume_quiet", &quiet);
    settings->assume_quiet = quiet;
    const char *id = setting_text(root, "id");
    return (id == NULL || edge_settings_id(settings, id)) &&
           setting_endpoint(config_setting_get_member(root, "local"), &settings->local) &&
           setting_endpoint(config_setting_get_member(root, "broker"), &settings->broker) &&
           read_spool(settings, config_setting_get_member(root, "spool")) && read_mapping(settings, root) &&
           read_devices(settings, config_setting_get_member(root, "devices")) &&
           back_settings_read(&settings->back, root);
}

bool edge_settings_file(struct edge_settings *settings, const char *file)
{
    config_t config;
    bool good = setting_open(&config, file) && read_all(settings, config_root_setting(&config));
    config_destroy(&config);
    return good;
}

bool edge_settings_mapping(struct edge_settings *settings, const char *file)
{
    config_t config;
    bool good = setting_open(&config, file) && setting_only_knows(config_root_setting(&config), names) &&
                read_mapping(settings, config_root_setting(&config));
    config_destroy(&config);
    return good;
}

bool edge_settings_spool_file(char **spool, const char *file)
{
    config_t config;
    const char *name = EDGE_SPOOL_FILE;
    bool good = setting_open(&config, file);
    if (good) {
        config_lookup_string(&config, "spool.file", &name);
        setting_set(spool, name);
    }
    config_destroy(&config);
    return good;
}
