/* Footage requests: kept when they come, told at home, and each answered once at the time at which all
 * owners' answers leave. What leaves then is what the owner said (footage_answer.c), or nothing; both look
 * alike. */
#include <stdio.h>

#include "bridge/edge/back/back_inside.h"
#include "bridge/edge/back/clips.h"
#include "bridge/edge/back/footage_inside.h"
#include "bridge/edge/back/tell.h"

enum { REFUSED = 0x80, AGAIN_MS = 5000 };
static const int64_t hour_ms = INT64_C(3600) * 1000;

/* ---- what comes ---- */

bool footage_read(struct bytes payload, struct arena *arena, struct footage_request *out)
{
    struct refusal refusal;
    if (codec_decode_footage_request(ENCODING_PROTOBUF, payload, arena, out, &refusal))
        return true;
    fprintf(stderr, "neighbors-edge: feed: a footage request cannot be read: %s: %s\n", refusal.field,
        refusal.rule);
    return false;
}

void footage_request(struct back *back, struct bytes payload)
{
    struct footage_request request;
    struct kept_request known;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    if (back->settings->owner && footage_read(payload, &arena, &request) && request.request_id.len > 0 &&
        request.request_id.len < BACK_PUBLIC_ID) {
        const char *id = arena_copy(&arena, request.request_id.data, request.request_id.len);
        bool found = kept_find_request(back->kept, id, &arena, &known);
        if (request.ended && found) {
            kept_drop_request(back->kept, id);
            home_publish(back, "footage", "request", tell_request(&request), false);
        } else if (!request.ended && !found) {
            kept_add_request(back->kept, id, payload, request.answer_at, request.open_until);
            back->untold_requests = true;
        }
        back->due = -1;
    }
    arena_free(&arena);
}

/* ---- told at home ---- */

static void tell(void *arg, const struct kept_request *kept)
{
    struct back *back = arg;
    struct told told = {.what = TELLING_REQUEST};
    struct footage_request request;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    snprintf(told.id, sizeof(told.id), "%s", kept->id);
    if (home_has_room(back) && !home_is_telling(back, &told) &&
        footage_read(kept->request, &arena, &request)) {
        json_t *out = tell_request(&request);
        json_object_set_new(out, "files", clips_between(back->settings->clips, request.from, request.to));
        told.message = home_publish(back, "footage", "request", out, false);
        home_expect(back, &told);
    }
    arena_free(&arena);
}

void footage_tell(struct back *back)
{
    kept_untold_requests(back->kept, back->wall, tell, back);
}

void footage_reply(struct back *back, const char *id, const char *answer, int64_t at, const char *reason)
{
    json_t *out = json_object();
    json_object_set_new(out, "request_id", id ? json_string(id) : json_null());
    json_object_set_new(out, "ok", json_boolean(reason == NULL));
    if (answer)
        json_object_set_new(out, "answer", json_string(answer));
    if (at)
        json_object_set_new(out, "at", tell_time(at));
    if (reason)
        json_object_set_new(out, "reason", json_string(reason));
    home_publish(back, "footage", "reply", out, false);
}

/* ---- what leaves ---- */

static void send_answer(struct back *back, const struct kept_request *kept, struct arena *arena)
{
    const struct footage_answer nothing = {.request_id = text_of(kept->id)};
    struct bytes payload =
        kept->answer.len ? kept->answer : codec_encode_footage_answer(ENCODING_PROTOBUF, &nothing, arena);
    back->answering = link_publish(back->feed, "nb/v1/footage-answer", "application/x-protobuf", payload);
    snprintf(back->answering_id, sizeof(back->answering_id), "%s", kept->id);
}

void footage_acknowledged(void *arg, const struct link_acknowledgement *acknowledgement)
{
    struct back *back = arg;
    struct kept_request kept;
    struct arena arena;
    if (back->answering < 0 || acknowledgement->message != back->answering)
        return;
    back->answering = back->due = -1;
    bool refused = acknowledgement->reason >= REFUSED;
    if (refused && acknowledgement->retry_after_s) {
        back->not_before = back->now + (int64_t)acknowledgement->retry_after_s * 1000;
        return;
    }
    arena_init(&arena, NULL, 0);
    if (kept_find_request(back->kept, back->answering_id, &arena, &kept)) {
        kept_answer_left(back->kept, kept.id);
        if (kept.answered)
            footage_reply(back, kept.id, refused ? NULL : "sent", refused ? 0 : back->wall,
                refused ? acknowledgement->text : NULL);
    }
    arena_free(&arena);
}

void footage_lost(struct back *back)
{
    back->answering = -1;
}

void footage_turn(struct back *back)
{
    struct kept_request kept;
    struct arena arena;
    if (back->settings->owner == NULL)
        return;
    if (back->wall - back->closed_swept > hour_ms) {
        back->closed_swept = back->wall;
        kept_drop_closed(back->kept, back->wall);
    }
    if (back->due < 0)
        back->due = kept_next_due(back->kept, back->wall);
    if (back->due == 0 || back->due > back->wall || back->answering >= 0 || back->now < back->not_before ||
        !link_is_up(back->feed))
        return;
    arena_init(&arena, NULL, 0);
    if (kept_due_request(back->kept, back->wall, &arena, &kept))
        send_answer(back, &kept, &arena);
    else
        back->due = -1;
    arena_free(&arena);
}
