/* From settings to rows (own_rows.h). What a row says is held against row.h field by field: what would only
 * be noticed when a message comes is refused here. */
#include "bridge/edge/mapping/own_rows.h"

#include <string.h>
#include <strings.h>

#include "bridge/client/setting.h"

enum { MOST_WORDS = 32, MOST_TEXT = 256, MOST_SILENCE_S = 86400, MOST_RANK = 9 };

struct reading {
    struct edge_own *own;
    const config_setting_t *group;
    struct edge_row *row;
};

static bool wrong(const struct reading *reading, const char *field, const char *rule)
{
    return setting_wrong_in(reading->group, field, rule);
}

/* ---- words --------------------------------------------------------------------------------------------- */

struct named {
    const char *name;
    int value;
};

static const struct named shapes[] = {{"text", SHAPE_TEXT}, {"pointer", SHAPE_POINTER}, {"life", SHAPE_LIFE},
    {"collection", SHAPE_COLLECTION}, {NULL, 0}};
static const struct named meanings[] = {{"start", MEANS_START}, {"update", MEANS_UPDATE}, {"end", MEANS_END},
    {"pulse", MEANS_PULSE}, {"whole", MEANS_WHOLE}, {"refine", MEANS_REFINE}, {NULL, 0}};

static int value_of(const struct named *list, const char *name)
{
    for (; name && list->name; list++)
        if (strcmp(list->name, name) == 0)
            return list->value;
    return -1;
}

/* ---- fields -------------------------------------------------------------------------------------------- */

static const struct text_field {
    const char *name;
    size_t place;
    bool pointers; /* JSON pointers, parted by spaces */
} text_fields[] = {
    {"each", offsetof(struct edge_row, each), true},
    {"device", offsetof(struct edge_row, device), true},
    {"id", offsetof(struct edge_row, id), true},
    {"kind_from", offsetof(struct edge_row, kind_from), true},
    {"phase_from", offsetof(struct edge_row, phase_from), true},
    {"guard", offsetof(struct edge_row, guard), true},
    {"time", offsetof(struct edge_row, time), true},
    {"until", offsetof(struct edge_row, until), true},
    {"confidence", offsetof(struct edge_row, confidence), true},
};
enum { TEXT_FIELDS = sizeof(text_fields) / sizeof(text_fields[0]) };

/* Words that stand where a pointer could. */
static bool is_special(const char *field, const char *value)
{
    if (strcmp(field, "device") == 0)
        return strcmp(value, "key") == 0;
    if (strcmp(field, "kind_from") == 0)
        return strcmp(value, "{kind}") == 0 || strcmp(value, "{tail}") == 0 || strcmp(value, "payload") == 0;
    return false;
}

static bool is_pointers(const char *value)
{
    for (const char *at = value; at; at = strchr(at, ' ')) {
        at += *at == ' ';
        at += *at == '!';
        at += *at == '^';
        if (*at != '/' && *at != 0 && *at != ' ')
            return false;
    }
    return true;
}

static bool read_texts(const struct reading *reading)
{
    for (size_t i = 0; i < TEXT_FIELDS; i++) {
        const struct text_field *field = &text_fields[i];
        if (config_setting_get_member(reading->group, field->name) == NULL)
            continue;
        const char *value = setting_text(reading->group, field->name);
        if (value == NULL || strlen(value) >= MOST_TEXT)
            return wrong(reading, field->name, "must be a text of up to 255 bytes");
        if (!is_special(field->name, value) && !is_pointers(value))
            return wrong(
                reading, field->name, "must be JSON pointers such as /after/camera, parted by blanks");
        const char *copy = arena_copy(&reading->own->arena, value, strlen(value));
        memcpy((char *)reading->row + field->place, &copy, sizeof(copy));
    }
    return true;
}

static bool read_number(const struct reading *reading, const char *name, int least, int most, unsigned *out)
{
    const config_setting_t *member = config_setting_get_member(reading->group, name);
    if (member == NULL)
        return true;
    if (config_setting_type(member) != CONFIG_TYPE_INT)
        return wrong(reading, name, "must be a whole number");
    int value = config_setting_get_int(member);
    if (value < least || value > most)
        return wrong(reading, name, "is out of bounds: of is 1 or 100, rank 0 to 9, silence_s 1 to 86400");
    *out = (unsigned)value;
    return true;
}

static bool read_switch(const struct reading *reading, const char *name, bool *out)
{
    const config_setting_t *member = config_setting_get_member(reading->group, name);
    if (member && config_setting_type(member) != CONFIG_TYPE_BOOL)
        return wrong(reading, name, "must be true or false");
    *out = member && config_setting_get_bool(member);
    return true;
}

/* words = { start = [ "open", "1" ]; end = [ "closed" ]; } */
static bool read_words(const struct reading *reading)
{
    const config_setting_t *group = config_setting_get_member(reading->group, "words");
    if (group == NULL)
        return true;
    struct edge_word *words = arena_alloc(&reading->own->arena, (MOST_WORDS + 1) * sizeof(*words));
    size_t count = 0;
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *list = config_setting_get_elem(group, (unsigned)i);
        int means = value_of(meanings, config_setting_name(list));
        if (means < 0)
            return wrong(reading, "words", "must be a group of start, update, end, pulse, whole, refine");
        for (int w = 0; w < config_setting_length(list); w++) {
            const char *word = config_setting_get_string_elem(list, w);
            if (word == NULL || count == MOST_WORDS)
                return setting_wrong(list, "must be a list of up to 32 words: [ \"open\", \"1\" ]");
            words[count++] = (struct edge_word){
                arena_copy(&reading->own->arena, word, strlen(word)), (enum edge_meaning)means};
        }
    }
    if (count == 0)
        return wrong(reading, "words", "must name at least one word");
    reading->row->words = words;
    return true;
}

static bool read_kind(const struct reading *reading)
{
    if (config_setting_get_member(reading->group, "kind") == NULL)
        return true;
    const char *name = setting_text(reading->group, "kind");
    for (int kind = KIND_MOTION; name && kind <= KIND_SOUND; kind++)
        if (strcasecmp(name, motion_kind_name(kind)) == 0)
            reading->row->kind = (enum motion_kind)kind;
    return reading->row->kind ||
           wrong(reading, "kind", "must be motion, person, vehicle, animal, package, doorbell or sound");
}

static bool read_choices(const struct reading *reading)
{
    int shape = value_of(shapes, setting_text(reading->group, "shape"));
    if (shape < 0)
        return wrong(reading, "shape", "must be text, pointer, life or collection");
    reading->row->shape = (enum edge_shape)shape;
    if (config_setting_get_member(reading->group, "always") == NULL)
        return true;
    int always = value_of(meanings, setting_text(reading->group, "always"));
    if (always < 0)
        return wrong(reading, "always", "must be start, update, end, pulse, whole or refine");
    reading->row->always = (enum edge_meaning)always;
    return true;
}

static bool is_map_name(const char *name)
{
    size_t length = name ? strlen(name) : 0;
    return length > 0 && length < EDGE_MAP_NAME &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && strcmp(name, "auto") != 0;
}

static bool read_names(const struct reading *reading)
{
    const char *map = setting_text(reading->group, "map"), *topic = setting_text(reading->group, "topic");
    if (!is_map_name(map))
        return wrong(reading, "map", "must be 1 to 31 of a-z 0-9 -, and not auto");
    const char *rule =
        topic ? edge_topic_wrong(topic) : "must be a topic with captures, such as gate/{dev}/beam";
    if (rule)
        return wrong(reading, "topic", rule);
    reading->row->map = arena_copy(&reading->own->arena, map, strlen(map));
    reading->row->topic = arena_copy(&reading->own->arena, topic, strlen(topic));
    return true;
}

/* ---- a row --------------------------------------------------------------------------------------------- */

/* What the fields say together. */
static bool is_whole(const struct reading *reading)
{
    const struct edge_row *row = reading->row;
    const char *kind_from = row->kind_from ? row->kind_from : "";
    if ((row->kind != 0) == (row->kind_from != NULL))
        return wrong(reading, "kind", "one of kind and kind_from is needed");
    if (strcmp(kind_from, "{kind}") == 0 && strstr(row->topic, "{kind") == NULL)
        return wrong(reading, "kind_from", "the topic has no {kind}");
    if (row->shape == SHAPE_TEXT &&
        (kind_from[0] == '/' || row->phase_from || row->time || row->id || row->device))
        return wrong(reading, "shape", "a text has no places that pointers could name");
    if (row->shape != SHAPE_TEXT && row->always == 0 && row->phase_from == NULL)
        return wrong(reading, "phase_from", "is needed, or always");
    if (row->shape == SHAPE_LIFE && row->id == NULL)
        return wrong(reading, "id", "a life needs one");
    if ((row->shape == SHAPE_COLLECTION) != (row->each != NULL))
        return wrong(reading, "each", "belongs to a collection, and a collection needs it");
    if (row->device && strcmp(row->device, "key") == 0 && row->shape != SHAPE_COLLECTION)
        return wrong(reading, "device", "only a collection has keys");
    if (row->device == NULL && strstr(row->topic, "{dev") == NULL)
        return wrong(reading, "topic", "needs {dev}, or the row a device");
    if (row->confidence && row->of != 1 && row->of != 100)
        return wrong(reading, "of", "must be 1 or 100: what confidence counts up to");
    return true;
}

static bool read_row(const struct reading *reading)
{
    static const char *const names[] = {"map", "topic", "shape", "each", "device", "id", "kind", "kind_from",
        "closed", "always", "phase_from", "words", "guard", "time", "until", "confidence", "of", "rank",
        "silence_s", "endless", "dated", NULL};
    struct edge_row *row = reading->row;
    row->own = true;
    return setting_only_knows(reading->group, names) && read_names(reading) && read_choices(reading) &&
           read_kind(reading) && read_texts(reading) && read_words(reading) &&
           read_switch(reading, "closed", &row->closed) && read_switch(reading, "endless", &row->endless) &&
           read_switch(reading, "dated", &row->dated) && read_number(reading, "of", 1, 100, &row->of) &&
           read_number(reading, "rank", 0, MOST_RANK, &row->rank) &&
           read_number(reading, "silence_s", 1, MOST_SILENCE_S, &row->silence_s) && is_whole(reading);
}

/* ---- all ----------------------------------------------------------------------------------------------- */

static void note_map(struct edge_own *own, const char *name)
{
    if (edge_own_map(own, text_of(name)) == NULL)
        own->maps[own->map_count++] = (struct edge_map){name, name, "of the owner's rows"};
}

bool edge_own_read(struct edge_own *own, const struct config_setting_t *list)
{
    *own = (struct edge_own){.row_count = 0};
    arena_init(&own->arena, NULL, 0);
    if (list == NULL)
        return true;
    if (!config_setting_is_list(list))
        return setting_wrong(list, "must be a list: ( { … }, { … } )");
    int count = config_setting_length(list);
    if (count > EDGE_MOST_OWN_ROWS)
        return setting_wrong(list, "must have at most 64 rows");
    own->rows = arena_alloc(&own->arena, (size_t)(count + 1) * sizeof(*own->rows));
    own->maps = arena_alloc(&own->arena, (size_t)(count + 1) * sizeof(*own->maps));
    for (int i = 0; i < count; i++) {
        const struct reading reading = {
            own, config_setting_get_elem(list, (unsigned)i), &own->rows[own->row_count]};
        if (!read_row(&reading))
            return false;
        own->row_count++;
        note_map(own, reading.row->map);
    }
    return true;
}

void edge_own_free(struct edge_own *own)
{
    arena_free(&own->arena);
    *own = (struct edge_own){.row_count = 0};
}

const struct edge_map *edge_own_map(const struct edge_own *own, struct text name)
{
    for (size_t i = 0; own && i < own->map_count; i++)
        if (text_equal(name, text_of(own->maps[i].name)))
            return &own->maps[i];
    return edge_map_of(name);
}
