/* SUBSCRIBE and UNSUBSCRIBE. Filters are read and followed at once; SUBACK waits until every channel is LIVE,
 * until the new cells are counted (those that are too many are dropped again) and, for a session that
 * outlives its connection, until filters and first cursors are stored. Only then is anything delivered. */
#include <stdio.h>

#include "bridge/store_board.h"
#include "broker/session/connection_state.h"
#include "broker/session/deliver.h"
#include "broker/session/info.h"
#include "broker/session/initial.h"
#include "broker/session/reach.h"

/* Bytes of a SUBACK beside its codes and the reason string; with the user property retry-after. */
enum { WITH_REASON = 16, WITH_RETRY_AFTER = 48 };

/* A SUBSCRIBE or UNSUBSCRIBE that waits. */
struct subscribing {
    struct connection *connection; /* NULL: gone meanwhile */
    uint16_t packet_id;
    enum mqtt_type answer;
    bool counting, saving;
    struct refusal refusal; /* of the first filter that was refused; code OK: none was */
    size_t refused_index;
    char rule[REACH_RULE]; /* of the refusal, when it names a number */
    bool cursor_refused;   /* a `since` could not be read */
    size_t count;
    struct subscribed {
        uint8_t code;
        bool counted;                      /* as a new cell */
        struct subscription *subscription; /* NULL: refused */
        struct subscription *initial;      /* whose alerts in force, or info, are due */
    } filters[];
};

void subscribing_abandon(struct subscribing *subscribing)
{
    subscribing->connection = NULL;
    if (!subscribing->saving && !subscribing->counting)
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
    size_t most = refusal->code && refusal->retry_after_s ? WITH_RETRY_AFTER : WITH_REASON;
    return subscribing->count + strlen(told) + most <= connection->maximum_packet;
}

static void answer(struct connection *connection, const struct subscribing *subscribing)
{
    char told[160] = "";
    bool tells = explain(connection, subscribing, told);
    char after[16] = "";
    struct mqtt_property_out why[2] = {{.id = MQTT_REASON_STRING, .text = text_of(told)},
        {.id = MQTT_USER_PROPERTY, .name = TEXT("retry-after")}};
    size_t size = subscribing->count + 48 + why[0].text.len;
    uint8_t *codes = must_alloc(subscribing->count + 1);
    struct mqtt_writer writer = {output_reserve(&connection->output, size), size, 0};

    for (size_t i = 0; i < subscribing->count; i++)
        codes[i] = subscribing->filters[i].code;
    snprintf(after, sizeof after, "%u", subscribing->refusal.retry_after_s);
    why[1].text = text_of(after);
    mqtt_encode_suback_with(&writer, connection->version, subscribing->answer, subscribing->packet_id, codes,
        subscribing->count, why,
        !tells                               ? 0
        : subscribing->refusal.retry_after_s ? 2
                                             : 1);
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

/* The store did not do its part. */
static void give_up(struct subscribing *subscribing, enum store_status status)
{
    struct connection *connection = subscribing->connection;

    connection->subscribing = NULL;
    free(subscribing);
    if (status == STORE_FENCED)
        connection_end(connection, REASON_TAKEN_OVER, "session taken over");
    else
        connection_end(connection, REASON_UNSPECIFIED, "store failed");
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
        give_up(subscribing, status);
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

    if (!subscribing || subscribing->counting || subscribing->saving)
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

static uint8_t refuse(struct refusal *out, uint8_t code, const char *field, const char *rule)
{
    *out = (struct refusal){.code = code, .field = field, .rule = rule};
    return code;
}

/* Remembers the refusal that SUBACK tells: that of the first filter which has one. */
static void note_refusal(struct subscribing *subscribing, size_t index, const struct refusal *refusal)
{
    subscribing->connection->broker->counters.subscriptions_refused++;
    if (subscribing->refusal.code && subscribing->refused_index <= index)
        return;
    subscribing->refusal = *refusal;
    subscribing->refused_index = index;
}

/* The code of one filter; refusal is filled when it is 0x80 or more. */
static uint8_t subscribe_one(struct subscribing *subscribing, struct subscribed *slot,
    const struct mqtt_filter *filter, uint32_t id, struct refusal *refusal)
{
    struct session *session = subscribing->connection->session;
    const struct broker_options *asked = &session->broker->options;
    struct follow_filter parsed;
    struct subscription *subscription;
    bool created;
    uint8_t options = (uint8_t)(filter->qos | filter->no_local << 2 | filter->retain_as_published << 3 |
                                filter->retain_handling << 4);

    if (!topic_parse_filter(filter->filter, asked->leaf_precision, &parsed, refusal))
        return refusal->code;
    enum reach reach = reach_of(session->broker, session->principal, &parsed, refusal);
    if (reach == REACH_REFUSED)
        return refusal->code;
    uint8_t code = session_subscribe(session, filter->filter, &parsed, options, id, &subscription, &created);
    if (code == REASON_QUOTA_EXCEEDED) {
        snprintf(subscribing->rule, sizeof subscribing->rule,
            "more than a session may have: at most %u filters, and %d channels", asked->max_filters,
            LIMIT_CURSORS);
        return refuse(refusal, code, "filter", subscribing->rule);
    }
    if (code >= 0x80)
        return refuse(refusal, code, "geohash", "too large a place to follow");
    slot->counted = created && reach == REACH_COUNTED;
    slot->subscription = subscription;
    if (filter->retain_handling == 0 || (filter->retain_handling == 1 && created))
        slot->initial = subscription;
    return code;
}

/* ---- new cells ---- */

/* The filter is not followed after all; it may stand in this SUBSCRIBE more than once. */
static void take_back(struct subscribing *subscribing, size_t index, const struct refusal *refusal)
{
    struct session *session = subscribing->connection->session;
    struct subscription *subscription = subscribing->filters[index].subscription;

    for (size_t i = index; i < subscribing->count; i++) {
        struct subscribed *slot = &subscribing->filters[i];
        if (slot->subscription != subscription)
            continue;
        slot->code = refusal->code;
        slot->initial = slot->subscription = NULL;
        note_refusal(subscribing, i, refusal);
    }
    (void)session_unsubscribe(session, (struct text){subscription->filter, subscription->filter_len});
}

static void counted(void *arg, const struct store_cells_result *result)
{
    struct subscribing *subscribing = arg;
    struct connection *connection = subscribing->connection;
    size_t cell = 0;

    subscribing->counting = false;
    if (!connection) {
        free(subscribing);
        return;
    }
    if (connection->stage == STAGE_CLOSED) {
        connection->subscribing = NULL;
        free(subscribing);
        return;
    }
    if (result->status != STORE_OK) {
        give_up(subscribing, result->status);
        return;
    }
    int64_t now = broker_now(connection->broker);
    struct refusal refusal = {.code = REASON_QUOTA_EXCEEDED,
        .field = "geohash",
        .rule = subscribing->rule,
        .retry_after_s = reach_day_ends_s(now)};
    for (size_t i = 0; i < subscribing->count; i++) {
        if (!subscribing->filters[i].counted || result->granted[cell++] == '1')
            continue;
        reach_rule(subscribing->rule, connection->broker->options.new_cells_day, now);
        take_back(subscribing, i, &refusal);
    }
    deliver_wake(connection->session);
}

/* Asks whether there is room for the new cells today. */
static void count_cells(struct subscribing *subscribing)
{
    struct session *session = subscribing->connection->session;
    struct broker *broker = session->broker;
    struct store_cell *cells = must_alloc(subscribing->count * sizeof *cells);
    struct store_cells asked = {
        .who = session_name(session).principal, .limit = broker->options.new_cells_day, .cells = cells};

    for (size_t i = 0; i < subscribing->count; i++) {
        if (subscribing->filters[i].counted)
            cells[asked.count++] = reach_cell(broker, subscribing->filters[i].subscription->parsed.cell);
    }
    subscribing->counting = asked.count > 0;
    if (asked.count)
        store_cells(broker->store, &asked, counted, subscribing);
    free(cells);
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
        struct refusal refusal = {0};
        slot->code = subscribe_one(subscribing, slot, &filter, id, &refusal);
        if (slot->code >= 0x80)
            note_refusal(subscribing, subscribing->count - 1, &refusal);
    }
    count_cells(subscribing);
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
