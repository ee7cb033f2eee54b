/* Reads the configuration file with libconfig; the rules are in broker/settings.c. */
#include "broker/net/settings_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <unistd.h>

#include "bridge/file_mode.h"
#include "bridge/redis_url.h"

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

/* Whether the file may hold what was just set from it: a password only where others cannot read it. */
static const char *fault_of(const struct settings *settings, const char *name, const char *path)
{
    struct redis_url url;
    char why[REDIS_URL_ERROR];
    if (strcmp(name, "redis_url") != 0) {
        return NULL;
    }
    (void)!redis_url_read(settings->redis_url, &url, why); /* settings_check says what is wrong with it */
    explicit_bzero(url.password, sizeof(url.password));
    int fd = url.password_shown ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    const char *fault = fd >= 0 ? secret_file_fault(fd) : NULL;
    if (fd >= 0) {
        close(fd);
    }
    return fault;
}

static bool set_all(
    struct settings *settings, const config_t *file, const char *path, char error[SETTING_ERROR])
{
    const config_setting_t *root = config_root_setting(file);
    for (int i = 0; i < config_setting_length(root); i++) {
        const config_setting_t *entry = config_setting_get_elem(root, (unsigned)i);
        const char *included = config_setting_source_file(entry), *from = included ? included : path;
        char rule[SETTING_ERROR];
        bool good = set_one(settings, entry, rule);
        const char *fault = good ? fault_of(settings, config_setting_name(entry), from) : NULL;
        if (fault) {
            good = false;
            snprintf(rule, sizeof(rule), "redis_url: has a password, and this file %s", fault);
        }
        if (!good) {
            snprintf(
                error, SETTING_ERROR, "%.200s:%u: %.280s", from, config_setting_source_line(entry), rule);
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
