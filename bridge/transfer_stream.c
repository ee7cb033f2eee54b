/* A stream as the commands that make it again: entries, how far it has come, groups, and what their consumers
 * have taken and not finished. */
#include <stdio.h>
#include <string.h>

#include "bridge/transfer_inside.h"

/* What stands behind the name; NULL: nothing does. */
static const redisReply *named(const redisReply *info, const char *name)
{
    for (size_t i = 0; i + 1 < reply_count(info); i += 2)
        if (text_equal(reply_text(reply_at(info, i)), text_of(name)))
            return reply_at(info, i + 1);
    return NULL;
}

static bool put_entry(struct writer *w, struct text key, const redisReply *entry)
{
    const redisReply *fields = reply_at(entry, 1);
    struct command command = transfer_begin("XADD", key, 1 + reply_count(fields));
    command_view(&command, reply_text(reply_at(entry, 0)));
    for (size_t i = 0; i < reply_count(fields); i++)
        command_view(&command, reply_text(reply_at(fields, i)));
    return transfer_put(w, &command);
}

static bool put_list(struct writer *w, struct text key, const redisReply *entries)
{
    bool done = true;
    for (size_t i = 0; done && i < reply_count(entries); i++)
        done = put_entry(w, key, reply_at(entries, i));
    return done;
}

/* The page behind that one, up to the last entry; NULL: redis->error. */
static redisReply *next_page(struct writer *w, struct text key, const redisReply *page, struct text last)
{
    char from[48] = "-";
    size_t count = reply_count(page);
    if (count)
        snprintf(from, sizeof from, "(%s", reply_text(reply_at(reply_at(page, count - 1), 0)).data);
    return TRANSFER_ASK(w, TEXT("XRANGE"), key, text_of(from), last, TEXT("COUNT"), TEXT(transfer_page_size));
}

/* The entries that are there and those behind them, up to the last one of that moment. Nothing comes between
 * entries any more, so when there are as many as there were, they are the same. */
static bool put_entries(struct writer *w, struct text key, const redisReply *info, bool *all)
{
    const redisReply *page = named(info, "entries");
    redisReply *asked = NULL;
    size_t length = (size_t)reply_number(named(info, "length")), count = reply_count(page), some = count;
    bool done = put_list(w, key, page);
    while (done && some && count < length) {
        redisReply *next = next_page(w, key, page, reply_text(named(info, "last-generated-id")));
        freeReplyObject(asked);
        page = asked = next;
        some = reply_count(page);
        count += some;
        done = page && put_list(w, key, page);
    }
    freeReplyObject(asked);
    *all = count == length;
    return done;
}

static bool put_group(struct writer *w, struct text key, struct text name, struct text from)
{
    struct command command = {0};
    command_begin(&command, 6);
    command_text(&command, "XGROUP");
    command_text(&command, "CREATE");
    command_view(&command, key);
    command_view(&command, name);
    command_view(&command, from);
    command_text(&command, "MKSTREAM");
    return transfer_put(w, &command);
}

/* An entry that a consumer took and did not finish: [id, consumer, when, times]. */
static bool put_pending(struct writer *w, struct text key, struct text group, const redisReply *entry)
{
    struct command command = transfer_begin("XCLAIM", key, 10);
    command_view(&command, group);
    command_view(&command, reply_text(reply_at(entry, 1)));
    command_text(&command, "0");
    command_view(&command, reply_text(reply_at(entry, 0)));
    command_text(&command, "TIME");
    command_number(&command, reply_number(reply_at(entry, 2)));
    command_text(&command, "RETRYCOUNT");
    command_number(&command, reply_number(reply_at(entry, 3)));
    command_text(&command, "FORCE");
    command_text(&command, "JUSTID");
    return transfer_put(w, &command);
}

static bool put_groups(struct writer *w, struct text key, const redisReply *groups)
{
    bool done = true;
    for (size_t i = 0; done && i < reply_count(groups); i++) {
        const redisReply *group = reply_at(groups, i), *pending = named(group, "pending");
        struct text name = reply_text(named(group, "name"));
        done = put_group(w, key, name, reply_text(named(group, "last-delivered-id")));
        for (size_t n = 0; done && n < reply_count(pending); n++)
            done = put_pending(w, key, name, reply_at(pending, n));
    }
    return done;
}

/* A stream without entries and groups is there by a group that comes and goes. */
static bool put_empty(struct writer *w, struct text key)
{
    static const char passing[] = "empty";
    struct command command = {0};
    if (!put_group(w, key, TEXT(passing), TEXT("0")))
        return false;
    command_begin(&command, 4);
    command_text(&command, "XGROUP");
    command_text(&command, "DESTROY");
    command_view(&command, key);
    command_text(&command, passing);
    return transfer_put(w, &command);
}

static bool put_how_far(struct writer *w, struct text key, const redisReply *info)
{
    struct text deleted = reply_text(named(info, "max-deleted-entry-id"));
    struct command command = transfer_begin("XSETID", key, 5);
    command_view(&command, reply_text(named(info, "last-generated-id")));
    command_text(&command, "ENTRIESADDED");
    command_number(&command, reply_number(named(info, "entries-added")));
    command_text(&command, "MAXDELETEDID");
    command_view(&command, deleted.len ? deleted : TEXT("0-0"));
    return transfer_put(w, &command);
}

/* Whether all that is not finished is there. */
static bool has_all_pending(const redisReply *info)
{
    const redisReply *groups = named(info, "groups");
    bool all = true;
    for (size_t i = 0; all && i < reply_count(groups); i++) {
        const redisReply *group = reply_at(groups, i);
        all = (int64_t)reply_count(named(group, "pending")) == reply_number(named(group, "pel-count"));
    }
    return all;
}

bool transfer_put_stream(struct writer *w, struct text key, const redisReply *info, bool *all)
{
    *all = has_all_pending(info);
    if (!*all)
        return true;
    struct command command = transfer_begin("DEL", key, 0);
    if (!transfer_put(w, &command) || !put_entries(w, key, info, all))
        return false;
    return !*all || ((reply_number(named(info, "length")) || put_empty(w, key)) &&
                        put_how_far(w, key, info) && put_groups(w, key, named(info, "groups")));
}
