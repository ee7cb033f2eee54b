/* What a resident wants deleted, and the receipt for it. */
#include "proto/codec_generated.h"

enum { LIMIT_KEY_ID = 32, LIMIT_SIGNATURE = 64 };

static bool read_devices(
    const struct codec_reading *reading, const Neighbors__V1__Forget *in, struct forget *out)
{
    if (!codec_check_count(reading, NULL, "devices", in->n_devices, LIMIT_DEVICES))
        return false;
    out->device_count = in->n_devices;
    out->devices = in->n_devices ? arena_alloc(reading->arena, in->n_devices * sizeof *out->devices) : NULL;
    for (size_t i = 0; i < in->n_devices; i++) {
        struct codec_path path = {NULL, "devices", i};
        if (!codec_check_text(reading, &path, NULL, in->devices[i], LIMIT_ID, TEXT_ACCOUNT, &out->devices[i]))
            return false;
        if (!out->devices[i].len)
            return codec_refuse(reading, &path, NULL, "the id of a device");
    }
    return true;
}

static bool check_forget(const struct codec_reading *reading, const struct forget *out)
{
    bool part = out->device_count || out->from || out->to;
    if (out->from && out->to && out->to < out->from)
        return codec_refuse(reading, NULL, "to", "not before from");
    if (out->account && (part || out->enrolment))
        return codec_refuse(reading, NULL, "account", "the whole household: not with devices, from or to");
    if (out->enrolment && (!out->device_count || out->from || out->to))
        return codec_refuse(reading, NULL, "enrolment", "with devices, and all of their events");
    return true;
}

bool codec_decode_forget(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct forget *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Forget *in = (const Neighbors__V1__Forget *)codec_unpack(
        encoding, payload, &neighbors__v1__forget__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !read_devices(&reading, in, out) ||
        !codec_check_exact(&reading, NULL, "from", (uint64_t)in->from) ||
        !codec_check_exact(&reading, NULL, "to", (uint64_t)in->to) ||
        !codec_check_text(&reading, NULL, "forget_id", in->forget_id, LIMIT_ID, TEXT_ID, &out->forget_id))
        return false;
    out->from = in->from;
    out->to = in->to;
    out->alerts = in->alerts;
    out->account = in->account;
    out->enrolment = in->enrolment;
    return check_forget(&reading, out);
}

struct bytes codec_encode_forget(enum encoding encoding, const struct forget *in, struct arena *arena)
{
    Neighbors__V1__Forget forget = NEIGHBORS__V1__FORGET__INIT;
    forget.version = 1;
    forget.n_devices = in->device_count;
    forget.devices = arena_take(arena, in->device_count * sizeof *forget.devices);
    for (size_t i = 0; i < in->device_count; i++)
        forget.devices[i] = codec_write_text(in->devices[i], arena);
    forget.from = in->from;
    forget.to = in->to;
    forget.alerts = in->alerts;
    forget.account = in->account;
    forget.enrolment = in->enrolment;
    forget.forget_id = codec_write_text(in->forget_id, arena);
    return codec_pack(encoding, &forget.base, arena);
}

bool codec_decode_deleted(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct deleted *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Deleted *in = (const Neighbors__V1__Deleted *)codec_unpack(
        encoding, payload, &neighbors__v1__deleted__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in ||
        !codec_check_text(&reading, NULL, "forget_id", in->forget_id, LIMIT_ID, TEXT_ID, &out->forget_id) ||
        !codec_check_text(
            &reading, NULL, "household", in->household, LIMIT_ID, TEXT_ACCOUNT, &out->household) ||
        !codec_check_exact(&reading, NULL, "from", (uint64_t)in->from) ||
        !codec_check_exact(&reading, NULL, "to", (uint64_t)in->to) ||
        !codec_check_exact(&reading, NULL, "at", (uint64_t)in->at) ||
        !codec_check_exact(&reading, NULL, "events", in->events) ||
        !codec_check_exact(&reading, NULL, "alerts", in->alerts))
        return false;
    if (in->key_id.len > LIMIT_KEY_ID)
        return codec_refuse(&reading, NULL, "key_id", "at most 32 bytes");
    if (in->signature.len > LIMIT_SIGNATURE)
        return codec_refuse(&reading, NULL, "signature", "at most 64 bytes");
    out->from = in->from;
    out->to = in->to;
    out->at = in->at;
    out->events = in->events;
    out->alerts = in->alerts;
    out->principals = in->principals;
    out->backup_days = in->backup_days;
    out->key_id = (struct bytes){in->key_id.data, in->key_id.len};
    out->signature = (struct bytes){in->signature.data, in->signature.len};
    return true;
}

struct bytes codec_encode_deleted(enum encoding encoding, const struct deleted *in, struct arena *arena)
{
    Neighbors__V1__Deleted deleted = NEIGHBORS__V1__DELETED__INIT;
    deleted.version = 1;
    deleted.from = in->from;
    deleted.to = in->to;
    deleted.at = in->at;
    deleted.events = in->events;
    deleted.alerts = in->alerts;
    deleted.principals = in->principals;
    deleted.backup_days = in->backup_days;
    deleted.forget_id = codec_write_text(in->forget_id, arena);
    deleted.household = codec_write_text(in->household, arena);
    deleted.key_id = codec_write_bytes(in->key_id);
    deleted.signature = codec_write_bytes(in->signature);
    return codec_pack(encoding, &deleted.base, arena);
}
