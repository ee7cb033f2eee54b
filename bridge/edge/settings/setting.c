/* Settings of libconfig, read and complained about in one way. */
#include "bridge/edge/settings/setting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bridge/edge/settings/settings.h"

bool setting_wrong(const config_setting_t *setting, const char *rule)
{
    const char *file = config_setting_source_file(setting), *name = config_setting_name(setting);
    char where[300];
    snprintf(where, sizeof(where), "%s:%u: %s", file ? file : "configuration",
        config_setting_source_line(setting), name ? name : "entry");
    return edge_settings_wrong(where, rule);
}

bool setting_wrong_in(const config_setting_t *group, const char *name, const char *rule)
{
    const config_setting_t *member = config_setting_get_member(group, name);
    if (member)
        return setting_wrong(member, rule);
    char text[300];
    snprintf(text, sizeof(text), "%s: %s", name, rule);
    return setting_wrong(group, text);
}

bool setting_only_knows(const config_setting_t *group, const char *const *names)
{
    if (!config_setting_is_group(group))
        return setting_wrong(group, "must be a group: { … }");
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        size_t n = 0;
        while (names[n] && strcmp(names[n], config_setting_name(member)) != 0)
            n++;
        if (names[n] == NULL)
            return setting_wrong(member, "is not a setting");
    }
    return true;
}

const char *setting_text(const config_setting_t *group, const char *name)
{
    const char *value = NULL;
    config_setting_lookup_string(group, name, &value);
    return value;
}

void setting_copy_text(const config_setting_t *group, const char *name, char **out)
{
    const char *value = setting_text(group, name);
    if (value)
        edge_settings_set(out, value);
}

bool setting_open(config_t *config, const char *file)
{
    config_init(config);
    errno = 0;
    if (config_read_file(config, file) == CONFIG_TRUE)
        return true;
    if (config_error_type(config) == CONFIG_ERR_FILE_IO)
        return edge_settings_wrong(file, errno ? strerror(errno) : config_error_text(config));
    fprintf(
        stderr, "neighbors-edge: %s:%d: %s\n", file, config_error_line(config), config_error_text(config));
    return false;
}
