/* A household shows where it lives: it gives back a code that came by one of the ways that the operator
 * chose, or gives one to a neighbor. Which ways there are, and how near a neighbor must be, is decided here;
 * how a code is kept and used, in bridge/store_verification.h. */
#include "bridge/seal.h"
#include "bridge/store_verification.h"
#include "broker/kind/kind.h"

static const int64_t invitation_ms = INT64_C(7) * 86400 * 1000;

/* What is asked of the store. Lives in the publication's arena. */
struct household_job {
    char code[VERIFICATION_CODE + 1], digest[SEAL_CODE + 1];
    int64_t expires;
};

static enum step_result decode(struct publication *publication)
{
    struct household_job *job = arena_alloc(&publication->arena, sizeof *job);

    publication->job = job;
    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "payload", "what a household does is protobuf or JSON");
    if (!codec_decode_household_step(publication->encoding, publication->payload, &publication->arena,
            &publication->household_step, &publication->refusal))
        return STEP_REFUSE;
    if (publication->household_step.invite)
        verification_code_new(job->code);
    else if (!verification_code_read(publication->household_step.code, job->code))
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "code", "eight letters and digits, as K7QF-2MPX");
    seal_code(publication->broker->seal, text_of(job->code), job->digest);
    return STEP_GO_ON;
}

static bool accepted(const struct publication *publication, enum verification_way way)
{
    return publication->broker->options.verification_ways >> way & 1;
}

static enum step_result authorize(struct publication *publication)
{
    const struct known_principal *resident = publication->principal;
    int64_t now = broker_now(publication->broker);

    if (kind_refuses_banned(publication))
        return STEP_REFUSE;
    if (!resident->household[0] || !resident->place)
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "sender", "belongs to no household with a place");
    if (!publication->household_step.invite)
        return STEP_GO_ON;
    if (!accepted(publication, VERIFICATION_NEIGHBOR))
        return publication_refuse(publication, REASON_NOT_ALLOWED, "invite", "not a way that is open here");
    if (!resident->verified || resident->verified > now)
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "invite", "only households whose address was verified");
    return STEP_GO_ON;
}

/* ---- giving a code back ---- */

static void refuse_code(struct publication *publication)
{
    publication_refuse(
        publication, REASON_OTHER, "code", "not one that is good here: another's, used, or over");
}

static void used(void *arg, enum store_status status)
{
    struct publication *publication = arg;

    publication->outcome.repeat = status == STORE_REPEAT;
    publication->broker->counters.households_verified += status == STORE_OK;
    if (status == STORE_NOT_FOUND) {
        refuse_code(publication);
        status = STORE_OK;
    }
    pipeline_stored(publication, status);
}

/* A neighbor is one who lives near. */
static bool near(const struct publication *publication, const char *leaf)
{
    geo_cell cell;

    return leaf[0] == '\0' || (geo_parse(leaf, strlen(leaf), &cell) == GEO_OK &&
                                  geo_distance(geo_center(cell), geo_center(publication->principal->place)) <=
                                      VERIFICATION_WITHIN_M);
}

static void looked(void *arg, const struct store_code *code)
{
    struct publication *publication = arg;
    const struct household_job *job = publication->job;

    if (code->status == STORE_LIMITED) {
        publication_refuse(publication, REASON_QUOTA_EXCEEDED, "code", "too many were tried");
        publication->refusal.retry_after_s = code->retry_s;
        pipeline_stored(publication, STORE_OK);
    } else if (code->status == STORE_OK && code->way < VERIFICATION_HANDOVER &&
               !accepted(publication, code->way)) {
        publication_refuse(publication, REASON_NOT_ALLOWED, "code", "of a way that is not open here");
        pipeline_stored(publication, STORE_OK);
    } else if (code->status == STORE_NOT_FOUND ||
               (code->status == STORE_OK && code->way >= VERIFICATION_HANDOVER)) {
        refuse_code(publication);
        pipeline_stored(publication, STORE_OK);
    } else if (code->status == STORE_OK && !near(publication, code->leaf)) {
        publication_refuse(publication, REASON_NOT_ALLOWED, "code",
            "of a household that is no neighbor: at most 1600 m away");
        pipeline_stored(publication, STORE_OK);
    } else if (code->status == STORE_OK) {
        store_code_use(publication->broker->store, job->digest, text_of(publication->principal->household),
            broker_now(publication->broker), used, publication);
    } else {
        pipeline_stored(publication, code->status);
    }
}

/* ---- inviting ---- */

static void told(void *arg, enum store_status status)
{
    pipeline_stored(arg, status);
}

static void invited(void *arg, enum store_status status)
{
    struct publication *publication = arg;
    const struct household_job *job = publication->job;
    struct household_code code = {text_of(job->code), job->expires};

    if (status == STORE_LIMITED) {
        publication_refuse(publication, REASON_QUOTA_EXCEEDED, "invite",
            "three invitations are open: they end after 7 days");
        status = STORE_OK;
    } else if (status == STORE_OK) {
        store_inbox(publication->broker->store,
            (struct session_name){text_of(publication->principal->name), text_of(publication->client)},
            TEXT("reply/household"),
            codec_encode_household_code(ENCODING_PROTOBUF, &code, &publication->arena), told, publication);
        return;
    }
    pipeline_stored(publication, status);
}

static void invite(struct publication *publication, struct household_job *job)
{
    const struct known_principal *resident = publication->principal;
    char leaf[GEO_CELL_TEXT];
    struct store_invitation invitation = {.digest = job->digest,
        .household = text_of(resident->household),
        .by = text_of(resident->name),
        .now = broker_now(publication->broker),
        .most = VERIFICATION_INVITATIONS};

    geo_format(resident->place, leaf);
    invitation.leaf = text_of(leaf);
    invitation.expires = job->expires = invitation.now + invitation_ms;
    store_invite(publication->broker->store, &invitation, invited, publication);
}

static enum step_result store(struct publication *publication)
{
    struct household_job *job = publication->job;

    publication->stores = 1;
    if (publication->household_step.invite)
        invite(publication, job);
    else
        store_code_look(publication->broker->store, job->digest, text_of(publication->principal->household),
            broker_now(publication->broker), looked, publication);
    return STEP_WAIT;
}

const struct kind kind_household = {
    .topic = TOPIC_HOUSEHOLD,
    .decode = decode,
    .authorize = authorize,
    .store = store,
};
