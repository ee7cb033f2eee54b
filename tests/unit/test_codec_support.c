/* test_codec.h: every message of the codec as a row, and the running of tables of cases. */
#include <stdio.h>

#include "proto/codec_memory.h"
#include "proto/json.h"
#include "tests/unit/test_codec.h"

#define AGAIN(message)                                                                                       \
    static bool again_##message(enum encoding from, struct bytes payload, enum encoding to,                  \
        struct arena *arena, struct bytes *out, struct refusal *refusal)                                     \
    {                                                                                                        \
        struct message in;                                                                                   \
        if (!codec_decode_##message(from, payload, arena, &in, refusal))                                     \
            return false;                                                                                    \
        *out = codec_encode_##message(to, &in, arena);                                                       \
        return true;                                                                                         \
    }
AGAIN(alert)
AGAIN(history_query)
AGAIN(feed_item)
AGAIN(heartbeat)
AGAIN(refused)
AGAIN(history_page)
AGAIN(info)
AGAIN(witness)
AGAIN(flag)
AGAIN(verdict)
AGAIN(moderation)
AGAIN(forget)
AGAIN(export_query)
AGAIN(desk_query)
AGAIN(deleted)
AGAIN(settings_message)
AGAIN(footage_request)
AGAIN(resolve)
AGAIN(sealed_clip)
AGAIN(footage)
AGAIN(push_subscription)
AGAIN(push_notice)

/* A batch with a bad event is a batch; here the first bad event speaks for it. */
static bool again_motion_batch(enum encoding from, struct bytes payload, enum encoding to,
    struct arena *arena, struct bytes *out, struct refusal *refusal)
{
    struct motion_batch in;
    if (!codec_decode_motion_batch(from, payload, arena, &in, refusal))
        return false;
    for (size_t i = 0; i < in.count; i++) {
        *refusal = in.events[i].refusal;
        if (refusal->code != REASON_OK)
            return false;
    }
    *out = codec_encode_motion_batch(to, &in, arena);
    return true;
}

static bool again_published_alert(enum encoding from, struct bytes payload, enum encoding to,
    struct arena *arena, struct bytes *out, struct refusal *refusal)
{
    struct alert in;
    if (!codec_decode_published_alert(from, payload, arena, &in, refusal))
        return false;
    *out = codec_encode_alert(to, &in, arena);
    return true;
}

#define ENTRY(message)                                                                                       \
    {                                                                                                        \
#message, &neighbors__v1__##message##__descriptor, again_##message                                   \
    }
const struct codec_entry codec_entries[] = {
    ENTRY(motion_batch),
    ENTRY(alert),
    ENTRY(history_query),
    ENTRY(feed_item),
    ENTRY(heartbeat),
    ENTRY(refused),
    ENTRY(history_page),
    ENTRY(info),
    ENTRY(witness),
    ENTRY(flag),
    ENTRY(verdict),
    ENTRY(moderation),
    ENTRY(forget),
    {"export", &neighbors__v1__export__descriptor, again_export_query},
    ENTRY(desk_query),
    ENTRY(deleted),
    ENTRY(footage_request),
    ENTRY(resolve),
    ENTRY(sealed_clip),
    ENTRY(footage),
    ENTRY(push_subscription),
    ENTRY(push_notice),
    {"settings", &neighbors__v1__settings__descriptor, again_settings_message},
    {"published_alert", &neighbors__v1__alert__descriptor, again_published_alert},
    {NULL, NULL, NULL},
};

const struct codec_entry *codec_entry_of(const char *name)
{
    for (const struct codec_entry *entry = codec_entries; entry->name; entry++)
        if (strcmp(entry->name, name) == 0)
            return entry;
    return NULL;
}

struct bytes protobuf_of(const char *json, const ProtobufCMessageDescriptor *descriptor, struct arena *arena)
{
    struct refusal refusal = {0};
    struct codec_reading reading = {arena, &refusal};
    struct codec_memory memory;
    codec_memory_init(&memory, arena, strlen(json));
    ProtobufCMessage *message = json_to_message(bytes_of(json), descriptor, &memory, &reading);
    if (!message)
        fail_msg("%s: %s: %s", json, refusal.field, refusal.rule);
    *(uint32_t *)(void *)((uint8_t *)message + descriptor->fields[0].offset) = 1;
    uint8_t *data = arena_alloc(arena, protobuf_c_message_get_packed_size(message));
    return (struct bytes){data, protobuf_c_message_pack(message, data)};
}

static void try_case(const struct codec_entry *entry, const struct codec_case *c, enum encoding encoding,
    struct bytes payload, struct arena *arena)
{
    struct refusal refusal = {0};
    struct bytes out;
    bool good = entry->again(encoding, payload, encoding, arena, &out, &refusal);
    if (!c->field && !good)
        fail_msg("%s (encoding %d) was refused: %s: %s", c->json, encoding, refusal.field, refusal.rule);
    if (!c->field)
        return;
    if (good)
        fail_msg("%s (encoding %d) was taken", c->json, encoding);
    assert_int_equal(refusal.code, REASON_BAD_PAYLOAD);
    if (strcmp(refusal.field, c->field) != 0 || !strstr(refusal.rule, c->rule))
        fail_msg("%s (encoding %d): expected %s: %s, not %s: %s", c->json, encoding, c->field, c->rule,
            refusal.field, refusal.rule);
}

void try_codec_cases(const char *message, const struct codec_case *cases, size_t count)
{
    const struct codec_entry *entry = codec_entry_of(message);
    for (size_t i = 0; i < count; i++) {
        struct arena arena;
        arena_init(&arena, NULL, 0);
        try_case(entry, &cases[i], ENCODING_JSON, bytes_of(cases[i].json), &arena);
        struct bytes protobuf = protobuf_of(cases[i].json, entry->descriptor, &arena);
        try_case(entry, &cases[i], ENCODING_PROTOBUF, protobuf, &arena);
        arena_free(&arena);
    }
}
