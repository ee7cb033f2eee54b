/* The owner's word, from the home's broker: {"request_id", "decision": "share", "decline" or "withdraw", and
 * for share "note", "reference", "files", "device", "delete_after_days"; "secret" where one is set}. What is
 * shared is sealed here and kept sealed. Whatever is wrong with it is said on footage/reply, and nothing of
 * it counts then. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/edge/back/back_inside.h"
#include "bridge/edge/back/clips.h"
#include "bridge/edge/back/footage_inside.h"
#include "bridge/owner/footage_clip.h"

enum { MOST_DAYS = 180, USUAL_DAYS = 30, MOST_NOTE = 4096, MOST_REFERENCE = 1024 };
static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

/* What was said. Texts are views of its JSON. */
struct said {
    const char *request_id, *decision, *note, *reference, *device, *secret;
    json_t *files;
    int64_t days;
};

/* An answer in the making. */
struct making {
    struct back *back;
    const struct said *said;
    const struct kept_request *kept;
    struct footage_request request;
    struct footage_answer answer;
    struct arena *arena;
    char clips[LIMIT_CLIPS * 2 * (LIMIT_ID + 1) + 1]; /* names of what is shared */
};

/* ---- reading ---- */

/* Why it is wrong; NULL: nothing is. */
static const char *read_said(json_t *root, struct said *said)
{
    json_error_t error;
    int days = USUAL_DAYS;
    *said = (struct said){.files = NULL};
    if (!json_is_object(root))
        return "must be a JSON object";
    if (json_unpack_ex(root, &error, JSON_STRICT, "{s:s, s:s, s?s, s?s, s?s, s?s, s?o, s?i}", "request_id",
            &said->request_id, "decision", &said->decision, "note", &said->note, "reference",
            &said->reference, "device", &said->device, "secret", &said->secret, "files", &said->files,
            "delete_after_days", &days) != 0)
        return "must have request_id and decision, and may have note, reference, files, device, "
               "delete_after_days, secret, nothing else";
    said->days = days;
    if (days < 1 || days > MOST_DAYS)
        return "delete_after_days: must be 1 to 180";
    if (said->files && !json_is_array(said->files))
        return "files: must be an array of names";
    if ((said->note && strlen(said->note) > MOST_NOTE) ||
        (said->reference && strlen(said->reference) > MOST_REFERENCE))
        return "note, reference: at most 4096 and 1024 bytes";
    if (said->device && strlen(said->device) > LIMIT_ID)
        return "device: at most 64 bytes";
    return NULL;
}

/* Takes as long whatever was said. */
static bool is_secret(const char *secret, const char *said)
{
    size_t len = strlen(secret), given = said ? strlen(said) : 0;
    unsigned differs = len != given;
    for (size_t i = 0; i < len; i++)
        differs |= (unsigned char)secret[i] ^ (unsigned char)(given ? said[i % given] : 0);
    return differs == 0;
}

/* ---- sharing ---- */

static void note_name(struct making *making, const char *name)
{
    size_t used = strlen(making->clips);
    snprintf(making->clips + used, sizeof(making->clips) - used, "%s%s", used ? " " : "", name);
}

/* A clip's name as the broker takes it, out of a file's. */
static const char *clip_name(const char *file, struct arena *arena)
{
    static const char legal[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    char *name = arena_copy(arena, file, strlen(file) < LIMIT_ID ? strlen(file) : LIMIT_ID);
    for (char *c = name; *c; c++)
        if (strchr(legal, *c) == NULL)
            *c = '-';
    return name;
}

static const char *add_clip(struct making *making, const char *name, const struct clip_file *file)
{
    const struct said *said = making->said;
    const char *why;
    struct clip_answer sealed;
    struct sealed_clip clip = footage_clip_for(&making->request, NULL, making->arena);
    clip.note = text_of(said->note);
    clip.reference = text_of(said->reference);
    clip.device = text_of(said->device);
    clip.delete_by = making->back->wall + said->days * day_ms;
    if (file) {
        clip.still = file->content;
        clip.media_type = text_of(file->media_type);
        clip.from = clip.to = file->taken;
    }
    if (!footage_seal_clip(&making->request, &clip, making->arena, &sealed, &why))
        return why;
    sealed.clip_id = text_of(name);
    if (!footage_put_clip(&making->answer, &sealed, making->arena))
        return "one answer holds at most 8 pictures and 45 kB sealed: share fewer or smaller ones, or a "
               "reference";
    note_name(making, name);
    return NULL;
}

static const char *share(struct making *making)
{
    const struct said *said = making->said;
    const char *why = NULL;
    size_t count = json_array_size(said->files);
    if (count == 0 && !said->note && !said->reference)
        return "share: needs a note, a reference or files";
    if (count > LIMIT_CLIPS)
        return "files: at most 8";
    if (count == 0)
        return add_clip(making, "note", NULL);
    for (size_t i = 0; i < count && !why; i++) {
        const char *name = json_string_value(json_array_get(said->files, i));
        struct clip_file file;
        if (name == NULL)
            return "files: must be an array of names";
        if (clip_read(making->back->settings->clips, name, making->arena, &file, &why))
            why = add_clip(making, clip_name(name, making->arena), &file);
    }
    return why;
}

/* ---- declining, taking back ---- */

static const char *decline(struct making *making)
{
    if (making->kept->due == 0 && *making->kept->clips)
        return "decline: it was shared already; withdraw takes it back";
    return NULL;
}

static const char *withdraw(struct making *making)
{
    char *names = arena_copy(making->arena, making->kept->clips, strlen(making->kept->clips)), *state;
    if (!*names)
        return "withdraw: nothing was shared";
    if (making->kept->due > 0)
        return NULL; /* it has not left: nothing leaves */
    for (char *name = strtok_r(names, " ", &state); name; name = strtok_r(NULL, " ", &state)) {
        const struct clip_answer clip = {.clip_id = text_of(name), .decision = FOOTAGE_WITHDRAW};
        if (!footage_put_clip(&making->answer, &clip, making->arena))
            return "withdraw: more was shared than one answer takes back";
    }
    return NULL;
}

/* ---- the answer ---- */

static const char *decide(struct making *making)
{
    const char *decision = making->said->decision;
    bool shares = strcmp(decision, "share") == 0;
    if (!shares && (making->said->files || making->said->note || making->said->reference))
        return "note, reference, files: only with share";
    if (shares)
        return share(making);
    if (strcmp(decision, "decline") == 0)
        return decline(making);
    return strcmp(decision, "withdraw") == 0 ? withdraw(making)
                                             : "decision: must be share, decline or withdraw";
}

/* What waits leaves with everybody's; what comes after that, at once. */
static void keep(struct making *making)
{
    struct back *back = making->back;
    const struct kept_request *kept = making->kept;
    bool left = kept->due == 0;
    bool says_nothing = left && making->answer.clip_count == 0;
    int64_t at = left ? back->wall : kept->due;
    if (!says_nothing)
        kept_set_answer(back->kept, kept->id,
            codec_encode_footage_answer(ENCODING_PROTOBUF, &making->answer, making->arena), making->clips,
            at);
    back->due = -1;
    footage_reply(back, kept->id, "kept", says_nothing ? 0 : at, NULL);
}

static const char *answer(struct back *back, const struct said *said, struct arena *arena)
{
    struct kept_request kept;
    const char *secret = back->settings->answer_secret;
    if (secret && !is_secret(secret, said->secret))
        return "secret: is missing or wrong";
    if (!kept_find_request(back->kept, said->request_id, arena, &kept) || kept.open_until < back->wall)
        return "request_id: no request of this id is open";
    struct making making = {.back = back, .said = said, .kept = &kept, .arena = arena};
    if (!footage_read(kept.request, arena, &making.request))
        return "request_id: the request cannot be read";
    making.answer.request_id = text_of(kept.id);
    if (kept.due == 0 && strcmp(said->decision, "share") == 0)
        note_name(&making, kept.clips); /* what left before can be taken back too */
    const char *why = decide(&making);
    if (why == NULL)
        keep(&making);
    return why;
}

void footage_answer(struct back *back, const struct link_message *message)
{
    struct said said;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    json_t *root =
        json_loadb((const char *)message->payload.data, message->payload.len, JSON_REJECT_DUPLICATES, NULL);
    const char *why = read_said(root, &said);
    if (why == NULL && message->retain)
        why = "retained: an answer counts when it is given, not later";
    if (why == NULL)
        why = answer(back, &said, &arena);
    if (why)
        footage_reply(back, said.request_id, NULL, 0, why);
    json_decref(root);
    arena_free(&arena);
}
