/* One story told with Eclipse Paho's C library, its synchronous interface (libmosquitto.c beside it has the
 * arguments). */
#include <MQTTClient.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int connect_client(MQTTClient client, int version, bool durable, char **argv)
{
    MQTTClient_connectOptions v3 = MQTTClient_connectOptions_initializer;
    MQTTClient_connectOptions v5 = MQTTClient_connectOptions_initializer5;
    MQTTClient_connectOptions *options = version == 5 ? &v5 : &v3;

    options->username = argv[5];
    options->password = argv[6];
    options->keepAliveInterval = 30;
    if (version == 5) {
        MQTTProperties properties = MQTTProperties_initializer;
        MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL};
        expiry.value.integer4 = durable ? 60 : 0;
        MQTTProperties_add(&properties, &expiry);
        options->cleanstart = !durable;
        MQTTResponse response = MQTTClient_connect5(client, options, &properties, NULL);
        MQTTProperties_free(&properties);
        printf("connected %d\n", (int)response.reasonCode);
        MQTTResponse_free(response);
        return (int)response.reasonCode;
    }
    options->cleansession = !durable;
    options->MQTTVersion = MQTTVERSION_3_1_1;
    int code = MQTTClient_connect(client, options);
    printf("connected %d\n", code);
    return code;
}

static int publish(MQTTClient client, int version, int qos, const char *topic, char *payload)
{
    MQTTClient_message message = MQTTClient_message_initializer;
    MQTTClient_deliveryToken token = 0;
    int code = 0;

    message.payload = payload;
    message.payloadlen = (int)strlen(payload);
    message.qos = qos;
    if (version == 5) {
        MQTTResponse response = MQTTClient_publishMessage5(client, topic, &message, &token);
        code = (int)response.reasonCode;
        MQTTResponse_free(response);
    } else {
        code = MQTTClient_publishMessage(client, topic, &message, &token);
    }
    if (code == 0)
        code = MQTTClient_waitForCompletion(client, token, 10000);
    printf("acknowledged %d\n", code);
    return code;
}

static void follow(MQTTClient client, int version, int qos, const char *filter)
{
    int granted;

    if (version == 5) {
        MQTTResponse response = MQTTClient_subscribe5(client, filter, qos, NULL, NULL);
        granted = (int)response.reasonCode;
        MQTTResponse_free(response);
    } else {
        char *filters[] = {(char *)(uintptr_t)filter};
        int code = MQTTClient_subscribeMany(client, 1, filters, &qos);
        granted = code ? code : qos;
    }
    printf("subscribed %d\n", granted);
    while (MQTTClient_isConnected(client)) {
        char *topic = NULL;
        int topic_length = 0;
        MQTTClient_message *message = NULL;
        if (MQTTClient_receive(client, &topic, &topic_length, &message, 1000) || !message)
            continue;
        printf("message %d %d %s %.*s\n", message->retained, message->qos, topic, message->payloadlen,
            (const char *)message->payload);
        MQTTClient_freeMessage(&message);
        MQTTClient_free(topic);
    }
}

int main(int argc, char **argv)
{
    if (argc < 9)
        return 2;
    bool publishing = strcmp(argv[1], "publish") == 0;
    int version = atoi(argv[3]), qos = atoi(argv[7]);
    bool durable = !publishing && argc > 9 && strcmp(argv[9], "durable") == 0;
    char address[64];
    MQTTClient client;
    MQTTClient_createOptions options = MQTTClient_createOptions_initializer;

    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(address, sizeof address, "tcp://127.0.0.1:%s", argv[2]);
    options.MQTTVersion = version == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    if (MQTTClient_createWithOptions(&client, address, argv[4], MQTTCLIENT_PERSISTENCE_NONE, NULL, &options))
        return 1;
    if (connect_client(client, version, durable, argv))
        return 1;
    int code = 0;
    if (publishing)
        code = publish(client, version, qos, argv[8], argc > 9 ? argv[9] : (char *)"");
    else
        follow(client, version, qos, argv[8]);
    MQTTClient_disconnect(client, 1000);
    MQTTClient_destroy(&client);
    return code ? 1 : 0;
}
