/* An owner answers an agency's request. Whatever it says, it is as long as any other, is given to the store
 * in one call, and is acknowledged alike: also when the household was not asked, or there is no such request.
 * To the store a decline is what an answer without clips is, and leaves no trace. */
#include "bridge/seal.h"
#include "bridge/seal_cms.h"
#include "bridge/store_footage.h"
#include "broker/kind/kind.h"

static const int64_t longest_ms = INT64_C(180) * 24 * 3600 * 1000; /* of an owner's consent */

static enum step_result decode(struct publication *publication)
{
    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "payload", "a footage answer is protobuf or JSON");
    if (!codec_decode_footage_answer(publication->encoding, publication->payload, &publication->arena,
            &publication->footage_answer, &publication->refusal))
        return STEP_REFUSE;
    return STEP_GO_ON;
}

static enum step_result check_clip(struct publication *publication, size_t i, int64_t now)
{
    const struct clip_answer *clip = &publication->footage_answer.clips[i];
    const char *field = NULL, *rule = NULL;

    if (clip->decision != FOOTAGE_SHARE)
        return STEP_GO_ON;
    if (!seal_cms_has_form(clip->sealed)) {
        field = "sealed";
        rule = "CMS EnvelopedData in DER, sealed to the request's certificate";
    } else if (clip->delete_by <= now || clip->delete_by > now + longest_ms) {
        field = "delete_by";
        rule = "in the future, at most 180 days from now";
    }
    if (!field)
        return STEP_GO_ON;
    return publication_refuse(
        publication, REASON_BAD_PAYLOAD, arena_printf(&publication->arena, "clips[%zu].%s", i, field), rule);
}

static enum step_result authorize(struct publication *publication)
{
    int64_t now = broker_now(publication->broker);

    if (!publication->principal->household[0])
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "sender", "belongs to no household: nobody asked it");
    for (size_t i = 0; i < publication->footage_answer.clip_count; i++) {
        if (check_clip(publication, i, now) != STEP_GO_ON)
            return STEP_REFUSE;
    }
    return STEP_GO_ON;
}

/* The clip's name for the agency, of the household, the request and the owner's own name for it. */
static void name_clip(
    struct publication *publication, const struct clip_answer *clip, char out[PUBLIC_ID + 1])
{
    const struct footage_answer *answer = &publication->footage_answer;
    struct text household = text_of(publication->principal->household);
    struct text name = text_of(arena_printf(&publication->arena, "clip %.*s %.*s",
        (int)answer->request_id.len, answer->request_id.data, (int)clip->clip_id.len, clip->clip_id.data));

    seal_public_id(publication->broker->seal, household, name, out);
}

static void stored(void *arg, enum store_status status)
{
    pipeline_stored(arg, status);
}

static enum step_result store(struct publication *publication)
{
    const struct footage_answer *answer = &publication->footage_answer;
    struct store_footage_clip clips[LIMIT_CLIPS];
    struct store_footage_answer out = {.household = text_of(publication->principal->household),
        .clips = clips,
        .now = broker_now(publication->broker)};

    for (size_t i = 0; i < answer->clip_count; i++) {
        const struct clip_answer *clip = &answer->clips[i];
        if (clip->decision == FOOTAGE_DECLINE)
            continue;
        struct store_footage_clip *kept = &clips[out.clip_count++];
        *kept = (struct store_footage_clip){.withdraw = clip->decision == FOOTAGE_WITHDRAW};
        name_clip(publication, clip, kept->id);
        if (kept->withdraw)
            continue;
        kept->sealed = clip->sealed;
        kept->delete_by = clip->delete_by;
    }
    /* What is no request's id at all is acknowledged like the id of one that nobody asked this household. */
    if (!seal_tag_of(publication->broker->seal, answer->request_id, &out.agency_tag))
        return STEP_GO_ON;
    out.request_id = arena_copy(&publication->arena, answer->request_id.data, answer->request_id.len);
    publication->stores = 1;
    store_footage_answer(publication->broker->store, &out, stored, publication);
    return STEP_WAIT;
}

const struct kind kind_footage_answer = {
    .topic = TOPIC_FOOTAGE_ANSWER,
    .decode = decode,
    .authorize = authorize,
    .store = store,
};
