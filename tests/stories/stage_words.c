/* What the broker writes, in words. */
#include "proto/codec.h"
#include "tests/stories/stage.h"

struct page_told page_told;

static void add(char *line, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void add(char *line, size_t size, const char *format, ...)
{
    size_t len = strlen(line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + len, size - len, format, arguments);
    va_end(arguments);
}

static void add_properties(char *line, size_t size, const struct mqtt_properties *properties)
{
    size_t offset = 0;
    struct text name, value;
    if (properties->reason_string.len)
        add(line, size, " \"%.*s\"", (int)properties->reason_string.len, properties->reason_string.data);
    while (mqtt_user_property(properties, &offset, &name, &value))
        add(line, size, " %.*s=%.*s", (int)name.len, name.data, (int)value.len, value.data);
}

static bool starts(struct text text, const char *with)
{
    return text.len >= strlen(with) && memcmp(text.data, with, strlen(with)) == 0;
}

/* What an alert says beyond its name and state, as far as it says it. */
static void alert_words(const struct alert *alert, char *line, size_t size)
{
    if (alert->severity > SEVERITY_UNKNOWN)
        add(line, size, " %s", severity_name(alert->severity));
    if (alert->truth)
        add(line, size, " %s", truth_name(alert->truth));
    if (alert->status)
        add(line, size, " %s", alert_status_name(alert->status));
    if (alert->merged > 1)
        add(line, size, " x%u", alert->merged);
    if (alert->has_document)
        add(line, size, " document");
    if (alert->language.len)
        add(line, size, " %.*s=%.*s", (int)alert->language.len, alert->language.data,
            (int)alert->headline.len, alert->headline.data);
    for (size_t i = 0; i < alert->text_count; i++)
        add(line, size, " +%.*s=%.*s", (int)alert->texts[i].language.len, alert->texts[i].language.data,
            (int)alert->texts[i].headline.len, alert->texts[i].headline.data);
}

static void feed_words(const struct feed_item *item, char *line, size_t size, char *cursor)
{
    if (item->kind == FEED_ALERT) {
        add(line, size, "alert %c r%u %s", item->alert->public_id.data[0], item->alert->revision,
            alert_state_name(item->alert->state));
        alert_words(item->alert, line, size);
    } else if (item->kind == FEED_ACTIVITY)
        add(line, size, "activity %s %u", motion_kind_name(item->activity.kind), item->activity.confidence);
    else
        add(line, size, "gap");
    snprintf(cursor, 64, "%.*s:%.*s", (int)item->channel.len, item->channel.data, (int)item->cursor.len,
        item->cursor.data);
}

/* Where the words of a message go. */
struct words {
    char *line;
    size_t size;
    char *cursor; /* of a feed item */
};

/* A kind of message in words; false: the payload is not one. */
typedef bool kind_words(
    enum encoding encoding, struct bytes payload, struct arena *arena, const struct words *out);

static bool item_words(
    enum encoding encoding, struct bytes payload, struct arena *arena, const struct words *out)
{
    struct feed_item item;
    struct refusal refusal;
    if (!codec_decode_feed_item(encoding, payload, arena, &item, &refusal))
        return false;
    feed_words(&item, out->line, out->size, out->cursor);
    return true;
}

static bool heartbeat_words(
    enum encoding encoding, struct bytes payload, struct arena *arena, const struct words *out)
{
    struct heartbeat heartbeat;
    struct refusal refusal;
    if (!codec_decode_heartbeat(encoding, payload, arena, &heartbeat, &refusal))
        return false;
    add(out->line, out->size, "heartbeat cursors=%zu sent=%llu%s", heartbeat.cursor_count,
        (unsigned long long)heartbeat.items_sent, heartbeat.stale ? " stale" : "");
    return true;
}

static bool moderation_words(
    enum encoding encoding, struct bytes payload, struct arena *arena, const struct words *out)
{
    struct moderation moderation;
    struct refusal refusal;
    if (!codec_decode_moderation(encoding, payload, arena, &moderation, &refusal))
        return false;
    add(out->line, out->size, "moderation %.*s: %.*s", (int)moderation.decision.len, moderation.decision.data,
        (int)moderation.reason.len, moderation.reason.data);
    return true;
}

static bool page_words(
    enum encoding encoding, struct bytes payload, struct arena *arena, const struct words *out)
{
    struct history_page page;
    struct refusal refusal;
    if (!codec_decode_history_page(encoding, payload, arena, &page, &refusal))
        return false;
    add(out->line, out->size, "page %zu%s%s", page.item_count, page.complete ? " complete" : "",
        page.next.len ? " next=" : "");
    add(out->line, out->size, "%.*s", (int)page.next.len, page.next.data);
    for (size_t i = 0; i < page.item_count && i < 8; i++) {
        add(out->line, out->size, i ? ", " : ": ");
        feed_words(&page.items[i], out->line, out->size, out->cursor);
    }
    out->cursor[0] = 0;
    page_told = (struct page_told){page.from, page.to};
    return true;
}

static bool refused_words(
    enum encoding encoding, struct bytes payload, struct arena *arena, const struct words *out)
{
    struct refused refused;
    struct refusal refusal;
    if (!codec_decode_refused(encoding, payload, arena, &refused, &refusal))
        return false;
    add(out->line, out->size, "refused %.*s #%u seq=%llu 0x%02x %.*s: %.*s", (int)refused.topic.len,
        refused.topic.data, refused.packet_id, (unsigned long long)refused.seq, refused.code,
        (int)refused.field.len, refused.field.data, (int)refused.rule.len, refused.rule.data);
    if (refused.retry_after_s)
        add(out->line, out->size, " retry-after=%u", refused.retry_after_s);
    return true;
}

static bool request_words(
    enum encoding encoding, struct bytes payload, struct arena *arena, const struct words *out)
{
    struct footage_request request;
    struct refusal refusal;
    if (!codec_decode_footage_request(encoding, payload, arena, &request, &refusal))
        return false;
    if (request.ended)
        add(out->line, out->size, "request ended");
    else
        add(out->line, out->size, "request %s %.*s from %.*s to %.*s", incident_type_name(request.incident),
            (int)request.case_number.len, request.case_number.data, (int)request.agency_name.len,
            request.agency_name.data, request.device_count ? (int)request.devices[0].len : 4,
            request.device_count ? request.devices[0].data : "none");
    return true;
}

static bool footage_words(
    enum encoding encoding, struct bytes payload, struct arena *arena, const struct words *out)
{
    struct footage footage;
    struct refusal refusal;
    if (!codec_decode_footage(encoding, payload, arena, &footage, &refusal))
        return false;
    add(out->line, out->size, "footage %.*s%s of %zu bytes", (int)footage.case_number.len,
        footage.case_number.data, footage.withdrawn ? " withdrawn" : "", footage.sealed.len);
    return true;
}

static bool info_words(
    enum encoding encoding, struct bytes payload, struct arena *arena, const struct words *out)
{
    struct info info;
    struct refusal refusal;
    if (!codec_decode_info(encoding, payload, arena, &info, &refusal))
        return false;
    add(out->line, out->size, "info %.*s", (int)info.version.len, info.version.data);
    return true;
}

/* By how the topic begins behind nb/v1/ or nb/v1/json/; the first that fits. */
static const struct {
    const char *begins;
    kind_words *words;
} kinds[] = {
    {"near/", item_words},
    {"cell/", item_words},
    {"inbox/heartbeat", heartbeat_words},
    {"inbox/reply/moderation", moderation_words},
    {"inbox/reply/", page_words},
    {"inbox/refused", refused_words},
    {"inbox/footage-request", request_words},
    {"inbox/footage", footage_words},
    {"info", info_words},
};

/* The payload, by its topic; protobuf or JSON. */
static void payload_words(const struct mqtt_publish *publish, char *line, size_t size, char *cursor)
{
    bool json = starts(publish->topic, "nb/v1/json/"), fine = false;
    struct text rest = {publish->topic.data + (json ? 11 : 6), publish->topic.len - (json ? 11 : 6)};
    const struct words out = {line, size, cursor};
    struct arena arena;
    size_t kind = 0;
    while (kind < sizeof(kinds) / sizeof(kinds[0]) && !starts(rest, kinds[kind].begins))
        kind++;
    arena_init(&arena, NULL, 0);
    if (kind < sizeof(kinds) / sizeof(kinds[0]))
        fine = kinds[kind].words(json ? ENCODING_JSON : ENCODING_PROTOBUF, publish->payload, &arena, &out);
    if (!fine)
        add(line, size, "bytes %zu", publish->payload.len);
    arena_free(&arena);
}

static void publish_words(const struct mqtt_publish *publish, char *line, size_t size, char *cursor)
{
    line[0] = 0;
    payload_words(publish, line, size, cursor);
    add(line, size, " q%u", publish->qos);
    if (publish->qos)
        add(line, size, " #%u", publish->packet_id);
    if (publish->retain)
        add(line, size, " retained");
    if (publish->properties.correlation_data.len)
        add(line, size, " for=%.*s", (int)publish->properties.correlation_data.len,
            (const char *)publish->properties.correlation_data.data);
    add(line, size, " %.*s", (int)publish->topic.len, publish->topic.data);
}

void packet_words(const struct mqtt_packet *packet, char *line, size_t size, char *cursor)
{
    static const char *const names[] = {[MQTT_PUBACK] = "PUBACK",
        [MQTT_PUBREC] = "PUBREC",
        [MQTT_PUBCOMP] = "PUBCOMP",
        [MQTT_DISCONNECT] = "DISCONNECT",
        [MQTT_SUBACK] = "SUBACK",
        [MQTT_UNSUBACK] = "UNSUBACK"};
    switch (packet->type) {
    case MQTT_CONNACK:
        snprintf(line, size, "CONNACK 0x%02x%s", packet->connack.reason,
            packet->connack.session_present ? " present" : "");
        if (packet->connack.properties.assigned_client_id.len)
            add(line, size, " as=%.*s", (int)packet->connack.properties.assigned_client_id.len,
                packet->connack.properties.assigned_client_id.data);
        break;
    case MQTT_PUBLISH:
        publish_words(&packet->publish, line, size, cursor);
        break;
    case MQTT_DISCONNECT:
        snprintf(line, size, "DISCONNECT 0x%02x", packet->ack.reason);
        break;
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBCOMP:
        snprintf(line, size, "%s %u 0x%02x", names[packet->type], packet->ack.packet_id, packet->ack.reason);
        add_properties(line, size, &packet->ack.properties);
        break;
    case MQTT_SUBACK:
    case MQTT_UNSUBACK:
        snprintf(line, size, "%s %u", names[packet->type], packet->filters.packet_id);
        for (size_t i = 0; i < packet->filters.list.len; i++)
            add(line, size, " 0x%02x", packet->filters.list.data[i]);
        add_properties(line, size, &packet->filters.properties);
        break;
    case MQTT_PINGRESP:
        snprintf(line, size, "PINGRESP");
        break;
    default:
        snprintf(line, size, "packet of type %d", packet->type);
    }
}
