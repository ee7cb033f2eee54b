/* Notices on boards: scripts/board.lua. */
#include "bridge/store_board.h"

#include <stdlib.h>

#include "bridge/store_inside.h"

static void begin(struct command *command, const char *function, struct text principal, size_t arguments)
{
    struct buffer key = {0};
    session_key(&key, (struct session_name){.principal = principal}, "board");
    command_function(command, function, 1, arguments);
    command_bytes(command, key.data, key.len);
    buffer_free(&key);
}

void store_board_follow(struct store *store, struct session_name name, int64_t now)
{
    struct command command = {0};
    begin(&command, "nb_board_follow", name.principal, 2);
    command_view(&command, name.client);
    command_number(&command, now);
    store_send_for_status(store, &command, NULL, NULL);
}

void store_board_leave(struct store *store, struct session_name name)
{
    struct command command = {0};
    begin(&command, "nb_board_leave", name.principal, 1);
    command_view(&command, name.client);
    store_send_for_status(store, &command, NULL, NULL);
}

void store_board_post(
    struct store *store, const struct store_notice *notice, store_status_done *done, void *arg)
{
    struct command command = {0};
    begin(&command, "nb_board_post", notice->principal, 5);
    command_view(&command, notice->name);
    command_number(&command, notice->until);
    command_number(&command, notice->now);
    command_view(&command, notice->suffix);
    command_bytes(&command, notice->payload.data, notice->payload.len);
    store_send_for_status(store, &command, done, arg);
}

void store_board_take_down(struct store *store, struct text principal, struct text name, int64_t until,
    int64_t now, store_status_done *done, void *arg)
{
    struct command command = {0};
    begin(&command, "nb_board_take_down", principal, 3);
    command_view(&command, name);
    command_number(&command, until);
    command_number(&command, now);
    store_send_for_status(store, &command, done, arg);
}
