/* Reads the configuration file with libconfig; the rules are in broker/settings.c. */
#include "broker/net/settings_file.h"

#include <errno.h>
#include <libconfig.h>
#include <unistd.h>

static bool set_one(struct settings *settings, const config_setting_t *entry, char rule[SETTING_ERROR])
{
    const char *name = config_setting_name(entry);
    switch (config_setting_type(entry)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return settings_set_number(settings, name, config_setting_get_int64(entry), rule);
    case CONFIG_TYPE_STRING:
        return settings_set_string(settings, name, config_setting_get_string(entry), rule);
    default:
        snprintf(rule, SETTING_ERROR, "%.64s: must be a whole number or a text in quotes", name);
        return false;
    }
}

static bool set_all(
    struct settings *settings, const config_t *file, const char *path, char error[SETTING_ERROR])
{
    const config_setting_t *root = config_root_setting(file);
    for (int i = 0; i < config_setting_length(root); i++) {
        const config_setting_t *entry = config_setting_get_elem(root, (unsigned)i);
        char rule[SETTING_ERROR];
        if (!set_one(settings, entry, rule)) {
            const char *included = config_setting_source_file(entry);
            snprintf(error, SETTING_ERROR, "%.200s:%u: %.280s", included ? included : path,
                config_setting_source_line(entry), rule);
            return false;
        }
    }
    return true;
}

bool settings_read_file(struct settings *settings, const char *path, char error[SETTING_ERROR])
{
    FILE *in = fopen(path, "re");
    if (!in) {
        snprintf(error, SETTING_ERROR, "%.300s: %s", path, strerror(errno));
        return false;
    }
    config_t file;
    config_init(&file);
    bool read = config_read(&file, in) == CONFIG_TRUE;
    if (!read) {
        const char *included = config_error_file(&file);
        snprintf(error, SETTING_ERROR, "%.300s:%d: %s", included ? included : path, config_error_line(&file),
            config_error_text(&file));
    }
    fclose(in);
    read = read && set_all(settings, &file, path, error);
    config_destroy(&file);
    return read;
}

bool settings_load(struct settings *settings, const char *path, char error[SETTING_ERROR])
{
    settings_default(settings);
    return (!path || settings_read_file(settings, path, error)) &&
           settings_from_environment(settings, environ, error) && settings_check(settings, error);
}
