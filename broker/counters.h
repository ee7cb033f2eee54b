/* What the operator can count: one row a counter, in the order of the metrics page. The page, `neighbors
 * stats` and the documentation are made from this table. Counters only rise; gauges say what is now. */
#ifndef NEIGHBORS_BROKER_COUNTERS_H
#define NEIGHBORS_BROKER_COUNTERS_H

#include <stdint.h>

#include "proto/topic.h"

/* ROW(name, kind, sentence): kind is counter or gauge; the metric is neighbors_<name>[_total]. */
#define COUNTER_TABLE(ROW)                                                                                   \
    ROW(connections, gauge, "Connections now")                                                               \
    ROW(connections_accepted, counter, "Connections accepted")                                               \
    ROW(connections_refused_limit, counter, "Connections closed at accept because of a limit")               \
    ROW(connections_refused_credentials, counter, "CONNECTs refused: unknown, revoked or badly signed")      \
    ROW(connections_refused_unavailable, counter, "CONNECTs refused: no store, or the process is stopping")  \
    ROW(connections_closed_timeout, counter, "Connections closed: no CONNECT in time, or keep-alive missed") \
    ROW(connections_closed_protocol, counter, "Connections closed because the peer broke the protocol")      \
    ROW(connections_closed_store, counter, "Connections closed because the store failed what they wait for") \
    ROW(connections_slowed, counter, "Times that a connection was not read for a while: above its rate")     \
    ROW(connections_closed_flood, counter, "Connections closed: they kept sending above their rate")         \
    ROW(connections_refused_identity, counter, "CONNECTs refused: too many connections of one identity")     \
    ROW(connections_taken_over, counter, "Connections closed because their session was opened elsewhere")    \
    ROW(connections_barred, counter,                                                                         \
        "Connections closed: a token or certificate ended, somebody was revoked, or may see less now")       \
    ROW(tls_handshakes, counter, "TLS handshakes done")                                                      \
    ROW(tls_resumed, counter, "TLS handshakes that went on with an earlier session")                         \
    ROW(tls_refused, counter, "TLS handshakes refused or broken off, and sessions that broke the protocol")  \
    ROW(tls_barred, counter, "Connections over HTTPS ended: their client certificate is good no longer")     \
    ROW(bytes_received, counter, "Bytes read from clients")                                                  \
    ROW(bytes_sent, counter, "Bytes written to clients")                                                     \
    ROW(publishes_received, counter, "PUBLISH packets and posts received")                                   \
    ROW(publishes_acknowledged, counter, "Publications acknowledged as stored")                              \
    ROW(publishes_refused, counter, "Publications refused")                                                  \
    ROW(refused_not_allowed, counter, "Refusals: the sender may not do that")                                \
    ROW(refused_bad_payload, counter, "Refusals: not readable or against a rule")                            \
    ROW(refused_quota, counter, "Refusals: over a limit")                                                    \
    ROW(refused_other, counter, "Refusals for other reasons")                                                \
    ROW(refused_banned, counter, "Refusals: the sender is banned")                                           \
    ROW(refused_text, counter, "Alerts of residents refused for what they say of somebody, or do not say")   \
    ROW(refused_document, counter, "CAP documents refused because they break a rule")                        \
    ROW(refused_signature, counter, "Agencies' alerts refused without a signature that verifies")            \
    ROW(refused_jurisdiction, counter, "Alerts and verdicts refused outside the agency's jurisdiction")      \
    ROW(refused_drill, counter, "Alerts of agencies refused before their test alert had come back")          \
    ROW(households_verified, counter, "Households whose place was verified by a code given back")            \
    ROW(agencies_drilled, counter, "Test alerts that came back to the agency that sent them")                \
    ROW(refused_limit, counter, "Alerts refused over a limit of a sender, or of a category in a channel")    \
    ROW(refused_not_verified, counter, "Witnesses and flags refused: their household is not verified")       \
    ROW(refused_not_near, counter, "Witnesses and flags refused: their household is not near the alert")     \
    ROW(alerts_received, counter, "Alerts received, from residents and agencies")                            \
    ROW(documents_received, counter, "CAP documents received")                                               \
    ROW(areas_not_placed, counter, "Areas of CAP documents that have no place: told to the agency")          \
    ROW(alerts_late, counter, "Alerts that had expired before they came")                                    \
    ROW(alerts_repeated, counter, "Alerts that were stored before")                                          \
    ROW(alerts_merged, counter, "Reports of residents that became part of another one")                      \
    ROW(alerts_pending, counter, "Agencies' alerts that waited for a second officer")                        \
    ROW(alerts_previewed, counter, "Previews of alerts")                                                     \
    ROW(alerts_held, counter, "Alerts of residents held for a moderator after flags")                        \
    ROW(witnesses, counter, "Witnesses stored")                                                              \
    ROW(flags, counter, "Flags stored")                                                                      \
    ROW(appeals, counter, "Appeals stored")                                                                  \
    ROW(verdicts, counter, "Verdicts stored")                                                                \
    ROW(notices_lost, counter, "Words to a sender on what became of its alert that could not be stored")     \
    ROW(events_received, counter, "Motion events received")                                                  \
    ROW(events_refused, counter, "Motion events refused, alone or with their batch")                         \
    ROW(events_unnumbered_lost, counter, "Motion events at QoS 0 whose store failed")                        \
    ROW(wills_dropped, counter, "Wills dropped when due")                                                    \
    ROW(push_alerts_matched, counter, "Changes of alerts held against push subscriptions near them")         \
    ROW(pushes_on_the_way, gauge, "Push messages on their way to a push service")                            \
    ROW(pushes_taken, counter, "Push messages that a push service took")                                     \
    ROW(pushes_retried, counter, "Push messages that wait for another try")                                  \
    ROW(pushes_refused, counter,                                                                             \
        "Push messages given up: the push service refuses them, or they may not go there")                   \
    ROW(pushes_expired, counter, "Push messages given up: there was nothing left to tell")                   \
    ROW(pushes_unchanged, counter, "Push messages spared: the browser shows already what they would say")    \
    ROW(push_subscriptions_gone, counter,                                                                    \
        "Push subscriptions removed because their push service does not know them")                          \
    ROW(subscriptions, gauge, "Subscriptions of connected sessions")                                         \
    ROW(subscriptions_refused, counter, "Filters refused")                                                   \
    ROW(filters_lost, counter, "Filters of returning sessions that may be followed no longer")               \
    ROW(items_delivered, counter, "Items sent to followers")                                                 \
    ROW(items_repeated, counter, "Items not sent because the connection had that revision or a newer one")   \
    ROW(items_superseded, counter,                                                                           \
        "States of alerts not sent to who was away or slow: there is a newer one")                           \
    ROW(items_too_large, counter, "Items not sent because the client's maximum packet size is smaller")      \
    ROW(alerts_gone, counter, "Changes of alerts not sent because the alert was deleted meanwhile")          \
    ROW(gaps, counter, "Gap items sent: something was trimmed before the follower came back")                \
    ROW(sessions_to_go_on, gauge, "Sessions that have more to send than a turn let them")                    \
    ROW(reads_behind, counter, "Reads from the store for followers behind the ring")                         \
    ROW(heartbeats, counter, "Heartbeats sent")                                                              \
    ROW(http_bodies_refused, counter, "HTTP bodies refused, too large, or not whole in time")                \
    ROW(http_timeouts, counter,                                                                              \
        "HTTP requests that took too long: to send, to answer or to read the answer")                        \
    ROW(http_rationed, counter, "HTTP requests refused: too many from one address or identity")

/* Where HTTP requests are counted: ROW(name, label). */
#define HTTP_COUNTED_TABLE(ROW)                                                                              \
    ROW(HTTP_ELSEWHERE, "elsewhere")                                                                         \
    ROW(HTTP_HEALTH, "healthz")                                                                              \
    ROW(HTTP_METRICS, "metrics")                                                                             \
    ROW(HTTP_ALERTS, "alerts")                                                                               \
    ROW(HTTP_FEED, "feed")                                                                                   \
    ROW(HTTP_CAP_ATOM, "cap.atom")                                                                           \
    ROW(HTTP_CAP, "cap")                                                                                     \
    ROW(HTTP_AGENCIES, "agencies")                                                                           \
    ROW(HTTP_PORTAL, "portal")                                                                               \
    ROW(HTTP_ENROLL, "enroll")                                                                               \
    ROW(HTTP_LOG, "log")
enum http_counted {
#define ROW(name, label) name,
    HTTP_COUNTED_TABLE(ROW)
#undef ROW
        HTTP_COUNTED,
    HTTP_STATUSES = 6 /* 1xx to 5xx */
};

/* How long things took: a count for each bound that they kept within (but not within the one before), one for
 * those beyond the last, and the sum. */
#define DURATION_BOUNDS_MS 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000
enum { DURATION_BOUNDS = 13 };
struct durations {
    uint64_t within[DURATION_BOUNDS + 1];
    uint64_t sum_ms;
};

/* `count` things took `ms`; less than 0, by two clocks that disagree, counts as 0. */
static inline void durations_add(struct durations *durations, int64_t ms, uint64_t count)
{
    static const uint16_t bounds[DURATION_BOUNDS] = {DURATION_BOUNDS_MS};
    int at = 0;
    while (at < DURATION_BOUNDS && ms > bounds[at])
        at++;
    durations->within[at] += count;
    durations->sum_ms += ms > 0 ? (uint64_t)ms * count : 0;
}

/* Of one kind of message. */
struct kind_counters {
    uint64_t received, refused, failed;
    struct durations stored; /* from received to acknowledged as stored */
};

/* Where a message is counted, or TOPIC_NONE: with settings, push subscriptions, and what can be no message.
 * An answer to a footage request is among those, and how long they take is not told: whoever sees the page
 * must not tell who declined from who was silent. */
static inline enum publish_topic counted_as(enum publish_topic topic)
{
    bool together = topic == TOPIC_FOOTAGE_ANSWER || topic == TOPIC_SETTINGS || topic == TOPIC_PUSH ||
                    topic >= TOPIC_COUNT;
    return together ? TOPIC_NONE : topic;
}

/* Connections are counted by the door that they came in by, and by their protocol's version: 0 before
 * CONNECT, 3 (3.1), 4 (3.1.1), 5. */
enum door { DOOR_MQTT, DOOR_TLS, DOOR_WEBSOCKET, DOOR_WEBSOCKET_TLS, DOORS };
enum { VERSIONS = 6 };

struct counters {
#define ROW(name, kind, sentence) uint64_t name;
    COUNTER_TABLE(ROW)
#undef ROW
    /* What has more than one value; behind the rows, which the page takes as an array. */
    struct kind_counters kinds[TOPIC_COUNT];
    struct durations alerts_delivered;   /* from stored to on its way to a follower */
    struct durations activity_delivered; /* from its entry in the channel to that */
    uint64_t open[DOORS][VERSIONS];
};

#endif