/* History: a page of what was appended to the channels of a place between two times, in the order of
 * appending, answered on the sender's inbox. The channels are read one after the other; a page ends where one
 * of them has more than was read, or where it is full, and the next page begins with the very next item. What
 * a client may not take at all is left out, and the page then does not call itself complete. */
#include "broker/kind/history_job.h"
#include "broker/kind/question.h"
#include "broker/session/connection_state.h"
#include "broker/session/info.h"
#include "broker/session/reach.h"

static const struct text default_suffix = {"reply/history", sizeof "reply/history" - 1};

/* ---- decode, authorize ---- */

static enum step_result decode(struct publication *publication)
{
    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "payload", "a history query is protobuf or JSON");
    if (!codec_decode_history_query(publication->encoding, publication->payload, &publication->arena,
            &publication->history, &publication->refusal))
        return STEP_REFUSE;
    return STEP_GO_ON;
}

static enum step_result authorize(struct publication *publication)
{
    return question_check(publication, default_suffix);
}

/* ---- locate ---- */

static bool add_place(struct history *history, const struct follow_filter *filter)
{
    struct followed_place *place;

    if (history->place_count == HISTORY_PLACES)
        return false;
    place = place_hold(history->publication->broker, filter, "");
    if (!place)
        return false;
    history->places[history->place_count++] = place;
    for (size_t i = 0; i < place->channel_count; i++) {
        size_t n = 0;
        while (n < history->channel_count && history->channels[n] != place->channels[i].cell)
            n++;
        if (n == HISTORY_CHANNELS)
            return false;
        if (n == history->channel_count)
            history->channels[history->channel_count++] = place->channels[i].cell;
    }
    return true;
}

/* A place is read as the filter of a SUBSCRIBE would be, so that the same rules hold. */
static enum step_result take_place(struct history *history, const char *filter)
{
    struct publication *publication = history->publication;
    struct follow_filter parsed;
    struct refusal refusal;

    if (!topic_parse_filter(text_of(filter), publication->broker->options.leaf_precision, &parsed, &refusal))
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "near", refusal.rule);
    if (parsed.kind == FOLLOW_CELL && strlen(parsed.cell) < 4)
        return publication_refuse(publication, REASON_NOT_ALLOWED, "cells", "of precision 4 to 6");
    if (!add_place(history, &parsed))
        return publication_refuse(publication, REASON_QUOTA_EXCEEDED, "cells", "too many at once");
    if (reach_of(publication->broker, publication->principal, &parsed, &refusal) == REACH_COUNTED)
        history->counted[history->counted_count++] = reach_cell(publication->broker, parsed.cell);
    return STEP_GO_ON;
}

/* What is asked for counts as what is followed: else the past would be the way around the limit. */
static void counted(void *arg, const struct store_cells_result *result)
{
    struct history *history = arg;

    if (result->status != STORE_OK) {
        pipeline_fail(history->publication);
        return;
    }
    history->over = memchr(result->granted, '0', result->count) != NULL;
    pipeline_resume(history->publication);
}

static enum step_result count_cells(struct history *history)
{
    struct broker *broker = history->publication->broker;
    struct store_cells asked = {.who = text_of(history->publication->principal->name),
        .together = true,
        .limit = broker->options.new_cells_day,
        .count = history->counted_count,
        .cells = history->counted};

    if (asked.count == 0)
        return STEP_GO_ON;
    store_cells(broker->store, &asked, counted, history);
    return STEP_WAIT;
}

/* Whether what was counted may be asked for. */
static enum step_result take_count(struct history *history)
{
    struct publication *publication = history->publication;
    struct arena *arena = &publication->arena;
    int64_t now = broker_now(publication->broker);
    char *rule = arena_alloc(arena, REACH_RULE);

    if (!history->over)
        return STEP_GO_ON;
    reach_rule(rule, publication->broker->options.new_cells_day, now);
    publication_refuse(publication, REASON_QUOTA_EXCEEDED, "cells", rule);
    publication->refusal.retry_after_s = reach_day_ends_s(now);
    return STEP_REFUSE;
}

static enum step_result locate(struct publication *publication)
{
    const struct history_query *query = &publication->history;
    struct history *history = publication->job;
    enum step_result result = STEP_GO_ON;

    if (history)
        return take_count(history);
    history = arena_alloc(&publication->arena, sizeof *history);
    history->publication = publication;
    publication->job = history;
    if (query->near_cell.len)
        result = take_place(history, arena_printf(&publication->arena, "nb/v1/near/%.*s/%u/#",
                                         (int)query->near_cell.len, query->near_cell.data, query->metres));
    for (size_t i = 0; result == STEP_GO_ON && i < query->cell_count; i++)
        result = take_place(history, arena_printf(&publication->arena, "nb/v1/cell/%.*s/#",
                                         (int)query->cells[i].len, query->cells[i].data));
    if (result != STEP_GO_ON)
        return result;
    if (history->place_count == 0)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "near", "give near or cells");
    if (query->from > 0)
        history->after.position = (struct position_in_channel){(uint64_t)query->from - 1, UINT32_MAX, 0};
    history->classes = query->item_class.len ? item_class_of(query->item_class) : CLASS_ANY;
    history_token_bind(history);
    if (query->page.len && !history_token_open(history))
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "page", "not a page of this history");
    history->read_at = broker_now(publication->broker);
    history->channels_looked_back = query->page.len ? 0 : history->channel_count;
    history->bound = history_everything;
    history->complete = true;
    history->limit = query->limit && query->limit < LIMIT_PAGE ? query->limit : LIMIT_PAGE;
    return count_cells(history);
}

/* ---- store: read, load, answer ---- */

static struct bytes encode_page(const void *message, bool json, struct arena *arena)
{
    return codec_encode_history_page(json ? ENCODING_JSON : ENCODING_PROTOBUF, message, arena);
}

static void answer(struct history *history)
{
    struct publication *publication = history->publication;
    struct session *session = publication->connection ? publication->connection->session : NULL;
    struct history_page page = {0};

    if (!session)
        return;
    for (const struct follow *follow = session->follows; follow; follow = follow->next)
        history->json =
            history->json || (follow->json && follow->place && follow->place->kind == FOLLOW_INBOX);
    history_page_fill(history, &page);
    inbox_send(session, question_suffix(publication, default_suffix), publication->correlation, 0,
        encode_page, &page);
}

static void end(struct history *history)
{
    struct broker *broker = history->publication->broker;

    history_read_forget(history);
    for (size_t i = 0; i < history->place_count; i++)
        place_drop(broker, history->places[i]);
    history->place_count = 0;
}

static void release(struct publication *publication)
{
    if (publication->job)
        end(publication->job);
}

static enum step_result store(struct publication *publication)
{
    struct history *history = publication->job;

    if (history_read(history))
        return STEP_WAIT;
    for (size_t i = 0; i < history->found_count; i++) {
        if (!entry_ready(history->found[i].entry)) {
            TAILQ_INSERT_TAIL(&publication->broker->waiting_publications, publication, in_waiting);
            return STEP_WAIT;
        }
    }
    if (publication->failed)
        return STEP_FAIL;
    answer(history);
    return STEP_GO_ON;
}

const struct kind kind_history = {
    .topic = TOPIC_HISTORY,
    .decode = decode,
    .authorize = authorize,
    .locate = locate,
    .store = store,
    .release = release,
};
