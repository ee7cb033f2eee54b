/* Each turn: feeds that are due are read, then wanted documents are fetched, then held ones are posted,
 * oldest first. What fails is tried again later by itself, so that one bad entry holds up no other. */
#include "bridge/feed/poller_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "bridge/feed/fetch.h"

enum { STEPS_A_TURN = 16, ADDRESS = 300, STATE_PAUSE_MS = 5000 };

#define DAY_MS INT64_C(86400000)

const char *poller_what_name(enum poller_what what)
{
    static const char *const names[] = {"read", "unchanged", "feed_failed", "fetch_failed", "no_document",
        "posted", "repeated", "refused", "post_failed", "state_failed"};
    return names[what];
}

/* ---- time ---- */

int64_t poller_backoff(const struct poll_settings *settings, int failures, int64_t asked_ms, uint32_t random)
{
    int64_t whole = settings->backoff_first_ms;
    for (int i = 1; i < failures && whole < settings->backoff_most_ms; i++)
        whole *= 2;
    if (whole > settings->backoff_most_ms)
        whole = settings->backoff_most_ms;
    int64_t wait = whole / 2 + (int64_t)(random % (uint32_t)(whole - whole / 2 + 1));
    if (asked_ms > DAY_MS)
        asked_ms = DAY_MS;
    return wait > asked_ms ? wait : asked_ms;
}

static uint32_t random_number(void)
{
    uint32_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        abort();
    return random;
}

int64_t poller_wait(const struct poller *poller, int failures, int64_t asked_ms)
{
    return poller_backoff(poller->settings, failures, asked_ms, random_number());
}

/* Exchanges take time: what comes after them is reckoned from their end. */
int64_t poller_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

bool poller_stopped(const struct poller *poller)
{
    return poller->stop && *poller->stop;
}

/* ---- telling ---- */

static void without_query(const char *address, char out[ADDRESS])
{
    snprintf(out, ADDRESS, "%.*s", (int)strcspn(address, "?#"), address);
}

void poller_say(const struct poller *poller, const char *feed, const char *entry, struct poller_event event)
{
    char shown_feed[ADDRESS], shown_entry[ADDRESS];
    without_query(feed, shown_feed);
    without_query(entry, shown_entry);
    event.feed = shown_feed;
    event.entry = shown_entry;
    event.text = event.text ? event.text : "";
    poller->tell(poller->arg, &event);
}

/* The state is all that keeps it from posting twice: without it nothing goes on. */
static int64_t state_failed(const struct poller *poller, const char *feed, int64_t now)
{
    poller_say(poller, feed, "",
        (struct poller_event){.what = POLLER_STATE_FAILED,
            .text = poll_state_error(poller->state),
            .again_ms = STATE_PAUSE_MS});
    return now + STATE_PAUSE_MS;
}

/* ---- a feed ---- */

static struct fetch_request request_for(const struct poller *poller, const struct poll_feed_settings *feed)
{
    const struct poll_settings *settings = poller->settings;
    return (struct fetch_request){.allow_http = feed->allow_http,
        .allow_private = feed->allow_private,
        .redirects = settings->redirects,
        .timeout_ms = (int)settings->timeout_ms,
        .most = settings->document_most,
        .stop = poller->stop};
}

/* When the feed is read next, all being well. Not all at the same moment. */
static int64_t next_reading(const struct poll_feed_settings *feed)
{
    return poller_clock() + feed->interval_ms -
           (int64_t)(random_number() % (uint64_t)(feed->interval_ms / 10 + 1));
}

static bool feed_failed(struct poller *poller, const struct followed *followed, const struct poll_feed *known,
    const struct fetch_answer *answer, const char *why)
{
    const char *url = followed->settings->url;
    int64_t wait = poller_wait(poller, known->failures + 1, answer->retry_after_ms);
    if (poller_stopped(poller))
        return true;
    poller_say(poller, url, "",
        (struct poller_event){
            .what = POLLER_FEED_FAILED, .status = answer->status, .text = why, .again_ms = wait});
    return poll_state_due(poller->state, url, poller_clock() + wait, known->failures + 1);
}

static bool take_feed(struct poller *poller, const struct followed *followed, const struct poll_feed *known,
    const struct fetch_answer *answer, struct arena *arena)
{
    const struct poll_feed_settings *feed = followed->settings;
    struct feed_content content;
    const char *why;
    size_t fresh;
    if (!feed_read(answer->body, answer->url, arena, &content, &why))
        return feed_failed(poller, followed, known, answer, why);
    const struct poll_reading reading = {.etag = answer->etag,
        .modified = answer->modified,
        .content = &content,
        .by_id_alone = feed->by_id_alone,
        .now = poller_clock(),
        .due = next_reading(feed),
        .kept_ms = poller->settings->kept_ms};
    if (!poll_state_read(poller->state, feed->url, &reading, &fresh))
        return false;
    poller_say(poller, feed->url, "",
        (struct poller_event){.what = POLLER_READ,
            .status = answer->status,
            .entries = content.count + content.left_out,
            .fresh = fresh,
            .left_out = content.left_out});
    return true;
}

static bool ask_feed(struct poller *poller, const struct followed *followed, const struct poll_feed *known,
    struct arena *arena)
{
    const struct poll_feed_settings *feed = followed->settings;
    struct fetch_request request = request_for(poller, feed);
    struct fetch_answer answer;
    request.url = feed->url;
    request.most = poller->settings->feed_most;
    request.etag = known->etag;
    request.modified = known->modified;
    if (!fetch(&request, arena, &answer))
        return feed_failed(poller, followed, known, &answer, answer.error);
    if (answer.status == 304) {
        poller_say(poller, feed->url, "", (struct poller_event){.what = POLLER_UNCHANGED, .status = 304});
        return poll_state_due(poller->state, feed->url, next_reading(feed), 0);
    }
    if (answer.status != 200)
        return feed_failed(poller, followed, known, &answer, "the server says so");
    return take_feed(poller, followed, known, &answer, arena);
}

/* Reads the feed when it is due. Returns when it is due next. */
static int64_t step_feed(struct poller *poller, struct followed *followed, int64_t now)
{
    const char *url = followed->settings->url;
    struct poll_feed known;
    struct arena arena;
    if (!poll_state_feed(poller->state, url, &known))
        return state_failed(poller, url, now);
    if (known.due > now)
        return known.due;
    arena_init(&arena, NULL, 0);
    bool done = ask_feed(poller, followed, &known, &arena) && poll_state_feed(poller->state, url, &known);
    arena_free(&arena);
    return done ? known.due : state_failed(poller, url, now);
}

/* ---- a linked document ---- */

/* No for good, rather than for a while. */
bool poller_is_final(long status)
{
    return status >= 400 && status < 500 && status != 401 && status != 408 && status != 429;
}

static bool fetch_failed(struct poller *poller, const char *feed, const struct poll_entry *entry,
    const struct fetch_answer *answer, const char *why)
{
    int64_t wait = poller_wait(poller, entry->tries + 1, answer->retry_after_ms);
    if (poller_stopped(poller))
        return true;
    poller_say(poller, feed, entry->id,
        (struct poller_event){
            .what = POLLER_FETCH_FAILED, .status = answer->status, .text = why, .again_ms = wait});
    return poll_state_again(poller->state, entry->number, poller_clock() + wait);
}

static bool leave_out(
    struct poller *poller, const char *feed, const struct poll_entry *entry, long status, const char *why)
{
    poller_say(poller, feed, entry->id,
        (struct poller_event){.what = POLLER_NO_DOCUMENT, .status = status, .text = why});
    return poll_state_done(poller->state, entry->number);
}

static bool fetch_document(struct poller *poller, const struct poll_feed_settings *feed,
    const struct poll_entry *entry, struct arena *arena)
{
    struct fetch_request request = request_for(poller, feed);
    struct fetch_answer answer;
    bool known;
    request.url = entry->address;
    if (!fetch(&request, arena, &answer))
        return fetch_failed(poller, feed->url, entry, &answer, answer.error);
    if (poller_is_final(answer.status))
        return leave_out(poller, feed->url, entry, answer.status, "there is no such document");
    if (answer.status != 200)
        return fetch_failed(poller, feed->url, entry, &answer, "the server says so");
    if (!feed_is_cap(answer.body))
        return leave_out(poller, feed->url, entry, answer.status, "what is linked is no CAP document");
    return poll_state_hold(poller->state, feed->url, entry->number, answer.body, &known);
}

/* ---- turns ---- */

static int64_t sooner(int64_t a, int64_t b)
{
    return b && b < a ? b : a;
}

/* One entry of that stage. Returns when there is more to do of it; 0: nothing is known of. */
static int64_t step_entry(
    struct poller *poller, struct followed *followed, enum poll_stage stage, int64_t now)
{
    const struct poll_feed_settings *feed = followed->settings;
    struct poll_entry entry;
    struct arena arena;
    bool found, done;
    int64_t next;
    if (stage == POLL_HELD && followed->post_due > now)
        return followed->post_due;
    arena_init(&arena, NULL, 0);
    done = poll_state_entry(poller->state, feed->url, stage, now, &arena, &entry, &found, &next);
    if (done && found)
        done = stage == POLL_WANTED ? fetch_document(poller, feed, &entry, &arena)
                                    : poller_post(poller, followed, &entry, &arena);
    arena_free(&arena);
    return !done ? state_failed(poller, feed->url, now) : found ? now : next;
}

/* Several entries of that stage. As step_entry. */
static int64_t step_entries(
    struct poller *poller, struct followed *followed, enum poll_stage stage, int64_t now)
{
    int64_t next = now;
    for (int i = 0; i < STEPS_A_TURN && next == now && !poller_stopped(poller); i++)
        next = step_entry(poller, followed, stage, now);
    return next;
}

int64_t poller_turn(struct poller *poller, int64_t now)
{
    int64_t next = now + DAY_MS;
    for (size_t i = 0; i < poller->settings->feed_count && !poller_stopped(poller); i++) {
        struct followed *followed = &poller->feeds[i];
        next = sooner(next, step_feed(poller, followed, now));
        next = sooner(next, step_entries(poller, followed, POLL_WANTED, now));
        next = sooner(next, step_entries(poller, followed, POLL_HELD, now));
    }
    return next;
}

struct poller *poller_open(const struct poll_settings *settings, poller_tell *told, void *arg,
    volatile sig_atomic_t *stop, char *error, size_t size)
{
    struct poll_state *state = poll_state_open(settings->state, error, size);
    if (!state)
        return NULL;
    struct poller *poller = calloc(1, sizeof *poller);
    struct followed *feeds = calloc(settings->feed_count, sizeof *feeds);
    if (!poller || !feeds)
        abort();
    for (size_t i = 0; i < settings->feed_count; i++)
        feeds[i].settings = &settings->feeds[i];
    *poller = (struct poller){settings, told, arg, stop, state, feeds};
    fetch_begin();
    return poller;
}

void poller_close(struct poller *poller)
{
    if (!poller)
        return;
    poll_state_close(poller->state);
    free(poller->feeds);
    free(poller);
    fetch_end();
}
