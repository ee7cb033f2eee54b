/* The public record: its leaves and the heads of its tree. Both are kept and signed as the bytes written
 * here, so what is read need not be what this version would write: a reader keeps the bytes. */
#include "proto/codec_generated.h"

bool codec_decode_log_leaf(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct log_leaf *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__LogLeaf *in = (const Neighbors__V1__LogLeaf *)codec_unpack(
        encoding, payload, &neighbors__v1__log_leaf__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in ||
        !codec_check_text(&reading, NULL, "agency", in->agency, LIMIT_NAME, TEXT_PROSE, &out->agency) ||
        !codec_check_text(
            &reading, NULL, "agency_name", in->agency_name, LIMIT_NAME, TEXT_PROSE, &out->agency_name) ||
        !codec_check_text(
            &reading, NULL, "public_id", in->public_id, LIMIT_ID, TEXT_ACCOUNT, &out->public_id) ||
        !codec_check_text(
            &reading, NULL, "case_number", in->case_number, LIMIT_ID, TEXT_PROSE, &out->case_number) ||
        !codec_check_text(&reading, NULL, "text", in->text, LIMIT_RULE, TEXT_PROSE, &out->text) ||
        !codec_check_text(&reading, NULL, "what", in->what, LIMIT_ID, TEXT_ACCOUNT, &out->what) ||
        !codec_check_text(&reading, NULL, "subject", in->subject, LIMIT_NAME, TEXT_PROSE, &out->subject) ||
        !codec_check_exact(&reading, NULL, "index", in->index) ||
        !codec_check_exact(&reading, NULL, "at", (uint64_t)in->at) ||
        !codec_check_exact(&reading, NULL, "count", in->count) ||
        !codec_check_enum(&reading, NULL, "act", in->act, LOG_MODERATION, log_act_name))
        return false;
    if (in->digest.len > 32)
        return codec_refuse(&reading, NULL, "digest", "at most 32 bytes");
    out->index = in->index;
    out->at = in->at;
    out->act = (uint8_t)in->act;
    out->revision = in->revision;
    out->digest = (struct bytes){in->digest.data, in->digest.len};
    out->count = in->count;
    return true;
}

struct bytes codec_encode_log_leaf(enum encoding encoding, const struct log_leaf *in, struct arena *arena)
{
    Neighbors__V1__LogLeaf leaf = NEIGHBORS__V1__LOG_LEAF__INIT;
    leaf.version = 1;
    leaf.index = in->index;
    leaf.at = in->at;
    leaf.act = in->act;
    leaf.agency = codec_write_text(in->agency, arena);
    leaf.agency_name = codec_write_text(in->agency_name, arena);
    leaf.public_id = codec_write_text(in->public_id, arena);
    leaf.revision = in->revision;
    leaf.case_number = codec_write_text(in->case_number, arena);
    leaf.text = codec_write_text(in->text, arena);
    leaf.digest = codec_write_bytes(in->digest);
    leaf.what = codec_write_text(in->what, arena);
    leaf.count = in->count;
    leaf.subject = codec_write_text(in->subject, arena);
    return codec_pack(encoding, &leaf.base, arena);
}

bool codec_decode_tree_head(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct tree_head *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__TreeHead *in = (const Neighbors__V1__TreeHead *)codec_unpack(
        encoding, payload, &neighbors__v1__tree_head__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !codec_check_exact(&reading, NULL, "size", in->size) ||
        !codec_check_exact(&reading, NULL, "at", (uint64_t)in->at))
        return false;
    if (in->root_hash.len != 32)
        return codec_refuse(&reading, NULL, "root_hash", "32 bytes");
    if (in->key_id.len != 32)
        return codec_refuse(&reading, NULL, "key_id", "32 bytes");
    if (in->signature.len != 0 && in->signature.len != 64)
        return codec_refuse(&reading, NULL, "signature", "64 bytes");
    *out = (struct tree_head){.size = in->size,
        .at = in->at,
        .root_hash = {in->root_hash.data, in->root_hash.len},
        .key_id = {in->key_id.data, in->key_id.len},
        .signature = {in->signature.data, in->signature.len}};
    return true;
}

struct bytes codec_encode_tree_head(enum encoding encoding, const struct tree_head *in, struct arena *arena)
{
    Neighbors__V1__TreeHead head = NEIGHBORS__V1__TREE_HEAD__INIT;
    head.version = 1;
    head.size = in->size;
    head.at = in->at;
    head.root_hash = codec_write_bytes(in->root_hash);
    head.key_id = codec_write_bytes(in->key_id);
    head.signature = codec_write_bytes(in->signature);
    return codec_pack(encoding, &head.base, arena);
}
