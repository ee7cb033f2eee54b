/* Footage requests and answers as stories write them. */
#ifndef NEIGHBORS_TESTS_STORIES_FOOTAGE_CASE_H
#define NEIGHBORS_TESTS_STORIES_FOOTAGE_CASE_H

#include "proto/codec.h"
#include "tests/recipient.h"
#include "tests/stories/alert_case.h"
#include "tests/stories/stage_footage.h"

/* The stage's clock begins at this second. */
#define START_S 1700000000LL
/* 400 m around the middle of HERE_LEAF. */
#define AREA "\"place\":{\"circle\":{\"center\":{\"latE7\":377737000,\"lonE7\":-1224152000},\"radiusM\":400}}"
#define HOUR_S 3600LL

/* An agency with a certificate, in HERE; its officer comes and follows its inbox. */
static inline struct client *detective(const char *agency, const char *name, struct text certificate)
{
    enrolled(agency, "", "");
    trusted_within(agency, HERE,
        (struct principal_record){
            .name = TEXT("Police"), .certificate = {(const uint8_t *)certificate.data, certificate.len}});
    struct client *client = comes(agency, name, (struct manner){.officer = name});
    follows(client, "nb/v1/inbox/#", 1);
    forgets(client);
    return client;
}

/* What a request says: what a story leaves NULL or 0 is as it should be. */
struct asking {
    const char *id, *case_number, *incident, *sought, *contact, *place;
    int64_t from_s, to_s, open_s; /* seconds from now; open_s 0: not told */
};
static inline void asks(struct client *client, uint16_t packet_id, struct asking asking)
{
    char json[8192], open[64] = "";
    int64_t now = stage_now();
    if (asking.open_s)
        snprintf(open, sizeof(open), ",\"openUntil\":\"%lld\"", (long long)(now + asking.open_s * 1000));
    snprintf(json, sizeof(json),
        "{\"version\":1,\"senderRequestId\":\"%s\",\"caseNumber\":\"%s\",\"incident\":\"%s\",\"sought\":\"%"
        "s\","
        "\"contact\":\"%s\",%s,\"from\":\"%lld\",\"to\":\"%lld\"%s}",
        asking.id ? asking.id : "r-1", asking.case_number ? asking.case_number : "24-1187",
        asking.incident ? asking.incident : "BURGLARY",
        asking.sought ? asking.sought : "A white van that left the alley going north",
        asking.contact ? asking.contact : "burglary@police.example", asking.place ? asking.place : AREA,
        (long long)(now + (asking.from_s ? asking.from_s : -4 * HOUR_S) * 1000),
        (long long)(now + (asking.to_s ? asking.to_s : -2 * HOUR_S) * 1000), open);
    publishes(client, "nb/v1/footage-request", 1, packet_id, json);
}

/* The request id out of the PUBACK that the client heard next. */
static inline void learns_request(struct client *client, char out[PUBLIC_ID + 1])
{
    const char *line = next_heard(client);
    const char *id = line ? strstr(line, "request-id=") : NULL;
    if (!id)
        fail_msg("heard: %s\nexpected a PUBACK with a request id", line ? line : "nothing");
    snprintf(out, PUBLIC_ID + 1, "%.*s", PUBLIC_ID, id + sizeof("request-id=") - 1);
}

/* One answer with at most one clip; decision 0: says nothing. */
static inline void answers_request(struct client *client, uint16_t packet_id, const char *request_id,
    enum footage_decision decision, const char *clip_id, struct bytes sealed)
{
    struct clip_answer clip = {.clip_id = text_of(clip_id), .decision = (uint8_t)decision};
    struct footage_answer answer = {
        .request_id = text_of(request_id), .clip_count = decision ? 1 : 0, .clips = &clip};
    struct arena arena;
    if (decision == FOOTAGE_SHARE) {
        clip.sealed = sealed;
        clip.delete_by = stage_now() + 7 * 24 * HOUR_S * 1000;
    }
    arena_init(&arena, NULL, 0);
    struct bytes payload = codec_encode_footage_answer(ENCODING_JSON, &answer, &arena);
    publishes(client, "nb/v1/footage-answer", 1, packet_id, arena_copy(&arena, payload.data, payload.len));
    arena_free(&arena);
}

#endif
