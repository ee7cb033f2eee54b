/* The scripted store's footage requests. */
#include "bridge/store_footage.h"

#include "proto/codec.h"
#include "tests/stories/stage_footage.h"
#include "tests/stories/stage_store_inside.h"

enum { HOUSEHOLDS = 16, REQUESTS = 32, CLIPS = 32 };

struct kept_clip {
    char id[PUBLIC_ID + 1], household[65];
    struct bytes sealed;
    int64_t delete_by;
    bool given, withdrawn, told;
};

struct kept_request {
    char id[PUBLIC_ID + 1], agency[65], session[160], case_number[65];
    uint8_t digest[16];
    struct bytes body;
    int64_t open_until;
    bool asked, ended, ending; /* ending: its owners are not yet told */
    size_t household_count;
    char households[HOUSEHOLDS][65];
    size_t clip_count;
    struct kept_clip clips[CLIPS];
};

struct stage_footage {
    size_t household_count, request_count, resolved_count;
    struct {
        char household[65], session[160], device[65];
    } households[HOUSEHOLDS];
    struct kept_request requests[REQUESTS];
    struct {
        char agency[65], case_number[65];
        uint8_t outcome;
    } resolved[REQUESTS];
    int64_t next_batch;
};

static struct stage_footage *footage(void)
{
    struct store *store = the_store();
    if (!store->footage)
        store->footage = calloc(1, sizeof(*store->footage));
    return store->footage;
}

static void copy_text(char *out, size_t size, struct text text)
{
    snprintf(out, size, "%.*s", (int)text.len, text.data);
}

static struct kept_request *request_of(const char *id)
{
    for (size_t i = 0; i < footage()->request_count; i++) {
        if (strcmp(footage()->requests[i].id, id) == 0)
            return &footage()->requests[i];
    }
    return NULL;
}

static bool is_open(const struct kept_request *request)
{
    return !request->ended && request->open_until > stage_now();
}

/* ---- the story ---- */

void askable(const char *household, const char *session, const char *device)
{
    assert_true(footage()->household_count < HOUSEHOLDS);
    size_t i = footage()->household_count++;
    snprintf(footage()->households[i].household, 65, "%s", household);
    snprintf(footage()->households[i].session, 160, "%s", session);
    snprintf(footage()->households[i].device, 65, "%s", device);
}

size_t clip_bytes_kept(void)
{
    size_t bytes = 0;
    for (size_t i = 0; i < footage()->request_count; i++) {
        for (size_t k = 0; k < footage()->requests[i].clip_count; k++)
            bytes += footage()->requests[i].clips[k].sealed.len;
    }
    return bytes;
}

/* ---- requests ---- */

static enum store_status judge_request(
    const struct store_footage_request *request, struct store_footage_result *result)
{
    const struct kept_request *same = request_of(request->id);
    size_t of_case = 0, open = 0;
    int64_t first_end = INT64_MAX;
    if (same)
        return memcmp(same->digest, request->digest, 16) == 0 ? STORE_REPEAT : STORE_CONFLICT;
    for (size_t i = 0; i < footage()->request_count; i++) {
        const struct kept_request *other = &footage()->requests[i];
        if (!text_equal(text_of(other->agency), request->agency))
            continue;
        of_case += text_equal(text_of(other->case_number), request->case_number);
        open += is_open(other);
        if (is_open(other) && other->open_until < first_end)
            first_end = other->open_until;
    }
    result->limit = of_case >= request->per_case ? STORE_FOOTAGE_PER_CASE : STORE_FOOTAGE_MOST_OPEN;
    result->retry_after_ms = of_case >= request->per_case ? 0 : first_end - stage_now();
    return of_case >= request->per_case || open >= request->most_open ? STORE_LIMITED : STORE_OK;
}

void store_footage_request(
    struct store *store, const struct store_footage_request *request, store_footage_done *done, void *arg)
{
    struct store_footage_result result = {0};
    (void)store;
    struct call *call =
        stage_called(CALL_FOOTAGE, arg, "%.*s %.*s for=%lld open=%lld cells=%zu by=%.*s: %.*s",
            (int)request->agency.len, request->agency.data, (int)request->case_number.len,
            request->case_number.data, (long long)(request->to - request->from) / 60000,
            (long long)(request->open_until - request->now) / 60000, request->cell_count,
            (int)request->officer.len, request->officer.data, (int)request->words.len, request->words.data);
    result.status = judge_request(request, &result);
    call->footage = done;
    call->footage_result = result;
    if (result.status != STORE_OK)
        return;
    assert_true(footage()->request_count < REQUESTS);
    struct kept_request *kept = &footage()->requests[footage()->request_count++];
    *kept = (struct kept_request){.body = stage_copy(request->body), .open_until = request->open_until};
    memcpy(kept->id, request->id, sizeof(kept->id));
    memcpy(kept->digest, request->digest, sizeof(kept->digest));
    copy_text(kept->agency, sizeof(kept->agency), request->agency);
    copy_text(kept->case_number, sizeof(kept->case_number), request->case_number);
    snprintf(kept->session, sizeof(kept->session), "%.*s/%.*s", (int)request->agency.len,
        request->agency.data, (int)request->client.len, request->client.data);
}

void stage_answer_footage(struct call *call, enum store_status status)
{
    if (status != STORE_OK)
        call->footage_result.status = status;
    call->footage(call->arg, &call->footage_result);
}

/* The body with one field `devices` more. */
static void ask(struct kept_request *request, size_t household)
{
    const char *device = footage()->households[household].device;
    size_t len = strlen(device);
    uint8_t bytes[4096];
    assert_true(request->body.len + 2 + len <= sizeof(bytes));
    memcpy(bytes, request->body.data, request->body.len);
    bytes[request->body.len] = 14 << 3 | 2;
    bytes[request->body.len + 1] = (uint8_t)len;
    memcpy(bytes + request->body.len + 2, device, len);
    snprintf(request->households[request->household_count++], 65, "%s",
        footage()->households[household].household);
    if (footage()->households[household].session[0])
        inbox_gets(footage()->households[household].session, "footage-request",
            (struct bytes){bytes, request->body.len + 2 + len});
}

static bool ask_owners(void)
{
    bool any = false;
    for (size_t i = 0; i < footage()->request_count; i++) {
        struct kept_request *request = &footage()->requests[i];
        if (request->asked)
            continue;
        request->asked = any = true;
        for (size_t k = 0; k < footage()->household_count; k++)
            ask(request, k);
    }
    return any;
}

/* ---- answers ---- */

static bool was_asked(const struct kept_request *request, struct text household)
{
    for (size_t i = 0; i < request->household_count; i++) {
        if (text_equal(text_of(request->households[i]), household))
            return true;
    }
    return false;
}

static struct kept_clip *clip_of(struct kept_request *request, const char *id)
{
    for (size_t i = 0; i < request->clip_count; i++) {
        if (strcmp(request->clips[i].id, id) == 0)
            return &request->clips[i];
    }
    return NULL;
}

static void take_clip(struct kept_request *request, const struct store_footage_clip *clip)
{
    struct kept_clip *kept = clip_of(request, clip->id);
    if (clip->withdraw) {
        if (!kept)
            return;
        stage_drop(&kept->sealed);
        kept->withdrawn = true;
        return;
    }
    if (kept || !is_open(request))
        return;
    assert_true(request->clip_count < CLIPS);
    kept = &request->clips[request->clip_count++];
    *kept = (struct kept_clip){.sealed = stage_copy(clip->sealed), .delete_by = clip->delete_by};
    memcpy(kept->id, clip->id, sizeof(kept->id));
}

void store_footage_answer(
    struct store *store, const struct store_footage_answer *answer, store_status_done *done, void *arg)
{
    struct kept_request *request = request_of(answer->request_id);
    (void)store;
    struct call *call = stage_called(CALL_FOOTAGE_ANSWER, arg, "%.*s clips=%zu", (int)answer->household.len,
        answer->household.data, answer->clip_count);
    call->status = done;
    for (size_t i = 0; request && was_asked(request, answer->household) && i < answer->clip_count; i++)
        take_clip(request, &answer->clips[i]);
}

/* ---- ends ---- */

static void end_request(struct kept_request *request)
{
    struct footage_request told = {.request_id = text_of(request->id), .ended = true};
    struct arena arena;
    request->ending = false;
    arena_init(&arena, NULL, 0);
    struct bytes body = codec_encode_footage_request(ENCODING_PROTOBUF, &told, &arena);
    for (size_t i = 0; i < request->household_count; i++) {
        for (size_t k = 0; k < footage()->household_count; k++) {
            if (strcmp(footage()->households[k].household, request->households[i]) == 0 &&
                footage()->households[k].session[0])
                inbox_gets(footage()->households[k].session, "footage-request", body);
        }
    }
    arena_free(&arena);
}

/* ---- batches ---- */

static void give(const struct kept_request *request, struct kept_clip *clip)
{
    struct footage out = {.request_id = text_of(request->id),
        .case_number = text_of(request->case_number),
        .clip_id = text_of(clip->id),
        .sealed = clip->sealed,
        .delete_by = clip->delete_by,
        .withdrawn = clip->withdrawn,
        .at = footage()->next_batch};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    inbox_gets(request->session, "footage", codec_encode_footage(ENCODING_PROTOBUF, &out, &arena));
    arena_free(&arena);
    clip->given = true;
    clip->told = clip->withdrawn;
    stage_drop(&clip->sealed);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct kept_clip *)a)->id, ((const struct kept_clip *)b)->id);
}

static void give_out(struct kept_request *request)
{
    qsort(request->clips, request->clip_count, sizeof(*request->clips), by_name);
    for (size_t i = 0; request->household_count >= STAGE_K && i < request->clip_count; i++) {
        struct kept_clip *clip = &request->clips[i];
        if (clip->given ? clip->withdrawn && !clip->told : !clip->withdrawn)
            give(request, clip);
    }
}

bool stage_footage_turn(void)
{
    if (!the_store()->footage)
        return false;
    bool any = ask_owners();
    for (size_t i = 0; i < footage()->request_count; i++) {
        if (footage()->requests[i].ending)
            end_request(&footage()->requests[i]);
    }
    if (!footage()->next_batch)
        footage()->next_batch = stage_now() - stage_now() % STAGE_BATCH_MS + STAGE_BATCH_MS;
    for (; stage_now() >= footage()->next_batch; footage()->next_batch += STAGE_BATCH_MS) {
        for (size_t i = 0; i < footage()->request_count; i++)
            give_out(&footage()->requests[i]);
        any = true;
    }
    return any;
}

/* ---- closed cases ---- */

static bool is_of_case(const struct kept_request *request, const struct store_resolve *resolve)
{
    return request && text_equal(text_of(request->agency), resolve->agency) &&
           text_equal(text_of(request->case_number), resolve->case_number);
}

static bool is_named(const struct kept_request *request, const struct store_resolve *resolve)
{
    bool named = resolve->request_count == 0;
    for (size_t i = 0; i < resolve->request_count; i++)
        named = named || strcmp(resolve->request_ids[i], request->id) == 0;
    return named;
}

static enum store_status judge_resolve(const struct store_resolve *resolve)
{
    for (size_t i = 0; i < resolve->request_count; i++) {
        if (!is_of_case(request_of(resolve->request_ids[i]), resolve))
            return STORE_NOT_FOUND;
    }
    for (size_t i = 0; i < footage()->resolved_count; i++) {
        if (text_equal(text_of(footage()->resolved[i].agency), resolve->agency) &&
            text_equal(text_of(footage()->resolved[i].case_number), resolve->case_number) &&
            footage()->resolved[i].outcome == resolve->outcome)
            return STORE_REPEAT;
    }
    return STORE_OK;
}

void store_resolve(
    struct store *store, const struct store_resolve *resolve, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_RESOLVE, arg, "%.*s %.*s %s by=%.*s: %.*s",
        (int)resolve->agency.len, resolve->agency.data, (int)resolve->case_number.len,
        resolve->case_number.data, case_outcome_name(resolve->outcome), (int)resolve->officer.len,
        resolve->officer.data, (int)resolve->remark.len, resolve->remark.data);
    call->status = done;
    call->resolve_status = judge_resolve(resolve);
    if (call->resolve_status != STORE_OK)
        return;
    assert_true(footage()->resolved_count < REQUESTS);
    size_t closed = footage()->resolved_count++;
    copy_text(footage()->resolved[closed].agency, 65, resolve->agency);
    copy_text(footage()->resolved[closed].case_number, 65, resolve->case_number);
    footage()->resolved[closed].outcome = resolve->outcome;
    for (size_t i = 0; i < footage()->request_count; i++) {
        struct kept_request *request = &footage()->requests[i];
        if (is_of_case(request, resolve) && is_named(request, resolve) && is_open(request))
            request->ended = request->ending = true;
    }
}

void stage_answer_resolve(struct call *call, enum store_status status)
{
    call->status(call->arg, status == STORE_OK ? call->resolve_status : status);
}

void stage_footage_free(struct store *store)
{
    struct stage_footage *kept = store->footage;
    if (!kept)
        return;
    for (size_t i = 0; i < kept->request_count; i++) {
        stage_drop(&kept->requests[i].body);
        for (size_t k = 0; k < kept->requests[i].clip_count; k++)
            stage_drop(&kept->requests[i].clips[k].sealed);
    }
    free(kept);
    store->footage = NULL;
}
