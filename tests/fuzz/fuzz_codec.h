/* What both fuzzers of the codec hold: whatever is taken can be written in both encodings, and what is
 * written then is taken again and written the same. The first byte of the input chooses the message. */
#ifndef NEIGHBORS_TESTS_FUZZ_CODEC_H
#define NEIGHBORS_TESTS_FUZZ_CODEC_H

#include <stdlib.h>

#include "proto/codec.h"

static inline void check(bool holds)
{
    if (!holds)
        abort();
}

static inline void check_refusal(const struct refusal *refusal)
{
    check(refusal->code == REASON_BAD_PAYLOAD && refusal->field && refusal->rule);
}

#define FUZZ_MESSAGE(message, decode, encode)                                                                \
    static void fuzz_##decode(enum encoding encoding, struct bytes in, struct arena *arena)                  \
    {                                                                                                        \
        struct message first, second;                                                                        \
        struct refusal refusal = {0};                                                                        \
        if (!codec_decode_##decode(encoding, in, arena, &first, &refusal)) {                                 \
            check_refusal(&refusal);                                                                         \
            return;                                                                                          \
        }                                                                                                    \
        if (!fuzz_is_writable_##message(&first))                                                             \
            return;                                                                                          \
        struct bytes protobuf = codec_encode_##encode(ENCODING_PROTOBUF, &first, arena);                     \
        struct bytes json = codec_encode_##encode(ENCODING_JSON, &first, arena);                             \
        check(codec_decode_##decode(ENCODING_PROTOBUF, protobuf, arena, &second, &refusal));                 \
        check(bytes_equal(json, codec_encode_##encode(ENCODING_JSON, &second, arena)));                      \
        check(codec_decode_##decode(ENCODING_JSON, json, arena, &second, &refusal));                         \
        check(bytes_equal(protobuf, codec_encode_##encode(ENCODING_PROTOBUF, &second, arena)));              \
    }

/* A batch with a bad event holds what must not be written. */
static inline bool fuzz_is_writable_motion_batch(const struct motion_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->events[i].refusal.code != REASON_OK) {
            check_refusal(&batch->events[i].refusal);
            return false;
        }
    return true;
}
#define FUZZ_ALWAYS_WRITABLE(message)                                                                        \
    static inline bool fuzz_is_writable_##message(const struct message *in)                                  \
    {                                                                                                        \
        return in != NULL;                                                                                   \
    }
FUZZ_ALWAYS_WRITABLE(alert)
FUZZ_ALWAYS_WRITABLE(history_query)
FUZZ_ALWAYS_WRITABLE(feed_item)
FUZZ_ALWAYS_WRITABLE(heartbeat)
FUZZ_ALWAYS_WRITABLE(refused)
FUZZ_ALWAYS_WRITABLE(history_page)
FUZZ_ALWAYS_WRITABLE(info)
FUZZ_ALWAYS_WRITABLE(witness)
FUZZ_ALWAYS_WRITABLE(flag)
FUZZ_ALWAYS_WRITABLE(verdict)
FUZZ_ALWAYS_WRITABLE(moderation)
FUZZ_ALWAYS_WRITABLE(forget)
FUZZ_ALWAYS_WRITABLE(export_query)
FUZZ_ALWAYS_WRITABLE(desk_query)
FUZZ_ALWAYS_WRITABLE(deleted)
FUZZ_ALWAYS_WRITABLE(settings_message)
FUZZ_ALWAYS_WRITABLE(footage_request)
FUZZ_ALWAYS_WRITABLE(resolve)
FUZZ_ALWAYS_WRITABLE(sealed_clip)
FUZZ_ALWAYS_WRITABLE(footage)
FUZZ_ALWAYS_WRITABLE(tip)
FUZZ_ALWAYS_WRITABLE(reward)
FUZZ_ALWAYS_WRITABLE(push_subscription)

FUZZ_MESSAGE(motion_batch, motion_batch, motion_batch)
FUZZ_MESSAGE(alert, alert, alert)
FUZZ_MESSAGE(alert, published_alert, alert)
FUZZ_MESSAGE(history_query, history_query, history_query)
FUZZ_MESSAGE(feed_item, feed_item, feed_item)
FUZZ_MESSAGE(heartbeat, heartbeat, heartbeat)
FUZZ_MESSAGE(refused, refused, refused)
FUZZ_MESSAGE(history_page, history_page, history_page)
FUZZ_MESSAGE(info, info, info)
FUZZ_MESSAGE(witness, witness, witness)
FUZZ_MESSAGE(flag, flag, flag)
FUZZ_MESSAGE(verdict, verdict, verdict)
FUZZ_MESSAGE(moderation, moderation, moderation)
FUZZ_MESSAGE(forget, forget, forget)
FUZZ_MESSAGE(export_query, export_query, export_query)
FUZZ_MESSAGE(desk_query, desk_query, desk_query)
FUZZ_MESSAGE(deleted, deleted, deleted)
FUZZ_MESSAGE(settings_message, settings_message, settings_message)
FUZZ_MESSAGE(footage_request, footage_request, footage_request)
FUZZ_MESSAGE(resolve, resolve, resolve)
FUZZ_MESSAGE(sealed_clip, sealed_clip, sealed_clip)
FUZZ_MESSAGE(footage, footage, footage)
FUZZ_MESSAGE(tip, tip, tip)
FUZZ_MESSAGE(reward, reward, reward)
FUZZ_MESSAGE(push_subscription, push_subscription, push_subscription)

static inline void fuzz_codec(enum encoding encoding, const uint8_t *data, size_t size)
{
    static void (*const fuzz[])(enum encoding encoding, struct bytes in, struct arena * arena) = {
        fuzz_motion_batch, fuzz_alert, fuzz_published_alert, fuzz_history_query, fuzz_feed_item,
        fuzz_heartbeat, fuzz_refused, fuzz_history_page, fuzz_info, fuzz_witness, fuzz_flag, fuzz_verdict,
        fuzz_moderation, fuzz_settings_message, fuzz_footage_request, fuzz_resolve, fuzz_sealed_clip,
        fuzz_footage, fuzz_tip, fuzz_reward, fuzz_push_subscription, fuzz_forget, fuzz_deleted,
        fuzz_export_query, fuzz_desk_query};
    if (size == 0)
        return;
    struct arena arena;
    struct refusal refusal;
    struct bytes payload = {data + 1, size - 1};
    arena_init(&arena, NULL, 0);
    (void)codec_encoding_of((struct text){NULL, 0}, payload, &refusal);
    fuzz[data[0] % (sizeof fuzz / sizeof *fuzz)](encoding, payload, &arena);
    arena_free(&arena);
}

#endif
