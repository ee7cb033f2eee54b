/* neighbors history: what was, page by page, by the request and response of MQTT 5 on nb/v1/history. */
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "cli/feed.h"
#include "cli/link.h"
#include "cli/seen.h"
#include "proto/topic.h"

enum { AT, RADIUS, CELLS, FROM, TO, LIMIT };
static const struct option_row options[] = {
    [AT] = {"at", "LAT,LON", "your place; only its leaf cell leaves this computer"},
    [RADIUS] = {"radius", "METRES", "how far around: 400, 800, 1600, 3200 or 8000 (1600)"},
    [CELLS] = {"cells", "A,B", "these cells instead"},
    [FROM] = {"from", "TIME", "from when (-24h)"},
    [TO] = {"to", "TIME", "until when (now)"},
    [LIMIT] = {"limit", "N", "items asked for at a time"},
    {0},
};

enum { CELLS_MOST = 64, PAGE_TEXT = 1024, CORRELATION = 8, ANSWER_MS = 30000, TURN_MS = 100 };

/* The query and what came of it so far. */
struct history {
    const struct invocation *invocation;
    struct feed_view view;
    struct history_query query;
    struct text cells[CELLS_MOST];
    char leaf[GEO_CELL_TEXT], cell_list[1024], page[PAGE_TEXT], reply_topic[64];
    uint8_t correlation[CORRELATION];
    bool answered, complete, readable;
    uint64_t items;
    struct seen seen; /* an alert stands in several channels, which may come on different pages */
};

/* ---- answers ---- */

static void print_item(const struct history *history, const struct feed_item *item, struct arena *arena)
{
    if (history->invocation->common.json)
        cli_print_json(feed_json(item, arena));
    else
        feed_print(&history->view, item, arena);
}

static void on_page(struct history *history, const struct link_message *message, struct arena *arena)
{
    struct history_page page;
    struct refusal refusal;
    history->answered = true;
    history->readable =
        codec_decode_history_page(ENCODING_PROTOBUF, message->payload, arena, &page, &refusal) &&
        page.next.len < PAGE_TEXT;
    if (!history->readable)
        return;
    for (size_t i = 0; i < page.item_count; i++) {
        if (page.items[i].kind == FEED_ALERT && !seen_is_new(&history->seen, &page.items[i]))
            continue;
        print_item(history, &page.items[i], arena);
        history->items++;
    }
    history->complete = history->complete && page.complete;
    if (page.next.len)
        memcpy(history->page, page.next.data, page.next.len);
    history->query.page = (struct text){history->page, page.next.len};
}

static void on_message(void *arg, const struct link_message *message)
{
    struct history *history = arg;
    struct arena arena;
    if (!text_equal(message->topic, text_of(history->reply_topic)) ||
        !bytes_equal(message->correlation, (struct bytes){history->correlation, CORRELATION}))
        return;
    arena_init(&arena, NULL, 0);
    on_page(history, message, &arena);
    arena_free(&arena);
}

/* ---- asking ---- */

static enum exit_code await_page(struct history *history, struct link *link)
{
    int64_t until = cli_now() + ANSWER_MS;
    while (!history->answered && cli_now() < until)
        if (!link_turn(link, TURN_MS))
            return cli_fail(
                history->invocation, EXIT_UNREACHABLE, "the connection ended before the history came");
    if (!history->answered)
        return cli_fail(
            history->invocation, EXIT_UNREACHABLE, "the broker took the question but did not answer");
    return history->readable
               ? EXIT_DONE
               : cli_fail(history->invocation, EXIT_REFUSED, "the broker's answer cannot be read");
}

static enum exit_code ask_page(struct history *history, struct link *link)
{
    struct arena arena;
    struct link_answer answer;
    arena_init(&arena, NULL, 0);
    history->answered = false;
    if (RAND_bytes(history->correlation, CORRELATION) != 1)
        abort();
    struct link_publish publish = {.topic = "nb/v1/history",
        .content_type = "application/x-protobuf",
        .payload = codec_encode_history_query(ENCODING_PROTOBUF, &history->query, &arena),
        .response_topic = history->reply_topic,
        .correlation = {history->correlation, CORRELATION}};
    bool asked = link_publish(link, &publish, &answer);
    arena_free(&arena);
    if (!asked)
        return cli_fail(
            history->invocation, EXIT_UNREACHABLE, "the connection ended before the history came");
    json_decref(answer.properties);
    if (link_refused(&answer))
        return cli_fail(history->invocation, EXIT_REFUSED, "the broker refuses the question: 0x%02x, %s",
            (unsigned)answer.reason, answer.text);
    return await_page(history, link);
}

static enum exit_code ask_all(struct history *history, struct link *link)
{
    struct link_answer answer;
    if (!link_subscribe(link, "nb/v1/inbox/#", NULL, 0, &answer))
        return cli_fail(history->invocation, EXIT_UNREACHABLE, "the connection ended");
    json_decref(answer.properties);
    if (link_refused(&answer))
        return cli_fail(history->invocation, EXIT_REFUSED, "the broker refuses the inbox: %s", answer.text);
    enum exit_code code;
    do
        code = ask_page(history, link);
    while (code == EXIT_DONE && history->query.page.len);
    if (code == EXIT_DONE && !history->complete)
        fprintf(stderr, "neighbors: a part of that time is no longer kept\n");
    return code;
}

/* ---- the options ---- */

static bool read_cells(struct history *history, const char *text)
{
    char *rest = history->cell_list;
    geo_cell cell;
    snprintf(history->cell_list, sizeof history->cell_list, "%s", text);
    for (char *word; (word = strsep(&rest, ", ")) != NULL;) {
        if (*word == '\0')
            continue;
        enum geo_error error = geo_parse(word, strlen(word), &cell);
        if (error != GEO_OK) {
            cli_fail(history->invocation, EXIT_USAGE, "--cells: %.60s: %s", word, geo_error_text(error));
            return false;
        }
        if (history->query.cell_count == CELLS_MOST) {
            cli_fail(history->invocation, EXIT_USAGE, "--cells: at most %d geohashes with commas between",
                CELLS_MOST);
            return false;
        }
        history->cells[history->query.cell_count++] = text_of(word);
    }
    history->query.cells = history->cells;
    return true;
}

static bool read_near(struct history *history, const char *at, const char *radius, struct geo_point *me)
{
    int64_t metres = 1600;
    size_t i = 0;
    if (!cli_point(history->invocation, "--at", at, me) ||
        (radius && !cli_number(history->invocation, "--radius", radius, 1, 8000, &metres)))
        return false;
    while (topic_radii[i + 1] && topic_radii[i] < metres)
        i++;
    cli_leaf(*me, history->leaf);
    history->query.near_cell = text_of(history->leaf);
    history->query.metres = topic_radii[i];
    return true;
}

static bool read_query(struct history *history)
{
    const struct invocation *invocation = history->invocation;
    const char *const *value = invocation->value;
    struct geo_point me;
    int64_t limit = 0;
    if (invocation->argument_count || !value[AT] == !value[CELLS]) {
        cli_fail(invocation, EXIT_USAGE, "say where, either --at LAT,LON or --cells A,B");
        return false;
    }
    if (value[AT] ? !read_near(history, value[AT], value[RADIUS], &me) : !read_cells(history, value[CELLS]))
        return false;
    history->view = feed_view_of(value[AT] ? &me : NULL);
    if (!cli_time(invocation, "--from", value[FROM] ? value[FROM] : "-24h", &history->query.from) ||
        !cli_time(invocation, "--to", value[TO] ? value[TO] : "now", &history->query.to) ||
        (value[LIMIT] && !cli_number(invocation, "--limit", value[LIMIT], 1, LIMIT_PAGE, &limit)))
        return false;
    history->query.limit = (uint32_t)limit;
    return true;
}

static void name_reply(struct history *history)
{
    uint8_t random[8];
    if (RAND_bytes(random, sizeof random) != 1)
        abort();
    size_t len = (size_t)snprintf(history->reply_topic, sizeof history->reply_topic, "nb/v1/inbox/reply/");
    for (size_t i = 0; i < sizeof random; i++)
        len += (size_t)snprintf(
            history->reply_topic + len, sizeof history->reply_topic - len, "%02x", random[i]);
}

static enum exit_code run(struct invocation *invocation)
{
    static const char *const wishes[] = {"user/", "agency/", NULL};
    struct history history = {.invocation = invocation, .complete = true};
    struct identity identity;
    struct link *link;
    if (!read_query(&history))
        return EXIT_USAGE;
    enum exit_code code = identity_find(invocation, wishes, &identity);
    if (code != EXIT_DONE)
        return code;
    name_reply(&history);
    code = link_open(invocation, &identity, false, on_message, &history, &link);
    if (code != EXIT_DONE)
        return code;
    code = ask_all(&history, link);
    link_close(link);
    seen_free(&history.seen);
    if (code == EXIT_DONE && !invocation->common.json && history.items == 0)
        puts("nothing in that time");
    return code;
}

const struct command command_history = {"history", "what was, in a place", "", options, run};
