/* Forgetting: the plan, everybody who goes, and at the end what is left of them and of the household. Each
 * call keeps to the tag of one principal or of the household (scripts/forget.lua). */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_forget_inside.h"

/* One principal of several that are asked about, in the arena. */
struct look {
    struct forgetting *work;
    struct text name;
};

static bool has_word(struct text words, struct text wanted)
{
    struct text word;
    while (forget_word(&words, &word)) {
        if (text_equal(word, wanted))
            return true;
    }
    return false;
}

static void add_word(struct buffer *words, struct text word)
{
    buffer_put(words, word.data, word.len);
    buffer_put(words, " ", 1);
}

static void send_look(struct forgetting *work, struct command *command, call_answer *answer, struct text name)
{
    struct look *look = arena_alloc(&work->arena, sizeof *look);
    *look = (struct look){work, {arena_copy(&work->arena, name.data, name.len), name.len}};
    work->under_way++;
    store_send(work->store, command, answer, look);
}

/* ---- the plan ---- */

static void plan_answered(struct forgetting *work, enum store_status status)
{
    struct command known = {0};
    if (!forget_answered(work, status))
        return;
    command_text(&known, "numbers");
    command_bytes(&known, work->found.numbers.data, work->found.numbers.len);
    command_text(&known, "members");
    command_bytes(&known, work->found.members.data, work->found.members.len);
    command_text(&known, "sessions");
    command_bytes(&known, work->found.sessions.data, work->found.sessions.len);
    command_text(&known, "principals");
    command_number(&known, work->found.principals);
    forget_go_on(work, &(struct forget_progress){.stage = FORGET_MEMBERS, .known = &known, .known_words = 8});
    command_free(&known);
}

static void on_device(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct forgetting *work = ((struct look *)arg)->work;
    struct text number = reply_text(reply_at(reply, 1));
    if (number.len && text_equal(reply_text(reply_at(reply, 0)), work->household))
        add_word(&work->found.numbers, number);
    plan_answered(work, status);
}

/* A device of somebody else's is none of the household's. */
static void look_for_numbers(struct forgetting *work)
{
    struct text rest = work->devices, id;
    while (forget_word(&rest, &id)) {
        struct command command = {0};
        char *name = arena_printf(&work->arena, "device/%.*s", (int)id.len, id.data);
        command_begin(&command, 4);
        command_text(&command, "HMGET");
        command_text(&command, forget_principal_key(work, text_of(name), "principal"));
        command_text(&command, "household");
        command_text(&command, "number");
        send_look(work, &command, on_device, text_of(name));
    }
}

static bool stays(const struct forgetting *work, struct text name, struct text client)
{
    return text_equal(name, work->by.principal) && text_equal(client, work->by.client);
}

static void on_clients(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    const struct look *look = arg;
    struct forgetting *work = look->work;
    struct buffer *sessions = &work->found.sessions;
    for (size_t i = 0; i < reply_count(reply); i++) {
        struct text client = reply_text(reply_at(reply, i));
        if (stays(work, look->name, client) || client.len > UINT16_MAX - 1 - look->name.len)
            continue;
        buffer_number(sessions, look->name.len + 1 + client.len, 2);
        buffer_put(sessions, look->name.data, look->name.len);
        buffer_put(sessions, "/", 1);
        buffer_put(sessions, client.data, client.len);
    }
    plan_answered(work, status);
}

static void add_member(struct forgetting *work, struct text name)
{
    struct command command = {0};
    add_word(&work->found.members, name);
    if (!work->account)
        return;
    command_begin(&command, 2);
    command_text(&command, "SMEMBERS");
    command_text(&command, forget_principal_key(work, name, "clients"));
    send_look(work, &command, on_clients, name);
}

static bool is_named_device(const struct forgetting *work, struct text name)
{
    static const struct text role = {"device/", 7};
    return name.len > role.len && memcmp(name.data, role.data, role.len) == 0 &&
           has_word(work->devices, (struct text){name.data + role.len, name.len - role.len});
}

static void on_members(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct forgetting *work = arg;
    bool asker = false;
    look_for_numbers(work);
    for (size_t i = 0; i < reply_count(reply); i++) {
        struct text name = reply_text(reply_at(reply, i));
        if (!work->account && !(work->enrolment && is_named_device(work, name)))
            continue;
        asker = asker || text_equal(name, work->by.principal);
        work->found.principals++;
        add_member(work, name);
    }
    if (work->account && !asker)
        add_member(work, work->by.principal);
    plan_answered(work, status);
}

void forget_plan(struct forgetting *work)
{
    struct command command = {0};
    command_begin(&command, 2);
    command_text(&command, "SMEMBERS");
    command_text(&command, forget_home_key(work, "members"));
    work->under_way = 1;
    store_send(work->store, &command, on_members, work);
}

/* ---- who goes ---- */

static void send_principal(struct forgetting *work, struct text name, bool first, call_answer *answer)
{
    struct command command = {0};
    bool asker = text_equal(name, work->by.principal);
    command_function(&command, "nb_forget_principal", 1, 4);
    command_text(&command, forget_principal_key(work, name, "principal"));
    command_view(&command, name);
    command_view(&command, asker ? work->by.client : TEXT(""));
    command_number(&command, work->asked);
    command_number(&command, first);
    work->under_way++;
    store_send(work->store, &command, answer, work);
}

static void on_settled(void *arg, enum store_status status)
{
    struct forgetting *work = arg;
    if (forget_answered(work, status))
        forget_go_on(work, &(struct forget_progress){.stage = FORGET_REGIONS});
}

/* What is derived of the household follows. */
static void on_members_out(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)reply;
    struct forgetting *work = arg;
    if (!forget_answered(work, status))
        return;
    work->under_way = 1;
    store_settle(store, work->household, on_settled, work);
}

static void on_principal_out(
    struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)reply;
    struct forgetting *work = arg;
    struct command command = {0};
    struct text rest = work->members, name;
    size_t count = 0;
    if (!forget_answered(work, status))
        return;
    while (forget_word(&rest, &name))
        count++;
    command_function(&command, "nb_forget_members", 1, count);
    command_text(&command, forget_home_key(work, "members"));
    for (rest = work->members; forget_word(&rest, &name);)
        command_view(&command, name);
    work->under_way = 1;
    store_send(store, &command, on_members_out, work);
}

void forget_members(struct forgetting *work)
{
    struct text rest = work->members, name;
    work->under_way = 0;
    while (forget_word(&rest, &name))
        send_principal(work, name, true, on_principal_out);
    if (!work->under_way)
        forget_go_on(work, &(struct forget_progress){.stage = FORGET_REGIONS});
}

/* ---- what is left ---- */

static void on_home(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)reply;
    struct forgetting *work = arg;
    if (forget_answered(work, status))
        forget_go_on(work, &(struct forget_progress){.stage = FORGET_DISK});
}

void forget_home(struct forgetting *work)
{
    struct text rest = work->members, name;
    struct command command = {0};
    if (!work->account) {
        forget_go_on(work, &(struct forget_progress){.stage = FORGET_DISK});
        return;
    }
    while (forget_word(&rest, &name))
        send_principal(work, name, false, on_home);
    command_function(&command, "nb_forget_home", 1, 0);
    command_text(&command, forget_home_key(work, "members"));
    work->under_way++;
    store_send(work->store, &command, on_home, work);
}
