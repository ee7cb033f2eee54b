/* Asking for footage, answering, closing a case. */
#include "proto/codec_generated.h"

_Static_assert(
    (int)INCIDENT_ABDUCTION == (int)NEIGHBORS__V1__INCIDENT_TYPE__VALUE__ABDUCTION, "as in the schema");
_Static_assert(
    (int)FOOTAGE_WITHDRAW == (int)NEIGHBORS__V1__FOOTAGE_DECISION__VALUE__WITHDRAW, "as in the schema");
_Static_assert(
    (int)OUTCOME_UNFOUNDED == (int)NEIGHBORS__V1__CASE_OUTCOME__VALUE__UNFOUNDED, "as in the schema");

/* ---- requests ---- */

static bool read_texts(const struct codec_reading *reading, const char *field, char *const *values,
    size_t count, size_t most, struct text **out)
{
    if (!codec_check_count(reading, NULL, field, count, most))
        return false;
    *out = count ? arena_take(reading->arena, count * sizeof **out) : NULL;
    for (size_t i = 0; i < count; i++) {
        struct codec_path path = {NULL, field, i};
        if (!codec_check_text(reading, &path, NULL, values[i], LIMIT_ID, TEXT_ACCOUNT, &(*out)[i]))
            return false;
    }
    return true;
}

static char **write_texts(const struct text *texts, size_t count, struct arena *arena)
{
    char **out = arena_take(arena, (count + 1) * sizeof *out);
    for (size_t i = 0; i < count; i++)
        out[i] = codec_write_text(texts[i], arena);
    return out;
}

static bool read_words(
    const struct codec_reading *reading, const Neighbors__V1__FootageRequest *in, struct footage_request *out)
{
    return codec_check_text(reading, NULL, "sender_request_id", in->sender_request_id, LIMIT_ID, TEXT_ID,
               &out->sender_request_id) &&
           codec_check_text(
               reading, NULL, "case_number", in->case_number, LIMIT_ID, TEXT_PROSE, &out->case_number) &&
           codec_check_text(reading, NULL, "sought", in->sought, LIMIT_SOUGHT, TEXT_PROSE, &out->sought) &&
           codec_check_text(
               reading, NULL, "contact", in->contact, LIMIT_CONTACT, TEXT_PROSE, &out->contact) &&
           codec_check_text(
               reading, NULL, "request_id", in->request_id, LIMIT_ID, TEXT_ACCOUNT, &out->request_id) &&
           codec_check_text(
               reading, NULL, "agency_name", in->agency_name, LIMIT_NAME, TEXT_PROSE, &out->agency_name);
}

static bool read_times(
    const struct codec_reading *reading, const Neighbors__V1__FootageRequest *in, struct footage_request *out)
{
    out->from = in->from;
    out->to = in->to;
    out->open_until = in->open_until;
    out->answer_at = in->answer_at;
    return codec_check_exact(reading, NULL, "from", (uint64_t)in->from) &&
           codec_check_exact(reading, NULL, "to", (uint64_t)in->to) &&
           codec_check_exact(reading, NULL, "open_until", (uint64_t)in->open_until) &&
           codec_check_exact(reading, NULL, "answer_at", (uint64_t)in->answer_at);
}

bool codec_decode_footage_request(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct footage_request *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__FootageRequest *in = (const Neighbors__V1__FootageRequest *)codec_unpack(
        encoding, payload, &neighbors__v1__footage_request__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !read_words(&reading, in, out) || !read_times(&reading, in, out) ||
        !codec_check_enum(&reading, NULL, "incident", in->incident, INCIDENT_ABDUCTION, incident_type_name) ||
        !codec_read_place(&reading, NULL, in->place, &out->place) ||
        !codec_check_bytes(&reading, NULL, "agency_certificate", in->agency_certificate.data,
            in->agency_certificate.len, LIMIT_CERTIFICATE, &out->agency_certificate) ||
        !read_texts(&reading, "devices", in->devices, in->n_devices, LIMIT_ASKED_DEVICES, &out->devices))
        return false;
    out->incident = (uint8_t)in->incident;
    out->device_count = in->n_devices;
    out->ended = in->ended;
    return true;
}

Neighbors__V1__FootageRequest *codec_write_footage_request(
    const struct footage_request *in, struct arena *arena)
{
    Neighbors__V1__FootageRequest *request =
        CODEC_NEW(Neighbors__V1__FootageRequest, NEIGHBORS__V1__FOOTAGE_REQUEST__INIT, arena);
    request->version = 1;
    request->sender_request_id = codec_write_text(in->sender_request_id, arena);
    request->case_number = codec_write_text(in->case_number, arena);
    request->incident = in->incident;
    request->sought = codec_write_text(in->sought, arena);
    request->contact = codec_write_text(in->contact, arena);
    request->place = codec_write_place(&in->place, arena);
    request->from = in->from;
    request->to = in->to;
    request->open_until = in->open_until;
    request->request_id = codec_write_text(in->request_id, arena);
    request->agency_name = codec_write_text(in->agency_name, arena);
    request->agency_certificate = codec_write_bytes(in->agency_certificate);
    request->n_devices = in->device_count;
    request->devices = write_texts(in->devices, in->device_count, arena);
    request->answer_at = in->answer_at;
    request->ended = in->ended;
    return request;
}

struct bytes codec_encode_footage_request(
    enum encoding encoding, const struct footage_request *in, struct arena *arena)
{
    return codec_pack(encoding, &codec_write_footage_request(in, arena)->base, arena);
}

/* ---- closing a case ---- */

bool codec_decode_resolve(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct resolve *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Resolve *in = (const Neighbors__V1__Resolve *)codec_unpack(
        encoding, payload, &neighbors__v1__resolve__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in ||
        !codec_check_text(
            &reading, NULL, "case_number", in->case_number, LIMIT_ID, TEXT_PROSE, &out->case_number) ||
        !codec_check_enum(&reading, NULL, "outcome", in->outcome, OUTCOME_UNFOUNDED, case_outcome_name) ||
        !read_texts(
            &reading, "request_ids", in->request_ids, in->n_request_ids, LIMIT_REQUESTS, &out->request_ids) ||
        !codec_check_text(&reading, NULL, "remark", in->remark, LIMIT_REMARK, TEXT_PROSE, &out->remark))
        return false;
    out->outcome = (uint8_t)in->outcome;
    out->request_count = in->n_request_ids;
    if (!out->case_number.len)
        return codec_refuse(&reading, NULL, "case_number", "required");
    return out->outcome || codec_refuse(&reading, NULL, "outcome", "required");
}

struct bytes codec_encode_resolve(enum encoding encoding, const struct resolve *in, struct arena *arena)
{
    Neighbors__V1__Resolve resolve = NEIGHBORS__V1__RESOLVE__INIT;
    resolve.version = 1;
    resolve.case_number = codec_write_text(in->case_number, arena);
    resolve.outcome = in->outcome;
    resolve.n_request_ids = in->request_count;
    resolve.request_ids = write_texts(in->request_ids, in->request_count, arena);
    resolve.remark = codec_write_text(in->remark, arena);
    return codec_pack(encoding, &resolve.base, arena);
}

/* ---- answers ---- */

static bool read_clip(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__ClipAnswer *in, struct clip_answer *out)
{
    if (!codec_check_text(reading, path, "clip_id", in->clip_id, LIMIT_ID, TEXT_ACCOUNT, &out->clip_id) ||
        !codec_check_enum(reading, path, "decision", in->decision, FOOTAGE_WITHDRAW, footage_decision_name) ||
        !codec_check_bytes(
            reading, path, "sealed", in->sealed.data, in->sealed.len, LIMIT_SEALED, &out->sealed) ||
        !codec_check_exact(reading, path, "delete_by", (uint64_t)in->delete_by))
        return false;
    out->decision = (uint8_t)in->decision;
    out->delete_by = in->delete_by;
    if (!out->clip_id.len)
        return codec_refuse(reading, path, "clip_id", "required");
    if (!out->decision)
        return codec_refuse(reading, path, "decision", "required");
    if (out->decision != FOOTAGE_SHARE)
        return true;
    if (!out->sealed.len)
        return codec_refuse(reading, path, "sealed", "required of what is shared");
    return out->delete_by || codec_refuse(reading, path, "delete_by", "required of what is shared");
}

static bool read_clips(
    const struct codec_reading *reading, const Neighbors__V1__FootageAnswer *in, struct footage_answer *out)
{
    size_t sealed = 0;
    if (!codec_check_count(reading, NULL, "clips", in->n_clips, LIMIT_CLIPS))
        return false;
    out->clip_count = in->n_clips;
    out->clips = in->n_clips ? arena_take(reading->arena, in->n_clips * sizeof *out->clips) : NULL;
    for (size_t i = 0; i < in->n_clips; i++) {
        struct codec_path path = {NULL, "clips", i};
        if (!read_clip(reading, &path, in->clips[i], &out->clips[i]))
            return false;
        for (size_t k = 0; k < i; k++)
            if (text_equal(out->clips[k].clip_id, out->clips[i].clip_id))
                return codec_refuse(reading, &path, "clip_id", "each at most once");
        sealed += out->clips[i].sealed.len;
    }
    return sealed <= LIMIT_SEALED ||
           codec_refuse(reading, NULL, "clips", "at most 45056 bytes sealed together");
}

bool codec_decode_footage_answer(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct footage_answer *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    memset(out, 0, sizeof *out);
    if (payload.len != FOOTAGE_ANSWER_BYTES)
        return codec_refuse(&reading, NULL, NULL,
            "exactly 65536 bytes: in protobuf by `padding`, in JSON by white space behind it");
    const Neighbors__V1__FootageAnswer *in = (const Neighbors__V1__FootageAnswer *)codec_unpack(
        encoding, payload, &neighbors__v1__footage_answer__descriptor, &reading);
    if (!in ||
        !codec_check_text(
            &reading, NULL, "request_id", in->request_id, LIMIT_ID, TEXT_ACCOUNT, &out->request_id) ||
        !read_clips(&reading, in, out))
        return false;
    return out->request_id.len || codec_refuse(&reading, NULL, "request_id", "required");
}

static Neighbors__V1__ClipAnswer *write_clip(const struct clip_answer *in, struct arena *arena)
{
    Neighbors__V1__ClipAnswer *clip =
        CODEC_NEW(Neighbors__V1__ClipAnswer, NEIGHBORS__V1__CLIP_ANSWER__INIT, arena);
    clip->clip_id = codec_write_text(in->clip_id, arena);
    clip->decision = in->decision;
    clip->sealed = codec_write_bytes(in->sealed);
    clip->delete_by = in->delete_by;
    return clip;
}

/* What is missing to FOOTAGE_ANSWER_BYTES: in JSON blanks, in protobuf the field padding, of zeros. Whatever
 * the limits allow leaves room for a padding whose length takes three bytes. */
static struct bytes pad(enum encoding encoding, struct bytes packed, struct arena *arena)
{
    enum { TAG = 4 << 3 | 2, HEAD = 4 };
    if (packed.len + HEAD > FOOTAGE_ANSWER_BYTES)
        return packed;
    uint8_t *out = arena_take(arena, FOOTAGE_ANSWER_BYTES);
    memset(out, encoding == ENCODING_JSON ? ' ' : 0, FOOTAGE_ANSWER_BYTES);
    memcpy(out, packed.data, packed.len);
    if (encoding == ENCODING_PROTOBUF) {
        size_t padding = FOOTAGE_ANSWER_BYTES - packed.len - HEAD;
        out[packed.len] = TAG;
        out[packed.len + 1] = (uint8_t)(padding & 0x7F) | 0x80;
        out[packed.len + 2] = (uint8_t)(padding >> 7 & 0x7F) | 0x80;
        out[packed.len + 3] = (uint8_t)(padding >> 14);
    }
    return (struct bytes){out, FOOTAGE_ANSWER_BYTES};
}

struct bytes codec_encode_footage_answer(
    enum encoding encoding, const struct footage_answer *in, struct arena *arena)
{
    Neighbors__V1__FootageAnswer answer = NEIGHBORS__V1__FOOTAGE_ANSWER__INIT;
    answer.version = 1;
    answer.request_id = codec_write_text(in->request_id, arena);
    answer.n_clips = in->clip_count;
    answer.clips = arena_take(arena, (in->clip_count + 1) * sizeof *answer.clips);
    for (size_t i = 0; i < in->clip_count; i++)
        answer.clips[i] = write_clip(&in->clips[i], arena);
    return pad(encoding, codec_pack(encoding, &answer.base, arena), arena);
}

/* ---- what is shared ---- */

bool codec_decode_sealed_clip(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct sealed_clip *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const struct codec_reading *r = &reading;
    const Neighbors__V1__SealedClip *in = (const Neighbors__V1__SealedClip *)codec_unpack(
        encoding, payload, &neighbors__v1__sealed_clip__descriptor, r);
    memset(out, 0, sizeof *out);
    if (!in ||
        !codec_check_text(r, NULL, "request_id", in->request_id, LIMIT_ID, TEXT_ACCOUNT, &out->request_id) ||
        !codec_check_text(r, NULL, "case_number", in->case_number, LIMIT_ID, TEXT_PROSE, &out->case_number) ||
        !codec_check_text(r, NULL, "purpose", in->purpose, LIMIT_REMARK, TEXT_PROSE, &out->purpose) ||
        !codec_check_text(r, NULL, "device", in->device, LIMIT_ID, TEXT_ACCOUNT, &out->device) ||
        !codec_check_text(r, NULL, "note", in->note, LIMIT_DESCRIPTION, TEXT_PROSE, &out->note) ||
        !codec_check_text(r, NULL, "reference", in->reference, LIMIT_WEB, TEXT_PROSE, &out->reference) ||
        !codec_check_text(r, NULL, "media_type", in->media_type, LIMIT_ID, TEXT_ID, &out->media_type) ||
        !codec_check_exact(r, NULL, "delete_by", (uint64_t)in->delete_by) ||
        !codec_check_exact(r, NULL, "from", (uint64_t)in->from) ||
        !codec_check_exact(r, NULL, "to", (uint64_t)in->to) ||
        !codec_check_bytes(r, NULL, "still", in->still.data, in->still.len, LIMIT_SEALED, &out->still))
        return false;
    out->delete_by = in->delete_by;
    out->from = in->from;
    out->to = in->to;
    return true;
}

struct bytes codec_encode_sealed_clip(
    enum encoding encoding, const struct sealed_clip *in, struct arena *arena)
{
    Neighbors__V1__SealedClip clip = NEIGHBORS__V1__SEALED_CLIP__INIT;
    clip.version = 1;
    clip.request_id = codec_write_text(in->request_id, arena);
    clip.case_number = codec_write_text(in->case_number, arena);
    clip.purpose = codec_write_text(in->purpose, arena);
    clip.delete_by = in->delete_by;
    clip.device = codec_write_text(in->device, arena);
    clip.from = in->from;
    clip.to = in->to;
    clip.note = codec_write_text(in->note, arena);
    clip.reference = codec_write_text(in->reference, arena);
    clip.media_type = codec_write_text(in->media_type, arena);
    clip.still = codec_write_bytes(in->still);
    return codec_pack(encoding, &clip.base, arena);
}

bool codec_decode_footage(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct footage *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const struct codec_reading *r = &reading;
    const Neighbors__V1__Footage *in = (const Neighbors__V1__Footage *)codec_unpack(
        encoding, payload, &neighbors__v1__footage__descriptor, r);
    memset(out, 0, sizeof *out);
    if (!in ||
        !codec_check_text(r, NULL, "request_id", in->request_id, LIMIT_ID, TEXT_ACCOUNT, &out->request_id) ||
        !codec_check_text(r, NULL, "case_number", in->case_number, LIMIT_ID, TEXT_PROSE, &out->case_number) ||
        !codec_check_text(r, NULL, "clip_id", in->clip_id, LIMIT_ID, TEXT_ACCOUNT, &out->clip_id) ||
        !codec_check_bytes(r, NULL, "sealed", in->sealed.data, in->sealed.len, LIMIT_SEALED, &out->sealed) ||
        !codec_check_exact(r, NULL, "delete_by", (uint64_t)in->delete_by) ||
        !codec_check_exact(r, NULL, "at", (uint64_t)in->at))
        return false;
    out->delete_by = in->delete_by;
    out->withdrawn = in->withdrawn;
    out->at = in->at;
    return true;
}

struct bytes codec_encode_footage(enum encoding encoding, const struct footage *in, struct arena *arena)
{
    Neighbors__V1__Footage footage = NEIGHBORS__V1__FOOTAGE__INIT;
    footage.version = 1;
    footage.request_id = codec_write_text(in->request_id, arena);
    footage.case_number = codec_write_text(in->case_number, arena);
    footage.clip_id = codec_write_text(in->clip_id, arena);
    footage.sealed = codec_write_bytes(in->sealed);
    footage.delete_by = in->delete_by;
    footage.withdrawn = in->withdrawn;
    footage.at = in->at;
    return codec_pack(encoding, &footage.base, arena);
}
