/* Topic patterns of rows: does one fit a topic, and which filters does it need. row.h has the language. */
#include <stdio.h>
#include <string.h>

#include "bridge/edge/mapping/row.h"

enum { MOST_FILTER = 512, MOST_OPEN_LEVELS = 3 };

/* The next level of a pattern or topic that ends at `end`; *rest is what follows its "/", NULL at the last.
 */
static struct text level_of(const char *at, const char *end, const char **rest)
{
    const char *slash = memchr(at, '/', (size_t)(end - at));
    *rest = slash ? slash + 1 : NULL;
    return (struct text){at, (size_t)((slash ? slash : end) - at)};
}

static bool starts_with(struct text text, const char *literal)
{
    size_t length = strlen(literal);
    return text.len >= length && memcmp(text.data, literal, length) == 0;
}

static bool append(char *name, struct text value)
{
    size_t used = strlen(name), slash = used > 0;
    if (used + slash + value.len >= EDGE_NAME || memchr(value.data, 0, value.len))
        return false;
    if (slash)
        name[used] = '/';
    memcpy(name + used + slash, value.data, value.len);
    name[used + slash + value.len] = 0;
    return true;
}

/* A capture is what stands between braces: "dev", "kind", "_!all,state". */
static bool excluded(struct text capture, struct text value)
{
    const char *words = memchr(capture.data, '!', capture.len);
    const char *end = capture.data + capture.len;
    while (words && ++words < end) {
        const char *comma = memchr(words, ',', (size_t)(end - words));
        if (text_equal(value, (struct text){words, (size_t)((comma ? comma : end) - words)}))
            return true;
        words = comma;
    }
    return false;
}

static bool keep(struct text capture, struct text value, struct edge_captures *out)
{
    if (value.len == 0 || excluded(capture, value))
        return false;
    if (starts_with(capture, "dev"))
        return append(out->device, value);
    return starts_with(capture, "kind") ? append(out->kind, value) : true;
}

static const char *find(struct text haystack, struct text needle)
{
    return memmem(haystack.data, haystack.len, needle.data, needle.len);
}

/* Fits one level. A capture reaches to the first occurrence of the literal behind it; the last one to the
 * last. */
static bool match_level(struct text pattern, struct text level, struct edge_captures *out)
{
    while (pattern.len > 0) {
        if (pattern.data[0] != '{') {
            if (level.len == 0 || level.data[0] != pattern.data[0])
                return false;
            pattern = (struct text){pattern.data + 1, pattern.len - 1};
            level = (struct text){level.data + 1, level.len - 1};
            continue;
        }
        const char *close = memchr(pattern.data, '}', pattern.len);
        struct text capture = {pattern.data + 1, (size_t)(close - pattern.data - 1)};
        pattern = (struct text){close + 1, pattern.len - (size_t)(close + 1 - pattern.data)};
        const char *next_capture = memchr(pattern.data, '{', pattern.len);
        struct text literal = {
            pattern.data, next_capture ? (size_t)(next_capture - pattern.data) : pattern.len};
        size_t length = level.len;
        if (literal.len > 0) {
            const char *found = find(level, literal);
            if (found == NULL)
                return false;
            length = (size_t)(found - level.data);
            if (next_capture == NULL)
                length = level.len > literal.len ? level.len - literal.len : 0;
        }
        if (!keep(capture, (struct text){level.data, length}, out))
            return false;
        level = (struct text){level.data + length, level.len - length};
    }
    return level.len == 0;
}

static bool match_from(
    const char *pattern, const char *prefix, const char *topic, const char *end, struct edge_captures *out);

/* A capture of whole levels, tried with one, two, … of them. */
static bool match_levels(struct text capture, const char *pattern, const char *prefix, const char *topic,
    const char *end, struct edge_captures *out)
{
    for (const char *stop = topic; stop <= end; stop++) {
        if (stop < end && *stop != '/')
            continue;
        struct edge_captures tried = *out;
        if (!keep(capture, (struct text){topic, (size_t)(stop - topic)}, &tried))
            continue;
        bool fits = pattern ? stop < end && match_from(pattern, prefix, stop + 1, end, &tried) : stop == end;
        if (fits) {
            *out = tried;
            return true;
        }
    }
    return false;
}

static bool match_from(
    const char *pattern, const char *prefix, const char *topic, const char *end, struct edge_captures *out)
{
    while (pattern && topic) {
        const char *next_pattern, *next_topic;
        struct text p = level_of(pattern, pattern + strlen(pattern), &next_pattern);
        if (text_equal(p, TEXT("{p}"))) {
            if (prefix == NULL)
                return match_levels(TEXT("_"), next_pattern, prefix, topic, end, out);
            struct text rest = {topic, (size_t)(end - topic)};
            if (!starts_with(rest, prefix) || rest.len <= strlen(prefix) || rest.data[strlen(prefix)] != '/')
                return false;
            topic += strlen(prefix) + 1;
            pattern = next_pattern;
            continue;
        }
        if (p.len > 2 && p.data[0] == '{' && p.data[p.len - 2] == '+')
            return match_levels((struct text){p.data + 1, p.len - 3}, next_pattern, prefix, topic, end, out);
        if (!match_level(p, level_of(topic, end, &next_topic), out))
            return false;
        pattern = next_pattern;
        topic = next_topic;
    }
    return pattern == NULL && topic == NULL;
}

bool edge_topic_match(const char *pattern, const char *prefix, struct text topic, struct edge_captures *out)
{
    *out = (struct edge_captures){.device = "", .kind = ""};
    return topic.len > 0 && match_from(pattern, prefix, topic.data, topic.data + topic.len, out);
}

/* ---- what somebody wrote --------------------------------------------------------------------------- */

static const char *capture_wrong(struct text capture, bool whole_level, bool first_level)
{
    static const char *const names[] = {"p", "dev", "kind", "_"};
    const char *words = memchr(capture.data, '!', capture.len);
    struct text name = {capture.data, words ? (size_t)(words - capture.data) : capture.len};
    bool levels = name.len > 1 && name.data[name.len - 1] == '+';
    name.len -= levels;
    size_t n = 0;
    while (n < 4 && !text_equal(name, text_of(names[n])))
        n++;
    if (n == 4)
        return "a capture is one of {p}, {dev}, {dev+}, {kind}, {_}, {_+}";
    if (n == 0 && (!first_level || !whole_level || levels || words))
        return "{p} is the whole first level";
    if (levels && (!whole_level || n == 2 || words))
        return "{dev+} and {_+} are whole levels";
    return NULL;
}

static const char *level_wrong(struct text level, bool first_level)
{
    bool after_capture = false;
    for (size_t at = 0; at < level.len; at++) {
        if (level.data[at] == '}')
            return "a } without its {";
        if (level.data[at] != '{') {
            after_capture = false;
            continue;
        }
        const char *close = memchr(level.data + at, '}', level.len - at);
        if (close == NULL)
            return "a { without its }";
        if (after_capture)
            return "two captures need something between them";
        size_t length = (size_t)(close - level.data) - at - 1;
        const char *rule =
            capture_wrong((struct text){level.data + at + 1, length}, length + 2 == level.len, first_level);
        if (rule)
            return rule;
        at += length + 1;
        after_capture = true;
    }
    return NULL;
}

const char *edge_topic_wrong(const char *pattern)
{
    size_t many = 0;
    if (!pattern[0] || strlen(pattern) >= MOST_FILTER / 2)
        return "must have 1 to 255 bytes";
    if (strpbrk(pattern, "+#") && (strchr(pattern, '#') || strstr(pattern, "/+") || pattern[0] == '+'))
        return "wildcards are written as captures: {dev}, {_}, {dev+}, {_+}";
    if (pattern[0] == '$')
        return "must not begin with $";
    for (const char *at = pattern; (at = strstr(at, "+}")); at++)
        many++;
    if (many > 2)
        return "at most two captures of several levels";
    for (const char *rest = pattern; rest;) {
        bool first = rest == pattern;
        const char *rule = level_wrong(level_of(rest, rest + strlen(rest), &rest), first);
        if (rule)
            return rule;
    }
    return NULL;
}

/* ---- filters ---------------------------------------------------------------------------------------- */

struct filter {
    char text[MOST_FILTER];
    size_t length;
    const char *device;     /* what is left of the device's name for the captures to come */
    size_t device_captures; /* how many there are to come */
    bool fits;
};

static void put(struct filter *filter, struct text text)
{
    if (filter->length + text.len + 2 > sizeof(filter->text)) {
        filter->fits = false;
        return;
    }
    memcpy(filter->text + filter->length, text.data, text.len);
    filter->length += text.len;
    filter->text[filter->length] = 0;
}

/* The slash after so many whole levels; NULL: there are not so many. */
static const char *after_levels(const char *name, size_t levels)
{
    const char *slash = name - 1;
    for (size_t i = 0; i < levels && slash; i++)
        slash = strchr(slash + 1, '/');
    return slash;
}

/* The part of the device's name that the next capture stands for: one level, of {dev+} all that the captures
 * to come leave over, of the last capture all. */
static void put_device(struct filter *filter, bool levels)
{
    size_t to_come = --filter->device_captures, here = 1;
    for (const char *at = filter->device; levels && (at = strchr(at, '/')); at++)
        here++;
    if (levels)
        here = here > to_come ? here - to_come : 1;
    const char *slash = to_come > 0 ? after_levels(filter->device, here) : NULL;
    filter->fits &= to_come == 0 || slash != NULL;
    size_t length = slash ? (size_t)(slash - filter->device) : strlen(filter->device);
    filter->fits &= length > 0;
    put(filter, (struct text){filter->device, length});
    filter->device += length + (slash != NULL);
}

static bool has_open_capture(struct text level)
{
    return find(level, TEXT("{kind")) || find(level, TEXT("{_"));
}

static void put_level(struct filter *filter, struct text level, const char *prefix)
{
    if (text_equal(level, TEXT("{p}"))) {
        put(filter, text_of(prefix));
        return;
    }
    const char *device = find(level, TEXT("{dev"));
    if (has_open_capture(level)) {
        filter->device_captures -= device != NULL;
        put(filter, TEXT("+"));
        return;
    }
    if (device == NULL) {
        put(filter, level);
        return;
    }
    const char *close = memchr(device, '}', level.len - (size_t)(device - level.data));
    put(filter, (struct text){level.data, (size_t)(device - level.data)});
    put_device(filter, close[-1] == '+');
    put(filter, (struct text){close + 1, (size_t)(level.data + level.len - close - 1)});
}

static bool one_filter(
    const char *pattern, const char *prefix, const char *device, size_t open_levels, struct filter *filter)
{
    *filter = (struct filter){.device = device, .fits = true};
    for (const char *at = pattern; (at = strstr(at, "{dev")); at++)
        filter->device_captures++;
    for (const char *rest = pattern; rest;) {
        struct text level = level_of(rest, rest + strlen(rest), &rest);
        if (text_equal(level, TEXT("{_+}")))
            for (size_t i = 1; i < open_levels; i++)
                put(filter, TEXT("+/"));
        put_level(filter, level, prefix);
        if (rest)
            put(filter, TEXT("/"));
    }
    return filter->fits;
}

bool edge_topic_filters(
    const char *pattern, const char *prefix, const char *device, edge_filter_visit *each, void *arg)
{
    if (strpbrk(device, "+#") || strpbrk(prefix, "+#"))
        return false;
    size_t most = strstr(pattern, "{_+}") ? MOST_OPEN_LEVELS : 1;
    for (size_t open_levels = 1; open_levels <= most; open_levels++) {
        struct filter filter;
        if (!one_filter(pattern, prefix, device, open_levels, &filter))
            return false;
        each(arg, filter.text);
    }
    return true;
}
