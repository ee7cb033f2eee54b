/* Alerts as stories write them: the fields that each needs, and what the story says beside them. */
#ifndef NEIGHBORS_TESTS_STORIES_ALERT_CASE_H
#define NEIGHBORS_TESTS_STORIES_ALERT_CASE_H

#include "tests/stories/stage.h"

/* The middle of HERE_LEAF, its neighbor 600 m north, and AWAY_LEAF. */
#define AT_HERE "\"place\":{\"point\":{\"latE7\":377737000,\"lonE7\":-1224152000}}"
#define AT_NORTH "\"place\":{\"point\":{\"latE7\":377790000,\"lonE7\":-1224152000}}"
#define AT_AWAY "\"place\":{\"point\":{\"latE7\":378067000,\"lonE7\":-1222723000}}"
#define SAYS_ENOUGH "\"headline\":\"Somebody tries doors\",\"description\":\"Tries car doors, goes north\""
#define IN_AN_HOUR "\"expires\":1700003600000"
#define CRIME_HERE "\"category\":\"crime\"," SAYS_ENOUGH "," IN_AN_HOUR "," AT_HERE

/* Publishes an alert of that id with these fields at QoS 1. */
static inline void warns(struct client *client, uint16_t packet_id, const char *id, const char *fields)
{
    char json[4096];
    snprintf(json, sizeof(json), "{\"version\":1,\"senderAlertId\":\"%s\",%s}", id, fields);
    publishes(client, "nb/v1/alert", 1, packet_id, json);
}

/* The public id out of the PUBACK that the client heard next. */
static inline void learns_id(struct client *client, char out[PUBLIC_ID + 1])
{
    const char *line = next_heard(client);
    const char *id = line ? strstr(line, "public-id=") : NULL;
    if (!id)
        fail_msg("heard: %s\nexpected a PUBACK with a public id", line ? line : "nothing");
    snprintf(out, PUBLIC_ID + 1, "%.*s", PUBLIC_ID, id + sizeof("public-id=") - 1);
}

/* Says something of an alert: topic "witness", fields behind the public id. */
static inline void says_of(
    struct client *client, const char *topic, uint16_t packet_id, const char *public_id, const char *fields)
{
    char json[1024], name[64];
    snprintf(name, sizeof(name), "nb/v1/%s", topic);
    snprintf(json, sizeof(json), "{\"version\":1,\"publicId\":\"%s\"%s%s}", public_id, fields[0] ? "," : "",
        fields);
    publishes(client, name, 1, packet_id, json);
}

/* A resident of a verified household in that leaf cell, who came and follows its inbox. */
static inline struct client *neighbor(const char *name, const char *household, const char *leaf)
{
    enrolled(name, household, leaf);
    trusted(name, (struct principal_record){.verified = 1});
    struct client *client = comes(name, "phone", (struct manner){0});
    follows(client, "nb/v1/inbox/#", 1);
    forgets(client);
    return client;
}

/* An agency that came with its officer's token; its jurisdiction is the channel HERE. */
static inline struct client *officer(const char *name)
{
    enrolled("agency/pd", "", "");
    trusted_within("agency/pd", HERE, (struct principal_record){.name = TEXT("Police")});
    struct client *client = comes("agency/pd", name, (struct manner){.officer = name});
    follows(client, "nb/v1/inbox/#", 1);
    forgets(client);
    return client;
}

#endif
