/* SUBSCRIBE and UNSUBSCRIBE. Filters are read and followed at once; SUBACK waits until every channel is LIVE
 * and, for a session that outlives its connection, until filters and first cursors are stored. Only then is
 * anything delivered. */
#include <stdio.h>

#include "bridge/store_board.h"
#include "broker/session/connection_state.h"
#include "broker/session/deliver.h"
#include "broker/session/info.h"
#include "broker/session/initial.h"

/* A SUBSCRIBE or UNSUBSCRIBE that waits. */
struct subscribing {
    struct connection *connection; /* NULL: gone meanwhile */
    uint16_t packet_id;
    enum mqtt_type answer;
    bool saving;
    struct refusal refusal; /* of the first filter that was refused; code OK: none was */
    size_t refused_index;
    bool cursor_refused; /* a `since` could not be read */
    size_t count;
    struct subscribed {
        uint8_t code;
        struct subscription *initial; /* whose alerts in force, or info, are due */
    } filters[];
};

void subscribing_abandon(struct subscribing *subscribing)
{
    subscribing->connection = NULL;
    if (!subscribing->saving)
        free(subscribing);
}

/* Says of the first refused filter which field broke which rule, else that a cursor did; true when the client
 * takes that. */
static bool explain(
    const struct connection *connection, const struct subscribing *subscribing, char told[160])
{
    const struct refusal *refusal = &subscribing->refusal;

    if (connection->version != MQTT_5 || !connection->problem_info)
        return false;
    if (refusal->code)
        snprintf(told, 160, "filters[%zu].%s: %s", subscribing->refused_index, refusal->field, refusal->rule);
    else if (subscribing->cursor_refused)
        snprintf(told, 160,
            "since: not <channel>:<cursor> as it was delivered: ask the history for what was missed");
    else
        return false;
    return subscribing->count + strlen(told) + 16 <= connection->maximum_packet;
}

static void answer(struct connection *connection, const struct subscribing *subscribing)
{
    char told[160] = "";
    bool tells = explain(connection, subscribing, told);
    struct mqtt_property_out why = {.id = MQTT_REASON_STRING, .text = text_of(told)};
    size_t size = subscribing->count + 16 + why.text.len;
    uint8_t *codes = must_alloc(subscribing->count + 1);
    struct mqtt_writer writer = {output_reserve(&connection->output, size), size, 0};

    for (size_t i = 0; i < subscribing->count; i++)
        codes[i] = subscribing->filters[i].code;
    mqtt_encode_suback_with(&writer, connection->version, subscribing->answer, subscribing->packet_id, codes,
        subscribing->count, &why, tells);
    output_commit(&connection->output, writer.len);
    connection_wants_write(connection);
    free(codes);
}

static bool still_subscribed(const struct session *session, const struct subscription *subscription)
{
    for (const struct subscription *s = session->subscriptions; s; s = s->next) {
        if (s == subscription)
            return true;
    }
    return false;
}

/* Sends what is in force, once a place and encoding, however many filters of this SUBSCRIBE share it. */
static void show_in_force(struct session *session, const struct subscribing *subscribing, size_t i)
{
    struct follow *follow = subscribing->filters[i].initial->follow;

    for (size_t j = 0; j < i; j++) {
        struct subscription *earlier = subscribing->filters[j].initial;
        if (earlier && still_subscribed(session, earlier) && earlier->follow == follow)
            return;
    }
    initial_queue_follow(session, follow);
}

/* Notices come when filters and cursors are stored: before that they would not be found after a crash. */
static void follow_board(struct session *session)
{
    for (const struct link *link = session->links; link; link = link->next) {
        if (link->channel->cell == 0)
            store_board_follow(session->broker->store, session_name(session), broker_now(session->broker));
    }
}

static void finish(struct subscribing *subscribing)
{
    struct connection *connection = subscribing->connection;
    struct session *session = connection->session;

    connection->subscribing = NULL;
    answer(connection, subscribing);
    follow_board(session);
    session->held = false;
    for (size_t i = 0; i < subscribing->count; i++) {
        struct subscription *subscription = subscribing->filters[i].initial;
        if (!subscription || !still_subscribed(session, subscription))
            continue;
        if (subscription->parsed.kind == FOLLOW_INFO)
            info_send(session, subscription);
        else
            show_in_force(session, subscribing, i);
    }
    for (struct link *link = session->links; link; link = link->next) {
        if (link->settled)
            link->in_force_due = DUE_NOTHING; /* it is in the queue now */
    }
    free(subscribing);
    deliver_wake(session);
    connection_resume(connection);
}

static void saved(void *arg, enum store_status status)
{
    struct subscribing *subscribing = arg;
    struct connection *connection = subscribing->connection;

    subscribing->saving = false;
    if (!connection) {
        free(subscribing);
        return;
    }
    if (connection->stage == STAGE_CLOSED) {
        connection->subscribing = NULL;
        free(subscribing);
    } else if (status == STORE_OK) {
        finish(subscribing);
    } else {
        connection->subscribing = NULL;
        free(subscribing);
        if (status == STORE_FENCED)
            connection_end(connection, REASON_TAKEN_OVER, "session taken over");
        else
            connection_end(connection, REASON_UNSPECIFIED, "store failed");
    }
}

/* Should this process end between SUBACK and the last alert in force, the next one goes on with it. */
static void mark_due(struct session *session, const struct subscribing *subscribing)
{
    for (size_t i = 0; i < subscribing->count; i++) {
        const struct subscription *subscription = subscribing->filters[i].initial;
        for (struct link *link = session->links; subscription && link; link = link->next) {
            if (deliver_serves(subscription->follow, link->channel))
                link->in_force_due = DUE_ALL;
        }
    }
}

void connection_live(struct connection *connection)
{
    struct subscribing *subscribing = connection->subscribing;

    if (!subscribing || subscribing->saving)
        return;
    if (connection->session->expiry_s == 0) {
        finish(subscribing);
        return;
    }
    subscribing->saving = true;
    mark_due(connection->session, subscribing);
    session_save(connection->session, true, saved, subscribing);
}

static struct subscribing *subscribing_new(
    struct connection *connection, const struct mqtt_filters *filters, enum mqtt_type answer_type)
{
    struct subscribing *subscribing =
        must_calloc(sizeof *subscribing + filters->count * sizeof subscribing->filters[0]);

    subscribing->connection = connection;
    subscribing->packet_id = filters->packet_id;
    subscribing->answer = answer_type;
    connection->subscribing = subscribing;
    connection->session->held = true;
    return subscribing;
}

/* Where a filter may not reach: cells coarser than 4 need a jurisdiction. */
static bool may_follow(const struct follow_filter *parsed)
{
    return parsed->kind != FOLLOW_CELL || strlen(parsed->cell) >= 4;
}

static uint8_t refuse(struct refusal *out, uint8_t code, const char *field, const char *rule)
{
    *out = (struct refusal){.code = code, .field = field, .rule = rule};
    return code;
}

/* The code of one filter; refusal is filled when it is 0x80 or more. */
static uint8_t subscribe_one(struct session *session, const struct mqtt_filter *filter, uint32_t id,
    struct subscription **initial, struct refusal *refusal)
{
    struct follow_filter parsed;
    struct subscription *subscription;
    bool created;
    uint8_t options = (uint8_t)(filter->qos | filter->no_local << 2 | filter->retain_as_published << 3 |
                                filter->retain_handling << 4);

    *initial = NULL;
    if (!topic_parse_filter(filter->filter, session->broker->options.leaf_precision, &parsed, refusal))
        return refusal->code;
    if (!may_follow(&parsed))
        return refuse(refusal, REASON_NOT_ALLOWED, "geohash", "at least 4 characters");
    uint8_t code = session_subscribe(session, filter->filter, &parsed, options, id, &subscription, &created);
    if (code == REASON_QUOTA_EXCEEDED)
        return refuse(refusal, code, "filter", "more than a session may have");
    if (code >= 0x80)
        return refuse(refusal, code, "geohash", "too large a place to follow");
    if (filter->retain_handling == 0 || (filter->retain_handling == 1 && created))
        *initial = subscription;
    return code;
}

/* `since` = "<channel>:<cursor>"; what is of no followed channel is passed over. False: one could not be
 * read. */
static bool take_since(struct session *session, const struct mqtt_properties *properties)
{
    bool fine = true;
    size_t offset = 0;
    struct text name, value;

    while (mqtt_user_property(properties, &offset, &name, &value)) {
        const char *colon = value.len ? memrchr(value.data, ':', value.len) : NULL;
        if (!text_equal(name, TEXT("since")))
            continue;
        size_t channel = colon ? (size_t)(colon - value.data) : 0;
        if (colon && session_since(session, (struct text){value.data, channel},
                         (struct text){colon + 1, value.len - channel - 1}))
            continue;
        log_line(LOG_LEVEL_INFO, "cursor_refused", "session=%s", session->name);
        fine = false;
    }
    return fine;
}

void connection_on_subscribe(struct connection *connection, const struct mqtt_filters *filters)
{
    struct session *session = connection->session;
    struct subscribing *subscribing = subscribing_new(connection, filters, MQTT_SUBACK);
    uint32_t id = filters->properties.subscription_id_count ? filters->properties.subscription_ids[0] : 0;
    struct mqtt_filter filter;
    size_t offset = 0;

    while (mqtt_next_filter(filters, true, &offset, &filter)) {
        struct subscribed *slot = &subscribing->filters[subscribing->count++];
        struct refusal refusal;
        slot->code = subscribe_one(session, &filter, id, &slot->initial, &refusal);
        if (slot->code < 0x80)
            continue;
        connection->broker->counters.subscriptions_refused++;
        if (!subscribing->refusal.code) {
            subscribing->refusal = refusal;
            subscribing->refused_index = subscribing->count - 1;
        }
    }
    if (connection->version == MQTT_5)
        subscribing->cursor_refused = !take_since(session, &filters->properties);
    deliver_wake(session);
}

void connection_on_unsubscribe(struct connection *connection, const struct mqtt_filters *filters)
{
    struct subscribing *subscribing = subscribing_new(connection, filters, MQTT_UNSUBACK);
    struct mqtt_filter filter;
    size_t offset = 0;

    while (mqtt_next_filter(filters, false, &offset, &filter))
        subscribing->filters[subscribing->count++].code =
            session_unsubscribe(connection->session, filter.filter);
    deliver_wake(connection->session);
}
