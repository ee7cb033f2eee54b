/* Discovery documents for Home Assistant's MQTT integration, a device each, with its entities as components:
 * https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload (Home Assistant 2024.11 and
 * later). The keys of each platform are those of its page there: sensor.mqtt, binary_sensor.mqtt, event.mqtt.
 */
#include <stdio.h>

#include "bridge/edge/back/back_inside.h"
#include "proto/topic.h"

#define VALUE(member) "{{ value_json." member " }}"

static json_t *home_topic(const struct back *back, const char *level, const char *leaf)
{
    return json_sprintf("%s/%s%s%s", back->settings->topics, level, leaf ? "/" : "", leaf ? leaf : "");
}

static json_t *device(const struct back *back, const struct back_place *place)
{
    const char *id = back->node;
    json_t *out = json_pack(
        "{s:s, s:s}", "manufacturer", "Neighbors", "model", place ? "Followed place" : "neighbors-edge");
    if (place) {
        json_object_set_new(out, "name", json_sprintf("%s neighborhood", place->name));
        json_object_set_new(
            out, "identifiers", json_pack("[o]", json_sprintf("neighbors_%s_%s", id, place->topic)));
        json_object_set_new(out, "via_device", json_sprintf("neighbors_%s", id));
    } else {
        json_object_set_new(out, "name", json_string("Neighbors"));
        json_object_set_new(out, "identifiers", json_pack("[o]", json_sprintf("neighbors_%s", id)));
    }
    return out;
}

/* An entity as all are. available: it is shown as unavailable while the edge is gone. */
static json_t *entity(const struct back *back, const struct back_place *place, const char *platform,
    const char *name, const char *id, bool available)
{
    json_t *out = json_pack("{s:s, s:s}", "platform", platform, "name", name);
    json_object_set_new(out, "unique_id",
        json_sprintf("neighbors_%s_%s%s%s", back->node, place ? place->topic : "", place ? "_" : "", id));
    if (available) {
        json_object_set_new(out, "availability_topic", home_topic(back, "status", NULL));
        json_object_set_new(out, "availability_template", json_string(VALUE("state")));
    }
    return out;
}

/* Whether silence means something: off while the feed is down or behind, also while the edge is gone. */
static json_t *connection(const struct back *back, const struct back_place *place)
{
    json_t *out = entity(back, place, "binary_sensor", "Connection", "connection", false);
    json_object_set_new(out, "device_class", json_string("connectivity"));
    json_object_set_new(out, "entity_category", json_string("diagnostic"));
    json_object_set_new(out, "state_topic", home_topic(back, "status", NULL));
    json_object_set_new(out, "value_template", json_string(VALUE("feed")));
    return out;
}

static json_t *alerts(const struct back *back, const struct back_place *place)
{
    json_t *out = entity(back, place, "sensor", "Alerts in force", "alerts", true);
    json_object_set_new(out, "icon", json_string("mdi:bullhorn"));
    json_object_set_new(out, "state_class", json_string("measurement"));
    json_object_set_new(out, "unit_of_measurement", json_string("alerts"));
    json_object_set_new(out, "value_template", json_string(VALUE("count")));
    json_object_set_new(out, "json_attributes_topic", home_topic(back, place->topic, "state"));
    json_object_set_new(out, "json_attributes_template", json_string("{{ value_json.attributes | tojson }}"));
    return out;
}

static json_t *headline(const struct back *back, const struct back_place *place)
{
    json_t *out = entity(back, place, "sensor", "Most severe alert", "headline", true);
    json_object_set_new(out, "icon", json_string("mdi:message-alert"));
    json_object_set_new(out, "value_template", json_string("{{ value_json.headline or 'No alerts' }}"));
    return out;
}

static json_t *severe(const struct back *back, const struct back_place *place)
{
    json_t *out = entity(back, place, "binary_sensor", "Severe alert", "severe", true);
    json_object_set_new(out, "device_class", json_string("safety"));
    json_object_set_new(out, "value_template", json_string(VALUE("severe")));
    return out;
}

static json_t *event(const struct back *back, const struct back_place *place, const char *name,
    const char *id, const char *(*type)(int))
{
    json_t *out = entity(back, place, "event", name, id, true), *types = json_array();
    for (int value = 1; type(value); value++)
        json_array_append_new(types, json_string(type(value)));
    json_object_set_new(out, "event_types", types);
    json_object_set_new(out, "state_topic", home_topic(back, place->topic, id));
    return out;
}

static json_t *document(const struct back *back, const struct back_place *place, json_t *components)
{
    json_t *out = json_object();
    json_object_set_new(out, "device", device(back, place));
    json_object_set_new(out, "origin", json_pack("{s:s}", "name", "neighbors-edge"));
    json_object_set_new(out, "components", components);
    json_object_set_new(out, "qos", json_integer(1));
    return out;
}

json_t *discovery_of_place(const struct back *back, const struct back_place *place, char *topic)
{
    json_t *components = json_object();
    snprintf(topic, BACK_TOPIC, "%s/device/neighbors_%s_%s/config", back->settings->discovery, back->node,
        place->topic);
    json_object_set_new(components, "alerts", alerts(back, place));
    json_object_set_new(components, "headline", headline(back, place));
    json_object_set_new(components, "severe", severe(back, place));
    json_object_set_new(components, "new_alert", event(back, place, "New alert", "new_alert", category_name));
    json_object_set_new(components, "activity", event(back, place, "Activity", "activity", topic_kind_name));
    json_object_set_new(components, "connection", connection(back, place));
    json_t *out = document(back, place, components);
    json_object_set_new(out, "state_topic", home_topic(back, place->topic, "state"));
    return out;
}

json_t *discovery_of_edge(const struct back *back, char *topic)
{
    json_t *components = json_object();
    snprintf(topic, BACK_TOPIC, "%s/device/neighbors_%s/config", back->settings->discovery, back->node);
    json_object_set_new(components, "connection", connection(back, NULL));
    if (back->settings->owner) {
        json_t *requests = entity(back, NULL, "event", "Footage request", "footage_request", true);
        json_object_set_new(requests, "icon", json_string("mdi:cctv"));
        json_object_set_new(requests, "event_types", json_pack("[s, s]", "requested", "ended"));
        json_object_set_new(requests, "state_topic", home_topic(back, "footage", "request"));
        json_object_set_new(components, "footage_request", requests);
    }
    return document(back, NULL, components);
}
