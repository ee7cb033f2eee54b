/* What is to be forgotten: noted as a plan (scripts/forget.lua), taken from stage to stage by whoever holds
 * the lease, and when nothing is left in memory nor on disk, told with a signed receipt. Whatever is killed
 * meanwhile, the plan stands in the queue, and says where it goes on. */
#include <assert.h>
#include <stdlib.h>

#include "bridge/log_key.h"
#include "bridge/store_forget_inside.h"
#include "proto/codec.h"

static const double IDLE = 1.;
enum { LONG_MS = 600000 };
static const char queue_key[] = "nb:{forget}:queue";

/* ---- noting ---- */

struct add_call {
    store_status_done *done;
    void *arg;
};

static void on_added(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct add_call *call = arg;
    store->forget.due = 0;
    call->done(call->arg, status == STORE_OK ? (enum store_status)reply_number(reply) : status);
    free(call);
}

static void put_devices(struct command *command, const struct store_forget *forget)
{
    struct buffer list = {0};
    for (size_t i = 0; i < forget->device_count; i++) {
        buffer_put(&list, forget->devices[i].data, forget->devices[i].len);
        buffer_put(&list, " ", 1);
    }
    command_bytes(command, list.data, list.len);
    buffer_free(&list);
}

void store_forget(struct store *store, const struct store_forget *forget, store_status_done *done, void *arg)
{
    struct command command = {0};
    struct add_call *call = store_alloc(sizeof *call);
    *call = (struct add_call){done, arg};
    command_function(&command, "nb_forget_add", 1, 11);
    command_text(&command, queue_key);
    command_view(&command, forget->household);
    command_view(&command, forget->by.principal);
    command_view(&command, forget->by.client);
    put_devices(&command, forget);
    command_number(&command, forget->from);
    command_number(&command, forget->to);
    command_number(&command, forget->alerts || forget->account);
    command_number(&command, forget->account);
    command_number(&command, forget->enrolment);
    command_view(&command, forget->name);
    command_number(&command, forget->now);
    store_send(store, &command, on_added, call);
}

/* ---- what the stages use ---- */

bool forget_word(struct text *words, struct text *word)
{
    while (words->len && words->data[0] == ' ')
        *words = (struct text){words->data + 1, words->len - 1};
    if (!words->len)
        return false;
    const char *blank = memchr(words->data, ' ', words->len);
    *word = (struct text){words->data, blank ? (size_t)(blank - words->data) : words->len};
    *words = (struct text){words->data + word->len, words->len - word->len};
    return true;
}

const char *forget_home_key(struct forgetting *work, const char *part)
{
    return arena_printf(&work->arena, "nb:{h:%.*s}:%s", (int)work->household.len, work->household.data, part);
}

const char *forget_principal_key(struct forgetting *work, struct text principal, const char *part)
{
    return arena_printf(&work->arena, "nb:{p:%.*s}:%s", (int)principal.len, principal.data, part);
}

/* ---- the receipt ---- */

static void on_done(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)reply;
    forget_again(arg, status == STORE_OK ? 0. : IDLE);
}

static void on_told(void *arg, enum store_status status)
{
    struct forgetting *work = arg;
    struct command command = {0};
    if (status != STORE_OK) {
        forget_again(work, IDLE);
        return;
    }
    command_function(&command, "nb_forget_done", 1, 1);
    command_text(&command, queue_key);
    command_number(&command, work->number);
    store_send(work->store, &command, on_done, work);
}

void forget_tell(struct forgetting *work)
{
    struct store *store = work->store;
    struct deleted receipt = {.from = work->from,
        .to = work->to,
        .at = store->options.now(),
        .events = work->events,
        .alerts = work->ended,
        .principals = work->principals,
        .backup_days = (uint32_t)store->options.backup_days,
        .forget_id = work->name,
        .household = work->household};
    struct bytes signed_receipt = store->options.log_key
                                      ? log_key_sign_deleted(store->options.log_key, &receipt, &work->arena)
                                      : codec_encode_deleted(ENCODING_PROTOBUF, &receipt, &work->arena);
    store_log(store, STORE_LOG_INFO, "forgotten", "number=%lld events=%llu alerts=%llu principals=%u",
        (long long)work->number, (unsigned long long)work->events, (unsigned long long)work->ended,
        work->principals);
    store_inbox(store, work->by, TEXT("deleted"), signed_receipt, on_told, work);
}

/* ---- from step to step ---- */

static void ask_next(
    struct store *store, const struct forgetting *work, const struct forget_progress *progress);

static void work_free(struct forgetting *work)
{
    buffer_free(&work->found.numbers);
    buffer_free(&work->found.members);
    buffer_free(&work->found.sessions);
    arena_free(&work->arena);
    free(work);
}

void forget_again(struct forgetting *work, double pause)
{
    struct store *store = work->store;
    work_free(work);
    store->forget.busy = false;
    store->forget.due = store_clock() + pause;
}

void forget_go_on(struct forgetting *work, const struct forget_progress *progress)
{
    ask_next(work->store, work, progress);
    work_free(work);
}

bool forget_answered(struct forgetting *work, enum store_status status)
{
    work->failed = work->failed || status != STORE_OK || work->store->ending;
    bool failed = work->failed;
    if (--work->under_way)
        return false;
    if (failed)
        forget_again(work, IDLE);
    return !failed;
}

/* In the order of KNOWN in scripts/forget.lua. */
static struct forgetting *read_work(struct store *store, const redisReply *reply)
{
    struct forgetting *work = store_alloc(sizeof *work);
    const redisReply *known = reply_at(reply, 1);
    arena_init(&work->arena, NULL, 0);
    work->store = store;
    work->number = reply_number(reply_at(reply, 0));
    struct {
        struct text *text;
        int64_t number;
    } fields[] = {{&work->household, 0}, {&work->by.principal, 0}, {&work->by.client, 0}, {&work->devices, 0},
        {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {&work->name, 0}, {NULL, 0}, {NULL, 0},
        {NULL, 0}, {&work->members, 0}, {&work->numbers, 0}, {&work->sessions, 0}, {NULL, 0}, {NULL, 0},
        {NULL, 0}};
    enum { FROM = 4, TO, ALERTS, ACCOUNT, ENROLMENT, ASKED = 10, STAGE, AT, EVENTS = 16, ENDED, PRINCIPALS };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct text text = reply_text(reply_at(known, i));
        if (fields[i].text)
            *fields[i].text =
                (struct text){arena_copy(&work->arena, text.data ? text.data : "", text.len), text.len};
        else
            fields[i].number = reply_number(reply_at(known, i));
    }
    work->from = fields[FROM].number;
    work->to = fields[TO].number;
    work->alerts = fields[ALERTS].number == 1;
    work->account = fields[ACCOUNT].number == 1;
    work->enrolment = fields[ENROLMENT].number == 1;
    work->asked = fields[ASKED].number;
    work->stage = (enum forget_stage)fields[STAGE].number;
    work->at = (unsigned)fields[AT].number;
    work->events = (uint64_t)fields[EVENTS].number;
    work->ended = (uint64_t)fields[ENDED].number;
    work->principals = (uint32_t)fields[PRINCIPALS].number;
    work->ticket =
        text_of(arena_printf(&work->arena, "%lld:%lld", (long long)work->number, (long long)work->asked));
    return work;
}

/* Most likely a master is away: nothing is forgotten before each has done its part. */
static void look_at_age(struct store *store, const struct forgetting *work)
{
    int64_t age = store->forget.now - work->asked;
    store->counters.forget_oldest = work->asked;
    if (age < LONG_MS || store->forget.told == work->number)
        return;
    store->forget.told = work->number;
    store_log(store, STORE_LOG_WARNING, "forget_waits", "number=%lld stage=%d minutes=%lld slots_away=%llu",
        (long long)work->number, (int)work->stage, (long long)(age / 60000),
        (unsigned long long)store->counters.slots_away);
}

static void on_next(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    static void (*const stages[])(struct forgetting *) = {[FORGET_PLAN] = forget_plan,
        [FORGET_MEMBERS] = forget_members,
        [FORGET_REGIONS] = forget_regions,
        [FORGET_SENDERS] = forget_senders,
        [FORGET_HOME] = forget_home,
        [FORGET_DISK] = forget_disk};
    (void)arg;
    if (status == STORE_OK && reply_count(reply) == 2 && !store->ending) {
        struct forgetting *work = read_work(store, reply);
        look_at_age(store, work);
        if (work->stage >= FORGET_PLAN && work->stage <= FORGET_DISK)
            stages[work->stage](work);
        else
            forget_again(work, IDLE);
        return;
    }
    if (status == STORE_OK)
        store->counters.forget_oldest = 0;
    forget_replicas_free(store); /* somebody else asks them */
    double taken = (double)reply_number(reply_at(reply, 0)) / 1000.;
    store->forget.busy = false;
    store->forget.due = store_clock() + (taken > IDLE ? taken : IDLE);
}

static void ask_next(
    struct store *store, const struct forgetting *work, const struct forget_progress *progress)
{
    struct command command = {0};
    store->forget.busy = true;
    command_function(&command, "nb_forget_next", 1, progress ? 8 + progress->known_words : 1);
    command_text(&command, queue_key);
    command_text(&command, store->node);
    if (progress) {
        command_number(&command, work->number);
        command_number(&command, work->stage);
        command_number(&command, work->at);
        command_number(&command, progress->stage);
        command_number(&command, progress->at);
        command_number(&command, (int64_t)progress->events);
        command_number(&command, (int64_t)progress->ended);
        if (progress->known)
            command_join(&command, progress->known);
    }
    store_send(store, &command, on_next, NULL);
}

void forget_work(struct store *store, int64_t now)
{
    store->forget.now = now;
    if (!store->forget.busy && store_clock() >= store->forget.due)
        ask_next(store, NULL, NULL);
}

void forget_free(struct store *store)
{
    forget_disk_free(store);
}
