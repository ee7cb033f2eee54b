/* One story told with libmosquitto (test_clients.py has the stories and what each driver prints):
 *     publish PORT VERSION CLIENT USER TOKEN QOS TOPIC PAYLOAD
 *     follow  PORT VERSION CLIENT USER TOKEN QOS TOPIC-FILTER clean|durable
 * Keeps to what the library documents; it is the broker that is tested. */
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct story {
    bool publish;
    int version, qos;
    const char *topic, *payload;
};

static void on_connect(
    struct mosquitto *client, void *arg, int code, int flags, const mosquitto_property *properties)
{
    const struct story *story = arg;

    (void)properties;
    printf("connected %d %d\n", code, flags & 1);
    if (code)
        exit(1);
    int result = story->publish ? mosquitto_publish(client, NULL, story->topic, (int)strlen(story->payload),
                                      story->payload, story->qos, false)
                                : mosquitto_subscribe(client, NULL, story->topic, story->qos);
    if (result)
        exit(1);
}

static void on_publish(
    struct mosquitto *client, void *arg, int id, int reason, const mosquitto_property *properties)
{
    (void)arg;
    (void)id;
    (void)properties;
    printf("acknowledged %d\n", reason);
    mosquitto_disconnect(client);
}

static void on_subscribe(struct mosquitto *client, void *arg, int id, int count, const int *granted,
    const mosquitto_property *properties)
{
    (void)client;
    (void)arg;
    (void)id;
    (void)properties;
    printf("subscribed %d\n", count ? granted[0] : -1);
}

static void on_message(struct mosquitto *client, void *arg, const struct mosquitto_message *message,
    const mosquitto_property *properties)
{
    (void)client;
    (void)arg;
    (void)properties;
    printf("message %d %d %s %.*s\n", message->retain, message->qos, message->topic, message->payloadlen,
        (const char *)message->payload);
}

int main(int argc, char **argv)
{
    if (argc < 9)
        return 2;
    struct story story = {.publish = strcmp(argv[1], "publish") == 0,
        .version = atoi(argv[3]),
        .qos = atoi(argv[7]),
        .topic = argv[8],
        .payload = argc > 9 ? argv[9] : ""};
    bool durable = !story.publish && strcmp(story.payload, "durable") == 0;
    mosquitto_property *properties = NULL;

    setvbuf(stdout, NULL, _IOLBF, 0);
    mosquitto_lib_init();
    struct mosquitto *client = mosquitto_new(argv[4], !durable, &story);
    if (!client)
        return 1;
    mosquitto_int_option(
        client, MOSQ_OPT_PROTOCOL_VERSION, story.version == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
    mosquitto_username_pw_set(client, argv[5], argv[6]);
    mosquitto_connect_v5_callback_set(client, on_connect);
    mosquitto_publish_v5_callback_set(client, on_publish);
    mosquitto_subscribe_v5_callback_set(client, on_subscribe);
    mosquitto_message_v5_callback_set(client, on_message);
    if (durable && story.version == 5)
        mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, 60);
    if (mosquitto_connect_bind_v5(client, "127.0.0.1", atoi(argv[2]), 30, NULL, properties))
        return 1;
    int result = mosquitto_loop_forever(client, -1, 1);
    mosquitto_destroy(client);
    mosquitto_property_free_all(&properties);
    mosquitto_lib_cleanup();
    return result == MOSQ_ERR_SUCCESS ? 0 : 1;
}
