/* What an operator may set: one table, a row a setting. The configuration file, the environment
 * (NEIGHBORS_<NAME>),
 * `--print-config`, the sample file and every message about a wrong setting come from it.
 * The file itself is read by broker/net/settings_file.h. */
#ifndef NEIGHBORS_BROKER_SETTINGS_H
#define NEIGHBORS_BROKER_SETTINGS_H

#include <stdio.h>

#include "bridge/store_redis.h"
#include "broker/broker.h"

/* NUMBER(name, unit, minimum, maximum, default, reloadable, sentence)
 * STRING(name, default, reloadable, sentence): "" is allowed and means none.
 * Reloadable settings are read anew on SIGHUP. Limits of connections hold in each process. */
#define SETTING_TABLE(NUMBER, STRING)                                                                        \
    STRING(node, "", false,                                                                                  \
        "Name of this machine among all, the same after a restart and no other's; none: its host name")      \
    NUMBER(processes, "processes", 1, 64, 1, false,                                                          \
        "Processes that share the ports; more than one get a parent that restarts them")                     \
    STRING(redis_url, "redis://127.0.0.1:6379", false,                                                       \
        "The store: redis://[user@]host:port[/db]?password-file=PATH or "                                    \
        "unix:/path?user=NAME&password-file=PATH; "                                                          \
        "the password may also stand behind the user; "                                                      \
        "redis+cluster://[user@]host:port,host:port for a Redis Cluster (some of its nodes), "               \
        "redis+sentinel://[user@]host:port,host:port/name behind sentinels; "                                \
        "there wait=N replicas (1) must have what is acknowledged")                                          \
    STRING(token_public_key, "/etc/neighbors/token_public.pem", true,                                        \
        "File with the keys that tokens are checked with, one or several: PEM (Ed25519, P-256) or a JSON "   \
        "Web Key Set; read again when it changes")                                                           \
    STRING(openid_keys, "", true,                                                                            \
        "JSON Web Key Set of an OpenID provider whose tokens speak for users; none: no such tokens")         \
    STRING(openid_issuer, "", true, "The issuer (iss) that its tokens must name")                            \
    STRING(openid_audience, "", true, "The audience (aud) that its tokens must be for")                      \
    STRING(openid_claim, "sub", true,                                                                        \
        "The claim that names the user: one that its owner cannot change. The id is the prefix and the "     \
        "claim, in it any byte but A-Z a-z 0-9 . - as _ and two hexadecimal digits")                         \
    STRING(openid_prefix, "oidc-", true, "What the ids of its users begin with, so that they are no others") \
    NUMBER(openid_enroll, "choice", 0, 1, 0, true,                                                           \
        "1: its users are enrolled when they first connect; 0: neighbors enroll user ID comes first")        \
    STRING(verification_ways, "post,neighbor,agency", false,                                                 \
        "How a household may show that it lives where it says: post (a letter with a code), neighbor (a "    \
        "verified household near by invites it), agency (an agency gives the code)")                         \
    STRING(secret_file, "/etc/neighbors/secret", false,                                                      \
        "File with the installation's secret: 32 bytes, or 64 hexadecimal digits; not readable by "          \
        "everybody")                                                                                         \
    STRING(log_key_file, "", false,                                                                          \
        "PEM file with the Ed25519 private key that signs the public record; not readable by everybody; "    \
        "none: its heads are not signed")                                                                    \
    NUMBER(tree_head_s, "seconds", 1, 86400, 60, false, "A head of the public record is signed this often")  \
    STRING(                                                                                                  \
        mqtt_address, "127.0.0.1", false, "Address of the plain MQTT listener; beyond loopback prefer TLS")  \
    NUMBER(mqtt_port, "port", 0, 65535, 1883, false, "Port of the plain MQTT listener; 0: none")             \
    STRING(tls_address, "::", false, "Address of the MQTT listener with TLS; :: is IPv4 and IPv6")           \
    NUMBER(tls_port, "port", 0, 65535, 8883, false,                                                          \
        "Port of the MQTT listener with TLS; 0, or no certificate: none")                                    \
    STRING(tls_certificate, "", true, "PEM file with the server's certificate and its chain")                \
    STRING(tls_key, "", true, "PEM file with the server's private key; not readable by everybody")           \
    STRING(tls_client_ca, "", true, "PEM file with the authorities whose client certificates are accepted")  \
    STRING(tls_client_crl, "", true,                                                                         \
        "PEM file with what those authorities have revoked (neighbors ca revoke makes one)")                 \
    STRING(http_address, "127.0.0.1", false, "Address of the listener for HTTP and WebSocket")               \
    NUMBER(http_port, "port", 0, 65535, 8080, false, "Port of the listener for HTTP and WebSocket; 0: none") \
    STRING(https_address, "::", false, "Address of the listener for HTTP and WebSocket with TLS")            \
    NUMBER(https_port, "port", 0, 65535, 0, false,                                                           \
        "Port of the listener for HTTP and WebSocket with TLS; 0, or no certificate: none")                  \
    NUMBER(http_idle_s, "seconds", 1, 3600, 20, false,                                                       \
        "An HTTP connection without a request for this long is closed")                                      \
    NUMBER(http_body_max, "bytes", 1024, 16777216, 4194304, true, "The largest body that HTTP takes")        \
    NUMBER(http_body_ms, "milliseconds", 100, 600000, 30000, true,                                           \
        "From the head of an HTTP request to the end of its body")                                           \
    NUMBER(http_answer_ms, "milliseconds", 100, 600000, 10000, true,                                         \
        "The longest that an HTTP request waits for the store; 503 then")                                    \
    NUMBER(http_memory, "bytes", 1048576, 1099511627776, 67108864, true,                                     \
        "Bodies and answers of HTTP that a process holds at once; requests beyond are told to come again")   \
    NUMBER(http_rate_per_address, "requests a second", 0, 1000000, 20, true,                                 \
        "Requests a second for feeds and documents from one address, others get 429; behind a proxy that "   \
        "is "                                                                                                \
        "none of the balancers 0: no limit")                                                                 \
    STRING(public_url, "", true,                                                                             \
        "Address at which HTTP is reached from outside, as https://alerts.example.org; none: what the "      \
        "request calls us")                                                                                  \
    STRING(cap_sender, "neighbors.invalid", true,                                                            \
        "Sender of the CAP documents that are written here, of alerts that did not come as CAP: a domain "   \
        "name or mail address of yours")                                                                     \
    STRING(portal_directory, "", true, "Folder with the portal's files, served at /")                        \
    STRING(portal_name, "Neighbors", true, "What the portal calls this installation")                        \
    STRING(portal_center, "", true,                                                                          \
        "Where the portal's map looks first, latitude and longitude, as 34.0768,-118.0316; none: at the "    \
        "United States")                                                                                     \
    NUMBER(portal_zoom, "zoom", 2, 18, 14, true, "How near it looks: 4 a country, 10 a county, 14 a town")   \
    STRING(portal_tiles, "", true,                                                                           \
        "Address of street tiles for the portal's map, as https://tiles.example.org/{z}/{x}/{y}.png; whose " \
        "server it is learns where everybody looks; none: nobody else is asked")                             \
    STRING(portal_tiles_attribution, "", true,                                                               \
        "Whose map the tiles are, shown on it; an https address in it becomes a link")                       \
    NUMBER(portal_tiles_zoom, "zoom", 1, 24, 19, true, "The nearest zoom that there are tiles for")          \
    STRING(metrics_address, "127.0.0.1", false,                                                              \
        "Address of the metrics listener; nothing on it asks who reads")                                     \
    NUMBER(metrics_port, "port", 0, 65535, 8885, false, "Port of the metrics listener; 0: none")             \
    STRING(balancers, "", false,                                                                             \
        "Addresses of TCP balancers, with a space between, that begin each connection with a PROXY header, " \
        "version 2: limits and log then know who is behind them; none")                                      \
    NUMBER(                                                                                                  \
        max_connections, "connections", 1, 1000000, 20000, true, "Connections that a process holds at once") \
    NUMBER(max_connections_per_address, "connections", 0, 1000000, 1000, true,                               \
        "Connections from one address (IPv6: one /64) in a process; 0: no limit")                            \
    NUMBER(max_connections_per_identity, "connections", 0, 1000000, 256, false,                              \
        "Connections of one identity in a process; 0: no limit")                                             \
    NUMBER(packets_second, "packets", 0, 100000000, 10000, false,                                            \
        "Packets of one identity a second in a process before it is slowed, a filter counts as ten of "      \
        "them; "                                                                                             \
        "over HTTP: before it gets 429; 0: no limit")                                                        \
    NUMBER(bytes_second, "bytes", 0, 4000000000, 16777216, false,                                            \
        "Bytes of one identity a second in a process before it is slowed; over HTTP: before it gets 429; "   \
        "0: no limit")                                                                                       \
    NUMBER(flood_ms, "milliseconds", 0, 60000, 800, false,                                                   \
        "Who sends above that for so long what no acknowledgement paces is cut")                             \
    NUMBER(accept_rate, "connections a second", 0, 1000000, 2000, true,                                      \
        "New connections a second in a process, others wait; 0: no limit")                                   \
    NUMBER(accept_rate_per_address, "connections a second", 0, 1000000, 200, true,                           \
        "New connections a second from one address, others are closed; 0: no limit")                         \
    NUMBER(                                                                                                  \
        backlog, "connections", 1, 65535, 1024, false, "Connections that wait in the kernel to be accepted") \
    NUMBER(connect_timeout_ms, "milliseconds", 100, 600000, 10000, false,                                    \
        "From accept to a whole CONNECT, TLS handshake included")                                            \
    NUMBER(keep_alive_max_s, "seconds", 5, 65535, 1200, false,                                               \
        "A client's keep-alive of 0 or more than this becomes this")                                         \
    NUMBER(maximum_packet, "bytes", 1024, 16777216, 1048576, false,                                          \
        "The largest MQTT packet a client may send")                                                         \
    NUMBER(receive_maximum, "messages", 1, 65535, 1000, false,                                               \
        "Unacknowledged QoS 1 and 2 messages of a client")                                                   \
    NUMBER(topic_alias_maximum, "aliases", 0, 65535, 16, false, "Topic aliases that a client may use")       \
    NUMBER(session_expiry_max_s, "seconds", 0, 31536000, 604800, false,                                      \
        "The longest that a session outlives its connection")                                                \
    NUMBER(max_filters, "filters", 1, 10000, 64, false, "Topic filters of a session")                        \
    NUMBER(new_cells_day, "cells", 0, 1000000, 64, false,                                                    \
        "Cells that somebody may newly follow or ask the past of in a day of UTC, over all sessions; one "   \
        "coarser than a channel counts as the channels in it, an agency's within its jurisdiction do not; "  \
        "0: no limit")                                                                                       \
    NUMBER(feed_cells_day, "cells", 0, 1000000, 256, false,                                                  \
        "Cells that one address (IPv6: one /64) may newly ask of the public feed in a day of UTC, counted "  \
        "likewise; behind a proxy that is none of the balancers 0: no limit")                                \
    NUMBER(max_outbound, "bytes", 4096, 16777216, 65536, false,                                              \
        "Output that may wait for a slow follower before only its cursor is kept")                           \
    NUMBER(                                                                                                  \
        heartbeat_ms, "milliseconds", 100, 3600000, 30000, false, "A follower gets a heartbeat this often")  \
    NUMBER(cursor_save_ms, "milliseconds", 10, 600000, 2000, false,                                          \
        "A follower's progress is stored this often")                                                        \
    NUMBER(                                                                                                  \
        ring_items, "items", 16, 1048576, 512, false, "Newest items of a followed channel kept in memory")   \
    NUMBER(clock_past_s, "seconds", 1, 31536000, 604800, false, "An event may have happened this long ago")  \
    NUMBER(clock_future_s, "seconds", 0, 86400, 300, false, "A sender's clock may be this far ahead")        \
    NUMBER(channel_precision, "characters", 3, 6, 5, false,                                                  \
        "Geohash length of a channel; fixed at the first start")                                             \
    NUMBER(leaf_precision, "characters", 4, 8, 6, false,                                                     \
        "Geohash length of a leaf cell; fixed at the first start")                                           \
    NUMBER(resident_alerts_hour, "alerts", 0, 1000000, 20, false,                                            \
        "New alerts of a resident in an hour; 0: no limit")                                                  \
    NUMBER(agency_alerts_hour, "alerts", 0, 1000000, 0, false,                                               \
        "New alerts of an agency in an hour; 0: no limit")                                                   \
    NUMBER(cell_alerts_hour, "alerts", 0, 1000000, 60, false,                                                \
        "New alerts of residents in an hour of one category in one channel; 0: no limit")                    \
    NUMBER(merge_minutes, "minutes", 0, 1440, 10, false,                                                     \
        "Residents' reports of the same thing within this time are one alert; 0: they are not")              \
    NUMBER(witnesses_enough, "households", 1, 1000, 3, false,                                                \
        "Households nearby that make a resident's alert corroborated")                                       \
    NUMBER(flags_enough, "households", 1, 1000, 3, false,                                                    \
        "Households nearby whose flags hold a resident's alert for a moderator")                             \
    NUMBER(approval_km2, "square kilometres", 0, 1000000000, 5000, false,                                    \
        "An agency's alert of a larger area waits for a second officer; 0: the area does not matter")        \
    NUMBER(release_delay_ms, "milliseconds", 0, 3600000, 10000, false,                                       \
        "Activity is published in shuffled batches this often; 0: at once")                                  \
    NUMBER(release_households, "households", 1, 1000, 5, false,                                              \
        "Activity of a leaf cell is published from this many sharing households on")                         \
    NUMBER(release_hysteresis, "households", 0, 1000, 1, false,                                              \
        "So many more must share before a leaf cell's activity begins to be published; it ends below "       \
        "release_households")                                                                                \
    NUMBER(cooldown_s, "seconds", 0, 86400, 60, false,                                                       \
        "Two items of activity of one device and kind within this time are published as one; 0: never")      \
    NUMBER(release_verified_days, "days", 0, 365, 7, false,                                                  \
        "A household counts when it was verified this long ago")                                             \
    NUMBER(footage_households, "households", 1, 1000, 5, false,                                              \
        "A footage request that concerns fewer households than this reaches none of them")                   \
    NUMBER(footage_release_s, "seconds", 1, 86400, 3600, false,                                              \
        "What owners shared is given to agencies together, at whole multiples of this")                      \
    STRING(push_key_file, "", false,                                                                         \
        "PEM file with the P-256 private key by which push services know this installation (RFC 8292); not " \
        "readable by everybody; none: no notices to browsers without a connection")                          \
    STRING(push_contact, "", false,                                                                          \
        "Whom push services may ask about them: mailto: and an address, or an https address")                \
    STRING(push_hosts, "fcm.googleapis.com push.services.mozilla.com push.apple.com notify.windows.com",     \
        false,                                                                                               \
        "Push services that messages may go to: hosts and all below them at port 443, or host:port exactly") \
    STRING(push_ca_file, "", false,                                                                          \
        "PEM file with the authorities that push services are trusted by; none: the system's")               \
    NUMBER(push_timeout_ms, "milliseconds", 100, 60000, 10000, false,                                        \
        "The longest that a push service is waited for")                                                     \
    NUMBER(push_days, "days", 1, 365, 30, false,                                                             \
        "A push subscription ends so long after its browser renewed it last")                                \
    NUMBER(push_subscriptions, "subscriptions", 0, 100000000, 1000000, false, "Push subscriptions in all")   \
    NUMBER(push_at_once, "messages", 1, 1000, 32, false,                                                     \
        "Messages of a process on their way to push services at once")                                       \
    NUMBER(absence_days, "days", 1, 365, 7, false,                                                           \
        "The longest absence after which a follower still learns what ended")                                \
    NUMBER(retention_days, "days", 1, 180, 60, false,                                                        \
        "What a household's devices sent is kept so long, unless the household chose otherwise: 1, 3, 7, "   \
        "14, 21, 30, 60, 90, 120 or 180")                                                                    \
    NUMBER(backup_days, "days", 0, 36500, 30, false,                                                         \
        "The longest that your backups of Redis are kept; told in receipts of what was deleted")             \
    NUMBER(channel_retention_hours, "hours", 1, 87600, 168, false,                                           \
        "Activity older than this leaves its channel")                                                       \
    NUMBER(store_deadline_ms, "milliseconds", 100, 60000, 3000, false,                                       \
        "A store that has not answered for this long is connected to anew")                                  \
    NUMBER(drain_ms, "milliseconds", 0, 600000, 5000, true,                                                  \
        "The longest that SIGTERM waits for connections and the store")                                      \
    NUMBER(worker_silence_ms, "milliseconds", 500, 600000, 2000, false,                                      \
        "A process that is silent for this long is killed and restarted")                                    \
    STRING(log_level, "info", true, "error, warning, info or debug")                                         \
    STRING(log_format, "auto", false,                                                                        \
        "text, json (both on standard error) or journal (systemd's, with a field for each value); auto: "    \
        "the journal under systemd, else text")

#define SETTING_NUMBER(name, unit, minimum, maximum, standard, reloadable, sentence) int64_t name;
#define SETTING_STRING(name, standard, reloadable, sentence) char *name;
struct settings {
    SETTING_TABLE(SETTING_NUMBER, SETTING_STRING)
};
#undef SETTING_NUMBER
#undef SETTING_STRING

/* What is wrong with a setting: "mqtt_port: 70000 is more than 65535". */
enum { SETTING_ERROR = 512, NODE_TEXT = 49 };

/* The defaults. Ends with settings_free. */
void settings_default(struct settings *settings);
void settings_free(struct settings *settings);

/* Sets one setting by name. False: error says which rule, and for an unknown name the nearest right one. */
bool settings_set_number(struct settings *settings, const char *name, int64_t value,
    char error[SETTING_ERROR]) __attribute__((warn_unused_result));
bool settings_set_string(struct settings *settings, const char *name, const char *value,
    char error[SETTING_ERROR]) __attribute__((warn_unused_result));

/* Sets what the environment ("NEIGHBORS_MQTT_PORT=1883", … , NULL) says. An unknown NEIGHBORS_ name is only
 * logged: other programs have such variables too. */
bool settings_from_environment(struct settings *settings, char *const *environment, char error[SETTING_ERROR])
    __attribute__((warn_unused_result));

/* The name of this machine among all: the one that is set, else what of its host name may be in a name. */
void settings_node(const struct settings *settings, char out[NODE_TEXT]);

/* The rules between settings. */
bool settings_check(const struct settings *settings, char error[SETTING_ERROR])
    __attribute__((warn_unused_result));

/* A configuration file with every setting, its value and what it is. */
void settings_print(const struct settings *settings, FILE *out);
/* The manual page neighborsd.conf(5), in mdoc(7). */
void settings_print_manual(FILE *out);

/* Takes the reloadable settings over from `from`; logs which others differ and need a restart. */
void settings_reload(struct settings *settings, const struct settings *from);

/* The settings as those who are set by them want them. Strings stay owned by the settings; what only the
 * process knows (version, check_token, now) is left zero. */
struct broker_options settings_broker(const struct settings *settings);
struct store_redis_options settings_store(const struct settings *settings);

/* An enum log_level (broker/log.h). */
int settings_log_level(const struct settings *settings);

#endif
