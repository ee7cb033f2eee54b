/* What a page of history is made of: its channels are read one after the other, each from where the page
 * before ended. A page that is not the first looks back in them before that, for what the pages before it
 * told. */
#include "broker/core.h"
#include "broker/kind/history_job.h"
#include "broker/session/entry.h"

enum { ENTRIES = 4096 }; /* of all channels together, for one page */
/* An alert that many channels bear comes into them within seconds: so far back a page looks for what the
 * pages before it told, so many entries of a channel at a time. */
enum { LOOK_BACK_MS = 10000, LOOK_BACK_ENTRIES = 64 };

/* ---- what the pages before told ---- */

static void note_told(struct history *history, const struct alert_notice *notice)
{
    if (history->told_count == history->told_room) {
        history->told_room = history->told_room ? history->told_room * 2 : 16;
        history->told = must_realloc(history->told, history->told_room * sizeof *history->told);
    }
    struct history_told *told = &history->told[history->told_count++];
    memcpy(told->public_id, notice->public_id, sizeof told->public_id);
    told->revision = notice->revision;
}

/* What a channel has of the time looked back at is read to its end, or to where the page before ended. */
static void looked_back(void *arg, const struct channel_page *page)
{
    struct history *history = arg;
    struct publication *publication = history->publication;
    /* Of an entry that was told in part, the position: other channels have alerts there. */
    struct position_in_channel end = {history->after.position.ms, history->after.position.seq, 0};
    uint32_t channel = (uint32_t)history->channels_looked_back;
    bool more = page->more && page->count;

    for (size_t i = 0; page->status == STORE_OK && i < page->count; i++) {
        const struct channel_entry *entry = &page->entries[i];
        int order = position_order(entry->position, end);
        history->looked_at = entry->position;
        more = more && order < 0;
        if (entry->kind == ENTRY_ALERT && (order < 0 || (order == 0 && channel <= history->after.channel)))
            note_told(history, &entry->alert);
    }
    if (page->status != STORE_OK) {
        publication->failed = true;
        history->channels_looked_back = history->channels_read = history->channel_count;
    } else if (!more) {
        history->channels_looked_back++;
        history->looked_at = (struct position_in_channel){0};
    }
    pipeline_resume(publication);
}

static struct position_in_channel look_back_from(const struct history *history)
{
    uint64_t from = history->publication->history.from > 0 ? (uint64_t)history->publication->history.from : 1;
    uint64_t back = history->after.position.ms > LOOK_BACK_MS ? history->after.position.ms - LOOK_BACK_MS : 1;

    if (history->looked_at.ms)
        return history->looked_at;
    return (struct position_in_channel){(back > from ? back : from) - 1, UINT32_MAX, 0};
}

static void look_back(struct history *history)
{
    struct broker *broker = history->publication->broker;
    char name[GEO_CELL_TEXT + 2] = "c:";

    geo_format(history->channels[history->channels_looked_back], name + 2);
    store_channel_read(
        broker->store, text_of(name), look_back_from(history), LOOK_BACK_ENTRIES, looked_back, history);
}

/* ---- what the channels have ---- */

static void keep_entry(
    struct history *history, const struct channel_entry *entry, uint32_t channel, uint32_t generation)
{
    if (history->found_count == history->found_room) {
        history->found_room = history->found_room ? history->found_room * 2 : 64;
        history->found = must_realloc(history->found, history->found_room * sizeof *history->found);
    }
    history->found[history->found_count++] =
        (struct history_found){entry_new(history->publication->broker, entry), channel, generation};
}

/* From where a channel is read: at the position where the page before ended, later channels have all to tell,
 * the one in which it ended what is left of the entry, and earlier ones nothing any more. */
static struct position_in_channel read_from(const struct history *history)
{
    struct position_in_channel from = history->after.position;

    if (history->channels_read > history->after.channel)
        from.index = history->publication->history.page.len ? 1 : from.index;
    else if (history->channels_read < history->after.channel)
        from.index = 0;
    return from;
}

/* What is missing at the beginning of what was asked is known by the low-water mark. */
static void page_read(void *arg, const struct channel_page *page)
{
    struct history *history = arg;
    struct publication *publication = history->publication;
    struct position_in_channel from = read_from(history);
    uint32_t channel = (uint32_t)history->channels_read++;

    if (page->status != STORE_OK) {
        publication->failed = true;
        history->channels_read = history->channel_count;
    } else {
        if (position_order(page->low, from) > 0)
            history->complete = false;
        for (size_t i = 0; i < page->count; i++)
            keep_entry(history, &page->entries[i], channel, page->generation);
        if (page->more && page->count &&
            position_order(page->entries[page->count - 1].position, history->bound) < 0)
            history->bound = page->entries[page->count - 1].position;
    }
    pipeline_resume(publication);
}

static void read_next(struct history *history)
{
    struct broker *broker = history->publication->broker;
    char name[GEO_CELL_TEXT + 2] = "c:";
    size_t most = ENTRIES / history->channel_count;

    geo_format(history->channels[history->channels_read], name + 2);
    store_channel_read(broker->store, text_of(name), read_from(history),
        most < history->limit ? most : history->limit, page_read, history);
}

/* ---- one after the other ---- */

bool history_read(struct history *history)
{
    if (history->channels_looked_back < history->channel_count)
        look_back(history);
    else if (history->channels_read < history->channel_count)
        read_next(history);
    else
        return false;
    return true;
}

void history_read_forget(struct history *history)
{
    for (size_t i = 0; i < history->found_count; i++)
        entry_drop(history->publication->broker, history->found[i].entry);
    free(history->found);
    free(history->told);
    history->found = NULL;
    history->told = NULL;
    history->found_count = history->told_count = 0;
}
