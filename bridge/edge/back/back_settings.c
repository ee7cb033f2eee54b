/* places, way_back and owner of edge.conf. */
#include "bridge/edge/back/back_settings.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "bridge/client/setting.h"
#include "bridge/edge/settings/settings.h"
#include "proto/topic.h"

/* ---- a place ---- */

/* Lower case letters and digits, everything else between them as one "_". */
static bool topic_level(const char *text, char out[BACK_NAME])
{
    size_t used = 0;
    for (; *text && used + 1 < BACK_NAME; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x80 && isalnum(c))
            out[used++] = (char)tolower(c);
        else if (used && out[used - 1] != '_')
            out[used++] = '_';
    }
    while (used && out[used - 1] == '_')
        used--;
    out[used] = 0;
    return used > 0;
}

static bool read_name(struct back_place *place, const config_setting_t *entry)
{
    const char *name = setting_text(entry, "name"), *topic = setting_text(entry, "topic");
    if (name == NULL || !*name || strlen(name) >= BACK_NAME)
        return setting_wrong(entry, "name: 1 to 64 bytes are needed");
    snprintf(place->name, sizeof(place->name), "%s", name);
    if (!topic_level(topic ? topic : name, place->topic) || (topic && strcmp(topic, place->topic) != 0))
        return setting_wrong(entry, "topic: a name of a-z, 0-9 and single _ is needed");
    if (strcmp(place->topic, "status") == 0 || strcmp(place->topic, "footage") == 0)
        return setting_wrong(entry, "topic: status and footage are taken; choose another");
    return true;
}

static bool read_point(const char *text, struct geo_point *out)
{
    char *comma, *end;
    out->lat = strtod(text, &comma);
    if (comma == text || *comma != ',')
        return false;
    out->lon = strtod(comma + 1, &end);
    return end != comma + 1 && *end == '\0' && isfinite(out->lat) && isfinite(out->lon);
}

/* The place itself is never written to a complaint. */
static bool read_where(struct back_place *place, const config_setting_t *entry)
{
    const char *at = setting_text(entry, "at"), *text = setting_text(entry, "cell");
    geo_cell cell;
    if ((at == NULL) == (text == NULL))
        return setting_wrong(entry, "at, cell: one of the two is needed");
    if (at && (!read_point(at, &place->at) || geo_encode(place->at, BACK_LEAF, &cell) != GEO_OK))
        return setting_wrong(entry, "at: must be \"LATITUDE,LONGITUDE\" in degrees");
    if (text && (geo_parse(text, strlen(text), &cell) != GEO_OK || geo_precision(cell) < BACK_LEAF))
        return setting_wrong(entry, "cell: must be a geohash of 6 characters");
    cell = geo_parent(cell, BACK_LEAF);
    if (text)
        place->at = geo_center(cell);
    geo_format(cell, place->leaf);
    return true;
}

static bool read_metres(struct back_place *place, const config_setting_t *entry)
{
    int metres = 1600;
    config_setting_lookup_int(entry, "metres", &metres);
    for (size_t i = 0; topic_radii[i]; i++)
        if (metres == (int)topic_radii[i])
            place->metres = topic_radii[i];
    return place->metres || setting_wrong(entry, "metres: must be 400, 800, 1600, 3200 or 8000");
}

static bool read_wishes(struct back_place *place, const config_setting_t *entry)
{
    const config_setting_t *list = config_setting_get_member(entry, "categories");
    const char *least = setting_text(entry, "least");
    place->categories = list ? 0 : UINT16_MAX;
    for (int i = 0; list && i < config_setting_length(list); i++) {
        const char *word = config_setting_get_string_elem(list, i);
        int category = word ? category_of(text_of(word)) : 0;
        if (!category)
            return setting_wrong(list, "must be of crime, safety, suspicious, fire, medical, missing, "
                                       "lost_pet, hazard, weather, other");
        place->categories |= (uint16_t)(1U << category);
    }
    place->least = SEVERITY_UNKNOWN;
    for (int value = SEVERITY_UNKNOWN; least && severity_name(value); value++)
        if (strcasecmp(least, severity_name(value)) == 0)
            return place->least = (enum severity)value, true;
    return least == NULL || setting_wrong(entry, "least: must be minor, moderate, severe or extreme");
}

static bool is_new(const struct back_settings *settings, const struct back_place *place)
{
    for (size_t i = 0; i < settings->place_count; i++) {
        const struct back_place *other = &settings->places[i];
        if (strcmp(other->topic, place->topic) == 0 ||
            (strcmp(other->leaf, place->leaf) == 0 && other->metres == place->metres))
            return false;
    }
    return true;
}

static bool read_places(struct back_settings *settings, const config_setting_t *list)
{
    static const char *const names[] = {"name", "topic", "at", "cell", "metres", "categories", "least", NULL};
    for (int i = 0; list && i < config_setting_length(list); i++) {
        const config_setting_t *entry = config_setting_get_elem(list, (unsigned)i);
        struct back_place place = {.metres = 0};
        if (settings->place_count == BACK_MOST_PLACES)
            return setting_wrong(entry, "at most 8 places can be followed");
        if (!setting_only_knows(entry, names) || !read_name(&place, entry) || !read_where(&place, entry) ||
            !read_metres(&place, entry) || !read_wishes(&place, entry))
            return false;
        if (!is_new(settings, &place))
            return setting_wrong(entry, "this topic, or this cell with this radius, is followed already");
        settings->places[settings->place_count++] = place;
    }
    return true;
}

/* ---- the rest ---- */

/* A prefix of topics: levels without wildcards, and not the neighborhood's own. */
static bool is_prefix(const char *text)
{
    size_t len = strlen(text);
    return len <= 64 && strpbrk(text, "+#$") == NULL &&
           (len == 0 || (text[0] != '/' && text[len - 1] != '/'));
}

static bool read_way_back(struct back_settings *settings, const config_setting_t *group)
{
    static const char *const names[] = {"topics", "discovery", NULL};
    if (group == NULL)
        return true;
    if (!setting_only_knows(group, names))
        return false;
    setting_copy_text(group, "topics", &settings->topics);
    setting_copy_text(group, "discovery", &settings->discovery);
    if (settings->topics && (!*settings->topics || !is_prefix(settings->topics)))
        return setting_wrong(group, "topics: a topic of 1 to 64 bytes without wildcards");
    if (settings->discovery && !is_prefix(settings->discovery))
        return setting_wrong(group, "discovery: a topic without wildcards, or \"\" for none");
    return true;
}

static bool read_owner(struct back_settings *settings, const config_setting_t *group)
{
    static const char *const names[] = {
        "user", "token_file", "instance", "clips_folder", "answer_secret_file", NULL};
    if (group == NULL)
        return true;
    if (!setting_only_knows(group, names))
        return false;
    const char *user = setting_text(group, "user"), *token = setting_text(group, "token_file");
    const char *secret = setting_text(group, "answer_secret_file");
    if (user == NULL || token == NULL)
        return setting_wrong(group, "user, token_file: both are needed");
    user += strncmp(user, "user/", 5) == 0 ? 5 : 0;
    if (!*user || strlen(user) > LIMIT_ID ||
        strspn(user, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                     "0123456789._-") != strlen(user))
        return setting_wrong(group, "user: 1 to 64 of A-Z a-z 0-9 . _ - (user/ may stand before it)");
    char name[LIMIT_ID + 6];
    snprintf(name, sizeof(name), "user/%s", user);
    setting_set(&settings->owner, name);
    setting_copy_text(group, "instance", &settings->instance);
    setting_copy_text(group, "clips_folder", &settings->clips);
    return setting_secret(&settings->token, token) &&
           (secret == NULL || setting_secret(&settings->answer_secret, secret));
}

bool back_settings_read(struct back_settings *settings, const config_setting_t *root)
{
    return read_places(settings, config_setting_get_member(root, "places")) &&
           read_way_back(settings, config_setting_get_member(root, "way_back")) &&
           read_owner(settings, config_setting_get_member(root, "owner"));
}

void back_settings_fill_in(struct back_settings *settings)
{
    if (settings->topics == NULL)
        setting_set(&settings->topics, "neighbors");
    if (settings->discovery == NULL)
        setting_set(&settings->discovery, "homeassistant");
}

void back_settings_free(struct back_settings *settings)
{
    free(settings->topics);
    free(settings->discovery);
    free(settings->owner);
    free(settings->token);
    free(settings->instance);
    free(settings->clips);
    free(settings->answer_secret);
}

bool back_settings_wanted(const struct back_settings *settings)
{
    return settings->place_count > 0 || settings->owner != NULL;
}

static bool begins(struct text topic, const char *with, const char *behind)
{
    size_t len = strlen(with), more = strlen(behind);
    return len > 0 && topic.len > len + more && memcmp(topic.data, with, len) == 0 &&
           memcmp(topic.data + len, behind, more) == 0;
}

bool back_settings_own_topic(const struct back_settings *settings, struct text topic)
{
    return back_settings_wanted(settings) &&
           (begins(topic, settings->topics, "/") || begins(topic, settings->discovery, "/device/neighbors_"));
}
