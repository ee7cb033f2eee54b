/* neighbors-edge translate: the dry run of a mapping, and neighbors-edge maps, their list. Every device
 * starts known and quiet, everything mapped is shared, no timer runs; so the same lines always give the same
 * events. */
#include <getopt.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/client/clock.h"
#include "bridge/edge/commands.h"
#include "bridge/edge/mapping/discovery.h"
#include "bridge/edge/settings/settings.h"

struct translation {
    struct edge_translator translator;
    long line;     /* of the input, from 1 */
    bool all_read; /* no line was unreadable */
};

static void print_event(void *arg, const struct edge_event *event)
{
    const struct translation *translation = arg;
    char device[LIMIT_ID + 1];
    edge_legal_id(event->device, device);
    json_t *line = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:i,s:I}", "phase", phase_name((int)event->phase),
        "kind", motion_kind_name((int)event->kind), "device", device, "activity_id", event->activity_id, "at",
        (json_int_t)event->at, "until", (json_int_t)event->until, "confidence", (int)event->confidence,
        "line", (json_int_t)translation->line);
    if (event->first_device) {
        edge_legal_id(event->first_device, device);
        json_object_set_new(line, "first_device", json_string(device));
    }
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

/* The bytes of payload_b64, to be freed; NULL when it is not base64. */
static char *decoded(const char *base64, size_t length, size_t *size)
{
    unsigned char *bytes = malloc(length + 1);
    int count = bytes ? EVP_DecodeBlock(bytes, (const unsigned char *)base64, (int)length) : -1;
    if (count < 0) {
        free(bytes);
        return NULL;
    }
    for (size_t i = length; i > 0 && base64[i - 1] == '='; i--)
        count--;
    *size = (size_t)count;
    return (char *)bytes;
}

/* The payload of a line, to be freed: text, base64, or, as recordings have it, JSON in its own right. */
static char *payload_of(json_t *line, size_t *size)
{
    json_t *base64 = json_object_get(line, "payload_b64"), *payload = json_object_get(line, "payload");
    if (json_is_string(base64))
        return decoded(json_string_value(base64), json_string_length(base64), size);
    char *bytes = NULL;
    if (json_is_string(payload)) {
        *size = json_string_length(payload);
        bytes = malloc(*size + 1);
        if (bytes)
            memcpy(bytes, json_string_value(payload), *size);
    } else if (payload) {
        bytes = json_dumps(payload, JSON_ENCODE_ANY | JSON_COMPACT);
        *size = bytes ? strlen(bytes) : 0;
    }
    return bytes;
}

static const char *take_line(struct translation *translation, json_t *line)
{
    const json_t *topic = json_object_get(line, "topic"), *at = json_object_get(line, "at"),
                 *retain = json_object_get(line, "retain");
    if (!json_is_string(topic))
        return "topic: must be a text";
    if (at && !json_is_number(at))
        return "at: must be milliseconds since 1970";
    size_t size;
    char *payload = payload_of(line, &size);
    if (payload == NULL)
        return "payload: must be a text, or payload_b64 base64";
    struct link_message message = {.topic = {json_string_value(topic), json_string_length(topic)},
        .payload = {(const uint8_t *)payload, size},
        .retain = json_is_true(retain) || json_integer_value(retain) == 1,
        .at = at ? (int64_t)json_number_value(at) : clock_wall()};
    edge_translator_take(&translation->translator, &message);
    free(payload);
    return NULL;
}

static void take_text(struct translation *translation, const char *text, size_t length)
{
    json_error_t error;
    json_t *line = json_loadb(text, length, JSON_ALLOW_NUL, &error);
    const char *wrong = line ? take_line(translation, line) : error.text;
    if (wrong) {
        fprintf(stderr, "neighbors-edge: line %ld: %s\n", translation->line, wrong);
        translation->all_read = false;
    }
    json_decref(line);
}

static void take_input(struct translation *translation)
{
    char *text = NULL;
    size_t room = 0;
    for (ssize_t length; (length = getline(&text, &room, stdin)) >= 0;) {
        translation->line++;
        while (
            length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r' || text[length - 1] == ' '))
            length--;
        if (length > 0)
            take_text(translation, text, (size_t)length);
    }
    free(text);
}

static bool choose_all(struct edge_translator *translator, const struct edge_settings *settings)
{
    for (size_t i = 0; i < settings->choice_count; i++)
        if (!edge_translator_add(translator, settings->choices[i].map, settings->choices[i].prefix))
            return false;
    return true;
}

/* name NULL: the maps that the file chooses, else all of them. */
static bool choose(
    struct edge_translator *translator, struct edge_settings *settings, const char *name, const char *prefix)
{
    translator->own = &settings->own;
    if (name && strcmp(name, "auto") == 0) {
        bool good = true;
        for (size_t i = 0; good && i < settings->own.map_count; i++)
            good = edge_translator_add(translator, &settings->own.maps[i], NULL);
        for (size_t i = 0; good && i < edge_map_count; i++)
            good = edge_translator_add(translator, &edge_maps[i], NULL);
        return good;
    }
    if (name == NULL && settings->choice_count == 0)
        return choose(translator, settings, "auto", NULL);
    if (name == NULL)
        return edge_settings_own_maps(settings) && choose_all(translator, settings);
    const struct edge_map *map = edge_own_map(&settings->own, text_of(name));
    if (map == NULL)
        fprintf(stderr, "neighbors-edge: no map is called %s; neighbors-edge maps lists them\n", name);
    return map && edge_translator_add(translator, map, prefix);
}

static int translate(struct translation *translation, const struct edge_settings *settings)
{
    const struct edge_memory_hooks hooks = {.arg = translation,
        .event = print_event,
        .together_ms = settings->together_ms,
        .hold_off_ms = settings->hold_off_ms};
    translation->translator.memory = edge_memory_new(&hooks, true);
    translation->translator.learned = edge_learned_new(NULL);
    translation->all_read = true;
    take_input(translation);
    edge_learned_free(translation->translator.learned);
    edge_memory_free(translation->translator.memory);
    return translation->all_read ? EDGE_DONE : EDGE_INVALID;
}

static int take_config(struct edge_settings *settings, const char *file)
{
    settings->together_ms = EDGE_TOGETHER_S * 1000;
    settings->hold_off_ms = EDGE_HOLD_OFF_S * 1000;
    return edge_settings_mapping(settings, file) ? EDGE_DONE : EDGE_INVALID;
}

const char edge_usage_translate[] =
    "usage: neighbors-edge translate [--map NAME|auto] [--prefix TOPIC] [--config FILE] < lines\n"
    "  --map NAME      the mapping; auto: any that fits. Without it those that the file chooses, else auto\n"
    "  --prefix TOPIC  of that mapping's topics, in place of its own\n"
    "  --config FILE   rows, maps, together_s and hold_off_s of a settings' file; without one each message\n"
    "                  stands for itself: no visitor is another's, no sensor bounces; --rows is the same\n"
    "a line: {\"topic\":\"frigate/porch/motion\",\"payload\":\"ON\"}, as mosquitto_sub -F %j prints it\n";

int edge_command_translate(int argc, char **argv)
{
    static const struct option options[] = {{"map", required_argument, NULL, 'm'},
        {"prefix", required_argument, NULL, 'p'}, {"config", required_argument, NULL, 'c'},
        {"rows", required_argument, NULL, 'c'}, {NULL, 0, NULL, 0}};
    struct translation translation = {.translator.guess = true};
    struct edge_settings settings = {.together_ms = 0}; /* no timer runs (CONTRACT, section 5) */
    const char *map = NULL, *prefix = NULL;
    int result = EDGE_DONE;
    for (int option; result == EDGE_DONE && (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == '?')
            result = EDGE_USAGE;
        else if (option == 'c' && (settings.own.row_count || settings.choice_count))
            result = EDGE_USAGE;
        else if (option == 'c')
            result = take_config(&settings, optarg);
        else
            *(option == 'm' ? &map : &prefix) = optarg;
    }
    if (result == EDGE_DONE && (optind != argc || !choose(&translation.translator, &settings, map, prefix)))
        result = EDGE_USAGE;
    if (result == EDGE_DONE)
        result = translate(&translation, &settings);
    edge_settings_free(&settings);
    return result;
}

const char edge_usage_maps[] = "usage: neighbors-edge maps [--json]\n"
                               "  --json   an object a line: map, prefix, sentence\n";

int edge_command_maps(int argc, char **argv)
{
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && !json)
        return EDGE_USAGE;
    for (size_t i = 0; i < edge_map_count; i++) {
        const struct edge_map *map = &edge_maps[i];
        if (!json) {
            printf("%-15s %s%s%s%s\n", map->name, map->sentence, map->prefix[0] ? " [" : "", map->prefix,
                map->prefix[0] ? "]" : "");
            continue;
        }
        json_t *line =
            json_pack("{s:s,s:s,s:s}", "map", map->name, "prefix", map->prefix, "sentence", map->sentence);
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(line);
    }
    return EDGE_DONE;
}
