/* What clients ask and what the broker says of itself: history queries, refusals, info. */
#include "proto/codec_generated.h"
#include "proto/topic.h"

static bool is_radius(uint32_t metres)
{
    for (const uint32_t *radius = topic_radii; *radius; radius++)
        if (*radius == metres)
            return true;
    return false;
}

static bool read_cells(
    const struct codec_reading *reading, const Neighbors__V1__HistoryQuery *in, struct history_query *out)
{
    if (!codec_check_count(reading, NULL, "cells", in->n_cells, LIMIT_CELLS))
        return false;
    out->cell_count = in->n_cells;
    out->cells = in->n_cells ? arena_alloc(reading->arena, in->n_cells * sizeof *out->cells) : NULL;
    for (size_t i = 0; i < in->n_cells; i++) {
        struct codec_path cell = {NULL, "cells", i};
        if (!codec_check_text(
                reading, &cell, NULL, in->cells[i], LIMIT_GEOHASH, TEXT_ACCOUNT, &out->cells[i]))
            return false;
        if (!out->cells[i].len)
            return codec_refuse(reading, &cell, NULL, "a geohash");
    }
    return true;
}

static bool check_query(const struct codec_reading *reading, const struct history_query *query)
{
    if (!query->near_cell.len == !query->cell_count)
        return codec_refuse(reading, NULL, "near_cell", "either near_cell or cells");
    if (query->near_cell.len && !is_radius(query->metres))
        return codec_refuse(reading, NULL, "metres", "one of 400, 800, 1600, 3200, 8000");
    if (!query->near_cell.len && query->metres)
        return codec_refuse(reading, NULL, "metres", "only with near_cell");
    if (query->from && query->to && query->to <= query->from)
        return codec_refuse(reading, NULL, "to", "after from");
    if (query->item_class.len && !item_class_of(query->item_class))
        return codec_refuse(
            reading, NULL, "class", "activity, incident, area, exercise, system, test or draft");
    return query->limit <= LIMIT_PAGE || codec_refuse(reading, NULL, "limit", "at most 500");
}

bool codec_decode_history_query(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct history_query *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__HistoryQuery *in = (const Neighbors__V1__HistoryQuery *)codec_unpack(
        encoding, payload, &neighbors__v1__history_query__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in ||
        !codec_check_text(
            &reading, NULL, "near_cell", in->near_cell, LIMIT_GEOHASH, TEXT_ACCOUNT, &out->near_cell) ||
        !codec_check_text(&reading, NULL, "page", in->page, LIMIT_OPAQUE, TEXT_ID, &out->page) ||
        !codec_check_text(&reading, NULL, "class", in->class_, LIMIT_ID, TEXT_ID, &out->item_class) ||
        !codec_check_exact(&reading, NULL, "from", (uint64_t)in->from) ||
        !codec_check_exact(&reading, NULL, "to", (uint64_t)in->to) || !read_cells(&reading, in, out))
        return false;
    out->metres = in->metres;
    out->from = in->from;
    out->to = in->to;
    out->limit = in->limit;
    return check_query(&reading, out);
}

struct bytes codec_encode_history_query(
    enum encoding encoding, const struct history_query *in, struct arena *arena)
{
    Neighbors__V1__HistoryQuery query = NEIGHBORS__V1__HISTORY_QUERY__INIT;
    query.version = 1;
    query.near_cell = codec_write_text(in->near_cell, arena);
    query.metres = in->metres;
    query.n_cells = in->cell_count;
    query.cells = arena_take(arena, in->cell_count * sizeof *query.cells);
    for (size_t i = 0; i < in->cell_count; i++)
        query.cells[i] = codec_write_text(in->cells[i], arena);
    query.from = in->from;
    query.to = in->to;
    query.limit = in->limit;
    query.page = codec_write_text(in->page, arena);
    query.class_ = codec_write_text(in->item_class, arena);
    return codec_pack(encoding, &query.base, arena);
}

bool codec_decode_refused(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct refused *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Refused *in = (const Neighbors__V1__Refused *)codec_unpack(
        encoding, payload, &neighbors__v1__refused__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !codec_check_text(&reading, NULL, "topic", in->topic, LIMIT_NAME, TEXT_PROSE, &out->topic) ||
        !codec_check_text(&reading, NULL, "field", in->field, LIMIT_NAME, TEXT_PROSE, &out->field) ||
        !codec_check_text(&reading, NULL, "rule", in->rule, LIMIT_RULE, TEXT_PROSE, &out->rule) ||
        !codec_check_exact(&reading, NULL, "seq", in->seq))
        return false;
    if (in->packet_id > UINT16_MAX)
        return codec_refuse(&reading, NULL, "packet_id", "at most 65535");
    if (in->code > UINT8_MAX)
        return codec_refuse(&reading, NULL, "code", "at most 255");
    out->packet_id = in->packet_id;
    out->seq = in->seq;
    out->code = (uint8_t)in->code;
    out->retry_after_s = in->retry_after_s;
    return true;
}

struct bytes codec_encode_refused(enum encoding encoding, const struct refused *in, struct arena *arena)
{
    Neighbors__V1__Refused refused = NEIGHBORS__V1__REFUSED__INIT;
    refused.version = 1;
    refused.topic = codec_write_text(in->topic, arena);
    refused.packet_id = in->packet_id;
    refused.seq = in->seq;
    refused.code = in->code;
    refused.field = codec_write_text(in->field, arena);
    refused.rule = codec_write_text(in->rule, arena);
    refused.retry_after_s = in->retry_after_s;
    return codec_pack(encoding, &refused.base, arena);
}

bool codec_decode_info(enum encoding encoding, struct bytes payload, struct arena *arena, struct info *out,
    struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Info *in = (const Neighbors__V1__Info *)codec_unpack(
        encoding, payload, &neighbors__v1__info__descriptor, &reading);
    if (!in)
        return false;
    *out = (struct info){.channel_precision = in->channel_precision,
        .leaf_precision = in->leaf_precision,
        .radius_count = in->n_radii_m,
        .radii_m = in->radii_m,
        .max_batch = in->max_batch,
        .max_filters = in->max_filters,
        .max_packet_bytes = in->max_packet_bytes,
        .log_public_key = {in->log_public_key.data, in->log_public_key.len},
        .push_public_key = {in->push_public_key.data, in->push_public_key.len}};
    if (in->log_public_key.len > LIMIT_NAME)
        return codec_refuse(&reading, NULL, "log_public_key", "at most 256 bytes");
    if (in->push_public_key.len && in->push_public_key.len != PUSH_PUBLIC_KEY)
        return codec_refuse(&reading, NULL, "push_public_key", "65 bytes");
    return codec_check_count(&reading, NULL, "radii_m", in->n_radii_m, LIMIT_RADII) &&
           codec_check_text(
               &reading, NULL, "durability", in->durability, LIMIT_NAME, TEXT_PROSE, &out->durability) &&
           codec_check_text(&reading, NULL, "software_version", in->software_version, LIMIT_NAME, TEXT_PROSE,
               &out->version);
}

struct bytes codec_encode_info(enum encoding encoding, const struct info *in, struct arena *arena)
{
    Neighbors__V1__Info info = NEIGHBORS__V1__INFO__INIT;
    info.version = 1;
    info.channel_precision = in->channel_precision;
    info.leaf_precision = in->leaf_precision;
    info.n_radii_m = in->radius_count;
    info.radii_m = in->radii_m;
    info.max_batch = in->max_batch;
    info.max_filters = in->max_filters;
    info.max_packet_bytes = in->max_packet_bytes;
    info.durability = codec_write_text(in->durability, arena);
    info.log_public_key = codec_write_bytes(in->log_public_key);
    info.software_version = codec_write_text(in->version, arena);
    info.push_public_key = codec_write_bytes(in->push_public_key);
    return codec_pack(encoding, &info.base, arena);
}
