/* A stream as the commands that make it again: entries, how far it has come, groups, and what their consumers
 * have taken and not finished. */
#include <stdio.h>
#include <string.h>

#include "bridge/transfer_inside.h"

static struct text named(const redisReply *info, const char *name)
{
    for (size_t i = 0; i + 1 < reply_count(info); i += 2)
        if (text_equal(reply_text(reply_at(info, i)), text_of(name)))
            return reply_text(reply_at(info, i + 1));
    return (struct text){0};
}

static int64_t named_number(const redisReply *info, const char *name, int64_t without)
{
    for (size_t i = 0; i + 1 < reply_count(info); i += 2)
        if (text_equal(reply_text(reply_at(info, i)), text_of(name)) &&
            reply_at(info, i + 1)->type == REDIS_REPLY_INTEGER)
            return reply_number(reply_at(info, i + 1));
    return without;
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

/* *some: whether there are any. */
static bool put_entries(struct writer *w, struct text key, redisReply *reply, bool *some)
{
    *some = reply_count(reply) > 0;
    for (;;) {
        size_t count = reply_count(reply);
        char from[48] = "";
        bool done = reply != NULL;
        for (size_t i = 0; done && i < count; i++)
            done = put_entry(w, key, reply_at(reply, i));
        if (count)
            snprintf(from, sizeof from, "(%s", reply_text(reply_at(reply_at(reply, count - 1), 0)).data);
        freeReplyObject(reply);
        if (!done || count < TRANSFER_PAGE)
            return done;
        reply = TRANSFER_ASK(
            w, TEXT("XRANGE"), key, text_of(from), TEXT("+"), TEXT("COUNT"), TEXT(transfer_page_size));
    }
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

/* An entry that a consumer took and did not finish: [id, consumer, idle, times]. */
static bool put_pending(struct writer *w, struct text key, struct text group, const redisReply *entry)
{
    struct command command = transfer_begin("XCLAIM", key, 10);
    command_view(&command, group);
    command_view(&command, reply_text(reply_at(entry, 1)));
    command_text(&command, "0");
    command_view(&command, reply_text(reply_at(entry, 0)));
    command_text(&command, "IDLE");
    command_number(&command, reply_number(reply_at(entry, 2)));
    command_text(&command, "RETRYCOUNT");
    command_number(&command, reply_number(reply_at(entry, 3)));
    command_text(&command, "FORCE");
    command_text(&command, "JUSTID");
    return transfer_put(w, &command);
}

static bool put_all_pending(struct writer *w, struct text key, struct text group)
{
    char from[48] = "-";
    size_t count = TRANSFER_PAGE;
    bool done = true;
    while (done && count == TRANSFER_PAGE) {
        redisReply *reply =
            TRANSFER_ASK(w, TEXT("XPENDING"), key, group, text_of(from), TEXT("+"), TEXT(transfer_page_size));
        count = reply_count(reply);
        done = reply != NULL;
        for (size_t i = 0; done && i < count; i++)
            done = put_pending(w, key, group, reply_at(reply, i));
        if (count)
            snprintf(from, sizeof from, "(%s", reply_text(reply_at(reply_at(reply, count - 1), 0)).data);
        freeReplyObject(reply);
    }
    return done;
}

/* A stream went while it was read: what there was of it is told. */
static bool is_gone(const struct writer *w)
{
    return strstr(w->redis->error, "no such key") != NULL;
}

static bool put_groups(struct writer *w, struct text key)
{
    redisReply *groups = TRANSFER_ASK(w, TEXT("XINFO"), TEXT("GROUPS"), key);
    bool done = groups || is_gone(w);
    for (size_t i = 0; done && i < reply_count(groups); i++) {
        const redisReply *group = reply_at(groups, i);
        struct text name = named(group, "name");
        done = put_group(w, key, name, named(group, "last-delivered-id")) && put_all_pending(w, key, name);
    }
    freeReplyObject(groups);
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

/* How far it has come is asked behind its entries, so that none of them is beyond that. */
bool transfer_put_stream(struct writer *w, struct text key, redisReply *page)
{
    bool some;
    if (!put_entries(w, key, page, &some))
        return false;
    redisReply *info = TRANSFER_ASK(w, TEXT("XINFO"), TEXT("STREAM"), key);
    if (!info)
        return is_gone(w);
    struct command command = transfer_begin("XSETID", key, 5);
    int64_t added = named_number(info, "entries-added", 0);
    struct text deleted = named(info, "max-deleted-entry-id");
    command_view(&command, named(info, "last-generated-id"));
    command_text(&command, "ENTRIESADDED");
    command_number(&command, added);
    command_text(&command, "MAXDELETEDID");
    command_view(&command, deleted.len ? deleted : TEXT("0-0"));
    bool done = (some || put_empty(w, key)) && transfer_put(w, &command) && put_groups(w, key);
    freeReplyObject(info);
    return done;
}
