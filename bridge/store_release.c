/* Release: activity that waited for its window leaves (scripts/release.lua), each region by whoever has its
 * lease then.
 *
 * A round begins ten times in a window, at least each second. It asks of the regions where something may
 * wait: where this process put something, or found some not yet due, and, each SWEEP, of all, for what
 * processes that are gone left there. Where somebody else has the lease it does not ask before that may end.
 * One Redis is asked of many regions in a call, of a cluster each region by a call of its own. While more is
 * due than one call takes, several are under way. */
#include <stdlib.h>
#include <sys/random.h>

#include "bridge/store_inside.h"

static const double SHORTEST = 0.02, LONGEST = 1., SWEEP = 3.;
enum { CALLS = 4, CALLS_IN_A_CLUSTER = 64, KEYS_WHILE_DEEP = 16, REGIONS = STORE_REGION_TAGS };

/* What the function says of a region (scripts/release.lua); above 0: for how many ms somebody has the lease.
 */
enum { SAID_EMPTY = 0, SAID_OPEN = -1, SAID_MORE = -2 };
enum { AWAY_MS = 1000 }; /* it could not be asked */
enum { ANSWER_REGIONS = 0, ANSWER_RELEASED, ANSWER_UNSHARED, ANSWER_BELOW_K, ANSWER_MERGED, ANSWER_SAID };

struct release_call {
    size_t count;
    uint8_t regions[REGIONS];
};

static double pace(const struct store *store)
{
    double tenth = (double)store->options.release_delay_ms / 10000.;
    return tenth < SHORTEST ? SHORTEST : tenth > LONGEST ? LONGEST : tenth;
}

void release_expect(struct store *store, uint8_t region)
{
    store->release.regions[region].expected = store->options.release_delay_ms > 0;
}

static void begin_round(struct store *store)
{
    double time = store_clock();
    bool all = time >= store->release.sweep_due;
    if (all)
        store->release.sweep_due = time + SWEEP;
    store->release.round_due = time + pace(store);
    for (size_t i = 0; i < REGIONS; i++) {
        struct release_region *region = &store->release.regions[i];
        region->expected = region->expected || all;
        if (region->expected && !region->due && time >= region->taken_until) {
            region->due = true;
            store->release.due++;
        }
    }
}

/* Reads what is said of one region. */
static void hear(struct store *store, struct release_region *region, int64_t said)
{
    bool more = said == SAID_MORE;
    region->expected = region->expected || said != SAID_EMPTY;
    if (said > 0)
        region->taken_until = store_clock() + (double)said / 1000.;
    store->release.deep += more;
    store->release.deep -= region->deep;
    region->deep = more;
    store->release.due -= region->due && !more;
    region->due = region->due && more;
}

static void count_released(struct store *store, uint64_t number, const redisReply *reply)
{
    (void)number;
    store->counters.activity_released += (uint64_t)reply_number(reply_at(reply, ANSWER_RELEASED));
    store->counters.activity_unshared += (uint64_t)reply_number(reply_at(reply, ANSWER_UNSHARED));
    store->counters.activity_below_k += (uint64_t)reply_number(reply_at(reply, ANSWER_BELOW_K));
    store->counters.activity_merged += (uint64_t)reply_number(reply_at(reply, ANSWER_MERGED));
}

static void on_released(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct release_call *call = arg;
    size_t seen = (size_t)reply_number(reply_at(reply, ANSWER_REGIONS));
    store->release.in_flight--;
    for (size_t i = 0; i < call->count; i++) {
        struct release_region *region = &store->release.regions[call->regions[i]];
        region->asking--;
        if (status != STORE_OK)
            hear(store, region, AWAY_MS);
        else if (i < seen)
            hear(store, region, reply_number(reply_at(reply, ANSWER_SAID + i)));
    }
    if (seen > 0 && seen <= call->count)
        store->release.first = call->regions[seen - 1] + 1U;
    free(call);
}

/* Takes regions whose turn it is into the call. */
static void choose(struct store *store, struct release_call *call)
{
    size_t most = !store_spans_tags(store) ? 1 : store->release.deep ? KEYS_WHILE_DEEP : REGIONS;
    unsigned first = store->release.first;
    for (unsigned i = 0; i < REGIONS && call->count < most; i++) {
        uint8_t tag = (uint8_t)((first + i) % REGIONS);
        struct release_region *region = &store->release.regions[tag];
        if (!region->due || region->asking >= (region->deep ? CALLS : 1))
            continue;
        region->asking++;
        region->expected = false; /* what comes from now on comes behind this call */
        call->regions[call->count++] = tag;
        store->release.first = tag + 1U;
    }
}

static void put_terms(const struct store *store, struct command *command, int64_t now)
{
    const struct store_redis_options *options = &store->options;
    command_number(command, options->release_households);
    command_number(command, options->release_households + options->release_hysteresis);
    command_number(command, now - options->release_verified_ms);
    command_number(command, options->cooldown_ms / 1000);
    command_number(command, now / cooldown_epoch(options));
    command_number(command, 2 * cooldown_epoch(options) / 1000);
}

/* False when all that is due is asked already. */
static bool release_some(struct store *store, int64_t now)
{
    struct command command = {0};
    struct release_call *call = store_alloc(sizeof(*call));
    uint32_t seed;
    choose(store, call);
    if (call->count == 0) {
        free(call);
        return false;
    }
    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
        abort();
    command_function(&command, "nb_release", call->count, 10);
    for (size_t i = 0; i < call->count; i++) {
        char key[KEY];
        region_tag_key(key, call->regions[i], "pend");
        command_text(&command, key);
    }
    command_text(&command, store->node);
    command_number(&command, (int64_t)(2000. * pace(store)));
    command_number(&command, now / store->options.release_delay_ms);
    command_number(&command, seed & 0x7fffffff);
    put_terms(store, &command, now);
    store->release.in_flight++;
    command.count = count_released;
    store_send(store, &command, on_released, call);
    return true;
}

void release_work(struct store *store, int64_t now)
{
    if (store->options.release_delay_ms <= 0)
        return;
    if (store_clock() >= store->release.round_due)
        begin_round(store);
    unsigned most = !store_spans_tags(store) ? CALLS_IN_A_CLUSTER : store->release.deep ? CALLS : 1;
    while (store->release.due && store->release.in_flight < most && release_some(store, now))
        ;
}
