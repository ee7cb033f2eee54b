/* Owners' clips, in memory alone: who reads files and who sends is the caller. */
#include "bridge/owner/footage_clip.h"

#include <string.h>

#include "bridge/seal_cms.h"
#include "proto/codec.h"

const char *footage_media_type(struct bytes still)
{
    if (still.len > 3 && memcmp(still.data, "\xff\xd8\xff", 3) == 0)
        return "image/jpeg";
    return still.len > 8 && memcmp(still.data, "\x89PNG\r\n\x1a\n", 8) == 0 ? "image/png" : NULL;
}

struct sealed_clip footage_clip_for(
    const struct footage_request *request, const char *purpose, struct arena *arena)
{
    struct sealed_clip clip = {
        .request_id = request->request_id, .case_number = request->case_number, .purpose = text_of(purpose)};
    if (!purpose)
        clip.purpose = text_of(arena_printf(arena, "the investigation of case %.*s, nothing else",
            (int)request->case_number.len, request->case_number.data));
    return clip;
}

bool footage_seal_clip(const struct footage_request *request, const struct sealed_clip *clip,
    struct arena *arena, struct clip_answer *out, const char **why)
{
    struct bytes plain = codec_encode_sealed_clip(ENCODING_JSON, clip, arena);
    *out = (struct clip_answer){.decision = FOOTAGE_SHARE, .delete_by = clip->delete_by};
    return seal_cms_seal(request->agency_certificate, plain, arena, &out->sealed, why);
}

bool footage_put_clip(struct footage_answer *answer, const struct clip_answer *clip, struct arena *arena)
{
    struct clip_answer *clips = arena_take(arena, (answer->clip_count + 1) * sizeof *clips);
    size_t i = 0, sealed = 0;
    if (answer->clip_count)
        memcpy(clips, answer->clips, answer->clip_count * sizeof *clips);
    while (i < answer->clip_count && !text_equal(clips[i].clip_id, clip->clip_id))
        i++;
    clips[i] = *clip;
    answer->clips = clips;
    answer->clip_count += i == answer->clip_count;
    for (i = 0; i < answer->clip_count; i++)
        sealed += clips[i].sealed.len;
    return answer->clip_count <= LIMIT_CLIPS && sealed <= LIMIT_SEALED;
}
