/* A CAP document becomes an Alert: names, times and texts. Its area is cap_plan.c's and cap_area.c's. */
#include "bridge/cap/cap_alert.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <strings.h>

#include "bridge/base64url.h"
#include "bridge/cap/alert_parts.h"

bool cap_refuse(struct refusal *refusal, const char *field, const char *rule)
{
    *refusal = (struct refusal){.code = REASON_BAD_PAYLOAD, .field = field, .rule = rule};
    return false;
}

/* ---- names ---- */

struct text cap_sender_alert_id(
    struct text sender, struct text identifier, struct cap_time sent, struct arena *arena)
{
    enum { SHA256 = 32 };
    uint8_t digest[SHA256];
    char text[BASE64URL_TEXT(SHA256) + 4];
    sender = cap_trimmed(sender);
    identifier = cap_trimmed(identifier);
    char *joined =
        arena_printf(arena, "%lld,%.*s,%.*s", (long long)(sent.present ? sent.at : 0), (int)sender.len,
            sender.data ? sender.data : "", (int)identifier.len, identifier.data ? identifier.data : "");
    if (EVP_Digest(joined, strlen(joined), digest, NULL, EVP_sha256(), NULL) != 1)
        abort();
    base64url_encode((struct bytes){digest, sizeof digest}, text);
    return text_of(arena_printf(arena, "cap-%s", text));
}

static bool take_references(
    const struct cap_message *message, struct arena *arena, struct alert *out, struct refusal *refusal)
{
    if (message->reference_count > LIMIT_REFERENCES)
        return cap_refuse(refusal, "references",
            arena_printf(arena, "R14: at most %d references can be followed", (int)LIMIT_REFERENCES));
    out->references = arena_alloc(arena, message->reference_count * sizeof *out->references);
    for (size_t i = 0; i < message->reference_count; i++) {
        const struct cap_reference *reference = &message->references[i];
        struct text id =
            cap_sender_alert_id(reference->sender, reference->identifier, reference->sent, arena);
        bool repeated = text_equal(id, out->sender_alert_id);
        for (size_t other = 0; other < out->reference_count; other++)
            repeated |= text_equal(id, out->references[other]);
        if (!repeated)
            out->references[out->reference_count++] = id;
    }
    return out->reference_count || message->msg_type == CAP_ALERT ||
           cap_refuse(refusal, "references", "R14: name the messages that this one is about");
}

/* ---- texts ---- */

/* Control characters beyond those of a text: DEL, and U+0080 to U+009F, which are C2 80 to C2 9F. */
static bool control_at(struct text text, size_t i)
{
    uint8_t byte = (uint8_t)text.data[i];
    if (byte == 0xC2)
        return i + 1 < text.len && (uint8_t)text.data[i + 1] < 0xA0;
    return byte == 0x7F || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r');
}

struct text cap_prose(struct text text, size_t most, struct arena *arena)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    text = cap_trimmed(text);
    if (!text.len)
        return (struct text){NULL, 0};
    char *out = arena_copy(arena, text.data, text.len);
    size_t len = text.len;
    for (size_t i = 0; i < len; i++) {
        if (!control_at(text, i))
            continue;
        out[i] = ' ';
        if ((uint8_t)text.data[i] == 0xC2)
            out[++i] = ' ';
    }
    if (len > most) {
        len = most - (sizeof ellipsis - 1);
        while (len && ((uint8_t)out[len] & 0xC0) == 0x80)
            len--;
        memcpy(out + len, ellipsis, sizeof ellipsis);
        len += sizeof ellipsis - 1;
    }
    text = cap_trimmed((struct text){out, len});
    return text.len ? text : (struct text){NULL, 0};
}

/* A language that cannot be one (blanks, other scripts) is not told. */
static struct text language_of(const struct cap_info *info)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    struct text language = cap_trimmed(cap_language(info));
    for (size_t i = 0; i < language.len; i++)
        if (!memchr(allowed, language.data[i], sizeof allowed - 1))
            return TEXT("und");
    return language.len && language.len <= LIMIT_LANGUAGE ? language : TEXT("und");
}

static bool same_language(struct text a, struct text b)
{
    return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

/* Only addresses that a page may link to. */
static struct text web_of(struct text web)
{
    web = cap_trimmed(web);
    bool known = (web.len > 7 && strncasecmp(web.data, "http://", 7) == 0) ||
                 (web.len > 8 && strncasecmp(web.data, "https://", 8) == 0);
    bool plain = known && web.len <= LIMIT_WEB;
    for (size_t i = 0; plain && i < web.len; i++)
        plain = web.data[i] > ' ' && web.data[i] < 0x7F;
    return plain ? web : (struct text){NULL, 0};
}

/* What a later info in a language adds to the first one: its text, unless it says the same. */
static struct text joined(struct text first, struct text more, struct arena *arena)
{
    more = cap_trimmed(more);
    if (!more.len || (first.len >= more.len && memmem(first.data, first.len, more.data, more.len)))
        return first;
    if (!first.len || first.len > LIMIT_PUBLISHED_TEXT || more.len > LIMIT_PUBLISHED_TEXT)
        return first.len ? first : more;
    return text_of(arena_printf(arena, "%.*s\n\n%.*s", (int)first.len, first.data, (int)more.len, more.data));
}

enum { JOINED_MAX = 64 };

/* All that the document says in the language of its info `first`, and of the next few in it. */
static struct alert_text texts_of(
    const struct cap_message *message, size_t first, uint8_t category, struct arena *arena)
{
    const struct cap_info *info = &message->infos[first];
    struct text language = language_of(info);
    struct text headline = cap_trimmed(info->headline), description = cap_trimmed(info->text),
                instruction = cap_trimmed(info->instruction);
    for (size_t i = first + 1, more = 0; i < message->info_count && more < JOINED_MAX; i++) {
        if (!same_language(language, language_of(&message->infos[i])))
            continue;
        more++;
        description = joined(description, message->infos[i].text, arena);
        instruction = joined(instruction, message->infos[i].instruction, arena);
    }
    struct text event = cap_prose(info->event, LIMIT_HEADLINE, arena);
    if (!event.len)
        event = text_of(cap_category_out(category).event);
    headline = cap_prose(headline, LIMIT_HEADLINE, arena);
    return (struct alert_text){.language = language,
        .headline = headline.len ? headline : event,
        .description = cap_prose(description, LIMIT_PUBLISHED_TEXT, arena),
        .instruction = cap_prose(instruction, LIMIT_PUBLISHED_TEXT, arena),
        .web = web_of(info->web),
        .event = event};
}

static bool first_of_its_language(const struct cap_message *message, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (same_language(language_of(&message->infos[i]), language_of(&message->infos[index])))
            return false;
    return true;
}

static void take_texts(const struct cap_message *message, struct arena *arena, struct alert *out)
{
    struct alert_text main = texts_of(message, 0, out->category, arena);
    out->headline = main.headline;
    out->description = main.description;
    out->instruction = main.instruction;
    out->web = main.web;
    out->language = main.language;
    out->event = main.event;
    out->texts = arena_alloc(arena, LIMIT_TEXTS * sizeof *out->texts);
    for (size_t i = 1; i < message->info_count && out->text_count < LIMIT_TEXTS; i++)
        if (first_of_its_language(message, i))
            out->texts[out->text_count++] = texts_of(message, i, out->category, arena);
}

/* ---- how bad, how soon, until when ---- */

static const uint8_t severities[] = {SEVERITY_UNKNOWN, [CAP_EXTREME] = SEVERITY_EXTREME,
    [CAP_SEVERE] = SEVERITY_SEVERE, [CAP_MODERATE] = SEVERITY_MODERATE, [CAP_MINOR] = SEVERITY_MINOR,
    [CAP_SEVERITY_UNKNOWN] = SEVERITY_UNKNOWN};
static const uint8_t urgencies[] = {
    URGENCY_UNKNOWN, [CAP_IMMEDIATE] = URGENCY_IMMEDIATE, [CAP_EXPECTED] = URGENCY_EXPECTED,
    [CAP_FUTURE] = URGENCY_FUTURE, [CAP_PAST] = URGENCY_PAST, [CAP_URGENCY_UNKNOWN] = URGENCY_UNKNOWN};
static const uint8_t certainties[] = {CERTAINTY_UNKNOWN, [CAP_OBSERVED] = CERTAINTY_OBSERVED,
    [CAP_LIKELY] = CERTAINTY_LIKELY, [CAP_POSSIBLE] = CERTAINTY_POSSIBLE, [CAP_UNLIKELY] = CERTAINTY_UNLIKELY,
    [CAP_CERTAINTY_UNKNOWN] = CERTAINTY_UNKNOWN};

static void take_judgement(const struct cap_message *message, struct alert *out)
{
    struct text language = language_of(&message->infos[0]);
    for (size_t i = 0; i < message->info_count; i++) {
        const struct cap_info *info = &message->infos[i];
        if (severities[info->severity] <= out->severity || !same_language(language, language_of(info)))
            continue;
        out->severity = severities[info->severity];
        out->urgency = urgencies[info->urgency];
        out->certainty = certainties[info->certainty];
    }
}

/* 0 means not told: what was before 1970 became effective, and was over, in its first seconds. */
static void take_times(const struct cap_message *message, struct alert *out)
{
    enum { SECOND = 1000 }; /* a document tells whole ones */
    int64_t earliest = message->info_count ? INT64_MAX : message->sent.at;
    for (size_t i = 0; i < message->info_count; i++) {
        const struct cap_info *info = &message->infos[i];
        int64_t effective = info->effective.present ? info->effective.at : message->sent.at;
        earliest = effective < earliest ? effective : earliest;
        int64_t expires = info->expires.at > 2 * SECOND ? info->expires.at : 2 * SECOND;
        if (info->expires.present && expires > out->expires)
            out->expires = expires;
    }
    out->effective = earliest > SECOND ? earliest : SECOND;
    if (out->expires && out->expires <= out->effective)
        out->effective = out->expires - SECOND;
}

bool cap_to_alert(const struct cap_message *message, struct arena *arena, struct alert *out,
    struct cap_plan *plan, struct refusal *refusal)
{
    static const uint8_t types[] = {[CAP_ALERT] = MSG_ALERT,
        [CAP_UPDATE] = MSG_UPDATE,
        [CAP_CANCEL] = MSG_CANCEL,
        [CAP_ACK] = MSG_ALERT,
        [CAP_ERROR] = MSG_ALERT};
    static const uint8_t statuses[] = {[CAP_ACTUAL] = STATUS_ACTUAL,
        [CAP_EXERCISE] = STATUS_EXERCISE,
        [CAP_SYSTEM] = STATUS_SYSTEM,
        [CAP_TEST] = STATUS_TEST,
        [CAP_DRAFT] = STATUS_DRAFT};
    *out = (struct alert){.msg_type = types[message->msg_type],
        .status = statuses[message->status],
        .has_document = true,
        .sender_alert_id = cap_sender_alert_id(message->sender, message->identifier, message->sent, arena)};
    *plan = (struct cap_plan){.answer = message->msg_type == CAP_ACK || message->msg_type == CAP_ERROR,
        .withheld = message->scope != CAP_PUBLIC};
    /* An Alert may name others (the schema allows it); only those that act on them are followed. */
    if (message->msg_type != CAP_ALERT && !take_references(message, arena, out, refusal))
        return false;
    take_times(message, out);
    if (message->info_count && !plan->answer) {
        out->category = cap_alert_category(&message->infos[0]);
        take_judgement(message, out);
        take_texts(message, arena, out);
    }
    return plan->answer || message->msg_type == CAP_CANCEL || cap_plan_areas(message, arena, plan, refusal);
}
