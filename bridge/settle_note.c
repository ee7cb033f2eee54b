/* The notes of what is to be settled (bridge/settle.h); scripts/household.lua takes them. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "bridge/settle.h"

void settle_note_new(char out[UNSETTLED_NOTE])
{
    uint8_t nonce[8];
    if (getrandom(nonce, sizeof nonce, 0) != sizeof nonce)
        abort();
    bytes_to_hex(out, nonce, sizeof nonce);
}

static void put_note(struct command *command, struct text household, const char *note)
{
    struct buffer entry = {0};
    buffer_put(&entry, note, strlen(note));
    buffer_put(&entry, " ", 1);
    buffer_put(&entry, household.data, household.len);
    command_bytes(command, entry.data, entry.len);
    buffer_free(&entry);
}

static void put_unsettled_key(struct command *command, struct text household)
{
    char key[KEY];
    snprintf(key, sizeof key, "nb:{u%02x}:unsettled",
        (unsigned)(hash_of(household.data, household.len) % UNSETTLED_TAGS));
    command_text(command, key);
}

void settle_note(struct command *command, struct text household, const char *note)
{
    command_function(command, "nb_unsettled", 1, 1);
    put_unsettled_key(command, household);
    put_note(command, household, note);
}

void settle_note_drop(struct command *command, struct text household, const char *note)
{
    command_begin(command, 3);
    command_text(command, "ZREM");
    put_unsettled_key(command, household);
    put_note(command, household, note);
}
