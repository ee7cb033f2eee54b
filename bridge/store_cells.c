/* What is newly followed in a day: scripts/cells.lua. */
#include "bridge/store_cells.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

enum { KNOWN_DAYS = 30, NAME = 200 };

struct cells_call {
    store_cells_done *done;
    void *arg;
    size_t count;
};

static void on_counted(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct cells_call *call = arg;
    struct bytes granted = reply_bytes(reply);
    if (status == STORE_OK && granted.len != call->count)
        status = STORE_FAILED;
    call->done(call->arg, &(struct store_cells_result){status, call->count, (const char *)granted.data});
    free(call);
}

/* Under whose name it is kept; no address is. */
static void name_who(const struct store *store, const struct store_cells *cells, char out[NAME])
{
    char digest[PLACE_DIGEST + 1];
    if (cells->address) {
        place_digest(store->options.places, "address", cells->who, digest);
        snprintf(out, NAME, "address/%s", digest);
    } else {
        snprintf(out, NAME, "%.*s", (int)cells->who.len, cells->who.data);
    }
}

void store_cells(struct store *store, const struct store_cells *cells, store_cells_done *done, void *arg)
{
    struct command command = {0};
    struct buffer key = {0};
    struct cells_call *call = store_alloc(sizeof(*call));
    char who[NAME], purpose[NAME + 16], digest[PLACE_DIGEST + 1];
    *call = (struct cells_call){done, arg, cells->count};
    name_who(store, cells, who);
    snprintf(purpose, sizeof(purpose), "follows %s", who);
    session_key(&key, (struct session_name){.principal = text_of(who)}, "cells");
    command_function(&command, "nb_cells", 1, 3 + 2 * cells->count);
    command_bytes(&command, key.data, key.len);
    command_number(&command, cells->limit);
    command_number(&command, cells->together);
    command_number(&command, cells->address ? 0 : KNOWN_DAYS);
    for (size_t i = 0; i < cells->count; i++) {
        place_digest(store->options.places, purpose, text_of(cells->cells[i].geohash), digest);
        command_text(&command, digest);
        command_number(&command, cells->cells[i].counts);
    }
    buffer_free(&key);
    store_send(store, &command, on_counted, call);
}
