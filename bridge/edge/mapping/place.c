/* Finds values in a payload by JSON pointer (RFC 6901, without its ~ escapes, which no publisher's keys need)
 * and reads them as words and times. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bridge/edge/mapping/place.h"

static bool each_key(
    json_t *object, struct text beginning, struct text rest, edge_place_visit *visit, void *arg)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (strncmp(key, beginning.data, beginning.len) != 0)
            continue;
        if (rest.len == 0 ? !visit(arg, value, key) : !edge_place_each(value, rest, visit, arg))
            return false;
    }
    return true;
}

static bool each_element(json_t *array, struct text rest, edge_place_visit *visit, void *arg)
{
    size_t i;
    json_t *value;
    json_array_foreach(array, i, value)
    {
        if (!edge_place_each(value, rest, visit, arg))
            return false;
    }
    return true;
}

static json_t *member(json_t *value, struct text name)
{
    if (json_is_object(value))
        return json_object_getn(value, name.data, name.len);
    if (!json_is_array(value) || name.len == 0 || name.len > 4)
        return NULL;
    size_t index = 0;
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] < '0' || name.data[i] > '9')
            return NULL;
        index = index * 10 + (size_t)(name.data[i] - '0');
    }
    return json_array_get(value, index);
}

bool edge_place_each(json_t *value, struct text pointer, edge_place_visit *visit, void *arg)
{
    if (value == NULL)
        return true;
    if (pointer.len == 0)
        return visit(arg, value, NULL);
    struct text segment = {pointer.data + 1, pointer.len - 1};
    const char *slash = memchr(segment.data, '/', segment.len);
    struct text rest = {NULL, 0};
    if (slash) {
        rest = (struct text){slash, (size_t)(segment.data + segment.len - slash)};
        segment.len = (size_t)(slash - segment.data);
    }
    if (segment.len > 0 && segment.data[segment.len - 1] == '*') {
        if (json_is_array(value))
            return segment.len > 1 || each_element(value, rest, visit, arg);
        return each_key(value, (struct text){segment.data, segment.len - 1}, rest, visit, arg);
    }
    return edge_place_each(member(value, segment), rest, visit, arg);
}

static bool take_first(void *arg, json_t *value, const char *key)
{
    (void)key;
    *(json_t **)arg = value;
    return false;
}

json_t *edge_place_first(json_t *root, json_t *element, struct text pointer)
{
    json_t *found = NULL;
    if (pointer.len > 0 && pointer.data[0] == '^') {
        element = root;
        pointer = (struct text){pointer.data + 1, pointer.len - 1};
    }
    edge_place_each(element, pointer, take_first, &found);
    return found;
}

struct text edge_place_word(const json_t *value, char room[32])
{
    if (json_is_string(value))
        return (struct text){json_string_value(value), json_string_length(value)};
    if (json_is_boolean(value))
        return json_is_true(value) ? TEXT("true") : TEXT("false");
    if (!json_is_number(value))
        return (struct text){NULL, 0};
    if (json_is_integer(value))
        snprintf(room, 32, "%lld", (long long)json_integer_value(value));
    else
        snprintf(room, 32, "%.10g", json_real_value(value));
    return text_of(room);
}

static int64_t epoch(double number)
{
    if (!isfinite(number) || number < 1e8 || number > 1e14)
        return 0;
    return (int64_t)llround(number > 1e12 ? number : number * 1000.0);
}

/* Minutes east of UTC; false when the text tells no zone. */
static bool zone_of(const char *text, int *minutes)
{
    int hours, rest;
    char sign;
    *minutes = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    if (sscanf(text, "%c%2d:%2d", &sign, &hours, &rest) != 3 &&
        sscanf(text, "%c%2d%2d", &sign, &hours, &rest) != 3)
        return false;
    *minutes = (sign == '-' ? -1 : 1) * (hours * 60 + rest);
    return (sign == '+' || sign == '-') && hours >= 0 && hours < 24 && rest >= 0 && rest < 60;
}

static int64_t iso_time(const char *text)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == NULL)
        return 0;
    int milliseconds = 0, weight = 100, minutes;
    if (*rest == '.')
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, weight /= 10)
            milliseconds += (*rest - '0') * weight;
    if (!zone_of(rest, &minutes))
        return 0;
    return ((int64_t)timegm(&tm) - minutes * 60) * 1000 + milliseconds;
}

int64_t edge_place_time(const json_t *value)
{
    if (json_is_number(value))
        return epoch(json_number_value(value));
    return json_is_string(value) ? iso_time(json_string_value(value)) : 0;
}

bool edge_place_next(const char **list, struct text *pointer)
{
    if (*list == NULL)
        return false;
    const char *space = strchr(*list, ' ');
    *pointer = (struct text){*list, space ? (size_t)(space - *list) : strlen(*list)};
    *list = space ? space + 1 : NULL;
    return true;
}
