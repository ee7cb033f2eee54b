/* The broker on the stage: its clock, its store, and the turns. */
#include "bridge/seal.h"
#include "bridge/zone.h"
#include "broker/log.h"
#include "tests/stories/stage_client.h"

enum { START = 1700000000 };

struct stage stage;
static int64_t now_ms;
static uint64_t gone_key;

int64_t stage_now(void)
{
    return now_ms;
}

/* ---- the broker ---- */

static bool check_token(
    void *arg, struct text username, struct bytes password, struct credential *out, const char **why)
{
    (void)arg;
    struct told_token token;
    *why = "bad token";
    if (password.len != sizeof token || username.len >= sizeof out->name)
        return false;
    memcpy(&token, password.data, sizeof token);
    *out = (struct credential){.issued_at = token.issued, .expires_at = token.ends, .key = token.key};
    memcpy(out->officer, token.officer, sizeof out->officer);
    memcpy(out->instance, token.instance, sizeof out->instance);
    memcpy(out->name, username.data, username.len);
    return true;
}

static bool credential_stands(void *arg, uint64_t key)
{
    (void)arg;
    return key != gone_key;
}

void key_goes(uint64_t key)
{
    gone_key = key;
    broker_recheck(stage.broker);
    settle();
}

static void build(void)
{
    stage.broker = broker_new(&stage.options, stage.seal);
    struct store_events events = broker_store_events(stage.broker);
    stage.store = stage_store_new(&events);
    broker_use_store(stage.broker, stage.store);
    stage.ended = false;
}

int stage_begin(void **state)
{
    static const uint8_t secret[SEAL_SECRET] = {7};
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    now_ms = INT64_C(1000) * START;
    gone_key = 0;
    stage = (struct stage){.seal = seal_new(secret)};
    stage.options = (struct broker_options){.version = "story",
        .channel_precision = 5,
        .leaf_precision = 6,
        .maximum_packet = 1 << 20,
        .receive_maximum = 10,
        .topic_alias_maximum = 4,
        .session_expiry_max_s = 86400,
        .max_filters = 20,
        .max_outbound = 65536,
        .connect_timeout_ms = 5000,
        .keep_alive_max_s = 1200,
        .heartbeat_ms = 30000,
        .cursor_save_ms = 2000,
        .ring_items = 16,
        .clock_past_ms = 86400000,
        .clock_future_ms = 60000,
        .merge_ms = 600000,
        .witnesses_enough = 3,
        .flags_enough = 3,
        .verification_ways = 14,
        .approval_km2 = 5000,
        .check_token = check_token,
        .credential_stands = credential_stands,
        .now = stage_now,
        .zone_clock = zone_offset};
    build();
    return 0;
}

void stage_strike(void)
{
    while (stage.clients) {
        struct client *client = stage.clients;
        stage.clients = client->next;
        client_free(client);
    }
    if (stage.ended)
        return;
    stage.ended = true;
    store_free(stage.store);
    broker_free(stage.broker);
}

int stage_end(void **state)
{
    (void)state;
    stage_strike();
    seal_free(stage.seal);
    return 0;
}

void stage_restart(void)
{
    stage_strike();
    build();
}

/* ---- turns ---- */

void settle(void)
{
    /* What goes on in the broker without an answer or output is done within a few turns. */
    for (int quiet = 0; quiet < 4; quiet++) {
        if (stage_store_answer(stage.store))
            quiet = 0;
        broker_turn(stage.broker);
        for (struct client *client = stage.clients; client; client = client->next) {
            if (client_take_output(client))
                quiet = 0;
        }
    }
}

void jumps(int64_t ms)
{
    now_ms += ms;
}

void passes(int64_t ms)
{
    settle();
    while (ms > 0) {
        int64_t step = ms < 1000 ? ms : 1000;
        now_ms += step;
        ms -= step;
        settle();
    }
}
