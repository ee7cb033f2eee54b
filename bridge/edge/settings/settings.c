/* The flags of `neighbors-edge run`, and what flags and file have in common. */
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "bridge/edge/commands.h"
#include "bridge/edge/settings/settings.h"

enum { MOST_EVENTS = 200000, MOST_BYTES = 64 * 1024 * 1024, MQTT_PORT = 1883, MQTT_TLS_PORT = 8883 };

const char edge_usage_run[] = "usage: neighbors-edge run [--config FILE] [flags]\n"
                              "  --id edge/NAME                this edge, as enrolled\n"
                              "  --local HOST[:PORT]           the home's MQTT broker\n"
                              "  --broker HOST[:PORT]          the neighborhood's broker\n"
                              "  --broker-ca FILE              its certificate authority: connect with TLS\n"
                              "  --broker-cert FILE            the certificate that enrolment gave\n"
                              "  --broker-key FILE             and its key\n"
                              "  --token-file FILE             or the token that it gave\n"
                              "  --map NAME[=PREFIX]           a mapping to use; may be repeated\n"
                              "  --device SOURCE=ID:KIND,KIND  a device to share, its enrolled id and the "
                              "kinds (or all); may be repeated\n"
                              "  --spool FILE                  where events wait\n"
                              "  --assume-quiet                what was never heard of counts as quiet\n";

static bool is_legal_id(const char *id)
{
    char legal[LIMIT_ID + 1];
    edge_legal_id(id, legal);
    return id[0] && strcmp(id, legal) == 0;
}

bool edge_settings_id(struct edge_settings *settings, const char *id)
{
    if (strncmp(id, "edge/", 5) == 0)
        id += 5;
    if (!is_legal_id(id))
        return setting_refuse("id", "must be 1 to 64 of A-Z a-z 0-9 . _ - (edge/ may stand before it)");
    snprintf(settings->id, sizeof(settings->id), "%s", id);
    return true;
}

bool edge_settings_map(struct edge_settings *settings, const char *name, const char *prefix)
{
    const struct edge_map *map = edge_own_map(&settings->own, text_of(name));
    if (map == NULL)
        return setting_refuse(name, "no map has this name; neighbors-edge maps lists them");
    if (settings->choice_count == EDGE_MOST_MAPS)
        return setting_refuse(name, "too many maps");
    settings->choices[settings->choice_count++] =
        (struct edge_choice){map, strdup(prefix ? prefix : map->prefix)};
    return true;
}

bool edge_settings_own_maps(struct edge_settings *settings)
{
    for (size_t i = 0; i < settings->own.map_count; i++) {
        const struct edge_map *map = &settings->own.maps[i];
        size_t c = 0;
        while (c < settings->choice_count && settings->choices[c].map != map)
            c++;
        if (c == settings->choice_count && !edge_settings_map(settings, map->name, NULL))
            return false;
    }
    return true;
}

unsigned edge_settings_kind_bits(const char *word)
{
    unsigned all = 0;
    for (int kind = KIND_MOTION; kind <= KIND_SOUND; kind++) {
        all |= 1U << kind;
        if (strcasecmp(word, motion_kind_name(kind)) == 0)
            return 1U << kind;
    }
    return strcasecmp(word, "all") == 0 ? all : 0;
}

bool edge_settings_share(
    struct edge_settings *settings, const char *map, const char *source, const char *id, unsigned kinds)
{
    const struct edge_map *only = map ? edge_own_map(&settings->own, text_of(map)) : NULL;
    if (map && only == NULL)
        return setting_refuse(map, "no map has this name; neighbors-edge maps lists them");
    if (!source[0] || strlen(source) >= EDGE_NAME || strpbrk(source, "+#"))
        return setting_refuse(source, "cannot be a device: 1 to 127 bytes without + and #");
    if (!is_legal_id(id))
        return setting_refuse(id, "a device's id must be 1 to 64 of A-Z a-z 0-9 . _ -");
    if (kinds == 0)
        return setting_refuse(source, "kinds: must name what is shared: motion, person, vehicle, …, or all");
    size_t size = (settings->shared_count + 1) * sizeof(*settings->shared);
    settings->shared = realloc(settings->shared, size);
    if (settings->shared == NULL)
        abort();
    struct edge_shared *shared = &settings->shared[settings->shared_count++];
    *shared = (struct edge_shared){.map = only, .source = strdup(source), .kinds = kinds};
    snprintf(shared->id, sizeof(shared->id), "%s", id);
    return true;
}

const struct edge_shared *edge_settings_shared(
    const struct edge_settings *settings, const char *map, const char *device)
{
    for (size_t i = 0; i < settings->shared_count; i++) {
        const struct edge_shared *shared = &settings->shared[i];
        if (strcmp(shared->source, device) == 0 &&
            (shared->map == NULL || strcmp(shared->map->name, map) == 0))
            return shared;
    }
    return NULL;
}

/* ---- flags --------------------------------------------------------------------------------------------- */

/* HOST, HOST:PORT or [ADDRESS]:PORT. */
bool edge_settings_endpoint(struct endpoint *endpoint, const char *text)
{
    const char *whole = text, *colon = strrchr(text, ':'), *bracket = strchr(text, ']');
    if (colon && bracket && colon < bracket)
        colon = NULL;
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    if (text[0] == '[' && bracket) {
        text++;
        length = (size_t)(bracket - text);
    }
    char *end = NULL;
    long port = colon ? strtol(colon + 1, &end, 10) : endpoint->port;
    if (length == 0 || (colon && (!isdigit((uint8_t)colon[1]) || *end || port < 1 || port > 65535)))
        return setting_refuse(whole, "must be HOST or HOST:PORT");
    free(endpoint->host);
    endpoint->host = strndup(text, length);
    endpoint->port = (int)port;
    return true;
}

/* SOURCE=ID:KIND,KIND */
static bool take_device(struct edge_settings *settings, const char *flag)
{
    char *text = strdup(flag), *equals = strchr(text, '='), *colon = equals ? strchr(equals, ':') : NULL,
         *state;
    unsigned kinds = 0;
    bool good = colon != NULL;
    if (good)
        *equals = *colon = 0;
    for (char *word = good ? strtok_r(colon + 1, ",", &state) : NULL; word;
         word = strtok_r(NULL, ",", &state)) {
        good &= edge_settings_kind_bits(word) != 0;
        kinds |= edge_settings_kind_bits(word);
    }
    good = good ? edge_settings_share(settings, NULL, text, equals + 1, kinds)
                : setting_refuse(flag, "must be SOURCE=ID:KIND,KIND");
    free(text);
    return good;
}

static bool take_map(struct edge_settings *settings, const char *flag)
{
    char *text = strdup(flag), *equals = strchr(text, '=');
    if (equals)
        *equals = 0;
    bool good = edge_settings_map(settings, text, equals ? equals + 1 : NULL);
    free(text);
    return good;
}

static const struct option options[] = {{"config", required_argument, NULL, 'c'},
    {"id", required_argument, NULL, 'i'}, {"local", required_argument, NULL, 'l'},
    {"broker", required_argument, NULL, 'b'}, {"broker-ca", required_argument, NULL, 'a'},
    {"broker-cert", required_argument, NULL, 'e'}, {"broker-key", required_argument, NULL, 'k'},
    {"token-file", required_argument, NULL, 't'}, {"map", required_argument, NULL, 'm'},
    {"device", required_argument, NULL, 'd'}, {"spool", required_argument, NULL, 's'},
    {"assume-quiet", no_argument, NULL, 'q'}, {NULL, 0, NULL, 0}};

static bool take_flag(struct edge_settings *settings, int flag)
{
    switch (flag) {
    case 'c':
        return true; /* read before the others */
    case 'i':
        return edge_settings_id(settings, optarg);
    case 'l':
        return edge_settings_endpoint(&settings->local, optarg);
    case 'b':
        return edge_settings_endpoint(&settings->broker, optarg);
    case 'a':
        setting_set(&settings->broker.ca, optarg);
        return true;
    case 'e':
        setting_set(&settings->broker.cert, optarg);
        return true;
    case 'k':
        setting_set(&settings->broker.key, optarg);
        return true;
    case 't':
        return setting_secret(&settings->broker.password, optarg);
    case 'm':
        return take_map(settings, optarg);
    case 'd':
        return take_device(settings, optarg);
    case 's':
        setting_set(&settings->spool_file, optarg);
        return true;
    case 'q':
        settings->assume_quiet = true;
        return true;
    default:
        return false;
    }
}

/* Goes through the flags once. only_config: reads the file that they name, takes nothing else and looks
 * whether all of them are known. */
static enum edge_exit take_flags(struct edge_settings *settings, int argc, char **argv, bool only_config)
{
    optind = 0; /* glibc: begin anew */
    for (int flag; (flag = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (flag == '?')
            return EDGE_USAGE;
        bool good =
            only_config ? flag != 'c' || edge_settings_file(settings, optarg) : take_flag(settings, flag);
        if (!good)
            return EDGE_INVALID;
    }
    return optind == argc ? EDGE_DONE : EDGE_USAGE;
}

static bool complete(const struct edge_settings *settings)
{
    if (!settings->id[0])
        return setting_refuse("id", "is missing: this edge's id, as enrolled");
    if (settings->local.host == NULL || settings->broker.host == NULL)
        return setting_refuse("local, broker", "both need a host");
    if ((settings->broker.cert == NULL) != (settings->broker.key == NULL))
        return setting_refuse("broker", "cert and key: both or none");
    if (settings->broker.password == NULL && settings->broker.cert == NULL)
        return setting_refuse("broker", "needs a token_file, or cert and key");
    if (settings->choice_count == 0 && !back_settings_wanted(&settings->back))
        return setting_refuse("maps", "at least one is needed; neighbors-edge maps lists them");
    return true;
}

static void fill_in(struct edge_settings *settings)
{
    if (settings->broker.port == 0)
        settings->broker.port = settings->broker.ca ? MQTT_TLS_PORT : MQTT_PORT;
    back_settings_fill_in(&settings->back);
    if (settings->spool_file == NULL)
        setting_set(&settings->spool_file, EDGE_SPOOL_FILE);
    if (settings->broker.cert == NULL) {
        char name[LIMIT_ID + 6];
        snprintf(name, sizeof(name), "edge/%s", settings->id);
        setting_set(&settings->broker.username, name);
    }
}

bool edge_settings_read(struct edge_settings *settings, int argc, char **argv, int *result)
{
    *settings = (struct edge_settings){.local.port = MQTT_PORT,
        .spool_limits = {MOST_EVENTS, MOST_BYTES},
        .together_ms = EDGE_TOGETHER_S * 1000,
        .hold_off_ms = EDGE_HOLD_OFF_S * 1000};
    *result = take_flags(settings, argc, argv, true);
    if (*result == EDGE_DONE)
        *result = take_flags(settings, argc, argv, false);
    if (*result != EDGE_DONE)
        return false;
    fill_in(settings);
    if (!edge_settings_own_maps(settings) || !complete(settings))
        *result = EDGE_INVALID;
    return *result == EDGE_DONE;
}

void edge_settings_free(struct edge_settings *settings)
{
    endpoint_free(&settings->local);
    endpoint_free(&settings->broker);
    free(settings->spool_file);
    for (size_t i = 0; i < settings->choice_count; i++)
        free((char *)settings->choices[i].prefix);
    for (size_t i = 0; i < settings->shared_count; i++)
        free(settings->shared[i].source);
    free(settings->shared);
    edge_own_free(&settings->own);
    back_settings_free(&settings->back);
}
