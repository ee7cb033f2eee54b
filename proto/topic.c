/* The topics of this broker: which text is one, and what a filter asks to follow. A filter that could never
 * match a topic is refused here, with the rule that says why, instead of leaving its client waiting in
 * silence. */
#include "proto/topic.h"

#include "proto/message.h"
#include "proto/mqtt.h"

const uint32_t topic_radii[] = {400, 800, 1600, 3200, 8000, 0};

enum { CATEGORIES_ANY = 0xFFFF, COARSEST_CELL = 2 };

#define PREFIX "nb/v1/"

static const struct text topics[TOPIC_COUNT] = {
    [TOPIC_MOTION] = {PREFIX "motion", sizeof(PREFIX "motion") - 1},
    [TOPIC_ALERT] = {PREFIX "alert", sizeof(PREFIX "alert") - 1},
    [TOPIC_WITNESS] = {PREFIX "witness", sizeof(PREFIX "witness") - 1},
    [TOPIC_FLAG] = {PREFIX "flag", sizeof(PREFIX "flag") - 1},
    [TOPIC_VERDICT] = {PREFIX "verdict", sizeof(PREFIX "verdict") - 1},
    [TOPIC_FOOTAGE_REQUEST] = {PREFIX "footage-request", sizeof(PREFIX "footage-request") - 1},
    [TOPIC_RESOLVE] = {PREFIX "resolve", sizeof(PREFIX "resolve") - 1},
    [TOPIC_FOOTAGE_ANSWER] = {PREFIX "footage-answer", sizeof(PREFIX "footage-answer") - 1},
    [TOPIC_TIP] = {PREFIX "tip", sizeof(PREFIX "tip") - 1},
    [TOPIC_REWARD] = {PREFIX "reward", sizeof(PREFIX "reward") - 1},
    [TOPIC_HOUSEHOLD] = {PREFIX "household", sizeof(PREFIX "household") - 1},
    [TOPIC_SETTINGS] = {PREFIX "settings", sizeof(PREFIX "settings") - 1},
    [TOPIC_FORGET] = {PREFIX "forget", sizeof(PREFIX "forget") - 1},
    [TOPIC_EXPORT] = {PREFIX "export", sizeof(PREFIX "export") - 1},
    [TOPIC_DESK] = {PREFIX "desk", sizeof(PREFIX "desk") - 1},
    [TOPIC_PUSH] = {PREFIX "push", sizeof(PREFIX "push") - 1},
    [TOPIC_HISTORY] = {PREFIX "history", sizeof(PREFIX "history") - 1},
};

enum publish_topic topic_of(struct text topic)
{
    for (int i = TOPIC_NONE + 1; i < TOPIC_COUNT; i++) {
        if (text_equal(topic, topics[i]))
            return (enum publish_topic)i;
    }
    return TOPIC_NONE;
}

const char *topic_name(enum publish_topic topic)
{
    return topic > TOPIC_NONE && topic < TOPIC_COUNT ? topics[topic].data : "";
}

const char *item_class_name(enum item_class item_class)
{
    switch (item_class) {
    case CLASS_ACTIVITY:
        return "activity";
    case CLASS_INCIDENT:
        return "incident";
    case CLASS_AREA:
        return "area";
    case CLASS_EXERCISE:
        return "exercise";
    case CLASS_SYSTEM:
        return "system";
    case CLASS_TEST:
        return "test";
    case CLASS_DRAFT:
        return "draft";
    case CLASS_ANY:
        break;
    }
    return NULL;
}

unsigned item_class_of(struct text name)
{
    for (unsigned bit = CLASS_ACTIVITY; bit <= CLASS_DRAFT; bit <<= 1) {
        if (text_equal(name, text_of(item_class_name((enum item_class)bit))))
            return bit;
    }
    return 0;
}

const char *topic_kind_name(int kind)
{
    static const char *const names[] = {
        "motion", "person", "vehicle", "animal", "package", "doorbell", "sound"};

    return kind >= 1 && kind <= KIND_SOUND ? names[kind - 1] : NULL;
}

/* ---- levels ---- */

/* Takes the next level off `rest`; false when there is none. "a/" has two levels, the second one empty. */
static bool next_level(struct text *rest, struct text *level)
{
    if (!rest->data)
        return false;
    const char *slash = rest->len > 0 ? memchr(rest->data, '/', rest->len) : NULL;
    level->data = rest->data;
    level->len = slash ? (size_t)(slash - rest->data) : rest->len;
    if (slash)
        *rest = (struct text){slash + 1, rest->len - level->len - 1};
    else
        *rest = (struct text){NULL, 0};
    return true;
}

static bool is(struct text level, const char *word)
{
    return text_equal(level, text_of(word));
}

static bool is_wildcard(struct text level)
{
    return is(level, "+") || is(level, "#");
}

/* Length and characters, for names and filters alike: [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-4.7.3-3]. */
static bool is_topic_text(struct text text)
{
    return text.len >= 1 && text.len <= UINT16_MAX && mqtt_utf8_valid(text.data, text.len);
}

bool topic_name_valid(struct text topic)
{
    if (!is_topic_text(topic))
        return false;
    return !memchr(topic.data, '+', topic.len) && !memchr(topic.data, '#', topic.len); /* [MQTT-4.7.0-1] */
}

bool topic_filter_valid(struct text filter)
{
    if (!is_topic_text(filter))
        return false;
    struct text rest = filter, level;
    while (next_level(&rest, &level)) {
        bool plus = level.len > 0 && memchr(level.data, '+', level.len);
        bool hash = level.len > 0 && memchr(level.data, '#', level.len);
        if ((plus || hash) && level.len != 1) /* [MQTT-4.7.1-1] [MQTT-4.7.1-2] */
            return false;
        if (hash && rest.data) /* [MQTT-4.7.1-1] */
            return false;
    }
    return true;
}

bool topic_matches(struct text filter, struct text topic)
{
    if (filter.len == 0 || topic.len == 0) /* [MQTT-4.7.3-1] */
        return false;
    if (topic.data[0] == '$' && (filter.data[0] == '+' || filter.data[0] == '#')) /* [MQTT-4.7.2-1] */
        return false;
    struct text wanted, found;
    while (next_level(&filter, &wanted)) {
        if (is(wanted, "#"))
            return true; /* also right behind the topic's last level: "a/#" matches "a" (4.7.1.2) */
        if (!next_level(&topic, &found) || (!is(wanted, "+") && !text_equal(wanted, found)))
            return false;
    }
    return topic.data == NULL;
}

/* ---- filters ---- */

static bool refuse(struct refusal *refusal, uint8_t code, const char *field, const char *rule)
{
    *refusal = (struct refusal){code, field, rule, 0};
    return false;
}

static bool bad(struct refusal *refusal, const char *field, const char *rule)
{
    return refuse(refusal, REASON_BAD_FILTER, field, rule);
}

static bool not_allowed(struct refusal *refusal, const char *field, const char *rule)
{
    return refuse(refusal, REASON_NOT_ALLOWED, field, rule);
}

static bool parse_cell(struct text level, int coarsest, int finest, char out[13], struct refusal *refusal)
{
    if (is_wildcard(level))
        return not_allowed(refusal, "geohash", "no wildcard in a place");
    if (level.len < (size_t)coarsest || level.len > (size_t)finest || level.len > 12)
        return bad(refusal, "geohash",
            coarsest == finest ? "as many characters as a leaf cell has"
                               : "2 characters to those of a leaf cell");
    for (size_t i = 0; i < level.len; i++) {
        char c = level.data[i];
        /* What is delivered matches the filter to the letter (MQTT-3.3.2-3), and our topics are lower case.
         */
        if (c == '\0' || !strchr("0123456789bcdefghjkmnpqrstuvwxyz", c))
            return bad(refusal, "geohash", "the 32 characters of geohash, in lower case");
        out[i] = c;
    }
    out[level.len] = '\0';
    return true;
}

static bool parse_metres(struct text level, uint32_t *out, struct refusal *refusal)
{
    static const char *const written[] = {"400", "800", "1600", "3200", "8000"};
    if (is_wildcard(level))
        return not_allowed(refusal, "metres", "no wildcard in a place");
    for (size_t i = 0; topic_radii[i] != 0; i++) {
        if (is(level, written[i])) {
            *out = topic_radii[i];
            return true;
        }
    }
    return bad(refusal, "metres", "400, 800, 1600, 3200 or 8000");
}

static bool parse_class(struct text level, struct follow_filter *out, struct refusal *refusal)
{
    if (is(level, "+"))
        return true;
    out->classes = (uint8_t)item_class_of(level);
    return out->classes != 0 ||
           bad(refusal, "class", "activity, incident, area, exercise, system, test, draft, + or #");
}

/* Activity's categories are the motion kinds, an alert's the alert categories ("other" is no kind, so no word
 * is both): so the category narrows the classes too. */
static bool parse_category(struct text level, struct follow_filter *out, struct refusal *refusal)
{
    if (is(level, "+"))
        return true;
    int category = category_of(level), kind = 0;
    for (int k = 1; !category && topic_kind_name(k); k++) {
        if (is(level, topic_kind_name(k)))
            kind = k;
    }
    if (!category && !kind)
        return bad(refusal, "category", "one of the known categories or motion kinds, + or #");
    if (category)
        out->categories = (uint16_t)(1u << category);
    else
        out->kinds = (uint16_t)(1u << kind);
    out->classes &= category ? CLASS_ALERTS : CLASS_ACTIVITY;
    return out->classes != 0 ||
           bad(refusal, "category",
               category ? "for activity a motion kind" : "a motion kind only for activity");
}

static bool parse_public_id(struct text level, struct follow_filter *out, struct refusal *refusal)
{
    if (is(level, "+"))
        return true;
    if (is(level, "-")) {
        out->classes &= CLASS_ACTIVITY;
        return out->classes != 0 || bad(refusal, "public id", "- only for activity");
    }
    if (level.len == 0 || level.len >= sizeof(out->public_id))
        return bad(refusal, "public id", "1 to 24 characters, + or #");
    for (size_t i = 0; i < level.len; i++) {
        char c = level.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z'))
            return bad(refusal, "public id", "digits and lower-case letters");
    }
    out->classes &= CLASS_ALERTS;
    if (out->classes == 0)
        return bad(refusal, "public id", "for activity only -, + or #");
    memcpy(out->public_id, level.data, level.len);
    out->public_id[level.len] = '\0';
    return true;
}

/* The last three levels of near and cell: class, category, public id. '#' stands for all that are missing. */
static bool parse_items(struct text rest, struct follow_filter *out, struct refusal *refusal)
{
    static bool (*const parsers[])(struct text, struct follow_filter *, struct refusal *) = {
        parse_class, parse_category, parse_public_id};
    out->classes = CLASS_ANY;
    out->categories = out->kinds = CATEGORIES_ANY;
    struct text level;
    for (size_t i = 0; i < 3; i++) {
        if (!next_level(&rest, &level))
            return bad(refusal, "filter", "class, category and public id at the end: add /# for all");
        if (is(level, "#"))
            return true;
        if (!parsers[i](level, out, refusal))
            return false;
    }
    return !next_level(&rest, &level) || bad(refusal, "filter", "no level behind the public id");
}

static bool parse_near(struct text rest, int leaf, struct follow_filter *out, struct refusal *refusal)
{
    struct text level;
    out->kind = FOLLOW_NEAR;
    if (!next_level(&rest, &level))
        return bad(refusal, "geohash", "near/<geohash>/<metres>/#");
    if (!parse_cell(level, leaf, leaf, out->cell, refusal))
        return false;
    if (!next_level(&rest, &level))
        return bad(refusal, "metres", "near/<geohash>/<metres>/#");
    return parse_metres(level, &out->metres, refusal) && parse_items(rest, out, refusal);
}

static bool parse_cells(struct text rest, int leaf, struct follow_filter *out, struct refusal *refusal)
{
    struct text level;
    out->kind = FOLLOW_CELL;
    if (!next_level(&rest, &level))
        return bad(refusal, "geohash", "cell/<geohash>/#");
    return parse_cell(level, COARSEST_CELL, leaf, out->cell, refusal) && parse_items(rest, out, refusal);
}

static bool parse_inbox(struct text rest, struct follow_filter *out, struct refusal *refusal)
{
    out->kind = FOLLOW_INBOX;
    if (rest.len == 0)
        return bad(refusal, "filter", "a level behind inbox: add /# for all");
    out->suffix = rest;
    return true;
}

/* What stands behind nb/v1/ and, if it did, json/. */
static bool parse_kind(struct text rest, int leaf, struct follow_filter *out, struct refusal *refusal)
{
    struct text kind;
    if (next_level(&rest, &kind)) {
        if (is(kind, "near"))
            return parse_near(rest, leaf, out, refusal);
        if (is(kind, "cell"))
            return parse_cells(rest, leaf, out, refusal);
        if (is(kind, "inbox"))
            return parse_inbox(rest, out, refusal);
        if (is(kind, "info") && !rest.data && !out->json) {
            out->kind = FOLLOW_INFO;
            return true;
        }
        if (is_wildcard(kind))
            return not_allowed(refusal, "filter", "no wildcard in a place");
    }
    return not_allowed(refusal, "filter", "near, cell, inbox or info behind nb/v1/");
}

static bool starts_with(struct text text, struct text prefix)
{
    return text.len >= prefix.len && memcmp(text.data, prefix.data, prefix.len) == 0;
}

bool topic_parse_filter(struct text filter, int leaf, struct follow_filter *out, struct refusal *refusal)
{
    *out = (struct follow_filter){0};
    if (!topic_filter_valid(filter))
        return bad(refusal, "filter", "a topic filter of MQTT");
    if (starts_with(filter, TEXT("$share/"))) /* [MQTT-4.8.2-1] */
        return refuse(refusal, REASON_SHARED_NOT_SUPPORTED, "filter", "no shared subscriptions");
    struct text prefix = TEXT(PREFIX), json = TEXT("json/");
    if (!starts_with(filter, prefix))
        return not_allowed(refusal, "filter", "topics begin with nb/v1/");
    struct text rest = {filter.data + prefix.len, filter.len - prefix.len};
    if (starts_with(rest, json)) {
        out->json = true;
        rest = (struct text){rest.data + json.len, rest.len - json.len};
    }
    return parse_kind(rest, leaf, out, refusal);
}
