/* Which row a message is for (translator.h). */
#include "bridge/edge/mapping/translator.h"

#include <stdio.h>

#include "bridge/edge/mapping/discovery.h"
#include "bridge/edge/mapping/own_rows.h"

struct taking {
    struct edge_memory *memory;
    const struct link_message *message;
    struct edge_document document;
    size_t count;
};

/* ---- which rows ---------------------------------------------------------------------------------------- */

/* Rows that are asked first have the lower number. */
static int turn_of(const struct edge_row *row)
{
    return row->general ? 2 : row->own ? 0 : 1;
}

static bool add_use(struct edge_translator *translator, const struct edge_row *row, const char *prefix)
{
    if (translator->use_count == EDGE_MOST_USES)
        return false;
    size_t at = translator->use_count++;
    for (; at > 0 && turn_of(translator->uses[at - 1].row) > turn_of(row); at--)
        translator->uses[at] = translator->uses[at - 1];
    translator->uses[at] = (struct edge_use){row, prefix};
    return true;
}

static bool add_rows(struct edge_translator *translator, const struct edge_row *rows, size_t count,
    const char *map, const char *prefix)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].map, map) == 0 && !add_use(translator, &rows[i], prefix))
            return false;
    return true;
}

bool edge_translator_add(struct edge_translator *translator, const struct edge_map *map, const char *prefix)
{
    const struct edge_own *own = translator->own;
    prefix = prefix ? prefix : map->prefix;
    if (strcmp(map->name, EDGE_DISCOVERY_MAP) == 0 && translator->discovery_count < EDGE_MOST_MAPS)
        translator->discovery[translator->discovery_count++] = prefix;
    return (own == NULL || add_rows(translator, own->rows, own->row_count, map->name, prefix)) &&
           add_rows(translator, edge_rows, edge_row_count, map->name, prefix);
}

/* ---- a message ----------------------------------------------------------------------------------------- */

static void take_signal(void *arg, const struct edge_signal *signal)
{
    struct taking *taking = arg;
    edge_memory_take(taking->memory, signal, taking->message->retain, taking->message->at);
}

static bool take_by(struct taking *taking, const struct edge_row *row, const char *prefix)
{
    struct edge_captures captures;
    struct text topic = taking->message->topic;
    return edge_topic_match(row->topic, prefix, topic, &captures) &&
           edge_read(row, &captures, topic, &taking->document, take_signal, taking) > 0;
}

static void take_learned(void *arg, const struct edge_row *row, const char *device)
{
    struct taking *taking = arg;
    struct edge_captures captures = {.kind = ""};
    snprintf(captures.device, sizeof(captures.device), "%s", device);
    taking->count +=
        edge_read(row, &captures, taking->message->topic, &taking->document, take_signal, taking);
}

static bool take_by_learned(const struct edge_translator *translator, struct taking *taking)
{
    if (translator->learned)
        edge_learned_each(translator->learned, taking->message->topic, take_learned, taking);
    return taking->count > 0;
}

static bool take_by_rows(const struct edge_translator *translator, struct taking *taking)
{
    size_t i = 0;
    for (; i < translator->use_count && !translator->uses[i].row->general; i++)
        if (take_by(taking, translator->uses[i].row, translator->uses[i].prefix))
            return true;
    if (take_by_learned(translator, taking))
        return true;
    for (; i < translator->use_count; i++)
        if (take_by(taking, translator->uses[i].row, translator->uses[i].prefix))
            return true;
    return false;
}

static bool take_by_guess(const struct edge_translator *translator, struct taking *taking)
{
    for (size_t i = 0; i < translator->use_count; i++)
        if (translator->uses[i].row->any_prefix && take_by(taking, translator->uses[i].row, NULL))
            return true;
    return false;
}

static bool learn(const struct edge_translator *translator, const struct link_message *message)
{
    for (size_t i = 0; translator->learned && i < translator->discovery_count; i++)
        if (edge_learned_take(
                translator->learned, translator->discovery[i], message->topic, message->payload))
            return true;
    return false;
}

bool edge_translator_take(struct edge_translator *translator, const struct link_message *message)
{
    if (message->payload.len > EDGE_MOST_PAYLOAD || learn(translator, message))
        return false;
    struct taking taking = {
        .memory = translator->memory, .message = message, .document = {.payload = message->payload}};
    bool taken =
        take_by_rows(translator, &taking) || (translator->guess && take_by_guess(translator, &taking));
    edge_document_close(&taking.document);
    return taken;
}
