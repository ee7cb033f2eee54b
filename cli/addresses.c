/* The settings are read by neighborsd's own code (broker/net/settings_file.h); here is what of them a program
 * beside it can reach. */
#include "cli/addresses.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/log.h"
#include "broker/net/settings_file.h"

static const char standard_file[] = "/etc/neighbors/neighborsd.conf";

/* ---- which file ---- */

/* ./run keeps its keys in the folder; a folder that merely has tokens or a head in it is not that of a ./run.
 */
static bool is_of_run(const char *data)
{
    char secret[ADDRESS_TEXT];
    snprintf(secret, sizeof secret, "%s/keys/broker.secret", data);
    return access(secret, F_OK) == 0;
}

/* room: for a name that is put together. */
static const char *file_of(const char *config, const char *data, bool data_named, char room[ADDRESS_TEXT])
{
    if (config)
        return config;
    if (is_of_run(data)) {
        snprintf(room, ADDRESS_TEXT, "%s/neighborsd.conf", data);
        return access(room, F_OK) == 0 ? room : NULL;
    }
    return data_named || access(standard_file, F_OK) != 0 ? NULL : standard_file;
}

/* ---- who says so ---- */

static void variable_of(const char *setting, char out[ADDRESS_TEXT])
{
    int len = snprintf(out, ADDRESS_TEXT, "NEIGHBORS_");
    for (; *setting && len + 1 < ADDRESS_TEXT; setting++)
        out[len++] = (char)toupper((unsigned char)*setting);
    out[len] = '\0';
}

/* Whether the environment or a file says something; *from gets who. */
static bool said(const char *file, const char *setting, char from[ADDRESS_TEXT])
{
    variable_of(setting, from);
    if (getenv(from))
        return true;
    snprintf(from, ADDRESS_TEXT, "%s of %.400s", setting, file ? file : "");
    return file != NULL;
}

/* ---- what it says ---- */

/* Where a listener at that address is reached from here. */
static void put_host(char *out, size_t room, const char *address, int64_t port)
{
    bool all = !*address || strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
    bool v6 = strchr(address, ':') != NULL;
    snprintf(out, room, "%s%.200s%s:%lld", v6 && !all ? "[" : "", all ? "127.0.0.1" : address,
        v6 && !all ? "]" : "", (long long)port);
}

static void take_http(const struct settings *settings, const char *file, struct address *out)
{
    char host[ADDRESS_TEXT / 2];
    if (settings->http_port && said(file, "http_port", out->from)) {
        put_host(host, sizeof host, settings->http_address, settings->http_port);
        snprintf(out->text, sizeof out->text, "http://%s", host);
    } else if (settings->public_url[0] && said(file, "public_url", out->from)) {
        snprintf(out->text, sizeof out->text, "%s", settings->public_url);
    } else if (settings->https_port && said(file, "https_port", out->from)) {
        put_host(host, sizeof host, settings->https_address, settings->https_port);
        snprintf(out->text, sizeof out->text, "https://%s", host);
    }
}

static void take_portal(const struct settings *settings, const char *file, struct addresses *out)
{
    out->portal = out->http;
    if (!settings->public_url[0] || !said(file, "public_url", out->portal.from))
        return;
    size_t len = strlen(settings->public_url);
    len -= settings->public_url[len - 1] == '/';
    snprintf(out->portal.text, sizeof out->portal.text, "%.*s", (int)len, settings->public_url);
}

static void take_metrics(const struct settings *settings, const char *file, struct address *out)
{
    char host[ADDRESS_TEXT / 2];
    if (!said(file, "metrics_port", out->from) || !settings->metrics_port)
        return;
    put_host(host, sizeof host, settings->metrics_address, settings->metrics_port);
    snprintf(out->text, sizeof out->text, "http://%s/metrics", host);
}

static void take_all(const struct settings *settings, const char *file, struct addresses *out)
{
    out->tls_port = (int)settings->tls_port;
    if (said(file, "mqtt_port", out->broker.from) && settings->mqtt_port)
        put_host(out->broker.text, sizeof out->broker.text, settings->mqtt_address, settings->mqtt_port);
    else if (file && settings->tls_port && said(file, "tls_port", out->broker.from))
        put_host(out->broker.text, sizeof out->broker.text, settings->tls_address, settings->tls_port);
    if (said(file, "redis_url", out->redis.from))
        snprintf(out->redis.text, sizeof out->redis.text, "%s", settings->redis_url);
    take_http(settings, file, &out->http);
    take_portal(settings, file, out);
    take_metrics(settings, file, &out->metrics);
    const char *slash = file ? strrchr(settings->secret_file, '/') : NULL;
    if (slash)
        snprintf(
            out->keys, sizeof out->keys, "%.*s", (int)(slash - settings->secret_file), settings->secret_file);
}

void addresses_find(const char *config, const char *data, bool data_named, struct addresses *out)
{
    struct settings settings;
    char error[SETTING_ERROR], room[ADDRESS_TEXT];
    const char *file = file_of(config, data, data_named, room);
    *out = (struct addresses){0};
    log_set_level(LOG_LEVEL_ERROR); /* our own variables are no settings, which it would say of each */
    if (settings_load(&settings, file, error)) {
        out->read = file != NULL;
        take_all(&settings, file, out);
    } else {
        snprintf(out->fault, sizeof out->fault, "%s", error);
    }
    settings_free(&settings);
}
