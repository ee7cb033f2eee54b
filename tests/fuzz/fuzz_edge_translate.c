/* Any messages of a home, through every map, rows of an owner and whatever discovery configs they hold: what
 * comes out is an event as the schema wants it, and memory that was saved is memory that is read. Input:
 * lines, a topic and its payload in turn; a topic that begins with "~" comes replayed. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/edge/mapping/discovery.h"
#include "bridge/edge/mapping/own_rows.h"
#include "bridge/edge/mapping/translator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct edge_word words[] = {
    {"open", MEANS_START}, {"shut", MEANS_END}, {"ring", MEANS_PULSE}, {"all", MEANS_WHOLE}, {NULL, 0}};
static struct edge_row own_rows[] = {
    {.map = "own",
        .topic = "own/{_}/{dev+}",
        .shape = SHAPE_TEXT,
        .kind = KIND_PERSON,
        .words = words,
        .own = true},
    {.map = "own",
        .topic = "{dev}-{kind!x}/{_+}",
        .shape = SHAPE_LIFE,
        .id = "/id",
        .kind_from = "{kind}",
        .phase_from = "/a/* /b^ ",
        .words = words,
        .guard = "!/c /d=1",
        .time = "/t",
        .until = "/u",
        .confidence = "/s",
        .of = 100,
        .rank = 2,
        .own = true},
    {.map = "own",
        .topic = "list/{_}",
        .shape = SHAPE_COLLECTION,
        .each = "/*/x*",
        .device = "key",
        .kind_from = "/k/* ^/k=sound",
        .closed = true,
        .phase_from = "^/p /p",
        .time = "^/t",
        .dated = true,
        .endless = true,
        .own = true},
};
static const struct edge_map own_map = {"own", "own", "made for this"};
static const struct edge_own own = {
    own_rows, sizeof(own_rows) / sizeof(own_rows[0]), (struct edge_map *)&own_map, 1, {0}};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void take_event(void *arg, const struct edge_event *event)
{
    char legal[LIMIT_ID + 1];
    (void)arg;
    require(event->phase >= PHASE_START && event->phase <= PHASE_PULSE);
    require(event->kind >= KIND_MOTION && event->kind <= KIND_SOUND);
    require(event->confidence <= 100 && event->at > 0 && (event->until == 0 || event->until >= event->at));
    edge_legal_id(event->activity_id, legal);
    require(strcmp(legal, event->activity_id) == 0);
    require(event->device[0] && strlen(event->device) < EDGE_NAME);
    require((event->first_map == NULL) == (event->first_device == NULL));
}

static const struct edge_memory_hooks hooks = {
    .event = take_event, .together_ms = EDGE_TOGETHER_S * 1000, .hold_off_ms = EDGE_HOLD_OFF_S * 1000};

static void restore(void *arg, const char *map, const char *device, const char *json)
{
    edge_memory_restore(arg, map, device, json, INT64_C(1767225600000));
}

/* The next line; false: there is none. */
static bool next_line(const uint8_t **at, const uint8_t *end, struct bytes *line)
{
    if (*at >= end)
        return false;
    const uint8_t *stop = memchr(*at, '\n', (size_t)(end - *at));
    stop = stop ? stop : end;
    *line = (struct bytes){*at, (size_t)(stop - *at)};
    *at = stop + 1;
    return true;
}

static void check_names(struct text topic)
{
    char pattern[600];
    struct edge_captures captures;
    if (topic.len >= sizeof(pattern) || (topic.len > 0 && memchr(topic.data, 0, topic.len)))
        return;
    snprintf(pattern, sizeof(pattern), "%.*s", (int)topic.len, topic.data ? topic.data : "");
    if (edge_topic_wrong(pattern) == NULL)
        (void)edge_topic_match(pattern, "own", TEXT("own/a/b/c"), &captures);
}

static void take_lines(struct edge_translator *translator, const uint8_t *data, size_t size)
{
    int64_t now = INT64_C(1767225600000);
    struct bytes topic, payload;
    for (const uint8_t *at = data, *end = data + size; next_line(&at, end, &topic);) {
        bool replayed = topic.len > 0 && topic.data[0] == '~';
        if (!next_line(&at, end, &payload))
            payload = (struct bytes){NULL, 0};
        struct link_message message = {.topic = {(const char *)topic.data + replayed, topic.len - replayed},
            .payload = payload,
            .retain = replayed,
            .at = now};
        (void)edge_translator_take(translator, &message);
        check_names(message.topic);
        now += 7000;
        edge_memory_expire(translator->memory, now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct edge_translator translator = {.guess = true, .own = &own};
    translator.memory = edge_memory_new(&hooks, true);
    translator.learned = edge_learned_new(NULL);
    require(edge_translator_add(&translator, &own_map, NULL));
    for (size_t i = 0; i < edge_map_count; i++)
        require(edge_translator_add(&translator, &edge_maps[i], NULL));
    take_lines(&translator, data, size);
    require(edge_learned_count(translator.learned) <= EDGE_MOST_LEARNED);
    struct edge_memory *again = edge_memory_new(&hooks, false);
    edge_memory_changed(translator.memory, restore, again);
    edge_memory_expire(again, INT64_C(1767225600000) + 7 * 86400 * INT64_C(1000));
    edge_memory_free(again);
    edge_memory_free(translator.memory);
    edge_learned_free(translator.learned);
    return 0;
}
