/* Households are settled (settle.h) over the store's calls; and upkeep sees to those whose settling nobody
 * finished.
 */
#include <stdlib.h>

#include "bridge/settle.h"

/* ---- one household ---- */

struct settling {
    struct store *store;
    struct settle *settle;
    store_status_done *done;
    void *arg;
    enum store_status status;
    size_t count, left; /* commands of this step, and those not yet answered */
    redisReply **replies;
    struct settling_answer *answers;
};
struct settling_answer {
    struct settling *settling;
    size_t at;
};

static void go_on(struct settling *settling);

static void drop_step(struct settling *settling)
{
    for (size_t i = 0; i < settling->count; i++)
        freeReplyObject(settling->replies[i]);
    free(settling->replies);
    free(settling->answers);
    settling->replies = NULL;
    settling->answers = NULL;
    settling->count = 0;
}

static void end(struct settling *settling)
{
    enum store_status status = settling->status;
    if (status == STORE_OK && !settle_done(settling->settle)) {
        store_log(settling->store, STORE_LOG_ERROR, "household_unsettled",
            "text=\"its rules cannot be read, or others keep changing it\"");
        status = STORE_FAILED;
    }
    if (settling->done)
        settling->done(settling->arg, status);
    settle_free(settling->settle);
    free(settling);
}

static void on_answer(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct settling_answer *answer = arg;
    struct settling *settling = answer->settling;
    if (status == STORE_OK)
        settling->replies[answer->at] = reply_copy(reply);
    else
        settling->status = status;
    if (--settling->left == 0)
        go_on(settling);
}

static bool ask_step(struct settling *settling)
{
    struct command *commands;
    size_t count = settle_next(settling->settle, &commands);
    if (count == 0)
        return false;
    settling->count = settling->left = count;
    settling->replies = store_alloc(count * sizeof(redisReply *));
    settling->answers = store_alloc(count * sizeof *settling->answers);
    for (size_t i = 0; i < count; i++) {
        settling->answers[i] = (struct settling_answer){settling, i};
        store_send(settling->store, &commands[i], on_answer, &settling->answers[i]);
    }
    return true;
}

/* All of a step is answered. */
static void go_on(struct settling *settling)
{
    if (settling->status == STORE_OK)
        settle_take(settling->settle, settling->replies);
    drop_step(settling);
    if (settling->status != STORE_OK || !ask_step(settling))
        end(settling);
}

void store_settle(struct store *store, struct text household, store_status_done *done, void *arg)
{
    struct settling *settling = store_alloc(sizeof *settling);
    *settling = (struct settling){.store = store, .settle = settle_new(household), .done = done, .arg = arg};
    (void)ask_step(settling); /* the first one always has something to ask */
}

/* ---- a change of one ---- */

struct household_changing {
    struct store *store;
    store_status_done *done;
    void *arg;
    struct command change;
    char note[UNSETTLED_NOTE];
    size_t len;
    char household[];
};

static struct text household_of(const struct household_changing *changing)
{
    return (struct text){changing->household, changing->len};
}

/* The note is not waited for: where it stays, the household is settled once more. */
static void on_settled(void *arg, enum store_status status)
{
    struct household_changing *changing = arg;
    if (status == STORE_OK) {
        struct command drop = {0};
        settle_note_drop(&drop, household_of(changing), changing->note);
        store_send_for_status(changing->store, &drop, NULL, NULL);
    }
    if (changing->done)
        changing->done(changing->arg, status);
    free(changing);
}

static void on_changed(void *arg, enum store_status status)
{
    struct household_changing *changing = arg;
    if (status == STORE_OK)
        store_settle(changing->store, household_of(changing), on_settled, changing);
    else
        on_settled(changing, status);
}

static void on_noted(void *arg, enum store_status status)
{
    struct household_changing *changing = arg;
    if (status == STORE_OK) {
        store_send_for_status(changing->store, &changing->change, on_changed, changing);
    } else {
        command_free(&changing->change);
        on_settled(changing, status);
    }
}

void store_settle_change(
    struct store *store, struct text household, struct command *change, store_status_done *done, void *arg)
{
    struct household_changing *changing = store_alloc(sizeof *changing + household.len + 1);
    struct command note = {0};
    *changing = (struct household_changing){
        .store = store, .done = done, .arg = arg, .change = *change, .len = household.len};
    *change = (struct command){0};
    memcpy(changing->household, household.data, household.len);
    settle_note_new(changing->note);
    settle_note(&note, household, changing->note);
    store_send_for_status(store, &note, on_noted, changing);
}

/* ---- what nobody finished ---- */

static const double SWEEP = 0.25;
/* What is noted since so long is settled; the note of whoever may still be at it stays as long as that. */
enum { SWEEP_AFTER_MS = 5000, SWEEP_DROP_MS = 60000, SWEEP_LEASE_MS = 10000, SWEEP_MOST = 16 };

struct swept {
    struct store *store;
    unsigned tag;
    size_t len;
    char entry[];
};

static void one_less(struct store *store)
{
    if (--store->settle.under_way == 0)
        store->settle.due = store_clock() + SWEEP;
}

static void on_dropped(void *arg, enum store_status status)
{
    (void)status; /* it is found again */
    one_less(arg);
}

static void put_tag(struct command *command, unsigned tag)
{
    char key[] = "nb:{u00}:unsettled";
    key[6] = "0123456789abcdef"[tag % UNSETTLED_TAGS];
    command_text(command, key);
}

static void on_swept(void *arg, enum store_status status)
{
    struct swept *swept = arg;
    struct store *store = swept->store;
    if (status == STORE_OK) {
        struct command command = {0};
        store->counters.households_resettled++;
        command_function(&command, "nb_unsettled_swept", 1, 2);
        put_tag(&command, swept->tag);
        command_bytes(&command, swept->entry, swept->len);
        command_number(&command, SWEEP_DROP_MS);
        store_send_for_status(store, &command, on_dropped, store);
    } else {
        one_less(store);
    }
    free(swept);
}

static void sweep_one(struct store *store, struct text entry)
{
    const char *blank = entry.len ? memchr(entry.data, ' ', entry.len) : NULL;
    if (!blank)
        return;
    struct swept *swept = store_alloc(sizeof *swept + entry.len);
    *swept = (struct swept){.store = store, .tag = store->settle.tag, .len = entry.len};
    memcpy(swept->entry, entry.data, entry.len);
    store->settle.under_way++;
    store_settle(
        store, (struct text){blank + 1, entry.len - (size_t)(blank + 1 - entry.data)}, on_swept, swept);
}

static void on_due(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    for (size_t i = 0; status == STORE_OK && i < reply_count(reply); i++)
        sweep_one(store, reply_text(reply_at(reply, i)));
    store->settle.tag = (store->settle.tag + 1) % UNSETTLED_TAGS;
    one_less(store);
}

void settle_work(struct store *store)
{
    struct command command = {0};
    if (store->settle.under_way || store_clock() < store->settle.due)
        return;
    store->settle.under_way = 1;
    command_function(&command, "nb_unsettled_due", 1, 4);
    put_tag(&command, store->settle.tag);
    command_text(&command, store->node);
    command_number(&command, SWEEP_LEASE_MS);
    command_number(&command, SWEEP_AFTER_MS);
    command_number(&command, SWEEP_MOST);
    store_send(store, &command, on_due, NULL);
}
