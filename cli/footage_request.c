/* neighbors footage-request: an agency asks the owners of cameras in a place for what they recorded. */
#include <stdlib.h>

#include "cli/geojson.h"
#include "cli/inbox.h"
#include "cli/place.h"
#include "cli/publish.h"

enum { CASE, INCIDENT, SOUGHT, CONTACT, AT, RADIUS, AREA, FROM, TO, OPEN, ID };
static const struct option_row options[] = {
    [CASE] = {"case", "NUMBER", "of the investigation; it may have two requests"},
    [INCIDENT] = {"incident", "WORD",
        "burglary, robbery, theft, vehicle_theft, assault, shooting, homicide, arson, vandalism, "
        "hit_and_run, "
        "missing_person, abduction"},
    [SOUGHT] = {"sought", "TEXT", "what is sought, in words; it becomes public"},
    [CONTACT] = {"contact", "TEXT", "whom owners may ask about it"},
    [AT] = {"at", "LAT,LON", "where"},
    [RADIUS] = {"radius", "METRES", "around it; 0.025 to 0.5 square miles in whole cells of 150 m"},
    [AREA] = {"area", "FILE.geojson", "or these polygons"},
    [FROM] = {"from", "TIME", "of the footage: at most 45 days ago"},
    [TO] = {"to", "TIME", "15 minutes to 12 hours later"},
    [OPEN] = {"open", "SPAN", "how long answers are taken: at most 14d (3d)"},
    [ID] = {"id", "ID", "your own name for this request (made up)"},
    {0},
};

static const char *missing(const struct invocation *invocation)
{
    static const struct {
        int option;
        const char *rule;
    } needed[] = {
        {CASE, "say of which case: --case NUMBER"},
        {INCIDENT, "say of what kind it is: --incident WORD"},
        {SOUGHT, "say what is sought: --sought TEXT"},
        {CONTACT, "say whom owners may ask: --contact TEXT"},
        {FROM, "say of when: --from TIME --to TIME"},
        {TO, "say of when: --from TIME --to TIME"},
    };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (!invocation->value[needed[i].option])
            return needed[i].rule;
    }
    if (!invocation->value[AREA] == !(invocation->value[AT] && invocation->value[RADIUS]))
        return "say where, either --at LAT,LON --radius METRES or --area FILE.geojson";
    return NULL;
}

static enum exit_code read_place(const struct invocation *invocation, struct arena *arena, struct place *out)
{
    const char *const *value = invocation->value;
    char error[GEOJSON_ERROR];
    struct geo_shape shape;
    struct geo_point point;
    int64_t radius = 0;
    if (value[AREA]) {
        if (!geojson_read(value[AREA], arena, &shape, error))
            return cli_fail(invocation, EXIT_REFUSED, "%s", error);
        *out = place_of_polygons(&shape, arena);
        return EXIT_DONE;
    }
    if (!cli_point(invocation, "--at", value[AT], &point) ||
        !cli_number(invocation, "--radius", value[RADIUS], 1, 500000, &radius))
        return EXIT_USAGE;
    *out = (struct place){.kind = PLACE_CIRCLE, .center = cli_position(point), .radius_m = (uint32_t)radius};
    return EXIT_DONE;
}

static enum exit_code read_request(
    const struct invocation *invocation, struct arena *arena, struct footage_request *out)
{
    const char *const *value = invocation->value;
    const char *rule = missing(invocation);
    int64_t open = 0;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "footage-request takes options alone");
    if (rule)
        return cli_fail(invocation, EXIT_USAGE, "%s", rule);
    *out = (struct footage_request){.case_number = text_of(value[CASE]),
        .sought = text_of(value[SOUGHT]),
        .contact = text_of(value[CONTACT])};
    if (!cli_word_of(invocation, "--incident", value[INCIDENT], incident_type_name, &out->incident) ||
        !cli_time(invocation, "--from", value[FROM], &out->from) ||
        !cli_time(invocation, "--to", value[TO], &out->to) ||
        (value[OPEN] && !cli_span(invocation, "--open", value[OPEN], &open)))
        return EXIT_USAGE;
    out->open_until = value[OPEN] ? cli_now() + open : 0;
    return read_place(invocation, arena, &out->place);
}

static enum exit_code send(const struct invocation *invocation, struct bytes payload, const char *id)
{
    static const char *const wishes[] = {"agency/", NULL};
    struct identity identity;
    const struct link_publish publish = {
        .topic = "nb/v1/footage-request", .content_type = "application/x-protobuf", .payload = payload};
    enum exit_code code = identity_find(invocation, wishes, &identity);
    return code == EXIT_DONE ? publish_once(invocation, &identity, &publish, "footage request", id) : code;
}

static enum exit_code run(struct invocation *invocation)
{
    struct footage_request request;
    struct arena arena;
    char made[CLI_ID];
    arena_init(&arena, NULL, 0);
    enum exit_code code = read_request(invocation, &arena, &request);
    if (code == EXIT_DONE) {
        cli_make_id(made);
        const char *id = invocation->value[ID] ? invocation->value[ID] : made;
        request.sender_request_id = text_of(id);
        code = send(invocation, codec_encode_footage_request(ENCODING_PROTOBUF, &request, &arena), id);
    }
    arena_free(&arena);
    return code;
}

const struct command command_footage_request = {"footage-request",
    "an agency asks the owners in a place for what their cameras recorded", "", options, run};
