/* Tips and rewards. What belongs together in one of them is the kind's to say (broker/kind/tip.c, reward.c).
 */
#include "proto/codec_generated.h"

/* ---- tips ---- */

static bool read_tip(const struct codec_reading *reading, const Neighbors__V1__Tip *in, struct tip *out)
{
    return codec_check_text(
               reading, NULL, "sender_tip_id", in->sender_tip_id, LIMIT_ID, TEXT_ID, &out->sender_tip_id) &&
           codec_check_text(reading, NULL, "conversation_id", in->conversation_id, LIMIT_ID, TEXT_ACCOUNT,
               &out->conversation_id) &&
           codec_check_text(reading, NULL, "agency", in->agency, LIMIT_ID, TEXT_ACCOUNT, &out->agency) &&
           codec_check_text(reading, NULL, "about", in->about, LIMIT_ID, TEXT_ACCOUNT, &out->about) &&
           codec_check_text(
               reading, NULL, "case_number", in->case_number, LIMIT_ID, TEXT_PROSE, &out->case_number) &&
           codec_check_text(reading, NULL, "text", in->text, LIMIT_DESCRIPTION, TEXT_PROSE, &out->text) &&
           codec_check_bytes(
               reading, NULL, "sealed", in->sealed.data, in->sealed.len, LIMIT_SEALED_TIP, &out->sealed) &&
           codec_check_bytes(reading, NULL, "claim_hash", in->claim_hash.data, in->claim_hash.len,
               LIMIT_CLAIM, &out->claim_hash) &&
           codec_check_exact(reading, NULL, "at", (uint64_t)in->at) &&
           codec_check_text(reading, NULL, "tip_id", in->tip_id, LIMIT_ID, TEXT_ACCOUNT, &out->tip_id);
}

bool codec_decode_tip(enum encoding encoding, struct bytes payload, struct arena *arena, struct tip *out,
    struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Tip *in = (const Neighbors__V1__Tip *)codec_unpack(
        encoding, payload, &neighbors__v1__tip__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !read_tip(&reading, in, out))
        return false;
    out->from_agency = in->from_agency;
    out->at = in->at;
    if (out->claim_hash.len && out->claim_hash.len != LIMIT_CLAIM)
        return codec_refuse(&reading, NULL, "claim_hash", "a SHA-256 of 32 bytes");
    if (!out->text.len == !out->sealed.len)
        return codec_refuse(&reading, NULL, "text", "either text or sealed");
    return true;
}

struct bytes codec_encode_tip(enum encoding encoding, const struct tip *in, struct arena *arena)
{
    Neighbors__V1__Tip tip = NEIGHBORS__V1__TIP__INIT;
    tip.version = 1;
    tip.sender_tip_id = codec_write_text(in->sender_tip_id, arena);
    tip.conversation_id = codec_write_text(in->conversation_id, arena);
    tip.agency = codec_write_text(in->agency, arena);
    tip.about = codec_write_text(in->about, arena);
    tip.case_number = codec_write_text(in->case_number, arena);
    tip.text = codec_write_text(in->text, arena);
    tip.sealed = codec_write_bytes(in->sealed);
    tip.claim_hash = codec_write_bytes(in->claim_hash);
    tip.from_agency = in->from_agency;
    tip.at = in->at;
    tip.tip_id = codec_write_text(in->tip_id, arena);
    return codec_pack(encoding, &tip.base, arena);
}

/* ---- rewards ---- */

static bool read_reward_texts(
    const struct codec_reading *reading, const Neighbors__V1__Reward *in, struct reward *out)
{
    return codec_check_text(reading, NULL, "sender_reward_id", in->sender_reward_id, LIMIT_ID, TEXT_ID,
               &out->sender_reward_id) &&
           codec_check_text(
               reading, NULL, "programme", in->programme, LIMIT_ID, TEXT_ACCOUNT, &out->programme) &&
           codec_check_text(reading, NULL, "conversation_id", in->conversation_id, LIMIT_ID, TEXT_ACCOUNT,
               &out->conversation_id) &&
           codec_check_text(
               reading, NULL, "case_number", in->case_number, LIMIT_ID, TEXT_PROSE, &out->case_number) &&
           codec_check_text(reading, NULL, "reward", in->reward, LIMIT_REMARK, TEXT_PROSE, &out->reward) &&
           codec_check_text(
               reading, NULL, "currency", in->currency, LIMIT_CURRENCY, TEXT_ACCOUNT, &out->currency) &&
           codec_check_text(reading, NULL, "claim_text", in->claim_text, LIMIT_DESCRIPTION, TEXT_PROSE,
               &out->claim_text) &&
           codec_check_text(
               reading, NULL, "agency_name", in->agency_name, LIMIT_NAME, TEXT_PROSE, &out->agency_name) &&
           codec_check_text(reading, NULL, "voucher", in->voucher, LIMIT_VOUCHER, TEXT_ID, &out->voucher);
}

bool codec_decode_reward(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct reward *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Reward *in = (const Neighbors__V1__Reward *)codec_unpack(
        encoding, payload, &neighbors__v1__reward__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !read_reward_texts(&reading, in, out) ||
        !codec_check_exact(&reading, NULL, "amount_cents", in->amount_cents) ||
        !codec_check_exact(&reading, NULL, "claim_until", (uint64_t)in->claim_until))
        return false;
    out->amount_cents = in->amount_cents;
    out->claim_until = in->claim_until;
    out->stock = in->stock;
    out->redeem = in->redeem;
    out->number = in->number;
    if (in->stock > LIMIT_STOCK)
        return codec_refuse(&reading, NULL, "stock", "at most 1000000");
    return true;
}

struct bytes codec_encode_reward(enum encoding encoding, const struct reward *in, struct arena *arena)
{
    Neighbors__V1__Reward reward = NEIGHBORS__V1__REWARD__INIT;
    reward.version = 1;
    reward.sender_reward_id = codec_write_text(in->sender_reward_id, arena);
    reward.programme = codec_write_text(in->programme, arena);
    reward.conversation_id = codec_write_text(in->conversation_id, arena);
    reward.case_number = codec_write_text(in->case_number, arena);
    reward.reward = codec_write_text(in->reward, arena);
    reward.amount_cents = in->amount_cents;
    reward.currency = codec_write_text(in->currency, arena);
    reward.claim_text = codec_write_text(in->claim_text, arena);
    reward.claim_until = in->claim_until;
    reward.agency_name = codec_write_text(in->agency_name, arena);
    reward.stock = in->stock;
    reward.redeem = in->redeem;
    reward.number = in->number;
    reward.voucher = codec_write_text(in->voucher, arena);
    return codec_pack(encoding, &reward.base, arena);
}
