/* From discovery configs to rows (discovery.h has the rules). */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/client/allocate.h"
#include "bridge/edge/mapping/discovery.h"
#include "bridge/edge/mapping/place.h"
#include "bridge/edge/memory/memory.h"
#include "proto/arena.h"

enum { MOST_TOPIC = 256, MOST_WORD = 64, MOST_EVENT_TYPES = 12, MOST_OFF_DELAY_S = 3600 };

struct learned_entity {
    struct learned_entity *next;
    struct arena arena;
    const char *config; /* the topic of the config that taught it */
    const char *device;
    struct edge_row row;
    struct edge_word words[MOST_EVENT_TYPES + 1];
};

struct edge_learned {
    struct edge_learned_hooks hooks;
    struct learned_entity *entities;
    size_t count;
    uint64_t refused;
};

struct edge_learned *edge_learned_new(const struct edge_learned_hooks *hooks)
{
    struct edge_learned *learned = client_alloc(sizeof(*learned));
    if (hooks)
        learned->hooks = *hooks;
    return learned;
}

static void free_entity(struct learned_entity *entity)
{
    arena_free(&entity->arena);
    free(entity);
}

void edge_learned_free(struct edge_learned *learned)
{
    if (learned == NULL)
        return;
    while (learned->entities) {
        struct learned_entity *entity = learned->entities;
        learned->entities = entity->next;
        free_entity(entity);
    }
    free(learned);
}

size_t edge_learned_count(const struct edge_learned *learned)
{
    return learned->count;
}

/* ---- a config's keys ----------------------------------------------------------------------------------- */

static const char *const short_names[][2] = {{"state_topic", "stat_t"}, {"device_class", "dev_cla"},
    {"payload_on", "pl_on"}, {"payload_off", "pl_off"}, {"value_template", "val_tpl"},
    {"off_delay", "off_dly"}, {"event_types", "evt_typ"}, {"platform", "p"}, {"components", "cmps"}};

/* A config, or a component of a device's document, which has from the document what it does not tell. */
struct config {
    json_t *own, *document;
};

static json_t *key_in(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    for (size_t i = 0; value == NULL && i < sizeof(short_names) / sizeof(short_names[0]); i++)
        if (strcmp(short_names[i][0], name) == 0)
            value = json_object_get(object, short_names[i][1]);
    return value;
}

static const char *text_in(const struct config *config, const char *name)
{
    return json_string_value(key_in(config->own, name));
}

/* A scalar as a word, in the arena; NULL: not told. */
static const char *word_in(const struct config *config, const char *name, struct arena *arena)
{
    char room[32];
    struct text word = edge_place_word(key_in(config->own, name), room);
    return word.len && word.len <= MOST_WORD ? arena_copy(arena, word.data, word.len) : NULL;
}

/* The state's topic with `~` filled in; NULL: none that could be listened to. */
static const char *state_topic(const struct config *config, struct arena *arena)
{
    const char *topic = text_in(config, "state_topic"),
               *base = json_string_value(json_object_get(config->own, "~"));
    if (topic == NULL && config->document)
        topic = json_string_value(key_in(config->document, "state_topic"));
    if (base == NULL && config->document)
        base = json_string_value(json_object_get(config->document, "~"));
    if (topic == NULL)
        return NULL;
    size_t length = strlen(topic);
    if (base && topic[0] == '~')
        topic = arena_printf(arena, "%s%s", base, topic + 1);
    else if (base && length && topic[length - 1] == '~')
        topic = arena_printf(arena, "%.*s%s", (int)length - 1, topic, base);
    else
        topic = arena_copy(arena, topic, length);
    length = strlen(topic);
    return length == 0 || length >= MOST_TOPIC || topic[0] == '$' || strpbrk(topic, "+#") ? NULL : topic;
}

/* ---- templates ----------------------------------------------------------------------------------------- */

static void skip_blanks(const char **at)
{
    while (isspace((unsigned char)**at))
        ++*at;
}

static bool skip(const char **at, const char *word)
{
    skip_blanks(at);
    size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0)
        return false;
    *at += length;
    return true;
}

/* The next part of value_json.a['b']: its name; false: there is none that is plain. */
static bool next_part(const char **at, struct text *name)
{
    char quote = 0;
    if (skip(at, "['") || skip(at, "[\""))
        quote = (*at)[-1];
    else if (!skip(at, "."))
        return false;
    name->data = *at;
    while (isalnum((unsigned char)**at) || **at == '_' || (quote && **at && strchr("- :.", **at)))
        ++*at;
    name->len = (size_t)(*at - name->data);
    if (quote && (*(*at)++ != quote || *(*at)++ != ']'))
        return false;
    return name->len > 0 && memchr(name->data, ' ', name->len) == NULL;
}

/* Filters that change nothing for words that are compared without regard to case. */
static bool only_harmless_filters(const char **at)
{
    static const char *const filters[] = {"lower", "upper", "string", "trim"};
    while (skip(at, "|")) {
        size_t n = 0;
        while (n < 4 && !skip(at, filters[n]))
            n++;
        if (n == 4)
            return false;
    }
    return true;
}

/* Reads a template that only picks a value: "" for the whole payload, else a pointer; NULL: it does more. */
static const char *pointer_of(const char *template, struct arena *arena)
{
    const char *at = template, *pointer = "";
    if (!skip(&at, "{{") || !skip(&at, "value"))
        return NULL;
    if (strncmp(at, "_json", 5) == 0) {
        at += 5;
        struct text name;
        for (skip_blanks(&at); *at == '.' || *at == '['; skip_blanks(&at)) {
            if (!next_part(&at, &name))
                return NULL;
            pointer = arena_printf(arena, "%s/%.*s", pointer, (int)name.len, name.data);
        }
        if (!pointer[0])
            return NULL;
    }
    if (!only_harmless_filters(&at) || !skip(&at, "}}"))
        return NULL;
    skip_blanks(&at);
    return *at ? NULL : pointer;
}

/* ---- an entity ----------------------------------------------------------------------------------------- */

static enum motion_kind kind_of_class(const char *class, const char *device)
{
    static const struct {
        const char *class;
        enum motion_kind kind;
    } classes[] = {{"motion", KIND_MOTION}, {"occupancy", KIND_MOTION}, {"presence", KIND_MOTION},
        {"sound", KIND_SOUND}, {"doorbell", KIND_DOORBELL}};
    enum motion_kind named = edge_kind_of_name(device);
    for (size_t i = 0; class && i < sizeof(classes) / sizeof(classes[0]); i++)
        if (strcmp(class, classes[i].class) == 0)
            return classes[i].kind == KIND_MOTION && named && named != KIND_DOORBELL
                       ? edge_kind_better(KIND_MOTION, named)
                       : classes[i].kind;
    return class ? 0 : named;
}

static bool read_binary_sensor(struct learned_entity *entity, const struct config *config)
{
    const char *on = word_in(config, "payload_on", &entity->arena),
               *off = word_in(config, "payload_off", &entity->arena);
    json_t *delay = key_in(config->own, "off_delay");
    entity->words[0] = (struct edge_word){on ? on : "ON", MEANS_START};
    entity->words[1] = (struct edge_word){off ? off : "OFF", MEANS_END};
    if (json_is_integer(delay) && json_integer_value(delay) > 0) {
        json_int_t seconds = json_integer_value(delay);
        entity->row.silence_s = (unsigned)(seconds < MOST_OFF_DELAY_S ? seconds : MOST_OFF_DELAY_S);
        entity->row.endless = true;
    }
    return true;
}

static bool read_event(struct learned_entity *entity, const struct config *config)
{
    json_t *types = key_in(config->own, "event_types");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(types) && count < MOST_EVENT_TYPES; i++) {
        const char *word = json_string_value(json_array_get(types, i));
        if (word && word[0] && strlen(word) <= MOST_WORD)
            entity->words[count++] =
                (struct edge_word){arena_copy(&entity->arena, word, strlen(word)), MEANS_PULSE};
    }
    entity->row.shape = SHAPE_POINTER;
    entity->row.phase_from = "/event_type";
    return count > 0;
}

static bool read_entity(struct learned_entity *entity, const char *component, const struct config *config)
{
    bool event = strcmp(component, "event") == 0;
    if (!event && strcmp(component, "binary_sensor") != 0)
        return false;
    const char *template = text_in(config, "value_template"),
               *pointer = template ? pointer_of(template, &entity->arena) : "";
    struct edge_row *row = &entity->row;
    row->map = EDGE_DISCOVERY_MAP;
    row->topic = state_topic(config, &entity->arena);
    row->kind = kind_of_class(text_in(config, "device_class"), entity->device);
    if (row->topic == NULL || pointer == NULL || row->kind == 0 || (event && pointer[0]))
        return false;
    row->shape = pointer[0] ? SHAPE_POINTER : SHAPE_TEXT;
    row->phase_from = pointer;
    row->words = entity->words;
    return event ? read_event(entity, config) : read_binary_sensor(entity, config);
}

static void learn(struct edge_learned *learned, struct text topic, const char *component, const char *device,
    const struct config *config)
{
    const struct edge_learned_hooks *hooks = &learned->hooks;
    if (strlen(device) >= EDGE_NAME ||
        (hooks->listed && !hooks->listed(hooks->arg, EDGE_DISCOVERY_MAP, device)))
        return;
    if (learned->count == EDGE_MOST_LEARNED) {
        edge_bound_met(&learned->refused, "too many discovered sensors, a further one is left out");
        return;
    }
    struct learned_entity *entity = client_alloc(sizeof(*entity));
    arena_init(&entity->arena, NULL, 0);
    entity->config = arena_copy(&entity->arena, topic.data, topic.len);
    entity->device = arena_copy(&entity->arena, device, strlen(device));
    if (!read_entity(entity, component, config)) {
        free_entity(entity);
        return;
    }
    entity->next = learned->entities;
    learned->entities = entity;
    learned->count++;
    if (hooks->topic)
        hooks->topic(hooks->arg, entity->row.topic);
}

/* ---- a config ------------------------------------------------------------------------------------------ */

static void forget(struct edge_learned *learned, struct text topic)
{
    for (struct learned_entity **at = &learned->entities; *at;) {
        struct learned_entity *entity = *at;
        if (!text_equal(topic, text_of(entity->config))) {
            at = &entity->next;
            continue;
        }
        *at = entity->next;
        free_entity(entity);
        learned->count--;
    }
}

static void learn_document(struct edge_learned *learned, struct text topic, const char *object, json_t *root)
{
    const char *name;
    json_t *component;
    json_object_foreach(key_in(root, "components"), name, component)
    {
        char device[2 * EDGE_NAME];
        struct config config = {component, root};
        const char *platform = text_in(&config, "platform");
        snprintf(device, sizeof(device), "%.*s/%.*s", EDGE_NAME, object, EDGE_NAME - 2, name);
        if (json_is_object(component) && platform)
            learn(learned, topic, platform, device, &config);
    }
}

/* <prefix>/<component>/[<node>/]<object>/config */
static bool parse_topic(const char *prefix, struct text topic, char component[32], char object[EDGE_NAME])
{
    static const char end[] = "/config";
    size_t before = strlen(prefix), after = sizeof(end) - 1;
    if (topic.len < before + after + 4 || memcmp(topic.data, prefix, before) != 0 ||
        topic.data[before] != '/' || memcmp(topic.data + topic.len - after, end, after) != 0)
        return false;
    struct text middle = {topic.data + before + 1, topic.len - before - 1 - after};
    const char *slash = memchr(middle.data, '/', middle.len);
    size_t length = slash ? (size_t)(slash - middle.data) : 0;
    size_t rest = slash ? middle.len - length - 1 : 0;
    if (length == 0 || length >= 32 || rest == 0 || rest >= EDGE_NAME || memchr(middle.data, 0, middle.len))
        return false;
    snprintf(component, 32, "%.*s", (int)length, middle.data);
    snprintf(object, EDGE_NAME, "%.*s", (int)rest, slash + 1);
    const char *node = strchr(object, '/');
    return node == NULL || strchr(node + 1, '/') == NULL;
}

bool edge_learned_take(
    struct edge_learned *learned, const char *prefix, struct text topic, struct bytes payload)
{
    char component[32], object[EDGE_NAME];
    if (!parse_topic(prefix, topic, component, object))
        return false;
    forget(learned, topic);
    json_t *root = payload.len ? json_loadb((const char *)payload.data, payload.len, 0, NULL) : NULL;
    struct config config = {root, NULL};
    if (json_is_object(root) && strcmp(component, "device") == 0)
        learn_document(learned, topic, object, root);
    else if (json_is_object(root))
        learn(learned, topic, component, object, &config);
    json_decref(root);
    return true;
}

void edge_learned_each(
    const struct edge_learned *learned, struct text topic, edge_learned_visit *visit, void *arg)
{
    for (const struct learned_entity *e = learned->entities; e; e = e->next)
        if (text_equal(topic, text_of(e->row.topic)))
            visit(arg, &e->row, e->device);
}

void edge_learned_topics(
    const struct edge_learned *learned, void (*visit)(void *arg, const char *topic), void *arg)
{
    for (const struct learned_entity *e = learned->entities; e; e = e->next)
        visit(arg, e->row.topic);
}

void edge_discovery_topics(
    const char *prefix, const char *device, void (*visit)(void *arg, const char *topic), void *arg)
{
    char topic[2 * EDGE_NAME + 64];
    static const char *const components[] = {"binary_sensor", "event"};
    if (strpbrk(device, "+#") || strpbrk(prefix, "+#"))
        return;
    for (size_t i = 0; i < 2; i++) {
        snprintf(topic, sizeof(topic), "%s/%s/%s/config", prefix, components[i], device);
        visit(arg, topic);
    }
    const char *last = strrchr(device, '/');
    if (last == NULL)
        return;
    snprintf(topic, sizeof(topic), "%s/device/%.*s/config", prefix, (int)(last - device), device);
    visit(arg, topic);
}
