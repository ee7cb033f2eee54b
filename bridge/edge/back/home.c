/* The home's side of the way back: plain topics and discovery documents out, Home Assistant's birth and the
 * owner's answers in. What must not be lost is told until the home's broker acknowledged it. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/edge/back/back_inside.h"
#include "bridge/edge/back/tell.h"

/* ---- publishing ---- */

static int publish(struct back *back, const char *topic, json_t *object, bool retain)
{
    char *text = json_dumps(object, JSON_COMPACT);
    int message = -1;
    if (text && link_is_up(back->home))
        message = link_tell(back->home, topic, (struct bytes){(const uint8_t *)text, strlen(text)}, retain);
    free(text);
    json_decref(object);
    return message;
}

int home_publish(struct back *back, const char *level, const char *leaf, json_t *object, bool retain)
{
    char topic[BACK_TOPIC];
    snprintf(
        topic, sizeof(topic), "%s/%s%s%s", back->settings->topics, level, leaf ? "/" : "", leaf ? leaf : "");
    return publish(back, topic, object, retain);
}

bool home_has_room(const struct back *back)
{
    return link_is_up(back->home) && back->in_flight_count < BACK_IN_FLIGHT;
}

void home_expect(struct back *back, const struct told *told)
{
    if (told->message >= 0 && back->in_flight_count < BACK_IN_FLIGHT)
        back->in_flight[back->in_flight_count++] = *told;
}

bool home_is_telling(const struct back *back, const struct told *told)
{
    for (size_t i = 0; i < back->in_flight_count; i++) {
        const struct told *other = &back->in_flight[i];
        if (other->what == told->what && strcmp(other->place, told->place) == 0 &&
            strcmp(other->id, told->id) == 0)
            return true;
    }
    return false;
}

void home_acknowledged(void *arg, const struct link_acknowledgement *acknowledgement)
{
    struct back *back = arg;
    size_t i = 0;
    while (i < back->in_flight_count && back->in_flight[i].message != acknowledgement->message)
        i++;
    if (i == back->in_flight_count)
        return;
    const struct told told = back->in_flight[i];
    back->in_flight[i] = back->in_flight[--back->in_flight_count];
    switch (told.what) {
    case TELLING_ALERT:
        kept_told(back->kept, told.place, told.id, told.revision, told.in_force);
        back->untold = true; /* it may have changed meanwhile */
        break;
    case TELLING_REQUEST:
        kept_request_told(back->kept, told.id);
        break;
    case TELLING_CLEARED:
        kept_drop_topic(back->kept, told.id);
        break;
    }
}

/* ---- what is in force, and what changed ---- */

static void add_listed(void *arg, const struct kept_alert *alert)
{
    void **pair = arg;
    json_t *detail = json_loads(alert->detail, 0, NULL);
    if (detail)
        json_array_append_new(pair[0], tell_listed(detail, *(const int64_t *)pair[1]));
    json_decref(detail);
}

static void tell_place(struct back *back, const struct back_place *place)
{
    json_t *alerts = json_array();
    void *pair[] = {alerts, &back->wall};
    kept_in_force(back->kept, place->topic, add_listed, pair);
    json_t *state = tell_state(alerts);
    home_publish(back, place->topic, "alerts", alerts, true);
    home_publish(back, place->topic, "state", state, true);
}

static const char *change_name(enum kept_change change)
{
    return change == CHANGE_NEW ? "new" : change == CHANGE_UPDATE ? "update" : "ended";
}

/* Every state of an alert on one topic, and what is new on another, for the event entity. */
static void tell_change(void *arg, const struct kept_alert *alert)
{
    struct back *back = arg;
    struct told told = {.what = TELLING_ALERT, .revision = alert->revision, .in_force = alert->in_force};
    snprintf(told.place, sizeof(told.place), "%s", alert->place);
    snprintf(told.id, sizeof(told.id), "%s", alert->public_id);
    json_t *detail = json_loads(alert->detail, 0, NULL);
    if (detail == NULL || !home_has_room(back) || home_is_telling(back, &told)) {
        json_decref(detail);
        return;
    }
    json_t *category = json_object_get(detail, "category");
    json_object_set_new(
        detail, "event_type", json_is_string(category) ? json_incref(category) : json_string("other"));
    json_object_set_new(detail, "change", json_string(change_name(alert->change)));
    json_object_set_new(detail, "state", json_string(alert->in_force ? "in_force" : "ended"));
    json_object_set_new(detail, "place", json_string(alert->place));
    if (alert->change == CHANGE_NEW)
        home_publish(back, alert->place, "new_alert", json_incref(detail), false);
    told.message = home_publish(back, alert->place, "alert", detail, false);
    home_expect(back, &told);
}

static void tell_status(struct back *back)
{
    json_t *status = json_pack("{s:s, s:s}", "state", "online", "feed", back->live ? "ON" : "OFF");
    json_object_set_new(status, "since", tell_time(back->wall));
    home_publish(back, "status", NULL, status, true);
}

/* ---- greeting ---- */

/* The retained topics of a place, NULL after the last one. */
static const char *const place_leaves[] = {"alerts", "state", NULL};

static bool is_current(const struct back *back, const char *topic)
{
    char own[BACK_TOPIC];
    bool discovery = *back->settings->discovery != 0;
    if (strcmp(topic, back->status_topic) == 0)
        return true;
    json_decref(discovery_of_edge(back, own));
    if (discovery && strcmp(topic, own) == 0)
        return true;
    for (size_t i = 0; i < back->settings->place_count; i++) {
        const struct back_place *place = &back->settings->places[i];
        json_decref(discovery_of_place(back, place, own));
        if (discovery && strcmp(topic, own) == 0)
            return true;
        for (size_t l = 0; place_leaves[l]; l++) {
            snprintf(own, sizeof(own), "%s/%s/%s", back->settings->topics, place->topic, place_leaves[l]);
            if (strcmp(topic, own) == 0)
                return true;
        }
    }
    return false;
}

/* Takes back what former settings left standing: an empty retained message. */
static void clear_former(void *arg, const char *topic)
{
    struct back *back = arg;
    struct told told = {.what = TELLING_CLEARED};
    if (is_current(back, topic) || !home_has_room(back))
        return;
    snprintf(told.id, sizeof(told.id), "%s", topic);
    told.message = link_tell(back->home, topic, (struct bytes){NULL, 0}, true);
    home_expect(back, &told);
}

static void tell_document(struct back *back, const char *topic, json_t *document)
{
    kept_add_topic(back->kept, topic);
    publish(back, topic, document, true);
}

static void note_topics(struct back *back, const struct back_place *place)
{
    char topic[BACK_TOPIC];
    for (size_t l = 0; place_leaves[l]; l++) {
        snprintf(topic, sizeof(topic), "%s/%s/%s", back->settings->topics, place->topic, place_leaves[l]);
        kept_add_topic(back->kept, topic);
    }
}

/* Everything that Home Assistant must know before the states mean something to it. */
static void greet(struct back *back)
{
    char topic[BACK_TOPIC];
    json_t *document = discovery_of_edge(back, topic);
    bool discovery = *back->settings->discovery != 0;
    kept_topics(back->kept, clear_former, back);
    kept_add_topic(back->kept, back->status_topic);
    if (discovery)
        tell_document(back, topic, json_incref(document));
    json_decref(document);
    for (size_t i = 0; i < back->settings->place_count; i++) {
        document = discovery_of_place(back, &back->settings->places[i], topic);
        if (discovery)
            tell_document(back, topic, json_incref(document));
        json_decref(document);
        note_topics(back, &back->settings->places[i]);
        back->changed[i] = true;
    }
    back->greeted = back->status_changed = back->untold = back->untold_requests = true;
}

/* ---- hooks and turn ---- */

void home_up(void *arg, bool resumed)
{
    (void)resumed;
    struct back *back = arg;
    back->in_flight_count = 0;
    back->greeted = false;
    if ((*back->settings->discovery && !link_subscribe(back->home, back->birth_topic)) ||
        (back->settings->owner && !link_subscribe(back->home, back->answer_topic)))
        link_cut(back->home);
}

void home_down(void *arg)
{
    struct back *back = arg;
    back->in_flight_count = 0;
    back->greeted = false;
}

/* Home Assistant says so when it has begun: it may know nothing of us, and has missed what was not retained.
 */
static bool is_birth(const struct back *back, const struct link_message *message)
{
    return text_equal(message->topic, text_of(back->birth_topic)) && !message->retain &&
           bytes_equal(message->payload, (struct bytes){(const uint8_t *)"online", 6});
}

void home_message(void *arg, const struct link_message *message, unsigned number)
{
    (void)number;
    struct back *back = arg;
    if (is_birth(back, message)) {
        back->greeted = false;
        kept_tell_requests_again(back->kept, back->wall);
    } else if (back->settings->owner && text_equal(message->topic, text_of(back->answer_topic))) {
        footage_answer(back, message);
    }
}

void home_turn(struct back *back)
{
    if (!link_is_up(back->home))
        return;
    if (!back->greeted)
        greet(back);
    if (back->status_changed)
        tell_status(back);
    back->status_changed = false;
    for (size_t i = 0; i < back->settings->place_count; i++) {
        if (back->changed[i])
            tell_place(back, &back->settings->places[i]);
        back->changed[i] = false;
    }
    /* What has no room now is told when something was acknowledged. */
    if (back->untold && home_has_room(back)) {
        back->untold = false;
        kept_untold(back->kept, tell_change, back);
        back->untold |= !home_has_room(back);
    }
    if (back->untold_requests && home_has_room(back)) {
        back->untold_requests = false;
        footage_tell(back);
    }
}
