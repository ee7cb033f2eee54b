/* Alerts, activity and requests in the words of tell.h. */
#include "bridge/edge/back/tell.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "bridge/owner/place_shape.h"
#include "proto/topic.h"

enum { MOST_HEADLINE = 360, MOST_TEXT = 1024 };

/* ---- pieces ---- */

json_t *tell_text(struct text text, size_t most)
{
    static const char more[] = "…";
    char out[MOST_TEXT + sizeof(more)];
    if (most > MOST_TEXT)
        most = MOST_TEXT;
    if (text.len <= most)
        return json_stringn(text.data ? text.data : "", text.len);
    size_t len = most - (sizeof(more) - 1);
    while (len > 0 && ((unsigned char)text.data[len] & 0xC0) == 0x80)
        len--;
    memcpy(out, text.data, len);
    memcpy(out + len, more, sizeof(more));
    return json_string(out);
}

json_t *tell_time(int64_t ms)
{
    char out[40];
    time_t seconds = (time_t)(ms / 1000);
    struct tm when;
    if (ms <= 0 || gmtime_r(&seconds, &when) == NULL || !strftime(out, sizeof(out), "%FT%T+00:00", &when))
        return json_null();
    return json_string(out);
}

/* A word of a closed list in lower case; JSON null for none. */
static json_t *word(const char *name)
{
    char out[32];
    size_t i = 0;
    if (name == NULL)
        return json_null();
    for (; name[i] && i + 1 < sizeof(out); i++)
        out[i] = (char)tolower((unsigned char)name[i]);
    out[i] = 0;
    return json_string(out);
}

/* Up to ten metres: residents' places are cells, and nobody needs more. */
static json_t *rounded(double metres)
{
    return json_integer((json_int_t)(ceil(metres / 10) * 10));
}

static json_t *distance(const struct alert *alert, const struct back_place *place, struct arena *arena)
{
    if (alert->place.kind == PLACE_NONE)
        return json_null();
    struct geo_shape shape = place_shape(&alert->place, arena);
    return geo_shape_check(&shape) == GEO_OK ? rounded(geo_shape_distance(&shape, place->at)) : json_null();
}

/* ---- alerts ---- */

static struct text headline_of(const struct alert *alert)
{
    const char *category = category_name(alert->category);
    if (alert->headline.len)
        return alert->headline;
    return alert->event.len ? alert->event : text_of(category ? category : "alert");
}

json_t *tell_alert(
    const struct alert *alert, const struct back_place *place, int64_t now, struct arena *arena)
{
    json_t *out = json_object();
    json_object_set_new(out, "public_id", tell_text(alert->public_id, LIMIT_NAME));
    json_object_set_new(out, "revision", json_integer(alert->revision));
    json_object_set_new(out, "headline", tell_text(headline_of(alert), MOST_HEADLINE));
    json_object_set_new(out, "category", word(category_name(alert->category)));
    json_object_set_new(
        out, "severity", word(severity_name(alert->severity ? alert->severity : SEVERITY_UNKNOWN)));
    json_object_set_new(out, "urgency", word(urgency_name(alert->urgency)));
    json_object_set_new(out, "certainty", word(certainty_name(alert->certainty)));
    json_object_set_new(out, "truth", word(truth_name(alert->truth)));
    json_object_set_new(out, "distance_m", distance(alert, place, arena));
    json_object_set_new(out, "since", tell_time(alert->effective ? alert->effective : now));
    json_object_set_new(out, "since_ms", json_integer(alert->effective ? alert->effective : now));
    json_object_set_new(out, "expires", tell_time(alert->expires));
    json_object_set_new(out, "sender_kind", word(sender_kind_name(alert->sender_kind)));
    json_object_set_new(out, "sender", tell_text(alert->sender_name, LIMIT_NAME));
    json_object_set_new(out, "reports", json_integer(alert->merged));
    json_object_set_new(out, "description", tell_text(alert->description, MOST_TEXT));
    json_object_set_new(out, "instruction", tell_text(alert->instruction, MOST_TEXT));
    json_object_set_new(out, "web", tell_text(alert->web, LIMIT_WEB));
    return out;
}

json_t *tell_listed(const json_t *alert, int64_t now)
{
    static const char *const names[] = {"headline", "severity", "category", "truth", "distance_m", "since",
        "expires", "sender_kind", "sender", "public_id", "revision", NULL};
    json_t *out = json_object();
    for (size_t i = 0; names[i]; i++)
        json_object_set(out, names[i], json_object_get(alert, names[i]));
    int64_t age = (now - json_integer_value(json_object_get(alert, "since_ms"))) / 1000;
    json_object_set_new(out, "age_s", json_integer(age > 0 ? age : 0));
    return out;
}

static bool is_severe(const json_t *alert)
{
    const char *severity = alert ? json_string_value(json_object_get(alert, "severity")) : NULL;
    return severity && (strcmp(severity, "severe") == 0 || strcmp(severity, "extreme") == 0);
}

json_t *tell_state(json_t *alerts)
{
    const json_t *first = json_array_get(alerts, 0);
    const char *headline = first ? json_string_value(json_object_get(first, "headline")) : "";
    json_t *listed = json_array(), *attributes = json_object();
    for (size_t i = 0; i < json_array_size(alerts) && i < TELL_LISTED; i++)
        json_array_append(listed, json_array_get(alerts, i));
    json_object_set_new(attributes, "alerts", listed);
    json_object_set(attributes, "severity", first ? json_object_get(first, "severity") : json_null());
    json_t *out = json_object();
    json_object_set_new(out, "count", json_integer((json_int_t)json_array_size(alerts)));
    json_object_set_new(out, "headline", tell_text(text_of(headline), TELL_STATE));
    json_object_set_new(out, "severe", json_string(is_severe(first) ? "ON" : "OFF"));
    json_object_set_new(out, "attributes", attributes);
    return out;
}

/* ---- activity ---- */

json_t *tell_activity(const struct feed_item *item, const struct back_place *place, int64_t now)
{
    const struct activity *activity = &item->activity;
    geo_cell cell;
    json_t *out = json_object();
    json_object_set_new(out, "event_type", word(motion_kind_name(activity->kind)));
    json_object_set_new(out, "phase", word(phase_name(activity->phase)));
    json_object_set_new(out, "at", tell_time(activity->at));
    json_object_set_new(out, "age_s", json_integer(now > activity->at ? (now - activity->at) / 1000 : 0));
    json_object_set_new(out, "confidence", json_integer(activity->confidence));
    json_object_set_new(out, "cell", tell_text(item->cell, LIMIT_GEOHASH));
    bool known = geo_parse(item->cell.data, item->cell.len, &cell) == GEO_OK;
    json_object_set_new(
        out, "distance_m", known ? rounded(geo_distance(place->at, geo_center(cell))) : json_null());
    return out;
}

/* ---- footage ---- */

json_t *tell_request(const struct footage_request *request)
{
    json_t *out = json_object(), *cameras = json_array();
    json_object_set_new(out, "event_type", json_string(request->ended ? "ended" : "requested"));
    json_object_set_new(out, "request_id", tell_text(request->request_id, LIMIT_NAME));
    if (request->ended) {
        json_decref(cameras);
        return out;
    }
    json_object_set_new(out, "agency", tell_text(request->agency_name, LIMIT_NAME));
    json_object_set_new(out, "case", tell_text(request->case_number, LIMIT_ID));
    json_object_set_new(out, "incident", word(incident_type_name(request->incident)));
    json_object_set_new(out, "sought", tell_text(request->sought, LIMIT_SOUGHT));
    json_object_set_new(out, "contact", tell_text(request->contact, LIMIT_CONTACT));
    json_object_set_new(out, "from", tell_time(request->from));
    json_object_set_new(out, "to", tell_time(request->to));
    json_object_set_new(out, "open_until", tell_time(request->open_until));
    json_object_set_new(out, "answers_leave_at", tell_time(request->answer_at));
    for (size_t i = 0; i < request->device_count; i++)
        json_array_append_new(cameras, tell_text(request->devices[i], LIMIT_ID));
    json_object_set_new(out, "cameras", cameras);
    return out;
}
