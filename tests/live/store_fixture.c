/* What the tests of the store share (store_fixture.h). */
#include "tests/live/store_fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "bridge/log_key.h"

enum { PATIENCE_S = 180, ANSWER_S = 30 };

static int64_t clock_now = START;

int64_t fixture_now(void)
{
    return clock_now;
}

void fixture_set_now(int64_t now)
{
    clock_now = now;
}

/* ---- what the store tells ---- */

static void copy_text(char *out, size_t size, struct text text)
{
    size_t len = text.len < size ? text.len : size - 1;
    memcpy(out, text.data, len);
    out[len] = 0;
}

static void on_entry(void *arg, struct text channel, const struct channel_entry *entry)
{
    struct fixture *fixture = arg;
    assert_true(fixture->told_count < TOLD_MOST);
    struct told *told = &fixture->told[fixture->told_count++];
    copy_text(told->channel, sizeof(told->channel), channel);
    told->position = entry->position;
    told->kind = entry->kind;
    told->alert = entry->alert;
    told->len = entry->data.len;
    assert_true(told->len <= sizeof(told->data));
    if (told->len)
        memcpy(told->data, entry->data.data, told->len);
}

static void on_seam(void *arg, struct text channel, struct position_in_channel head)
{
    struct fixture *fixture = arg;
    (void)channel;
    fixture->seams++;
    fixture->seam_head = head;
}

static void on_taken_over(void *arg, struct session_name name, uint64_t generation)
{
    struct fixture *fixture = arg;
    char principal[64], client[64];
    copy_text(principal, sizeof(principal), name.principal);
    copy_text(client, sizeof(client), name.client);
    snprintf(fixture->taken_over, sizeof(fixture->taken_over), "%s %s", principal, client);
    fixture->taken_generation = generation;
}

static void on_principal(void *arg, struct text principal)
{
    struct fixture *fixture = arg;
    copy_text(fixture->changed, sizeof(fixture->changed), principal);
}

static void on_available(void *arg, bool available)
{
    struct fixture *fixture = arg;
    assert_true(fixture->available != available);
    fixture->available = available;
}

static void no_log(int level, const char *event, const char *text)
{
    if (getenv("STORE_LOG"))
        fprintf(stderr, "%d %s %s\n", level, event, text);
}

/* ---- what was called in a cluster ---- */

enum { FUNCTIONS_MOST = 256 };
static char *called[FUNCTIONS_MOST];

static void note_function(const char *name)
{
    size_t i = 0;
    while (i < FUNCTIONS_MOST && called[i] && strcmp(called[i], name) != 0)
        i++;
    assert_true(i < FUNCTIONS_MOST);
    if (!called[i])
        called[i] = strdup(name);
}

/* Every command is a slow one, so that Redis tells which functions were called (functions_called.py). */
static bool watch_functions(struct fixture *fixture)
{
    return redis_tell(&fixture->ask, "CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 1000000") &&
           redis_tell(&fixture->ask, "SLOWLOG RESET");
}

static void note_functions(struct fixture *fixture)
{
    redisReply *all = redisCommand(fixture->ask.context, "SLOWLOG GET -1");
    for (size_t i = 0; all && i < all->elements; i++) {
        const redisReply *words = all->element[i]->element[3];
        if (words->elements > 1 && strcasecmp(words->element[0]->str, "FCALL") == 0)
            note_function(words->element[1]->str);
    }
    freeReplyObject(all);
}

/* Beside the program: its name and ".called". */
static void tell_functions(void)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - sizeof(".called"));
    assert_true(len > 0);
    strcpy(path + len, ".called");
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (size_t i = 0; i < FUNCTIONS_MOST && called[i]; i++)
        fprintf(out, "%s\n", called[i]);
    assert_int_equal(fclose(out), 0);
}

/* ---- set-up ---- */

int fixture_group(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    *state = fixture;
    return fixture && redis_server_start(&fixture->redis) ? 0 : -1;
}

int fixture_group_cluster(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    *state = fixture;
    if (!fixture)
        return -1;
    fixture->redis.cluster = true;
    return redis_server_start(&fixture->redis) ? 0 : -1;
}

int fixture_group_end(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->redis.cluster)
        tell_functions();
    redis_server_stop(&fixture->redis);
    free(fixture);
    return 0;
}

void fixture_store(struct fixture *fixture)
{
    struct store_events events = {.arg = fixture,
        .entry = on_entry,
        .seam = on_seam,
        .taken_over = on_taken_over,
        .principal_changed = on_principal,
        .available = on_available};
    if (fixture->store)
        store_free(fixture->store);
    fixture->available = false;
    fixture->store = store_redis_new(fixture->loop, &fixture->options, &events);
}

struct store *fixture_other_store(struct fixture *fixture, const char *node)
{
    struct store_events events = {0};
    struct store_redis_options options = fixture->options;
    options.node = node;
    return store_redis_new(fixture->loop, &options, &events);
}

void fixture_open_at(struct fixture *fixture, const char *url)
{
    fixture_set_now(START);
    fixture->places = place_key_new((const uint8_t[PLACE_KEY_SECRET]){7});
    fixture->options = (struct store_redis_options){
        .url = url,
        .node = "test",
        .release_delay_ms = 0,
        .release_households = 0,
        .release_verified_ms = 0,
        .absence_ms = 3600000,
        .channel_retention_ms = 86400000,
        .deadline_ms = 30000, /* no machine is so slow that a connection is dropped that a test has not cut */
        .upkeep_patience_ms = 30000,
        .now = fixture_now,
        .places = fixture->places,
        .log = no_log,
    };
    fixture->loop = ev_loop_new(0);
    fixture->upkeep = false;
    fixture->told_count = fixture->seams = 0;
    fixture->taken_over[0] = fixture->changed[0] = 0;
    fixture_store(fixture);
}

bool fixture_ask(struct fixture *fixture)
{
    static const struct timeval patience = {.tv_sec = ANSWER_S};
    return redis_sync_open(&fixture->ask, fixture->redis.url) &&
           redisSetTimeout(fixture->ask.context, patience) == REDIS_OK;
}

int fixture_open(void **state)
{
    struct fixture *fixture = *state;
    if (!fixture->redis.pid && !redis_server_restart(&fixture->redis))
        return -1;
    if (!fixture_ask(fixture) || !redis_tell(&fixture->ask, "FLUSHALL"))
        return -1;
    if (fixture->redis.cluster && !watch_functions(fixture))
        return -1;
    fixture_open_at(fixture, fixture->redis.url);
    return 0;
}

int fixture_close(void **state)
{
    struct fixture *fixture = *state;
    store_free(fixture->store);
    fixture->store = NULL;
    place_key_free(fixture->places);
    ev_loop_destroy(fixture->loop);
    if (fixture->redis.cluster)
        note_functions(fixture);
    redis_sync_close(&fixture->ask);
    return 0;
}

/* ---- turning ---- */

static void on_patience(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    *(bool *)timer->data = true;
}

void until_begin(struct fixture *fixture, struct until *until)
{
    until->over = false;
    ev_timer_init(&until->patience, on_patience, PATIENCE_S, 0.);
    until->patience.data = &until->over;
    ev_now_update(fixture->loop);
    ev_timer_start(fixture->loop, &until->patience);
}

void until_turn(struct fixture *fixture, struct until *until, const char *what)
{
    if (until->over) {
        ev_timer_stop(fixture->loop, &until->patience);
        fail_msg("waited in vain for %s", what);
    }
    if (fixture->upkeep)
        store_upkeep(fixture->store, fixture_now());
    store_flush(fixture->store);
    ev_run(fixture->loop, EVRUN_ONCE);
}

void until_end(struct fixture *fixture, struct until *until)
{
    ev_timer_stop(fixture->loop, &until->patience);
}

void fixture_until(struct fixture *fixture, const bool *flag)
{
    UNTIL(fixture, *flag);
}

void fixture_until_number(struct fixture *fixture, const size_t *number, size_t at_least)
{
    UNTIL(fixture, *number >= at_least);
}

void fixture_tell(struct fixture *fixture, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(fixture->ask.context, format, arguments);
    va_end(arguments);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", format, reply->str);
    freeReplyObject(reply);
}

long long fixture_number(struct fixture *fixture, const char *command)
{
    redisReply *reply = redisCommand(fixture->ask.context, command);
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", command, reply ? reply->str : fixture->ask.context->errstr);
    long long number = reply->type == REDIS_REPLY_ARRAY ? (long long)reply->elements : reply->integer;
    freeReplyObject(reply);
    return number;
}

struct log_key *fixture_log_key(void)
{
    char path[] = "/tmp/test_log_key.XXXXXX";
    const char *error;
    EVP_PKEY *made = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    FILE *out = fdopen(mkstemp(path), "w");
    assert_true(made && out && PEM_write_PrivateKey(out, made, NULL, NULL, 0, NULL, NULL));
    fclose(out);
    EVP_PKEY_free(made);
    struct log_key *key = log_key_load(path, &error);
    unlink(path);
    assert_non_null(key);
    return key;
}
