/* An agency asks for footage. Every limit of a single request is kept here and refused by its name; whom it
 * concerns is found in the store, and the agency hears that it is stored and nothing more. */
#include "bridge/seal.h"
#include "bridge/seal_cms.h"
#include "bridge/store_footage.h"
#include "broker/jurisdiction.h"
#include "broker/kind/alert_rules.h"
#include "broker/kind/footage_words.h"
#include "broker/kind/kind.h"
#include "broker/session/alert_object.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)

static const int64_t shortest_ms = 15 * MINUTE_MS, longest_ms = 12 * 60 * MINUTE_MS, oldest_ms = 45 * DAY_MS,
                     open_most_ms = 14 * DAY_MS, open_usual_ms = 3 * DAY_MS, answer_most_ms = DAY_MS;
/* Square metres of a square mile (5280 feet of 0.3048 m), and how many of those a request may have. */
static const double square_mile = 2589988.110336, least_miles = 0.025, most_miles = 0.5;
enum { PER_CASE = 2, MOST_OPEN = 10, CELL_PRECISION = 7 };

/* publication->job: the whole cells of the area. */
struct request_job {
    struct bytes certificate; /* DER */
    size_t cell_count;
    char cells[STORE_FOOTAGE_CELLS][GEO_CELL_TEXT];
};

static enum step_result refuse(struct publication *publication, const char *field, const char *rule)
{
    return publication_refuse(publication, REASON_BAD_PAYLOAD, field, rule);
}

/* ---- decode ---- */

static enum step_result check_required(struct publication *publication)
{
    const struct footage_request *request = &publication->footage_request;
    const struct {
        bool told;
        const char *field;
    } required[] = {
        {request->sender_request_id.len, "sender_request_id"},
        {request->case_number.len, "case_number"},
        {request->incident, "incident"},
        {request->sought.len, "sought"},
        {request->contact.len, "contact"},
        {request->place.kind != PLACE_NONE, "place"},
        {request->from, "from"},
        {request->to, "to"},
    };

    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        if (!required[i].told)
            return refuse(publication, required[i].field, "required");
    }
    if (request->place.kind == PLACE_POINT)
        return refuse(publication, "place", "a circle or polygons");
    return STEP_GO_ON;
}

static enum step_result check_times(struct publication *publication)
{
    struct footage_request *request = &publication->footage_request;
    int64_t now = broker_now(publication->broker);

    if (!request->open_until)
        request->open_until = now + open_usual_ms;
    if (request->to - request->from < shortest_ms || request->to - request->from > longest_ms)
        return refuse(publication, "to", "15 minutes to 12 hours after `from`");
    if (request->from < now - oldest_ms)
        return refuse(publication, "from", "not older than 45 days");
    if (request->to > now + publication->broker->options.clock_future_ms)
        return refuse(publication, "to", "not in the future: nobody is asked to watch for an agency");
    if (request->open_until <= now)
        return refuse(publication, "open_until", "must lie in the future");
    if (request->open_until > now + open_most_ms)
        return refuse(publication, "open_until", "at most 14 days from now");
    int64_t half = (request->open_until - now) / 2;
    request->answer_at = now + (half < answer_most_ms ? half : answer_most_ms);
    return STEP_GO_ON;
}

static enum step_result decode(struct publication *publication)
{
    if (publication->encoding == ENCODING_CAP)
        return refuse(publication, "payload", "a footage request is protobuf or JSON");
    if (!codec_decode_footage_request(publication->encoding, publication->payload, &publication->arena,
            &publication->footage_request, &publication->refusal))
        return STEP_REFUSE;
    seal_digest(publication->payload, publication->digest);
    publication->job = arena_alloc(&publication->arena, sizeof(struct request_job));
    enum step_result result = check_required(publication);
    return result == STEP_GO_ON ? check_times(publication) : result;
}

/* ---- authorize ---- */

/* As of a resident's alert about a crime, and of one about somebody missing: an alert that says the same. */
static enum step_result check_words(struct publication *publication)
{
    const struct footage_request *request = &publication->footage_request;
    bool missing = request->incident == INCIDENT_MISSING_PERSON || request->incident == INCIDENT_ABDUCTION;
    struct alert alert = {.category = missing ? CATEGORY_MISSING : CATEGORY_CRIME,
        .headline = request->case_number,
        .description = request->sought,
        .instruction = request->contact};
    const struct {
        const char *of_alert, *field;
        struct text text;
    } texts[] = {{"headline", "case_number", request->case_number},
        {"description", "sought", request->sought}, {"instruction", "contact", request->contact}};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *word = footage_assembly_word(texts[i].text);
        if (word)
            return refuse(publication, texts[i].field,
                arena_printf(&publication->arena,
                    "no footage of protests and other lawful assembly may be asked for (\"%s\")", word));
    }
    if (alert_rules_pass(&alert, &publication->refusal))
        return STEP_GO_ON;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(publication->refusal.field, texts[i].of_alert) == 0)
            publication->refusal.field = texts[i].field;
    }
    publication->broker->counters.refused_text++;
    return STEP_REFUSE;
}

static enum step_result authorize(struct publication *publication)
{
    struct footage_request *request = &publication->footage_request;
    const struct known_principal *agency = publication->principal;
    struct request_job *job = publication->job;
    const char *why;

    if (kind_refuses_banned(publication))
        return STEP_REFUSE;
    if (!publication->officer[0])
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "officer", "needed: ask with a token that names the officer");
    if (!agency->certificate)
        return publication_refuse(publication, REASON_NOT_ALLOWED, "agency_certificate",
            "the agency is enrolled without one: what is shared is sealed to it");
    if (!seal_cms_certificate(text_of(agency->certificate), &publication->arena, &job->certificate, &why))
        return publication_refuse(publication, REASON_NOT_ALLOWED, "agency_certificate", why);
    /* A copy: the principal may be read anew before the request is encoded. */
    struct text name = text_of(agency->agency_name);
    request->agency_name = (struct text){arena_copy(&publication->arena, name.data, name.len), name.len};
    request->agency_certificate = job->certificate;
    return check_words(publication);
}

/* ---- locate ---- */

static enum step_result refuse_area(struct publication *publication, double square_metres)
{
    return refuse(publication, "place",
        arena_printf(&publication->arena,
            "0.025 to 0.5 square miles in whole cells of precision 7; this has %.3f",
            square_metres / square_mile));
}

/* The cells that the area touches, whole: what lies in them is looked at, and their area is what counts. */
static enum step_result take_cells(
    struct publication *publication, const struct geo_shape *shape, const struct geo_prepared *prepared)
{
    struct request_job *job = publication->job;
    geo_cell cells[STORE_FOOTAGE_CELLS];
    double area = geo_shape_area(shape);

    if (area > most_miles * square_mile)
        return refuse_area(publication, area);
    if (geo_prepared_cover_uniform(prepared, CELL_PRECISION, cells, STORE_FOOTAGE_CELLS, &job->cell_count) !=
        GEO_OK)
        return refuse(publication, "place", "spread over too many cells of precision 7");
    area = 0;
    for (size_t i = 0; i < job->cell_count; i++) {
        area += geo_cell_area(cells[i]);
        geo_format(cells[i], job->cells[i]);
    }
    if (area < least_miles * square_mile || area > most_miles * square_mile)
        return refuse_area(publication, area);
    return STEP_GO_ON;
}

static enum step_result locate(struct publication *publication)
{
    struct arena *arena = &publication->arena;
    struct alert place = {.place = publication->footage_request.place, .sender_kind = SENDER_AGENCY};
    struct geo_shape shape = alert_shape(&place, publication->broker->options.leaf_precision, arena);
    enum geo_error error = geo_shape_check(&shape);

    if (error != GEO_OK)
        return refuse(publication, "place", geo_error_text(error));
    size_t size = geo_prepared_size(&shape);
    const struct geo_prepared *prepared = geo_prepare(&shape, arena_take(arena, size), size);
    enum step_result result = take_cells(publication, &shape, prepared);
    if (result != STEP_GO_ON)
        return result;
    if (jurisdiction_holds(publication->principal->jurisdiction_owned, &shape, prepared))
        return STEP_GO_ON;
    publication->broker->counters.refused_jurisdiction++;
    return publication_refuse(publication, REASON_NOT_ALLOWED, "place",
        "reaches beyond the jurisdiction that the agency is enrolled for");
}

/* ---- store ---- */

static void refuse_limit(struct publication *publication, const struct store_footage_result *result)
{
    if (result->limit == STORE_FOOTAGE_PER_CASE) {
        publication_refuse(publication, REASON_QUOTA_EXCEEDED, "case_number", "at most two requests a case");
        return;
    }
    publication_refuse(publication, REASON_QUOTA_EXCEEDED, "sender", "at most ten open requests an agency");
    publication->refusal.retry_after_s = (uint32_t)((result->retry_after_ms + 999) / 1000);
}

static void stored(void *arg, const struct store_footage_result *result)
{
    struct publication *publication = arg;
    enum store_status status = result->status;

    publication->outcome.repeat = status == STORE_REPEAT;
    if (status == STORE_LIMITED) {
        publication->broker->counters.refused_limit++;
        refuse_limit(publication, result);
        status = STORE_OK;
    } else if (status == STORE_CONFLICT) {
        publication_refuse(publication, REASON_OTHER, "sender_request_id",
            "used already for another request, and a request cannot be changed: choose a new id");
        status = STORE_OK;
    }
    pipeline_stored(publication, status);
}

/* The agency's own name for it stays out of what owners get; the id in public tells nothing of it. */
static struct bytes body_of(struct publication *publication)
{
    struct footage_request *request = &publication->footage_request;

    request->sender_request_id = (struct text){0};
    request->request_id = text_of(publication->outcome.public_id);
    request->device_count = 0;
    request->ended = false;
    return codec_encode_footage_request(ENCODING_PROTOBUF, request, &publication->arena);
}

void footage_request_public_id(struct publication *publication, char out[PUBLIC_ID + 1])
{
    const struct text own = publication->footage_request.sender_request_id;
    /* With a blank, which no sender's id of an alert has: the names of the two kinds never meet. */
    const char *id = arena_printf(&publication->arena, "footage %.*s", (int)own.len, own.data);

    seal_public_id(publication->broker->seal, text_of(publication->principal->name), text_of(id), out);
}

static enum step_result store(struct publication *publication)
{
    const struct footage_request *request = &publication->footage_request;
    const struct seal *seal = publication->broker->seal;
    const struct request_job *job = publication->job;
    struct text agency = text_of(publication->principal->name);
    struct store_footage_request out = {.agency_tag = seal_sender_tag(seal, agency),
        .agency = agency,
        .agency_name = request->agency_name,
        .client = text_of(publication->client),
        .officer = text_of(publication->officer),
        .case_number = request->case_number,
        .incident = request->incident,
        .words = request->sought,
        .cell_count = job->cell_count,
        .cells = (const char(*)[13])job->cells,
        .now = broker_now(publication->broker),
        .from = request->from,
        .to = request->to,
        .open_until = request->open_until,
        .per_case = PER_CASE,
        .most_open = MOST_OPEN};

    footage_request_public_id(publication, publication->outcome.public_id);
    memcpy(out.id, publication->outcome.public_id, sizeof out.id);
    memcpy(out.digest, publication->digest, sizeof out.digest);
    out.body = body_of(publication);
    publication->stores = 1;
    store_footage_request(publication->broker->store, &out, stored, publication);
    return STEP_WAIT;
}

const struct kind kind_footage_request = {
    .topic = TOPIC_FOOTAGE_REQUEST,
    .decode = decode,
    .authorize = authorize,
    .locate = locate,
    .store = store,
};
