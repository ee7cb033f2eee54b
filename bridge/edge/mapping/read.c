/* Reads one message by one row: payload to signals. Copies nothing but the fields that the row names, and of
 * those only words of closed lists, numbers, times, the device's name and the publisher's id. */
#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/edge/mapping/place.h"
#include "bridge/edge/mapping/signal.h"

struct reading {
    const struct edge_row *row;
    const struct edge_captures *captures;
    struct text topic;
    struct bytes payload;
    json_t *root;
    edge_signal_take *take;
    void *arg;
    size_t count;
};

/* A text payload without the blanks and quotes around it. */
static struct text trimmed(struct bytes payload)
{
    struct text text = {(const char *)payload.data, payload.len};
    while (text.len > 0 && isspace((unsigned char)text.data[0]))
        text = (struct text){text.data + 1, text.len - 1};
    while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1]))
        text.len--;
    if (text.len >= 2 && text.data[0] == '"' && text.data[text.len - 1] == '"')
        text = (struct text){text.data + 1, text.len - 2};
    return text;
}

/* Payloads that people type by hand have commas with nothing between them (", ,", ", }"): leaves those out.
 */
static json_t *parsed_without_lone_commas(struct bytes payload)
{
    char *copy = malloc(payload.len + 1);
    size_t length = 0;
    bool quoted = false, removed = false;
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < payload.len; i++) {
        char c = (char)payload.data[i];
        copy[length++] = c;
        if (c == '\\' && quoted && i + 1 < payload.len)
            copy[length++] = (char)payload.data[++i];
        quoted ^= c == '"';
        if (quoted || (c != ',' && c != '}' && c != ']'))
            continue;
        size_t before = length - 1;
        while (before > 0 && isspace((unsigned char)copy[before - 1]))
            before--;
        if (before > 0 && copy[before - 1] == ',') {
            copy[before - 1] = c;
            length = before;
            removed = true;
        }
    }
    json_t *root = removed ? json_loadb(copy, length, 0, NULL) : NULL;
    free(copy);
    return root;
}

static json_t *parsed(struct edge_document *document)
{
    if (!document->parsed) {
        struct bytes payload = document->payload;
        document->parsed = true;
        document->root = json_loadb((const char *)payload.data, payload.len, JSON_DECODE_ANY, NULL);
        if (document->root == NULL && payload.len > 0 && payload.data[0] == '{')
            document->root = parsed_without_lone_commas(payload);
    }
    return document->root;
}

void edge_document_close(struct edge_document *document)
{
    json_decref(document->root);
    *document = (struct edge_document){.parsed = false};
}

/* ---- the phase -------------------------------------------------------------------------------------- */

static enum edge_meaning meaning_at(const struct reading *reading, json_t *element)
{
    enum edge_meaning best = MEANS_NOTHING;
    const char *list = reading->row->phase_from;
    for (struct text pointer; edge_place_next(&list, &pointer);) {
        char room[32];
        struct text word = edge_place_word(edge_place_first(reading->root, element, pointer), room);
        enum edge_meaning means = edge_meaning_of(reading->row->words, word);
        if (means == MEANS_START)
            return means;
        best = means ? means : best;
    }
    return best;
}

static enum edge_meaning meaning_of(const struct reading *reading, json_t *element)
{
    const struct edge_row *row = reading->row;
    if (row->always)
        return row->always;
    if (row->shape == SHAPE_TEXT)
        return edge_meaning_of(row->words, trimmed(reading->payload));
    return meaning_at(reading, element);
}

/* ---- the kind --------------------------------------------------------------------------------------- */

/* Of a list in one word ("human,vehicle", "person:83%") the one that says most; an unknown word is motion
 * unless the row is closed. */
static enum motion_kind kind_of_words(struct text words, bool closed)
{
    enum motion_kind kind = 0;
    while (words.len > 0) {
        const char *comma = memchr(words.data, ',', words.len);
        size_t length = comma ? (size_t)(comma - words.data) : words.len;
        const char *colon = memchr(words.data, ':', length);
        enum motion_kind one =
            edge_kind_of((struct text){words.data, colon ? (size_t)(colon - words.data) : length});
        if (one == 0 && !closed)
            one = KIND_MOTION;
        kind = kind == 0 ? one : one ? edge_kind_better(kind, one) : kind;
        length += comma != NULL;
        words = (struct text){words.data + length, words.len - length};
    }
    return kind;
}

struct kinds {
    enum motion_kind kind;
    struct text fixed; /* the kind of whatever is found, by the "=word" of a pointer */
    bool closed;
};

static bool add_kind(void *arg, json_t *value, const char *key)
{
    struct kinds *kinds = arg;
    (void)key;
    char room[32];
    struct text word = kinds->fixed.len ? kinds->fixed : edge_place_word(value, room);
    enum motion_kind kind = kind_of_words(word, kinds->closed);
    if (kind)
        kinds->kind = kinds->kind ? edge_kind_better(kinds->kind, kind) : kind;
    return true;
}

static enum motion_kind kind_at(const struct reading *reading, json_t *element)
{
    struct kinds kinds = {.closed = reading->row->closed};
    const char *list = reading->row->kind_from;
    for (struct text pointer; edge_place_next(&list, &pointer);) {
        const char *fixed = memchr(pointer.data, '=', pointer.len);
        kinds.fixed = (struct text){NULL, 0};
        if (fixed) {
            kinds.fixed = (struct text){fixed + 1, pointer.len - (size_t)(fixed + 1 - pointer.data)};
            pointer.len = (size_t)(fixed - pointer.data);
        }
        edge_place_each(element, pointer, add_kind, &kinds);
    }
    return kinds.kind;
}

static enum motion_kind kind_of(const struct reading *reading, json_t *element, const char *device)
{
    const struct edge_row *row = reading->row;
    enum motion_kind kind = row->kind;
    if (kind == 0 && strcmp(row->kind_from, "{tail}") == 0)
        kind = edge_kind_of_name(device);
    else if (kind == 0 && strcmp(row->kind_from, "{kind}") == 0)
        kind = kind_of_words(text_of(reading->captures->kind), row->closed);
    else if (kind == 0 && strcmp(row->kind_from, "payload") == 0)
        kind = kind_of_words(trimmed(reading->payload), row->closed);
    else if (kind == 0)
        kind = kind_at(reading, element);
    return kind || row->closed ? kind : KIND_MOTION;
}

/* ---- the rest --------------------------------------------------------------------------------------- */

static bool is_word(json_t *value, struct text wanted)
{
    char room[32];
    return text_equal(edge_place_word(value, room), wanted);
}

static bool guard_holds(const struct reading *reading, json_t *element)
{
    const char *list = reading->row->guard;
    for (struct text rule; edge_place_next(&list, &rule);) {
        const char *equals = memchr(rule.data, '=', rule.len);
        if (rule.data[0] == '!') {
            struct text pointer = {rule.data + 1, rule.len - 1};
            if (is_word(edge_place_first(reading->root, element, pointer), TEXT("true")))
                return false;
        } else if (equals) {
            struct text pointer = {rule.data, (size_t)(equals - rule.data)};
            struct text wanted = {equals + 1, rule.len - pointer.len - 1};
            if (!is_word(edge_place_first(reading->root, element, pointer), wanted))
                return false;
        }
    }
    return true;
}

static json_t *at(const struct reading *reading, json_t *element, const char *pointer)
{
    return pointer ? edge_place_first(reading->root, element, text_of(pointer)) : NULL;
}

static bool read_device(const struct reading *reading, json_t *element, const char *key, char out[EDGE_NAME])
{
    const char *from = reading->row->device;
    char room[32];
    struct text name = text_of(reading->captures->device);
    if (from && strcmp(from, "key") == 0)
        name = text_of(key);
    else if (from)
        name = edge_place_word(at(reading, element, from), room);
    if (name.len == 0 || name.len >= EDGE_NAME || memchr(name.data, 0, name.len))
        return false;
    memcpy(out, name.data, name.len);
    out[name.len] = 0;
    return true;
}

/* The publisher's id, else the topic; in a collection with what tells its elements apart. */
static void read_source(
    const struct reading *reading, json_t *element, const char *key, struct edge_signal *signal)
{
    char room[32];
    struct text id = edge_place_word(at(reading, element, reading->row->id), room);
    signal->has_id = id.len > 0;
    if (signal->has_id) {
        snprintf(signal->source, EDGE_SOURCE, "%.*s", (int)id.len, id.data);
        return;
    }
    if (key) { /* the same key on another topic of the device is the same thing */
        snprintf(signal->source, EDGE_SOURCE, "#%s", key);
        return;
    }
    /* The end of a long topic tells more than its beginning. */
    struct text topic = reading->topic;
    if (topic.len > EDGE_SOURCE / 2)
        topic = (struct text){topic.data + topic.len - EDGE_SOURCE / 2, EDGE_SOURCE / 2};
    const char *part = reading->row->shape == SHAPE_COLLECTION ? motion_kind_name((int)signal->kind) : "";
    snprintf(signal->source, EDGE_SOURCE, "%.*s#%s", (int)topic.len, topic.data, part);
}

/* A number, as such or in a text ("0.9", "person:83%"). */
static unsigned confidence_of(const struct reading *reading, json_t *element)
{
    const json_t *told = at(reading, element, reading->row->confidence);
    const char *text = json_string_value(told), *colon = text ? strchr(text, ':') : NULL;
    const char *digits = text ? strpbrk(colon ? colon : text, "0123456789") : NULL;
    double value = text ? (digits ? strtod(digits, NULL) : 0.0) : json_number_value(told);
    double percent = reading->row->of == 1 ? value * 100.0 : value;
    return percent > 0.0 && percent <= 100.0 ? (unsigned)lround(percent) : 0;
}

static bool read_element(void *arg, json_t *element, const char *key)
{
    struct reading *reading = arg;
    const struct edge_row *row = reading->row;
    struct edge_signal signal = {.row = row, .means = meaning_of(reading, element)};
    if (signal.means == MEANS_NOTHING || !read_device(reading, element, key, signal.device))
        return true;
    signal.guarded = !guard_holds(reading, element);
    signal.kind = kind_of(reading, element, signal.device);
    if (signal.kind == 0 || (signal.guarded && signal.means == MEANS_REFINE))
        return true;
    read_source(reading, element, key, &signal);
    signal.time = edge_place_time(at(reading, element, row->time));
    signal.until = edge_place_time(at(reading, element, row->until));
    if (signal.means == MEANS_WHOLE && signal.until == 0)
        signal.means = MEANS_START;
    signal.confidence = confidence_of(reading, element);
    reading->count++;
    reading->take(reading->arg, &signal);
    return true;
}

size_t edge_read(const struct edge_row *row, const struct edge_captures *captures, struct text topic,
    struct edge_document *document, edge_signal_take *take, void *arg)
{
    struct reading reading = {.row = row,
        .captures = captures,
        .topic = topic,
        .payload = document->payload,
        .take = take,
        .arg = arg};
    if (row->shape == SHAPE_TEXT) {
        read_element(&reading, NULL, NULL);
        return reading.count;
    }
    reading.root = parsed(document);
    if (reading.root == NULL)
        return 0;
    if (row->shape == SHAPE_COLLECTION)
        edge_place_each(reading.root, text_of(row->each), read_element, &reading);
    else
        read_element(&reading, reading.root, NULL);
    return reading.count;
}
