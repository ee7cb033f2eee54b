/* Patterns of topics, level by level (topic_rule.h). */
#include "bridge/mqtt/topic_rule.h"

#include <stdio.h>
#include <string.h>

static const struct text device_level = {"{dev}", 5};

/* The next level of what is left; *rest goes on behind its "/", to data NULL behind the last. */
static struct text next_level(struct text *rest)
{
    const char *slash = memchr(rest->data, '/', rest->len);
    struct text level = {rest->data, slash ? (size_t)(slash - rest->data) : rest->len};
    *rest = slash ? (struct text){slash + 1, rest->len - level.len - 1} : (struct text){NULL, 0};
    return level;
}

static bool level_is(struct text level, const char *word)
{
    return text_equal(level, text_of(word));
}

static bool has_wildcard(struct text level)
{
    return memchr(level.data, '+', level.len) || memchr(level.data, '#', level.len) ||
           memchr(level.data, '{', level.len) || memchr(level.data, '}', level.len);
}

static const char *broken_rule(const char *pattern)
{
    struct text rest = text_of(pattern);
    size_t devices = 0;
    if (rest.len == 0 || rest.len + sizeof("$share//") + LIMIT_ID >= TOPIC_FILTER || pattern[0] == '$')
        return "must be a topic with {dev} as one of its levels";
    while (rest.data) {
        struct text level = next_level(&rest);
        if (text_equal(level, device_level))
            devices++;
        else if (level_is(level, "#") ? rest.data != NULL : !level_is(level, "+") && has_wildcard(level))
            return "+ and {dev} stand for whole levels, # for all at the end";
    }
    return devices == 1 ? NULL : "must have {dev} as one of its levels, once";
}

const char *topic_rule_filter(const char *pattern, const char *group, char out[TOPIC_FILTER])
{
    const char *rule = broken_rule(pattern);
    if (rule)
        return rule;
    const char *device = strstr(pattern, device_level.data);
    snprintf(out, TOPIC_FILTER, "%s%s%s%.*s+%s", group ? "$share/" : "", group ? group : "", group ? "/" : "",
        (int)(device - pattern), pattern, device + device_level.len);
    return NULL;
}

bool topic_rule_fits(const char *pattern, struct text topic, struct text *device)
{
    struct text rule = text_of(pattern), rest = topic;
    *device = (struct text){NULL, 0};
    while (rule.data) {
        struct text level = next_level(&rule);
        if (level_is(level, "#"))
            return device->len > 0;
        if (rest.data == NULL)
            return false;
        struct text said = next_level(&rest);
        if (text_equal(level, device_level))
            *device = said;
        else if (!level_is(level, "+") && !text_equal(level, said))
            return false;
    }
    return rest.data == NULL && device->len > 0;
}
