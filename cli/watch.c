/* neighbors watch: the live feed of a place. The place is snapped to its leaf cell before anything leaves;
 * distances are reckoned here. A lost connection is made again and goes on from the newest cursors, so that
 * nothing is missed. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/feed.h"
#include "cli/link.h"
#include "cli/seen.h"
#include "cli/wishes.h"
#include "proto/topic.h"

enum { AT, RADIUS, COUNT, FOR, CLASS, CATEGORY, CLIENT, LEAST, QUIET, PASSES, DIGEST, LANGUAGE, TIME_ZONE };
static const struct option_row options[] = {
    [AT] = {"at", "LAT,LON", "your place; only its leaf cell leaves this computer"},
    [RADIUS] = {"radius", "METRES", "how far around: 400, 800, 1600, 3200 or 8000 (1600)"},
    [COUNT] = {"count", "N", "stop after so many items"},
    [FOR] = {"for", "SPAN", "stop after so long, such as 30s"},
    [CLASS] = {"class", "WORD", "only activity, incident (a place), area (a region); or test, exercise, ..."},
    [CATEGORY] = {"category", "WORD", "only alerts of that kind: crime, fire, ..."},
    [CLIENT] = {"client", "ID", "a session of that name, which goes on when this ends (for a week)"},
    WISH_ROWS(LEAST, QUIET, PASSES, DIGEST, LANGUAGE, TIME_ZONE),
    {0},
};

enum { TURN_MS = 200, RETRY_FIRST_MS = 500, RETRY_MOST_MS = 30000, CURSORS_MOST = 64 };

struct watch {
    const struct invocation *invocation;
    struct identity identity;
    struct feed_view view;
    struct seen seen;
    struct bytes wishes; /* a message Settings to begin with; len 0: none */
    char filter[128];
    int64_t left;     /* items to print; -1: no end */
    int64_t deadline; /* ms; 0: none */
    bool stale;
};

/* The signal handler has no other way to say that it came. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static bool over(const struct watch *watch)
{
    return interrupted || watch->left == 0 || (watch->deadline && cli_now() >= watch->deadline);
}

/* ---- what comes ---- */

static void on_item(struct watch *watch, const struct link_message *message, struct arena *arena)
{
    struct feed_item item;
    struct refusal refusal;
    if (!codec_decode_feed_item(ENCODING_PROTOBUF, message->payload, arena, &item, &refusal)) {
        fprintf(stderr, "neighbors: an item cannot be read: %s: %s\n", refusal.field, refusal.rule);
        return;
    }
    if (!seen_is_new(&watch->seen, &item) || watch->left == 0)
        return;
    if (watch->left > 0)
        watch->left--;
    if (!watch->invocation->common.json) {
        feed_print(&watch->view, &item, arena);
        return;
    }
    json_t *object = feed_json(&item, arena);
    json_object_set_new(object, "topic", json_stringn(message->topic.data, message->topic.len));
    json_object_set_new(object, "retained", json_boolean(message->retained));
    cli_print_json(object);
}

static void on_heartbeat(struct watch *watch, const struct link_message *message, struct arena *arena)
{
    struct heartbeat heartbeat;
    struct refusal refusal;
    if (!codec_decode_heartbeat(ENCODING_PROTOBUF, message->payload, arena, &heartbeat, &refusal))
        return;
    for (size_t i = 0; i < heartbeat.cursor_count; i++)
        seen_note(&watch->seen, heartbeat.cursors[i].channel, heartbeat.cursors[i].cursor);
    if (heartbeat.stale != watch->stale)
        fprintf(stderr, heartbeat.stale ? "neighbors: the feed is behind: silence proves nothing now\n"
                                        : "neighbors: the feed is up to date again\n");
    watch->stale = heartbeat.stale;
}

/* What became of an alert of one's own. */
static void on_moderation(struct watch *watch, const struct link_message *message, struct arena *arena)
{
    struct moderation told;
    struct refusal refusal;
    if (!codec_decode_moderation(ENCODING_PROTOBUF, message->payload, arena, &told, &refusal))
        return;
    if (watch->invocation->common.json)
        cli_print_json(feed_moderation_json(&told));
    else
        feed_print_moderation(&watch->view, &told);
}

static bool begins(struct text text, const char *with)
{
    size_t len = strlen(with);
    return text.len >= len && memcmp(text.data, with, len) == 0;
}

static void on_message(void *arg, const struct link_message *message)
{
    struct watch *watch = arg;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    if (begins(message->topic, "nb/v1/near/"))
        on_item(watch, message, &arena);
    else if (text_equal(message->topic, TEXT("nb/v1/inbox/heartbeat")))
        on_heartbeat(watch, message, &arena);
    else if (text_equal(message->topic, TEXT("nb/v1/inbox/reply/moderation")))
        on_moderation(watch, message, &arena);
    arena_free(&arena);
}

/* ---- following ---- */

static enum exit_code refused_filter(
    const struct watch *watch, const char *filter, const struct link_answer *answer)
{
    return cli_fail(watch->invocation, EXIT_REFUSED, "the broker refuses %s: 0x%02x, %s", filter,
        (unsigned)answer->reason, answer->text);
}

/* Says what is wished for, before anything is delivered. EXIT_UNREACHABLE: the connection was lost. */
static enum exit_code say_wishes(struct watch *watch, struct link *link)
{
    struct link_answer answer;
    const struct link_publish publish = {
        .topic = "nb/v1/settings", .content_type = "application/x-protobuf", .payload = watch->wishes};
    if (watch->wishes.len == 0)
        return EXIT_DONE;
    if (!link_publish(link, &publish, &answer))
        return EXIT_UNREACHABLE;
    json_decref(answer.properties);
    return link_refused(&answer)
               ? cli_fail(watch->invocation, EXIT_REFUSED, "the broker refuses the wishes: 0x%02x, %s",
                     (unsigned)answer.reason, answer.text)
               : EXIT_DONE;
}

/* Subscribes with what is known. EXIT_UNREACHABLE: the connection was lost meanwhile. */
static enum exit_code subscribe(struct watch *watch, struct link *link)
{
    const char *since[CURSORS_MOST];
    struct link_answer answer;
    size_t count = watch->seen.channel_count < CURSORS_MOST ? watch->seen.channel_count : CURSORS_MOST;
    for (size_t i = 0; i < count; i++)
        since[i] = watch->seen.channels[i].since;
    const char *const filters[] = {"nb/v1/inbox/#", watch->filter};
    for (size_t i = 0; i < 2; i++) {
        if (!link_subscribe(link, filters[i], since, i ? count : 0, &answer))
            return EXIT_UNREACHABLE;
        json_decref(answer.properties);
        if (link_refused(&answer))
            return refused_filter(watch, filters[i], &answer);
    }
    return EXIT_DONE;
}

/* One connection, from CONNECT until it ends. *worked: it came to follow. */
static enum exit_code follow(struct watch *watch, bool first, bool *worked)
{
    const struct common *common = &watch->invocation->common;
    struct link *link;
    enum exit_code code = link_open(watch->invocation, &watch->identity, !first, on_message, watch, &link);
    *worked = false;
    if (code != EXIT_DONE)
        return code;
    code = say_wishes(watch, link);
    if (code == EXIT_DONE)
        code = subscribe(watch, link);
    if (code == EXIT_DONE) {
        *worked = true;
        if (first)
            fprintf(stderr, "Following %s at %s:%d as %s\n", watch->filter, common->broker_host,
                common->broker_port, watch->identity.name);
        else
            fprintf(stderr, "neighbors: connected again\n");
        while (!over(watch))
            if (!link_turn(link, TURN_MS)) {
                code = EXIT_UNREACHABLE;
                break;
            }
    }
    link_close(link);
    return code;
}

static void pause_ms(int64_t ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Follows until the end that was asked for; an end by the network is none once it has worked. */
static enum exit_code watch_on(struct watch *watch)
{
    int64_t retry = RETRY_FIRST_MS;
    bool worked, first = true;
    enum exit_code code = follow(watch, true, &worked);
    while (code == EXIT_UNREACHABLE && !over(watch)) {
        if (first && !worked)
            return code;
        if (worked)
            fprintf(stderr, "neighbors: the connection is lost; trying again\n");
        retry = worked ? RETRY_FIRST_MS : retry * 2 < RETRY_MOST_MS ? retry * 2 : RETRY_MOST_MS;
        pause_ms(retry);
        first = false;
        watch->seen.connection++;
        code = follow(watch, false, &worked);
    }
    if (over(watch) && code == EXIT_UNREACHABLE)
        code = EXIT_DONE;
    return code == EXIT_DONE && watch->left > 0 && !interrupted ? EXIT_REFUSED : code;
}

/* ---- the options ---- */

/* The smallest radius on offer that is not below the one asked for; 0: none. */
static uint32_t radius_for(int64_t metres)
{
    for (size_t i = 0; topic_radii[i]; i++)
        if (metres <= topic_radii[i])
            return topic_radii[i];
    return 0;
}

static bool read_filter(struct watch *watch, struct geo_point *me)
{
    const struct invocation *invocation = watch->invocation;
    const char *const *value = invocation->value;
    char leaf[GEO_CELL_TEXT];
    int64_t metres = 1600;
    if (!value[AT]) {
        cli_fail(invocation, EXIT_USAGE, "say where: --at LAT,LON");
        return false;
    }
    if (!cli_point(invocation, "--at", value[AT], me) ||
        (value[RADIUS] && !cli_number(invocation, "--radius", value[RADIUS], 1, 8000, &metres)))
        return false;
    if (value[CATEGORY] && !category_of(text_of(value[CATEGORY]))) {
        cli_fail(invocation, EXIT_USAGE, "--category: \"%.60s\" is no category", value[CATEGORY]);
        return false;
    }
    cli_leaf(*me, leaf);
    snprintf(watch->filter, sizeof watch->filter, "nb/v1/near/%s/%u/%.16s/%.16s/#", leaf, radius_for(metres),
        value[CLASS] ? value[CLASS] : "+", value[CATEGORY] ? value[CATEGORY] : "+");
    if (!value[CLASS] && !value[CATEGORY])
        snprintf(watch->filter, sizeof watch->filter, "nb/v1/near/%s/%u/#", leaf, radius_for(metres));
    struct follow_filter filter;
    struct refusal refusal;
    if (topic_parse_filter(text_of(watch->filter), LEAF_PRECISION, &filter, &refusal))
        return true;
    cli_fail(invocation, EXIT_USAGE, "%s cannot be followed: %s", watch->filter, refusal.rule);
    return false;
}

static bool read_end(struct watch *watch)
{
    const char *const *value = watch->invocation->value;
    int64_t span;
    watch->left = -1;
    if (value[COUNT] && !cli_number(watch->invocation, "--count", value[COUNT], 1, INT32_MAX, &watch->left))
        return false;
    if (value[FOR] && !cli_span(watch->invocation, "--for", value[FOR], &span))
        return false;
    watch->deadline = value[FOR] ? cli_now() + span : 0;
    return true;
}

static bool read_session(struct watch *watch, struct arena *arena)
{
    const struct invocation *invocation = watch->invocation;
    const char *const *value = invocation->value;
    const struct wish_words words = {
        value[LEAST], value[QUIET], value[PASSES], value[DIGEST], value[LANGUAGE], value[TIME_ZONE]};
    struct settings_message settings;
    if (value[CLIENT] && (!*value[CLIENT] || strlen(value[CLIENT]) >= IDENTITY_CLIENT)) {
        cli_fail(invocation, EXIT_USAGE, "--client: a name of at most %d characters", IDENTITY_CLIENT - 1);
        return false;
    }
    if (!wishes_given(&words))
        return true;
    if (!wishes_read(invocation, &words, arena, &settings))
        return false;
    watch->wishes = codec_encode_settings_message(ENCODING_PROTOBUF, &settings, arena);
    return true;
}

static enum exit_code find_identity(struct watch *watch)
{
    static const char *const wishes[] = {"user/", "agency/", NULL};
    const char *client = watch->invocation->value[CLIENT];
    enum exit_code code = identity_find(watch->invocation, wishes, &watch->identity);
    if (client)
        snprintf(watch->identity.client, sizeof watch->identity.client, "%s", client);
    return code;
}

static enum exit_code run(struct invocation *invocation)
{
    struct watch *watch = calloc(1, sizeof *watch);
    struct arena arena;
    struct geo_point me;
    if (!watch)
        abort();
    arena_init(&arena, NULL, 0);
    watch->invocation = invocation;
    enum exit_code code = EXIT_USAGE;
    if (invocation->argument_count)
        cli_fail(invocation, EXIT_USAGE, "watch takes options alone");
    else if (read_filter(watch, &me) && read_end(watch) && read_session(watch, &arena))
        code = find_identity(watch);
    if (code == EXIT_DONE) {
        const struct sigaction action = {.sa_handler = on_signal};
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        watch->view = feed_view_of(&me);
        code = watch_on(watch);
    }
    seen_free(&watch->seen);
    arena_free(&arena);
    free(watch);
    return code;
}

const struct command command_watch = {"watch", "the live feed of a place", "", options, run};
