/* What others say about an alert, and what its sender is told of it: witnesses, flags, verdicts, moderation.
 */
#include "proto/codec_generated.h"

_Static_assert((int)FLAG_OTHER == (int)NEIGHBORS__V1__FLAG_REASON__VALUE__OTHER, "as in the schema");
_Static_assert(
    (int)VERDICT_REMOVED == (int)NEIGHBORS__V1__VERDICT_DECISION__VALUE__REMOVED, "as in the schema");

/* The alert that is spoken of: required, whatever is said. */
static bool read_public_id(const struct codec_reading *reading, const char *value, struct text *out)
{
    if (!codec_check_text(reading, NULL, "public_id", value, LIMIT_ID, TEXT_ACCOUNT, out))
        return false;
    return out->len || codec_refuse(reading, NULL, "public_id", "required");
}

/* An enum that must be told. */
static bool read_choice(const struct codec_reading *reading, const char *field, int value, int last,
    const char *(*name_of)(int value), uint8_t *out)
{
    if (!codec_check_enum(reading, NULL, field, value, last, name_of))
        return false;
    *out = (uint8_t)value;
    return value || codec_refuse(reading, NULL, field, "required");
}

bool codec_decode_witness(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct witness *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Witness *in = (const Neighbors__V1__Witness *)codec_unpack(
        encoding, payload, &neighbors__v1__witness__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !read_public_id(&reading, in->public_id, &out->public_id) ||
        !codec_check_text(&reading, NULL, "remark", in->remark, LIMIT_REMARK, TEXT_PROSE, &out->remark) ||
        !codec_check_exact(&reading, NULL, "at", (uint64_t)in->at))
        return false;
    out->at = in->at;
    return true;
}

struct bytes codec_encode_witness(enum encoding encoding, const struct witness *in, struct arena *arena)
{
    Neighbors__V1__Witness witness = NEIGHBORS__V1__WITNESS__INIT;
    witness.version = 1;
    witness.public_id = codec_write_text(in->public_id, arena);
    witness.remark = codec_write_text(in->remark, arena);
    witness.at = in->at;
    return codec_pack(encoding, &witness.base, arena);
}

bool codec_decode_flag(enum encoding encoding, struct bytes payload, struct arena *arena, struct flag *out,
    struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Flag *in = (const Neighbors__V1__Flag *)codec_unpack(
        encoding, payload, &neighbors__v1__flag__descriptor, &reading);
    memset(out, 0, sizeof *out);
    return in && read_public_id(&reading, in->public_id, &out->public_id) &&
           read_choice(&reading, "reason", in->reason, FLAG_OTHER, flag_reason_name, &out->reason) &&
           codec_check_text(&reading, NULL, "remark", in->remark, LIMIT_REMARK, TEXT_PROSE, &out->remark);
}

struct bytes codec_encode_flag(enum encoding encoding, const struct flag *in, struct arena *arena)
{
    Neighbors__V1__Flag flag = NEIGHBORS__V1__FLAG__INIT;
    flag.version = 1;
    flag.public_id = codec_write_text(in->public_id, arena);
    flag.reason = in->reason;
    flag.remark = codec_write_text(in->remark, arena);
    return codec_pack(encoding, &flag.base, arena);
}

bool codec_decode_verdict(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct verdict *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Verdict *in = (const Neighbors__V1__Verdict *)codec_unpack(
        encoding, payload, &neighbors__v1__verdict__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !read_public_id(&reading, in->public_id, &out->public_id) ||
        !read_choice(
            &reading, "decision", in->decision, VERDICT_REMOVED, verdict_decision_name, &out->decision) ||
        !codec_check_text(&reading, NULL, "reason", in->reason, LIMIT_REMARK, TEXT_PROSE, &out->reason) ||
        !codec_check_text(
            &reading, NULL, "case_number", in->case_number, LIMIT_ID, TEXT_PROSE, &out->case_number))
        return false;
    out->revision = in->revision;
    return true;
}

struct bytes codec_encode_verdict(enum encoding encoding, const struct verdict *in, struct arena *arena)
{
    Neighbors__V1__Verdict verdict = NEIGHBORS__V1__VERDICT__INIT;
    verdict.version = 1;
    verdict.public_id = codec_write_text(in->public_id, arena);
    verdict.revision = in->revision;
    verdict.decision = in->decision;
    verdict.reason = codec_write_text(in->reason, arena);
    verdict.case_number = codec_write_text(in->case_number, arena);
    return codec_pack(encoding, &verdict.base, arena);
}

bool codec_decode_moderation(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct moderation *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Moderation *in = (const Neighbors__V1__Moderation *)codec_unpack(
        encoding, payload, &neighbors__v1__moderation__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in ||
        !codec_check_text(
            &reading, NULL, "public_id", in->public_id, LIMIT_ID, TEXT_ACCOUNT, &out->public_id) ||
        !codec_check_text(&reading, NULL, "decision", in->decision, LIMIT_ID, TEXT_ACCOUNT, &out->decision) ||
        !codec_check_text(&reading, NULL, "reason", in->reason, LIMIT_REMARK, TEXT_PROSE, &out->reason) ||
        !codec_check_exact(&reading, NULL, "at", (uint64_t)in->at) ||
        !codec_check_exact(&reading, NULL, "until", (uint64_t)in->until))
        return false;
    out->at = in->at;
    out->until = in->until;
    return true;
}

struct bytes codec_encode_moderation(enum encoding encoding, const struct moderation *in, struct arena *arena)
{
    Neighbors__V1__Moderation moderation = NEIGHBORS__V1__MODERATION__INIT;
    moderation.version = 1;
    moderation.public_id = codec_write_text(in->public_id, arena);
    moderation.decision = codec_write_text(in->decision, arena);
    moderation.reason = codec_write_text(in->reason, arena);
    moderation.at = in->at;
    moderation.until = in->until;
    return codec_pack(encoding, &moderation.base, arena);
}
