/* What the operator can count: one row a counter, in the order of the metrics page. The page, `neighbors
 * stats` and the documentation are made from this table. Counters only rise; gauges say what is now. */
#ifndef NEIGHBORS_BROKER_COUNTERS_H
#define NEIGHBORS_BROKER_COUNTERS_H

#include <stdint.h>

/* ROW(name, kind, sentence): kind is counter or gauge; the metric is neighbors_<name>[_total]. */
#define COUNTER_TABLE(ROW)                                                                                   \
    ROW(connections, gauge, "Connections now")                                                               \
    ROW(connections_accepted, counter, "Connections accepted")                                               \
    ROW(connections_refused_limit, counter, "Connections closed at accept because of a limit")               \
    ROW(connections_refused_credentials, counter, "CONNECTs refused: unknown, revoked or badly signed")      \
    ROW(connections_refused_unavailable, counter, "CONNECTs refused: no store, or the process is stopping")  \
    ROW(connections_closed_timeout, counter, "Connections closed: no CONNECT in time, or keep-alive missed") \
    ROW(connections_closed_protocol, counter, "Connections closed because the peer broke the protocol")      \
    ROW(connections_taken_over, counter, "Connections closed because their session was opened elsewhere")    \
    ROW(bytes_received, counter, "Bytes read from clients")                                                  \
    ROW(bytes_sent, counter, "Bytes written to clients")                                                     \
    ROW(publishes_received, counter, "PUBLISH packets and posts received")                                   \
    ROW(publishes_acknowledged, counter, "Publications acknowledged as stored")                              \
    ROW(publishes_refused, counter, "Publications refused")                                                  \
    ROW(refused_not_allowed, counter, "Refusals: the sender may not do that")                                \
    ROW(refused_bad_payload, counter, "Refusals: not readable or against a rule")                            \
    ROW(refused_quota, counter, "Refusals: over a limit")                                                    \
    ROW(refused_other, counter, "Refusals for other reasons")                                                \
    ROW(events_received, counter, "Motion events received")                                                  \
    ROW(events_refused, counter, "Motion events refused, alone or with their batch")                         \
    ROW(events_unnumbered_lost, counter, "Motion events at QoS 0 whose store failed")                        \
    ROW(wills_dropped, counter, "Wills dropped when due")                                                    \
    ROW(subscriptions, gauge, "Subscriptions of connected sessions")                                         \
    ROW(subscriptions_refused, counter, "Filters refused")                                                   \
    ROW(items_delivered, counter, "Items sent to followers")                                                 \
    ROW(items_repeated, counter, "Items not sent because the connection had that revision or a newer one")   \
    ROW(items_too_large, counter, "Items not sent because the client's maximum packet size is smaller")      \
    ROW(alerts_gone, counter, "Changes of alerts not sent because the alert was deleted meanwhile")          \
    ROW(gaps, counter, "Gap items sent: something was trimmed before the follower came back")                \
    ROW(reads_behind, counter, "Reads from the store for followers behind the ring")                         \
    ROW(heartbeats, counter, "Heartbeats sent")                                                              \
    ROW(http_bodies_refused, counter, "HTTP bodies refused, too large, or not whole in time")                \
    ROW(http_timeouts, counter,                                                                              \
        "HTTP requests that took too long: to send, to answer or to read the answer")                        \
    ROW(http_rationed, counter, "HTTP requests refused: too many from one address")

/* Where HTTP requests are counted: ROW(name, label). */
#define HTTP_COUNTED_TABLE(ROW)                                                                              \
    ROW(HTTP_ELSEWHERE, "elsewhere")                                                                         \
    ROW(HTTP_HEALTH, "healthz")                                                                              \
    ROW(HTTP_METRICS, "metrics")                                                                             \
    ROW(HTTP_ALERTS, "alerts")                                                                               \
    ROW(HTTP_FEED, "feed")                                                                                   \
    ROW(HTTP_CAP_ATOM, "cap.atom")                                                                           \
    ROW(HTTP_CAP, "cap")
enum http_counted {
#define ROW(name, label) name,
    HTTP_COUNTED_TABLE(ROW)
#undef ROW
        HTTP_COUNTED,
    HTTP_STATUSES = 6 /* 1xx to 5xx */
};

struct counters {
#define ROW(name, kind, sentence) uint64_t name;
    COUNTER_TABLE(ROW)
#undef ROW
};

#endif