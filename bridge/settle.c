/* The steps of settling a household: scripts/household.lua has what Redis does in each. */
#include "bridge/settle.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/sharing_plan.h"

/* Somebody else settles it: their beginning came after ours, so they see what we saw. Their end is looked for
 * so often before it is begun anew, and that so often. */
enum { LOOKS = 200, BEGINNINGS = 8 };

enum stage { BEGIN, READ, WRITE, WITHDRAW, GRANT, END, LOOK, OVER };

struct settle {
    enum stage stage;
    bool done;
    struct text name;
    unsigned beginnings, looks;
    char revision[24];
    uint64_t version;
    struct arena arena; /* of this beginning */
    struct sharing_household household;
    struct text verified;
    struct sharing_plan plan;
    size_t count;
    struct command *commands;
};

struct settle *settle_new(struct text household)
{
    struct settle *settle = store_alloc(sizeof *settle + household.len + 1);
    char *name = (char *)(settle + 1);
    memcpy(name, household.data, household.len);
    settle->name = (struct text){name, household.len};
    arena_init(&settle->arena, NULL, 0);
    return settle;
}

void settle_free(struct settle *settle)
{
    arena_free(&settle->arena);
    free(settle->commands);
    free(settle);
}

bool settle_done(const struct settle *settle)
{
    return settle->done;
}

/* ---- what is asked ---- */

static struct command *one_more(struct settle *settle)
{
    struct command *more = realloc(settle->commands, (settle->count + 1) * sizeof *more);
    if (!more)
        abort();
    settle->commands = more;
    more[settle->count] = (struct command){0};
    return &more[settle->count++];
}

/* A function of the household's tag. */
static struct command *ask_household(struct settle *settle, const char *function, size_t arguments)
{
    struct command *command = one_more(settle);
    struct buffer key = {0};
    household_key(&key, settle->name, "household");
    command_function(command, function, 1, arguments);
    command_bytes(command, key.data, key.len);
    buffer_free(&key);
    return command;
}

static void put_member_key(struct command *command, struct text name)
{
    struct buffer key = {0};
    session_key(&key, (struct session_name){.principal = name}, "principal");
    command_bytes(command, key.data, key.len);
    buffer_free(&key);
}

static void ask_members(struct settle *settle)
{
    static const char *const fields[] = {"household", "revoked", "region", "leaf_digest", "askable_digest",
        "share", "number", "since", "verified"};
    enum { FIELDS = sizeof fields / sizeof *fields };
    for (size_t i = 0; i < settle->household.member_count; i++) {
        struct command *command = one_more(settle);
        command_begin(command, 2 + FIELDS);
        command_text(command, "HMGET");
        put_member_key(command, settle->household.members[i].name);
        for (size_t n = 0; n < FIELDS; n++)
            command_text(command, fields[n]);
    }
}

static size_t count_cells(const struct sharing_plan *plan, bool askable, bool after)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->region_count; i++)
        for (size_t n = 0; n < plan->regions[i].cell_count; n++)
            count += plan->regions[i].cells[n].askable == askable && plan->regions[i].cells[n].after == after;
    return count;
}

/* How many, then "<XX>:<digest>" each. */
static void put_places(struct command *command, const struct sharing_plan *plan, bool askable, bool after)
{
    command_number(command, (int64_t)count_cells(plan, askable, after));
    for (size_t i = 0; i < plan->region_count; i++)
        for (size_t n = 0; n < plan->regions[i].cell_count; n++) {
            const struct sharing_cell *cell = &plan->regions[i].cells[n];
            char place[PLACE_DIGEST + 8];
            if (cell->askable != askable || cell->after != after)
                continue;
            int len = snprintf(place, sizeof place, "%s:%.*s", plan->regions[i].tag, (int)cell->digest.len,
                cell->digest.data);
            command_bytes(command, place, (size_t)len);
        }
}

static void ask_write(struct settle *settle)
{
    const struct sharing_plan *plan = &settle->plan;
    struct command *command = ask_household(
        settle, "nb_settle_write", 5 + count_cells(plan, false, true) + count_cells(plan, true, true));
    command_text(command, settle->revision);
    command_view(command, plan->shared);
    command_number(command, plan->region_count == 0);
    put_places(command, plan, false, true);
    put_places(command, plan, true, true);
}

/* Each member bears when its household was verified. */
static void ask_verified(struct settle *settle)
{
    for (size_t i = 0; i < settle->household.member_count; i++) {
        const struct sharing_member *member = &settle->household.members[i];
        if (!member->here || member->verified == strtoll(settle->verified.data, NULL, 10))
            continue;
        struct command *command = one_more(settle);
        command_function(command, "nb_member_verified", 1, 3);
        put_member_key(command, member->name);
        command_view(command, member->name);
        command_view(command, settle->name);
        command_view(command, settle->verified);
    }
}

static size_t count_in(const struct sharing_region *region, bool askable, bool after)
{
    size_t count = 0;
    for (size_t i = 0; i < region->cell_count; i++)
        count += region->cells[i].askable == askable && region->cells[i].after == after;
    return count;
}

static void put_cells(struct command *command, const struct sharing_region *region, bool askable, bool after)
{
    command_number(command, (int64_t)count_in(region, askable, after));
    for (size_t i = 0; i < region->cell_count; i++) {
        const struct sharing_cell *cell = &region->cells[i];
        if (cell->askable != askable || cell->after != after)
            continue;
        command_view(command, cell->digest);
        if (askable && after)
            command_bytes(command, cell->devices.data, cell->devices.len);
    }
}

static void ask_region(struct settle *settle, const struct sharing_region *region)
{
    char key[KEY], share[48] = "";
    struct command *command = one_more(settle);
    if (region->kinds)
        snprintf(
            share, sizeof share, "%u %llu", (unsigned)region->kinds, (unsigned long long)settle->version);
    snprintf(key, sizeof key, "nb:{r%s}:share", region->tag);
    command_function(command, "nb_settle_region", 1, 8 + region->cell_count + count_in(region, true, true));
    command_text(command, key);
    command_view(command, settle->name);
    command_text(command, settle->revision);
    command_text(command, share);
    command_view(command, settle->verified);
    put_cells(command, region, false, true);
    put_cells(command, region, false, false);
    put_cells(command, region, true, true);
    put_cells(command, region, true, false);
}

static void ask_regions(struct settle *settle, bool before)
{
    for (size_t i = 0; i < settle->plan.region_count; i++)
        if (settle->plan.regions[i].before == before)
            ask_region(settle, &settle->plan.regions[i]);
}

static void ask_end(struct settle *settle)
{
    const struct sharing_plan *plan = &settle->plan;
    if (plan->region_count == 0)
        return;
    struct command *command = ask_household(
        settle, "nb_settle_end", 3 + count_cells(plan, false, false) + count_cells(plan, true, false));
    command_text(command, settle->revision);
    put_places(command, plan, false, false);
    put_places(command, plan, true, false);
}

static void begin_anew(struct settle *settle)
{
    settle->looks = 0;
    arena_free(&settle->arena);
    arena_init(&settle->arena, NULL, 0);
    settle->stage = ++settle->beginnings > BEGINNINGS ? OVER : BEGIN;
}

static void ask_stage(struct settle *settle)
{
    switch (settle->stage) {
    case BEGIN:
        (void)ask_household(settle, "nb_settle_begin", 0);
        break;
    case READ:
        ask_members(settle);
        break;
    case WRITE:
        ask_write(settle);
        break;
    case WITHDRAW:
        ask_verified(settle);
        ask_regions(settle, true);
        break;
    case GRANT:
        ask_regions(settle, false);
        break;
    case END:
        ask_end(settle);
        break;
    case LOOK:
        (void)ask_household(settle, "nb_settled", 0);
        break;
    case OVER:
        break;
    }
}

/* ---- what is answered ---- */

static struct text keep(struct settle *settle, const redisReply *reply)
{
    struct text text = reply_text(reply);
    return (struct text){arena_copy(&settle->arena, text.data ? text.data : "", text.len), text.len};
}

static struct text *keep_list(struct settle *settle, const redisReply *list, size_t *count)
{
    *count = reply_count(list);
    struct text *out = arena_alloc(&settle->arena, (*count + 1) * sizeof *out);
    for (size_t i = 0; i < *count; i++)
        out[i] = keep(settle, reply_at(list, i));
    return out;
}

static void take_household(struct settle *settle, const redisReply *reply)
{
    struct sharing_household *household = &settle->household;
    size_t count;
    struct text sharing = keep(settle, reply_at(reply, 1)), footage = keep(settle, reply_at(reply, 2));
    snprintf(settle->revision, sizeof settle->revision, "%s", keep(settle, reply_at(reply, 0)).data);
    *household = (struct sharing_household){.name = settle->name,
        .has_rules = reply_at(reply, 1) && reply_at(reply, 1)->type == REDIS_REPLY_STRING,
        .sharing = {(const uint8_t *)sharing.data, sharing.len},
        .footage = {(const uint8_t *)footage.data, footage.len}};
    settle->verified = keep(settle, reply_at(reply, 3));
    struct text *names = keep_list(settle, reply_at(reply, 4), &count);
    household->members = arena_alloc(&settle->arena, (count + 1) * sizeof *household->members);
    household->member_count = count;
    for (size_t i = 0; i < count; i++)
        household->members[i].name = names[i];
    household->leaves = keep_list(settle, reply_at(reply, 5), &household->leaf_count);
    household->askable = keep_list(settle, reply_at(reply, 6), &household->askable_count);
}

/* One that says itself that it is somebody else's is on its way into the household, or out of it. */
static void take_members(struct settle *settle, redisReply *const *replies)
{
    for (size_t i = 0; i < settle->household.member_count; i++) {
        struct sharing_member *member = &settle->household.members[i];
        const redisReply *reply = replies[i];
        struct text revoked = reply_text(reply_at(reply, 1));
        member->here = text_equal(reply_text(reply_at(reply, 0)), settle->name) &&
                       (revoked.len == 0 || text_equal(revoked, TEXT("0")));
        member->region = keep(settle, reply_at(reply, 2));
        member->leaf_digest = keep(settle, reply_at(reply, 3));
        member->askable_digest = keep(settle, reply_at(reply, 4));
        member->share = (uint32_t)reply_number(reply_at(reply, 5));
        member->number = (uint16_t)reply_number(reply_at(reply, 6));
        member->since = (uint64_t)reply_number(reply_at(reply, 7));
        member->verified = reply_number(reply_at(reply, 8));
    }
}

/* True when one of the answers says that somebody else began after us. */
static bool fenced(const struct settle *settle, redisReply *const *replies)
{
    for (size_t i = 0; i < settle->count; i++) {
        const redisReply *reply =
            replies[i]->type == REDIS_REPLY_ARRAY ? reply_at(replies[i], 0) : replies[i];
        if (reply_number(reply) == STORE_FENCED)
            return true;
    }
    return false;
}

static void look(struct settle *settle, const redisReply *reply)
{
    if (reply_number(reply) >= strtoll(settle->revision, NULL, 10))
        settle->done = true;
    if (settle->done)
        settle->stage = OVER;
    else if (++settle->looks > LOOKS)
        begin_anew(settle);
}

static void make_plan(struct settle *settle)
{
    settle->stage = sharing_plan_make(&settle->household, &settle->arena, &settle->plan) ? WRITE : OVER;
}

void settle_take(struct settle *settle, redisReply *const *replies)
{
    enum stage stage = settle->stage;
    if (stage == LOOK)
        look(settle, replies[0]);
    else if (stage == BEGIN)
        take_household(settle, replies[0]);
    else if (stage == READ)
        take_members(settle, replies);
    else if (fenced(settle, replies))
        settle->stage = LOOK;
    else if (stage == WRITE)
        settle->version = (uint64_t)reply_number(reply_at(replies[0], 1));
    if (settle->stage != stage)
        return;
    if (stage == READ)
        make_plan(settle);
    else if (stage != LOOK)
        settle->stage++;
    if (stage == END) {
        settle->stage = OVER;
        settle->done = true;
    }
}

/* Stages that have nothing to ask are passed over. With nothing in any region, what was written is the end.
 */
size_t settle_next(struct settle *settle, struct command **commands)
{
    settle->count = 0;
    for (;;) {
        ask_stage(settle);
        if (settle->count || settle->stage == OVER)
            break;
        if (settle->stage == READ) {
            make_plan(settle);
        } else if (settle->stage == END) {
            settle->stage = OVER;
            settle->done = true;
        } else {
            settle->stage++;
        }
    }
    *commands = settle->commands;
    return settle->count;
}
