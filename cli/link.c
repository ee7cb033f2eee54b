/* libmosquitto, driven from one thread: callbacks only note what came; whoever waits turns the loop until it
 * did. */
#include "cli/link.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEEP_ALIVE_S = 30, TURN_MS = 200, ANSWER_MS = 15000, REFUSED = 0x80, SESSION_S = 7 * 86400 };

struct link {
    struct mosquitto *mosquitto;
    link_handler *handler;
    void *arg;
    bool connected, lost;
    int connect_reason;
    int awaited; /* packet id; -1: none */
    struct link_answer *answer;
};

bool link_refused(const struct link_answer *answer)
{
    return answer->reason >= REFUSED;
}

/* ---- what comes ---- */

static void note_reason(struct link_answer *answer, int reason, const mosquitto_property *properties)
{
    char *text = NULL;
    answer->reason = reason;
    mosquitto_property_read_string(properties, MQTT_PROP_REASON_STRING, &text, false);
    snprintf(answer->text, sizeof answer->text, "%s", text ? text : mosquitto_reason_string(reason));
    free(text);
}

static void note_properties(struct link_answer *answer, const mosquitto_property *properties)
{
    char *name, *value;
    const mosquitto_property *at =
        mosquitto_property_read_string_pair(properties, MQTT_PROP_USER_PROPERTY, &name, &value, false);
    while (at) {
        if (!answer->properties)
            answer->properties = json_array();
        json_array_append_new(answer->properties, json_pack("[s, s]", name, value));
        free(name);
        free(value);
        at = mosquitto_property_read_string_pair(at, MQTT_PROP_USER_PROPERTY, &name, &value, true);
    }
}

static void on_connect(
    struct mosquitto *m, void *arg, int reason, int flags, const mosquitto_property *properties)
{
    (void)m, (void)flags, (void)properties;
    struct link *link = arg;
    link->connected = reason == 0;
    link->connect_reason = reason;
}

static void on_disconnect(struct mosquitto *m, void *arg, int reason, const mosquitto_property *properties)
{
    (void)m, (void)reason, (void)properties;
    ((struct link *)arg)->lost = true;
}

static void on_answer(struct link *link, int packet, int reason, const mosquitto_property *properties)
{
    if (packet != link->awaited)
        return;
    link->awaited = -1;
    note_reason(link->answer, reason, properties);
    note_properties(link->answer, properties);
}

static void on_publish(
    struct mosquitto *m, void *arg, int packet, int reason, const mosquitto_property *properties)
{
    (void)m;
    on_answer(arg, packet, reason, properties);
}

static void on_subscribe(struct mosquitto *m, void *arg, int packet, int count, const int *granted,
    const mosquitto_property *properties)
{
    (void)m;
    on_answer(arg, packet, count > 0 ? granted[0] : REFUSED, properties);
}

static void on_message(struct mosquitto *m, void *arg, const struct mosquitto_message *message,
    const mosquitto_property *properties)
{
    (void)m;
    struct link *link = arg;
    void *correlation = NULL;
    uint16_t len = 0;
    mosquitto_property_read_binary(properties, MQTT_PROP_CORRELATION_DATA, &correlation, &len, false);
    struct link_message came = {
        .topic = text_of(message->topic),
        .payload = {message->payload, (size_t)message->payloadlen},
        .correlation = {correlation, len},
        .retained = message->retain,
    };
    link->handler(link->arg, &came);
    free(correlation);
}

/* ---- connecting ---- */

static void make_client(char out[IDENTITY_CLIENT])
{
    unsigned char random[8];
    if (RAND_bytes(random, sizeof random) != 1)
        abort();
    snprintf(out, IDENTITY_CLIENT, "cli-%02x%02x%02x%02x%02x%02x%02x%02x", random[0], random[1], random[2],
        random[3], random[4], random[5], random[6], random[7]);
}

static struct link *new_link(const struct identity *identity, link_handler *handler, void *arg)
{
    struct link *link = calloc(1, sizeof *link);
    char made[IDENTITY_CLIENT];
    const char *client = *identity->client ? identity->client : made;
    if (!link)
        abort();
    make_client(made);
    *link = (struct link){.handler = handler, .arg = arg, .awaited = -1};
    link->mosquitto = mosquitto_new(client, client == made, link);
    if (!link->mosquitto)
        abort();
    mosquitto_int_option(link->mosquitto, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_int_option(link->mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_connect_v5_callback_set(link->mosquitto, on_connect);
    mosquitto_disconnect_v5_callback_set(link->mosquitto, on_disconnect);
    mosquitto_publish_v5_callback_set(link->mosquitto, on_publish);
    mosquitto_subscribe_v5_callback_set(link->mosquitto, on_subscribe);
    mosquitto_message_v5_callback_set(link->mosquitto, on_message);
    mosquitto_username_pw_set(link->mosquitto, identity->name, *identity->token ? identity->token : NULL);
    return link;
}

static void free_link(struct link *link)
{
    mosquitto_destroy(link->mosquitto);
    free(link);
}

/* Turns until CONNACK, a closed connection, or the end of patience. */
static void await_connack(struct link *link)
{
    int64_t until = cli_now() + ANSWER_MS;
    link->connect_reason = -1;
    while (!link->lost && !link->connected && link->connect_reason < 0 && cli_now() < until)
        if (!link_turn(link, TURN_MS))
            break;
}

static enum exit_code explain(
    const struct invocation *invocation, const struct identity *identity, bool quiet, int error, int reason)
{
    const struct common *common = &invocation->common;
    const char *why = error == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(error);
    bool stranger = reason == MQTT_RC_NOT_AUTHORIZED || reason == MQTT_RC_BAD_USERNAME_OR_PASSWORD;
    enum exit_code code = reason > 0 && reason != MQTT_RC_SERVER_UNAVAILABLE && reason != MQTT_RC_SERVER_BUSY
                              ? EXIT_REFUSED
                              : EXIT_UNREACHABLE;
    if (quiet)
        return code;
    if (stranger)
        return cli_fail(invocation, code,
            "the broker does not accept %s: not enrolled, revoked, or a void token", identity->name);
    if (reason > 0)
        return cli_fail(
            invocation, code, "the broker refuses the connection: %s", mosquitto_reason_string(reason));
    if (error == MOSQ_ERR_SUCCESS)
        why = common->tls_ca ? "it does not answer; does that port speak TLS?" : "it does not answer";
    if (error == MOSQ_ERR_TLS)
        why = "TLS fails; does --tls-ca name the authority of its certificate?";
    return cli_fail(invocation, code, "cannot reach the broker at %s:%d (%s): %s", common->broker_host,
        common->broker_port, common->broker_from, why);
}

static int use_tls(struct link *link, const struct common *common)
{
    enum { PATH = 600 };
    char certificate[PATH] = "", key[PATH] = "";
    if (common->tls_cert) {
        snprintf(certificate, sizeof certificate, "%.500s.crt", common->tls_cert);
        snprintf(key, sizeof key, "%.500s.key", common->tls_cert);
    }
    return mosquitto_tls_set(
        link->mosquitto, common->tls_ca, NULL, *certificate ? certificate : NULL, *key ? key : NULL, NULL);
}

enum exit_code link_open(const struct invocation *invocation, const struct identity *identity, bool quiet,
    link_handler *handler, void *arg, struct link **out)
{
    const struct common *common = &invocation->common;
    if (common->tls_ca && access(common->tls_ca, R_OK) != 0)
        return cli_fail(
            invocation, EXIT_REFUSED, "--tls-ca: %.200s cannot be read: %s", common->tls_ca, strerror(errno));
    if (common->tls_cert && !common->tls_ca)
        return cli_fail(invocation, EXIT_USAGE, "--tls-cert: needs --tls-ca, and the port that speaks TLS");
    mosquitto_lib_init();
    struct link *link = new_link(identity, handler, arg);
    int error = MOSQ_ERR_SUCCESS;
    if (common->tls_ca)
        error = use_tls(link, common);
    mosquitto_property *properties = NULL;
    if (*identity->client)
        mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, SESSION_S);
    if (error == MOSQ_ERR_SUCCESS)
        error = mosquitto_connect_bind_v5(
            link->mosquitto, common->broker_host, common->broker_port, KEEP_ALIVE_S, NULL, properties);
    mosquitto_property_free_all(&properties);
    if (error == MOSQ_ERR_SUCCESS)
        await_connack(link);
    if (link->connected) {
        *out = link;
        return EXIT_DONE;
    }
    enum exit_code code = explain(invocation, identity, quiet, error, link->connect_reason);
    free_link(link);
    return code;
}

void link_close(struct link *link)
{
    if (!link)
        return;
    if (!link->lost)
        mosquitto_disconnect_v5(link->mosquitto, 0, NULL);
    free_link(link);
}

/* ---- asking ---- */

bool link_turn(struct link *link, int wait_ms)
{
    int error = mosquitto_loop(link->mosquitto, wait_ms, 1);
    if (error != MOSQ_ERR_SUCCESS)
        link->lost = true;
    return !link->lost;
}

/* Some answers come within the call that asks, so the answer is made ready before it. */
static void expect(struct link *link, struct link_answer *answer)
{
    *answer = (struct link_answer){.reason = REFUSED, .text = "no answer"};
    link->answer = answer;
}

static bool await(struct link *link)
{
    int64_t until = cli_now() + ANSWER_MS;
    while (link->awaited >= 0 && cli_now() < until)
        if (!link_turn(link, TURN_MS))
            break;
    bool answered = link->awaited < 0;
    link->awaited = -1;
    return answered;
}

bool link_publish(struct link *link, const struct link_publish *publish, struct link_answer *answer)
{
    mosquitto_property *properties = NULL;
    expect(link, answer);
    mosquitto_property_add_string(&properties, MQTT_PROP_CONTENT_TYPE, publish->content_type);
    if (publish->response_topic) {
        mosquitto_property_add_string(&properties, MQTT_PROP_RESPONSE_TOPIC, publish->response_topic);
        mosquitto_property_add_binary(&properties, MQTT_PROP_CORRELATION_DATA, publish->correlation.data,
            (uint16_t)publish->correlation.len);
    }
    int error = mosquitto_publish_v5(link->mosquitto, &link->awaited, publish->topic,
        (int)publish->payload.len, publish->payload.data, 1, false, properties);
    mosquitto_property_free_all(&properties);
    if (error == MOSQ_ERR_OVERSIZE_PACKET) {
        answer->reason = MQTT_RC_PACKET_TOO_LARGE;
        snprintf(answer->text, sizeof answer->text, "packet: larger than the broker takes");
        return true;
    }
    return error == MOSQ_ERR_SUCCESS && await(link);
}

bool link_subscribe(
    struct link *link, const char *filter, const char *const *since, size_t count, struct link_answer *answer)
{
    mosquitto_property *properties = NULL;
    expect(link, answer);
    for (size_t i = 0; i < count; i++)
        mosquitto_property_add_string_pair(&properties, MQTT_PROP_USER_PROPERTY, "since", since[i]);
    int error = mosquitto_subscribe_v5(link->mosquitto, &link->awaited, filter, 1, 0, properties);
    mosquitto_property_free_all(&properties);
    return error == MOSQ_ERR_SUCCESS && await(link);
}
