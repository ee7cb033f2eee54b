/* neighbors publish alert: a new alert, a correction of one, or its end. */
#include <stdlib.h>
#include <string.h>

#include "cli/geojson.h"
#include "cli/place.h"
#include "cli/preview.h"
#include "cli/publish.h"
#include "proto/codec.h"

enum {
    HEADLINE,
    CATEGORY,
    AT,
    RADIUS,
    SEVERITY,
    EXPIRES,
    DESCRIPTION,
    INSTRUCTION,
    WEB,
    LANGUAGE,
    CASE,
    ID,
    UPDATE,
    CANCEL,
    URGENCY,
    CERTAINTY,
    EVENT,
    STATUS,
    REWARD,
    AREA,
    CLIENT,
    PREVIEW,
    HTTP,
    FILE_NAME
};
static const struct option_row options[] = {
    [HEADLINE] = {"headline", "TEXT", "what happened, in a line"},
    [CATEGORY] = {"category", "WORD",
        "crime, safety, suspicious, fire, medical, missing, lost_pet, hazard, weather, other"},
    [AT] = {"at", "LAT,LON", "where"},
    [RADIUS] = {"radius", "METRES", "a circle around it"},
    [SEVERITY] = {"severity", "WORD", "unknown, minor, moderate, severe, extreme"},
    [EXPIRES] = {"expires", "SPAN|TIME", "until when it holds (2h)"},
    [DESCRIPTION] = {"description", "TEXT", "more about it"},
    [INSTRUCTION] = {"instruction", "TEXT", "what to do"},
    [WEB] = {"web", "URL", "where to read more"},
    [LANGUAGE] = {"language", "TAG", "of the texts, such as es-US"},
    [CASE] = {"case", "NUMBER", "an agency's case number"},
    [ID] = {"id", "ID", "your own name for this message (made up)"},
    [UPDATE] = {"update", "ID", "it takes the place of the alert that you named so"},
    [CANCEL] = {"cancel", "ID", "end the alert that you named so"},
    [URGENCY] = {"urgency", "WORD", "unknown, past, future, expected, immediate"},
    [CERTAINTY] = {"certainty", "WORD", "unknown, unlikely, possible, likely, observed"},
    [EVENT] = {"event", "TEXT", "what an agency warns of, in a word or two"},
    [STATUS] = {"status", "WORD", "actual, exercise, system, test, draft (actual)"},
    [REWARD] = {"reward", "TEXT", "what an agency offers, in words"},
    [AREA] = {"area", "FILE.geojson", "the polygons that it holds in, from an agency"},
    [CLIENT] = {"client", "ID", "speak as this client, whose inbox learns what becomes of the alert"},
    PREVIEW_ROWS(PREVIEW, HTTP),
    [FILE_NAME] = {"file", "FILE", "the whole alert in JSON; - reads standard input"},
    {0},
};

enum { FILE_MOST = 1 << 20 };

/* ---- from options ---- */

/* A length of time from now, or a time. */
static bool read_expiry(const struct invocation *invocation, int64_t *out)
{
    const char *text = invocation->value[EXPIRES] ? invocation->value[EXPIRES] : "2h";
    size_t len = strlen(text);
    bool span = len > 1 && strchr("smhdw", text[len - 1]) && strspn(text, "0123456789") == len - 1;
    if (!span)
        return cli_time(invocation, "--expires", text, out);
    if (!cli_span(invocation, "--expires", text, out))
        return false;
    *out += cli_now();
    return true;
}

static enum exit_code read_area(
    const struct invocation *invocation, const char *path, struct arena *arena, struct place *out)
{
    char error[GEOJSON_ERROR];
    struct geo_shape shape;
    if (!path)
        return EXIT_DONE;
    if (!geojson_read(path, arena, &shape, error))
        return cli_fail(invocation, EXIT_REFUSED, "%s", error);
    *out = place_of_polygons(&shape, arena);
    return EXIT_DONE;
}

static bool read_place(const struct invocation *invocation, struct place *out)
{
    const char *const *value = invocation->value;
    struct geo_point point;
    int64_t radius = 0;
    if (!value[AT])
        return true;
    if (!cli_point(invocation, "--at", value[AT], &point) ||
        (value[RADIUS] && !cli_number(invocation, "--radius", value[RADIUS], 1, 500000, &radius)))
        return false;
    *out = (struct place){.kind = radius ? PLACE_CIRCLE : PLACE_POINT,
        .center = cli_position(point),
        .radius_m = (uint32_t)radius};
    return true;
}

static const char *missing(const struct invocation *invocation)
{
    const char *const *value = invocation->value;
    if (value[UPDATE] && value[CANCEL])
        return "an alert is updated or cancelled, not both";
    if (value[CANCEL])
        return NULL;
    if (!value[HEADLINE])
        return "say what happened: --headline TEXT";
    if (!value[CATEGORY])
        return "say of what kind it is: --category WORD";
    if (value[AREA] && (value[AT] || value[RADIUS]))
        return "say where once: --at LAT,LON or --area FILE";
    if (!value[AT] && !value[AREA])
        return "say where: --at LAT,LON or --area FILE";
    return NULL;
}

static bool read_words(const struct invocation *invocation, struct alert *out)
{
    const char *const *value = invocation->value;
    return cli_word_of(invocation, "--category", value[CATEGORY], category_name, &out->category) &&
           cli_word_of(invocation, "--severity", value[SEVERITY], severity_name, &out->severity) &&
           cli_word_of(invocation, "--urgency", value[URGENCY], urgency_name, &out->urgency) &&
           cli_word_of(invocation, "--certainty", value[CERTAINTY], certainty_name, &out->certainty) &&
           cli_word_of(invocation, "--status", value[STATUS], alert_status_name, &out->status);
}

static bool read_alert(
    const struct invocation *invocation, const char *id, struct text *reference, struct alert *out)
{
    const char *const *value = invocation->value;
    const char *refers_to = value[UPDATE] ? value[UPDATE] : value[CANCEL];
    *out = (struct alert){.sender_alert_id = text_of(id),
        .msg_type = MSG_ALERT,
        .headline = text_of(value[HEADLINE]),
        .description = text_of(value[DESCRIPTION]),
        .instruction = text_of(value[INSTRUCTION]),
        .web = text_of(value[WEB]),
        .language = text_of(value[LANGUAGE]),
        .event = text_of(value[EVENT]),
        .reward_offer = text_of(value[REWARD]),
        .case_number = text_of(value[CASE])};
    if (refers_to) {
        *reference = text_of(refers_to);
        out->references = reference;
        out->reference_count = 1;
        out->msg_type = value[UPDATE] ? MSG_UPDATE : MSG_CANCEL;
    }
    if (value[CANCEL])
        return true;
    out->effective = cli_now();
    return read_words(invocation, out) && read_expiry(invocation, &out->expires) &&
           read_place(invocation, &out->place);
}

/* ---- sending ---- */

static enum exit_code send(const struct invocation *invocation, struct link_publish *publish, const char *id)
{
    static const char *const wishes[] = {"user/", "agency/", NULL};
    struct identity identity;
    char label[80];
    enum exit_code code = identity_find(invocation, wishes, &identity);
    if (code != EXIT_DONE)
        return code;
    publish->inbox = invocation->value[CLIENT] != NULL;
    if (publish->inbox)
        snprintf(identity.client, sizeof identity.client, "%s", invocation->value[CLIENT]);
    const char *updated = invocation->value[UPDATE], *cancelled = invocation->value[CANCEL];
    snprintf(label, sizeof label, "%s %.60s",
        updated     ? "update of"
        : cancelled ? "cancel of"
                    : "alert",
        updated     ? updated
        : cancelled ? cancelled
                    : id);
    if (invocation->value[PREVIEW])
        return preview(invocation, &identity, invocation->value[HTTP], publish->content_type,
            publish->payload, "the alert");
    return publish_once(invocation, &identity, publish, *id ? label : "alert", id);
}

static enum exit_code send_file(const struct invocation *invocation, struct arena *arena)
{
    const char *path = invocation->value[FILE_NAME];
    struct link_publish publish = {.topic = "nb/v1/alert", .content_type = "application/json"};
    for (size_t i = 0; i < CLIENT; i++)
        if (invocation->value[i])
            return cli_fail(invocation, EXIT_USAGE, "--file holds the whole alert; give no --%s beside it",
                options[i].name);
    if (!cli_read_file(path, FILE_MOST, arena, &publish.payload))
        return cli_fail(
            invocation, EXIT_REFUSED, "%.200s cannot be read, or is larger than a megabyte", path);
    return send(invocation, &publish, "");
}

static enum exit_code send_options(const struct invocation *invocation, struct arena *arena)
{
    char made[CLI_ID];
    struct text reference;
    struct alert alert;
    const char *id = invocation->value[ID], *rule = missing(invocation);
    if (rule)
        return cli_fail(invocation, EXIT_USAGE, "%s", rule);
    if (!id)
        cli_make_id(made);
    id = id ? id : made;
    if (!read_alert(invocation, id, &reference, &alert))
        return EXIT_USAGE;
    enum exit_code code = read_area(invocation, invocation->value[AREA], arena, &alert.place);
    if (code != EXIT_DONE)
        return code;
    struct link_publish publish = {.topic = "nb/v1/alert",
        .content_type = "application/x-protobuf",
        .payload = codec_encode_alert(ENCODING_PROTOBUF, &alert, arena)};
    return send(invocation, &publish, id);
}

static enum exit_code run(struct invocation *invocation)
{
    struct arena arena;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "publish alert takes options alone");
    arena_init(&arena, NULL, 0);
    enum exit_code code =
        invocation->value[FILE_NAME] ? send_file(invocation, &arena) : send_options(invocation, &arena);
    arena_free(&arena);
    return code;
}

const struct command command_publish_alert = {
    "publish alert", "warn the neighborhood, correct an alert, or end it", "", options, run};
