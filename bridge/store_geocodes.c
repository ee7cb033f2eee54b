/* Areas of geocodes, asked of the operator's table: scripts/geocodes.lua. One question a scheme. */
#include <stdlib.h>

#include "bridge/store_inside.h"

/* The answers of all schemes, copied as they come. */
struct geocodes_call {
    store_geocodes_done *done;
    void *arg;
    enum store_status status;
    size_t left; /* questions not yet answered */
    size_t count;
    struct bytes *areas;
};
struct scheme_question {
    struct geocodes_call *call;
    size_t count;
    size_t places[]; /* where in the answer its codes belong */
};

static void finish(struct geocodes_call *call)
{
    struct store_geocodes found = {call->status, call->count, call->areas};
    call->done(call->arg, &found);
    for (size_t i = 0; i < call->count; i++)
        free((void *)(uintptr_t)call->areas[i].data);
    free(call->areas);
    free(call);
}

static struct bytes copy_of(struct bytes area)
{
    if (area.len == 0)
        return (struct bytes){0};
    uint8_t *copy = store_alloc(area.len);
    memcpy(copy, area.data, area.len);
    return (struct bytes){copy, area.len};
}

static void on_areas(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct scheme_question *question = arg;
    struct geocodes_call *call = question->call;
    if (status != STORE_OK)
        call->status = status;
    for (size_t i = 0; i < question->count && status == STORE_OK; i++)
        call->areas[question->places[i]] = copy_of(reply_bytes(reply_at(reply, i)));
    free(question);
    if (--call->left == 0)
        finish(call);
}

static void ask_scheme(struct store *store, struct scheme_question *question, struct text scheme,
    const struct store_geocode *asked)
{
    struct command command = {0};
    struct buffer key = {0};
    buffer_put(&key, "nb:{geocodes}:", 14);
    buffer_put(&key, scheme.data, scheme.len);
    command_function(&command, "nb_geocodes", 1, 1 + question->count);
    command_bytes(&command, key.data, key.len);
    command_bytes(&command, scheme.data, scheme.len);
    for (size_t i = 0; i < question->count; i++) {
        struct text code = asked[question->places[i]].code;
        command_bytes(&command, code.data, code.len);
    }
    buffer_free(&key);
    store_send(store, &command, on_areas, question);
}

/* The first code of its scheme asks for all of them. */
static bool is_first(const struct store_geocode *asked, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (text_equal(asked[i].scheme, asked[at].scheme))
            return false;
    }
    return true;
}

void store_geocodes(struct store *store, const struct store_geocode *asked, size_t count,
    store_geocodes_done *done, void *arg)
{
    struct geocodes_call *call = store_alloc(sizeof(*call));
    *call = (struct geocodes_call){.done = done, .arg = arg, .count = count};
    call->areas = store_alloc(count * sizeof(*call->areas));
    for (size_t at = 0; at < count || call->left == 0; at++) {
        if (at < count && !is_first(asked, at))
            continue;
        struct scheme_question *question = store_alloc(sizeof(*question) + count * sizeof(size_t));
        struct text scheme = at < count ? asked[at].scheme : TEXT("");
        question->call = call;
        for (size_t i = at; i < count; i++) {
            if (text_equal(asked[i].scheme, scheme))
                question->places[question->count++] = i;
        }
        call->left++;
        ask_scheme(store, question, scheme, asked);
    }
}
