/* Alerts: first what holds for every alert, then what is asked of one that a sender hands in. */
#include <strings.h>

#include "proto/codec_generated.h"

_Static_assert((int)MSG_CANCEL == (int)NEIGHBORS__V1__MSG_TYPE__VALUE__CANCEL, "as in the schema");
_Static_assert((int)CATEGORY_OTHER == (int)NEIGHBORS__V1__CATEGORY__VALUE__other, "as in the schema");
_Static_assert((int)SEVERITY_EXTREME == (int)NEIGHBORS__V1__SEVERITY__VALUE__EXTREME, "as in the schema");
_Static_assert((int)URGENCY_IMMEDIATE == (int)NEIGHBORS__V1__URGENCY__VALUE__IMMEDIATE, "as in the schema");
_Static_assert((int)CERTAINTY_OBSERVED == (int)NEIGHBORS__V1__CERTAINTY__VALUE__OBSERVED, "as in the schema");
_Static_assert((int)ALERT_ENDED == (int)NEIGHBORS__V1__ALERT_STATE__VALUE__ENDED, "as in the schema");
_Static_assert((int)SENDER_AGENCY == (int)NEIGHBORS__V1__SENDER_KIND__VALUE__AGENCY, "as in the schema");
_Static_assert((int)TRUTH_REFUTED == (int)NEIGHBORS__V1__TRUTH__VALUE__REFUTED, "as in the schema");
_Static_assert((int)STATUS_DRAFT == (int)NEIGHBORS__V1__ALERT_STATUS__VALUE__DRAFT, "as in the schema");

static bool read_enums(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Alert *in, struct alert *out)
{
    const struct {
        const char *field;
        int value, last, when_unspecified;
        const char *(*name_of)(int value);
        uint8_t *out;
    } fields[] = {
        {"msg_type", in->msg_type, MSG_CANCEL, MSG_ALERT, msg_type_name, &out->msg_type},
        {"category", in->category, CATEGORY_OTHER, 0, category_name, &out->category},
        {"severity", in->severity, SEVERITY_EXTREME, SEVERITY_UNKNOWN, severity_name, &out->severity},
        {"urgency", in->urgency, URGENCY_IMMEDIATE, URGENCY_UNKNOWN, urgency_name, &out->urgency},
        {"certainty", in->certainty, CERTAINTY_OBSERVED, CERTAINTY_UNKNOWN, certainty_name, &out->certainty},
        {"state", in->state, ALERT_ENDED, 0, alert_state_name, &out->state},
        {"sender_kind", in->sender_kind, SENDER_AGENCY, 0, sender_kind_name, &out->sender_kind},
        {"truth", in->truth, TRUTH_REFUTED, 0, truth_name, &out->truth},
        {"status", in->status, STATUS_DRAFT, 0, alert_status_name, &out->status},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!codec_check_enum(
                reading, path, fields[i].field, fields[i].value, fields[i].last, fields[i].name_of))
            return false;
        *fields[i].out = (uint8_t)(fields[i].value ? fields[i].value : fields[i].when_unspecified);
    }
    return true;
}

struct text_field {
    const char *field, *value;
    size_t most;
    enum text_kind kind;
    struct text *out;
};

static bool read_fields(const struct codec_reading *reading, const struct codec_path *path,
    const struct text_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!codec_check_text(reading, path, fields[i].field, fields[i].value, fields[i].most, fields[i].kind,
                fields[i].out))
            return false;
    return true;
}

static bool read_texts(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Alert *in, struct alert *out)
{
    const struct text_field fields[] = {
        {"sender_alert_id", in->sender_alert_id, LIMIT_ID, TEXT_ID, &out->sender_alert_id},
        {"headline", in->headline, LIMIT_HEADLINE, TEXT_PROSE, &out->headline},
        {"description", in->description, LIMIT_PUBLISHED_TEXT, TEXT_PROSE, &out->description},
        {"instruction", in->instruction, LIMIT_PUBLISHED_TEXT, TEXT_PROSE, &out->instruction},
        {"event", in->event, LIMIT_HEADLINE, TEXT_PROSE, &out->event},
        {"web", in->web, LIMIT_WEB, TEXT_PROSE, &out->web},
        {"language", in->language, LIMIT_LANGUAGE, TEXT_ACCOUNT, &out->language},
        {"case_number", in->case_number, LIMIT_ID, TEXT_PROSE, &out->case_number},
        {"reward_offer", in->reward_offer, LIMIT_HEADLINE, TEXT_PROSE, &out->reward_offer},
        {"public_id", in->public_id, LIMIT_ID, TEXT_ACCOUNT, &out->public_id},
        {"sender_name", in->sender_name, LIMIT_NAME, TEXT_PROSE, &out->sender_name},
    };
    return read_fields(reading, path, fields, sizeof fields / sizeof *fields);
}

static bool read_references(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Alert *in, struct alert *out)
{
    if (!codec_check_count(reading, path, "references", in->n_references, LIMIT_REFERENCES))
        return false;
    out->reference_count = in->n_references;
    out->references =
        in->n_references ? arena_take(reading->arena, in->n_references * sizeof *out->references) : NULL;
    for (size_t i = 0; i < in->n_references; i++) {
        struct codec_path reference = {path, "references", i};
        if (!codec_check_text(
                reading, &reference, NULL, in->references[i], LIMIT_ID, TEXT_ID, &out->references[i]))
            return false;
        if (!out->references[i].len)
            return codec_refuse(reading, &reference, NULL, "not empty");
    }
    return true;
}

/* The texts in a further language. */
static bool read_text(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__AlertText *in, struct alert_text *out)
{
    const struct text_field fields[] = {
        {"language", in->language, LIMIT_LANGUAGE, TEXT_ACCOUNT, &out->language},
        {"headline", in->headline, LIMIT_HEADLINE, TEXT_PROSE, &out->headline},
        {"description", in->description, LIMIT_PUBLISHED_TEXT, TEXT_PROSE, &out->description},
        {"instruction", in->instruction, LIMIT_PUBLISHED_TEXT, TEXT_PROSE, &out->instruction},
        {"web", in->web, LIMIT_WEB, TEXT_PROSE, &out->web},
        {"event", in->event, LIMIT_HEADLINE, TEXT_PROSE, &out->event},
    };
    return read_fields(reading, path, fields, sizeof fields / sizeof *fields);
}

static bool read_languages(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Alert *in, struct alert *out)
{
    if (!codec_check_count(reading, path, "texts", in->n_texts, LIMIT_TEXTS))
        return false;
    out->text_count = in->n_texts;
    out->texts = in->n_texts ? arena_take(reading->arena, in->n_texts * sizeof *out->texts) : NULL;
    for (size_t i = 0; i < in->n_texts; i++) {
        struct codec_path text = {path, "texts", i};
        if (!read_text(reading, &text, in->texts[i], &out->texts[i]))
            return false;
    }
    return true;
}

bool codec_read_alert(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Alert *in, struct alert *out)
{
    memset(out, 0, sizeof *out);
    if (in->version > 1)
        return codec_refuse(reading, path, "version", "1");
    if (!read_texts(reading, path, in, out) || !read_enums(reading, path, in, out) ||
        !read_references(reading, path, in, out) || !read_languages(reading, path, in, out) ||
        !codec_check_exact(reading, path, "effective", (uint64_t)in->effective) ||
        !codec_check_exact(reading, path, "expires", (uint64_t)in->expires))
        return false;
    out->effective = in->effective;
    out->expires = in->expires;
    out->revision = in->revision;
    out->merged = in->merged;
    out->has_document = in->has_document;
    return codec_read_place(reading, path, in->place, &out->place);
}

static bool check_web(const struct codec_reading *reading, const struct alert *alert)
{
    struct text web = alert->web;
    if (!web.len)
        return true;
    bool known = (web.len > 7 && strncasecmp(web.data, "http://", 7) == 0) ||
                 (web.len > 8 && strncasecmp(web.data, "https://", 8) == 0);
    if (!known)
        return codec_refuse(reading, NULL, "web", "an http or https address");
    return codec_check_text(reading, NULL, "web", web.data, LIMIT_WEB, TEXT_ID, &web);
}

/* A sender writes less than an agency's document may bring. */
static bool check_lengths(const struct codec_reading *reading, const struct alert *alert)
{
    static const char *const rule = "at most 4096 bytes";
    if (alert->description.len > LIMIT_DESCRIPTION)
        return codec_refuse(reading, NULL, "description", rule);
    return alert->instruction.len <= LIMIT_DESCRIPTION || codec_refuse(reading, NULL, "instruction", rule);
}

static bool check_sent(const struct codec_reading *reading, const struct alert *alert)
{
    bool cancels = alert->msg_type == MSG_CANCEL;
    if (!alert->sender_alert_id.len)
        return codec_refuse(reading, NULL, "sender_alert_id", "required");
    if (alert->msg_type == MSG_ALERT && alert->reference_count)
        return codec_refuse(reading, NULL, "references", "none with ALERT");
    if (alert->msg_type != MSG_ALERT && !alert->reference_count && !alert->public_id.len)
        return codec_refuse(reading, NULL, "references", "required with UPDATE and CANCEL");
    if (!cancels && !alert->category)
        return codec_refuse(reading, NULL, "category", "required");
    if (!cancels && !alert->headline.len)
        return codec_refuse(reading, NULL, "headline", "required");
    if (!cancels && alert->place.kind == PLACE_NONE)
        return codec_refuse(reading, NULL, "place", "required");
    if (alert->effective && alert->expires && alert->expires <= alert->effective)
        return codec_refuse(reading, NULL, "expires", "after effective");
    return check_lengths(reading, alert) && check_web(reading, alert);
}

bool codec_decode_published_alert(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct alert *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Alert *in = (const Neighbors__V1__Alert *)codec_unpack(
        encoding, payload, &neighbors__v1__alert__descriptor, &reading);
    return in && codec_read_alert(&reading, NULL, in, out);
}

bool codec_decode_alert(enum encoding encoding, struct bytes payload, struct arena *arena, struct alert *out,
    struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    return codec_decode_published_alert(encoding, payload, arena, out, refusal) && check_sent(&reading, out);
}

static Neighbors__V1__AlertText *write_text(const struct alert_text *in, struct arena *arena)
{
    Neighbors__V1__AlertText *text =
        CODEC_NEW(Neighbors__V1__AlertText, NEIGHBORS__V1__ALERT_TEXT__INIT, arena);
    text->language = codec_write_text(in->language, arena);
    text->headline = codec_write_text(in->headline, arena);
    text->description = codec_write_text(in->description, arena);
    text->instruction = codec_write_text(in->instruction, arena);
    text->web = codec_write_text(in->web, arena);
    text->event = codec_write_text(in->event, arena);
    return text;
}

Neighbors__V1__Alert *codec_write_alert(const struct alert *in, struct arena *arena)
{
    Neighbors__V1__Alert *alert = CODEC_NEW(Neighbors__V1__Alert, NEIGHBORS__V1__ALERT__INIT, arena);
    alert->version = 1;
    alert->sender_alert_id = codec_write_text(in->sender_alert_id, arena);
    alert->msg_type = in->msg_type;
    alert->n_references = in->reference_count;
    if (in->reference_count)
        alert->references = arena_take(arena, in->reference_count * sizeof *alert->references);
    for (size_t i = 0; i < in->reference_count; i++)
        alert->references[i] = codec_write_text(in->references[i], arena);
    alert->category = in->category;
    alert->severity = in->severity;
    alert->urgency = in->urgency;
    alert->certainty = in->certainty;
    alert->headline = codec_write_text(in->headline, arena);
    alert->description = codec_write_text(in->description, arena);
    alert->instruction = codec_write_text(in->instruction, arena);
    alert->web = codec_write_text(in->web, arena);
    alert->language = codec_write_text(in->language, arena);
    alert->place = codec_write_place(&in->place, arena);
    alert->effective = in->effective;
    alert->expires = in->expires;
    alert->case_number = codec_write_text(in->case_number, arena);
    alert->reward_offer = codec_write_text(in->reward_offer, arena);
    alert->public_id = codec_write_text(in->public_id, arena);
    alert->revision = in->revision;
    alert->state = in->state;
    alert->sender_kind = in->sender_kind;
    alert->truth = in->truth;
    alert->merged = in->merged;
    alert->sender_name = codec_write_text(in->sender_name, arena);
    alert->status = in->status;
    alert->event = codec_write_text(in->event, arena);
    alert->n_texts = in->text_count;
    if (in->text_count)
        alert->texts = arena_take(arena, in->text_count * sizeof *alert->texts);
    for (size_t i = 0; i < in->text_count; i++)
        alert->texts[i] = write_text(&in->texts[i], arena);
    alert->has_document = in->has_document;
    return alert;
}

struct bytes codec_encode_alert(enum encoding encoding, const struct alert *in, struct arena *arena)
{
    return codec_pack(encoding, &codec_write_alert(in, arena)->base, arena);
}
