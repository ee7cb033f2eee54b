/* Settings of libconfig, read and complained about in one way. */
#include "bridge/client/setting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool setting_refuse(const char *where, const char *rule)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, where, rule);
    return false;
}

void setting_set(char **text, const char *value)
{
    free(*text);
    *text = strdup(value);
}

bool setting_secret(char **secret, const char *file)
{
    char line[4096];
    FILE *in = fopen(file, "re");
    if (in == NULL || fgets(line, sizeof(line), in) == NULL) {
        if (in)
            fclose(in);
        return setting_refuse(file, "must be a readable file with a secret in its first line");
    }
    fclose(in);
    line[strcspn(line, "\r\n")] = 0;
    setting_set(secret, line);
    return true;
}

bool setting_wrong(const config_setting_t *setting, const char *rule)
{
    const char *file = config_setting_source_file(setting), *name = config_setting_name(setting);
    char where[300];
    snprintf(where, sizeof(where), "%s:%u: %s", file ? file : "configuration",
        config_setting_source_line(setting), name ? name : "entry");
    return setting_refuse(where, rule);
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
        setting_set(out, value);
}

bool setting_open(config_t *config, const char *file)
{
    config_init(config);
    errno = 0;
    if (config_read_file(config, file) == CONFIG_TRUE)
        return true;
    if (config_error_type(config) == CONFIG_ERR_FILE_IO)
        return setting_refuse(file, errno ? strerror(errno) : config_error_text(config));
    fprintf(stderr, "%s: %s:%d: %s\n", program_invocation_short_name, file, config_error_line(config),
        config_error_text(config));
    return false;
}

bool setting_endpoint(const config_setting_t *group, struct endpoint *endpoint)
{
    static const char *const names[] = {
        "host", "port", "ca", "cert", "key", "username", "password_file", "token_file", NULL};
    if (group == NULL)
        return true;
    if (!setting_only_knows(group, names))
        return false;
    setting_copy_text(group, "host", &endpoint->host);
    setting_copy_text(group, "ca", &endpoint->ca);
    setting_copy_text(group, "cert", &endpoint->cert);
    setting_copy_text(group, "key", &endpoint->key);
    setting_copy_text(group, "username", &endpoint->username);
    config_setting_lookup_int(group, "port", &endpoint->port);
    if (endpoint->port < 0 || endpoint->port > 65535)
        return setting_wrong(group, "port: must be 1 to 65535");
    const char *secret = setting_text(group, "token_file");
    secret = secret ? secret : setting_text(group, "password_file");
    return secret == NULL || setting_secret(&endpoint->password, secret);
}

void endpoint_free(struct endpoint *endpoint)
{
    free(endpoint->host);
    free(endpoint->username);
    free(endpoint->password);
    free(endpoint->ca);
    free(endpoint->cert);
    free(endpoint->key);
}
