/* Verifying where a household lives. */
#include "proto/codec_generated.h"

enum { CODE_MOST = 16 };

bool codec_decode_household_step(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct household_step *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__HouseholdStep *in = (const Neighbors__V1__HouseholdStep *)codec_unpack(
        encoding, payload, &neighbors__v1__household_step__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !codec_check_text(&reading, NULL, "code", in->code, CODE_MOST, TEXT_PROSE, &out->code))
        return false;
    out->invite = in->invite;
    return (out->code.len > 0) != out->invite ||
           codec_refuse(&reading, NULL, "code", "either a code is given back, or a neighbor is invited");
}

struct bytes codec_encode_household_step(
    enum encoding encoding, const struct household_step *in, struct arena *arena)
{
    Neighbors__V1__HouseholdStep step = NEIGHBORS__V1__HOUSEHOLD_STEP__INIT;
    step.version = 1;
    step.code = codec_write_text(in->code, arena);
    step.invite = in->invite;
    return codec_pack(encoding, &step.base, arena);
}

bool codec_decode_household_code(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct household_code *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__HouseholdCode *in = (const Neighbors__V1__HouseholdCode *)codec_unpack(
        encoding, payload, &neighbors__v1__household_code__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !codec_check_exact(&reading, NULL, "expires", (uint64_t)in->expires))
        return false;
    out->expires = in->expires;
    return codec_check_text(&reading, NULL, "code", in->code, CODE_MOST, TEXT_PROSE, &out->code);
}

struct bytes codec_encode_household_code(
    enum encoding encoding, const struct household_code *in, struct arena *arena)
{
    Neighbors__V1__HouseholdCode code = NEIGHBORS__V1__HOUSEHOLD_CODE__INIT;
    code.version = 1;
    code.code = codec_write_text(in->code, arena);
    code.expires = in->expires;
    return codec_pack(encoding, &code.base, arena);
}
