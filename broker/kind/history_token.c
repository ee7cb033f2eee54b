/* The token by which a client asks for the next page: a cursor (bridge/seal.h) of where the page before
 * ended, bound to the question. It is opaque to the client, and no page of another question is taken. */
#include <stdio.h>

#include "bridge/seal.h"
#include "broker/core.h"
#include "broker/kind/history_job.h"

void history_token_bind(struct history *history)
{
    const struct history_query *query = &history->publication->history;
    struct arena *arena = &history->publication->arena;
    uint8_t digest[16];
    char *asked = arena_printf(arena, "%.*s %u %u %lld %lld", (int)query->near_cell.len,
        query->near_cell.len ? query->near_cell.data : "", query->metres, history->classes,
        (long long)query->from, (long long)query->to);

    for (size_t i = 0; i < query->cell_count; i++)
        asked = arena_printf(arena, "%s %.*s", asked, (int)query->cells[i].len, query->cells[i].data);
    seal_digest((struct bytes){(const uint8_t *)asked, strlen(asked)}, digest);
    memcpy(history->label, "history", 7);
    for (int i = 0; i < 8; i++)
        sprintf(history->label + 7 + 2 * i, "%02x", digest[i]);
}

bool history_token_open(struct history *history)
{
    const struct publication *publication = history->publication;

    return seal_cursor_open(publication->broker->seal, text_of(history->label), publication->history.page,
        &history->after.position, &history->after.channel);
}

struct text history_token(struct history *history, const struct place_in_history *last)
{
    char *token = arena_alloc(&history->publication->arena, CURSOR_TEXT + 1);

    seal_cursor(
        history->publication->broker->seal, text_of(history->label), last->position, last->channel, token);
    return text_of(token);
}
