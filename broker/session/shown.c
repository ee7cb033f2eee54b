/* Two tables with open addressing: a full one becomes the one before, and that is forgotten. */
#include "broker/session/shown.h"

#include "broker/session/session.h"

enum { SHOWN_FIRST = 8, SHOWN_MOST = 4096 };

static struct shown_alert *slot_of(const struct shown_table *table, uint64_t key)
{
    uint32_t i = (uint32_t)(key >> 32) & (table->room - 1);

    while (table->slots[i].key && table->slots[i].key != key)
        i = (i + 1) & (table->room - 1);
    return &table->slots[i];
}

static const struct shown_alert *find(const struct shown_table *table, uint64_t key)
{
    const struct shown_alert *slot = table->room ? slot_of(table, key) : NULL;

    return slot && slot->key ? slot : NULL;
}

static void grow(struct shown *shown)
{
    struct shown_table old = shown->late;

    shown->late.room = old.room ? old.room * 2 : SHOWN_FIRST;
    if (shown->late.room > SHOWN_MOST) {
        shown->forgot = shown->forgot || shown->before.count;
        free(shown->before.slots);
        shown->before = old;
        shown->late.count = 0;
        shown->late.room = SHOWN_FIRST;
        old = (struct shown_table){0};
    }
    shown->late.slots = must_calloc(shown->late.room * sizeof *shown->late.slots);
    for (uint32_t i = 0; i < old.room; i++) {
        if (old.slots[i].key)
            *slot_of(&shown->late, old.slots[i].key) = old.slots[i];
    }
    free(old.slots);
}

static void put(struct shown *shown, struct shown_alert alert)
{
    if ((shown->late.count + 1) * 4 > shown->late.room * 3)
        grow(shown);
    struct shown_alert *slot = slot_of(&shown->late, alert.key);
    if (!slot->key)
        shown->late.count++;
    *slot = alert;
}

uint64_t shown_key(const struct follow *follow, const char *public_id)
{
    uint64_t key = follow->place->shown_key + (follow->json ? 0x9e3779b97f4a7c15u : 0);

    for (; *public_id; public_id++)
        key = (key ^ (uint8_t)*public_id) * UINT64_C(1099511628211);
    return key ? key : 1;
}

const struct shown_alert *shown_find(const struct shown *shown, uint64_t key)
{
    const struct shown_alert *found = find(&shown->late, key);

    return found ? found : find(&shown->before, key);
}

bool shown_tell(struct shown *shown, struct shown_alert alert, bool again)
{
    const struct shown_alert *before = shown_find(shown, alert.key);

    if (before && before->revision && before->revision >= alert.revision + again)
        return false;
    if (before && !before->revision)
        alert.ended = 0; /* an older end than the state that was shown, perhaps */
    put(shown, alert);
    return true;
}

void shown_learn(struct shown *shown, struct shown_alert alert)
{
    if (!shown_find(shown, alert.key))
        put(shown, alert);
}

bool shown_next(const struct shown *shown, size_t *at, struct shown_alert *out)
{
    for (; *at < (size_t)shown->late.room + shown->before.room; ++*at) {
        bool late = *at < shown->late.room;
        const struct shown_alert *slot =
            late ? &shown->late.slots[*at] : &shown->before.slots[*at - shown->late.room];
        if (!slot->key || (!late && find(&shown->late, slot->key)))
            continue;
        *out = *slot;
        ++*at;
        return true;
    }
    return false;
}

void shown_free(struct shown *shown)
{
    free(shown->late.slots);
    free(shown->before.slots);
}
