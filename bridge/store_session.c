/* Sessions, principals, inboxes: scripts/session.lua. */
#include <stdlib.h>
#include <sys/random.h>

#include "bridge/store_inside.h"

/* ---- principals ---- */

/* A place that does not open is as if there were none: its device is asked for a position. */
static void open_place(struct store *store, struct text principal, const char *field, const redisReply *reply,
    char out[PLACE_GEOHASH + 1])
{
    char owner[PLACE_OWNER];
    place_owner_principal(principal, field, owner);
    if (!place_open(store->options.places, owner, reply_text(reply), out))
        store_log(store, STORE_LOG_ERROR, "place_unreadable", "principal=%.*s field=%s", (int)principal.len,
            principal.data, field);
}

static void decode_principal(struct store *store, struct text principal, struct principal_record *record,
    enum store_status status, const redisReply *fields, const redisReply *sharing)
{
    *record = (struct principal_record){.status = status};
    if (status != STORE_OK)
        return;
    record->household = reply_text(reply_at(fields, 0));
    record->name = reply_text(reply_at(fields, 1));
    record->number = (uint32_t)reply_number(reply_at(fields, 2));
    open_place(store, principal, "place", reply_at(fields, 3), record->place);
    open_place(store, principal, "former", reply_at(fields, 4), record->former_place);
    record->since = reply_number(reply_at(fields, 5));
    record->share = (uint32_t)reply_number(reply_at(fields, 6));
    record->tokens_after = reply_number(reply_at(fields, 7));
    record->verified = reply_number(reply_at(fields, 9));
    record->banned_until = reply_number(reply_at(fields, 10));
    record->ban_reason = reply_text(reply_at(fields, 11));
    record->jurisdiction = reply_bytes(reply_at(fields, 12));
    record->certificate = reply_bytes(reply_at(fields, 13));
    record->must_sign = reply_number(reply_at(fields, 14)) != 0;
    record->no_approval = reply_number(reply_at(fields, 15)) != 0;
    record->forgiving = reply_number(reply_at(fields, 16)) != 0;
    record->drilled = reply_number(reply_at(fields, 17)) != 0 || reply_number(reply_at(fields, 18)) != 0;
    record->officers = reply_text(reply_at(fields, 20));
    record->devices = reply_text(reply_at(fields, 19));
    record->sharing_version = (uint64_t)reply_number(reply_at(sharing, 0));
    record->has_sharing = reply_number(reply_at(sharing, 1)) == 1;
    record->sharing = reply_bytes(reply_at(sharing, 2));
    record->sharing_zone = reply_text(reply_at(sharing, 3));
}

/* Pairs of a client id and what stands of it (scripts/neighbors.lua); to be freed. */
static struct store_instance *decode_instances(struct principal_record *record, const redisReply *pairs)
{
    size_t count = reply_count(pairs) / 2;
    struct store_instance *instances = store_alloc(count * sizeof(*instances));
    for (size_t i = 0; i < count; i++) {
        struct text mark = reply_text(reply_at(pairs, 2 * i + 1));
        instances[i].name = reply_text(reply_at(pairs, 2 * i));
        instances[i].revoked = mark.len && mark.data[0] == 'r';
        /* hiredis ends each text with a NUL */
        instances[i].tokens_after = mark.len ? strtoll(mark.data + instances[i].revoked, NULL, 10) : 0;
    }
    record->instance_count = count;
    record->instances = instances;
    return instances;
}

/* Of a device its household's rules are asked too: they are under another tag, so it is a step of its own,
 * and the version that comes with them is theirs. False: there is nothing to ask. */
static bool ask_sharing(
    struct store *store, struct text principal, const redisReply *fields, call_answer *answer, void *arg)
{
    static const char device[] = "device/";
    enum { DEVICE = sizeof device - 1 };
    struct text household = reply_text(reply_at(fields, 0));
    if (principal.len <= DEVICE || memcmp(principal.data, device, DEVICE) != 0 || household.len == 0)
        return false;
    struct command command = {0};
    struct buffer key = {0};
    household_key(&key, household, "settings");
    command_function(&command, "nb_sharing", 1, 1);
    command_bytes(&command, key.data, key.len);
    command_bytes(&command, principal.data + DEVICE, principal.len - DEVICE);
    buffer_free(&key);
    store_send(store, &command, answer, arg);
    return true;
}

struct principal_call {
    store_principal_done *done;
    void *arg;
    redisReply *known; /* what was answered first, while the rules are asked */
    size_t len;
    char name[];
};

static void tell_principal(struct store *store, struct principal_call *call, enum store_status status,
    const redisReply *known, const redisReply *sharing)
{
    struct principal_record record;
    decode_principal(
        store, (struct text){call->name, call->len}, &record, status, reply_at(known, 1), sharing);
    struct store_instance *instances = decode_instances(&record, reply_at(known, 2));
    call->done(call->arg, &record);
    free(instances);
    freeReplyObject(call->known);
    free(call);
}

static void on_principal_sharing(
    struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct principal_call *call = arg;
    tell_principal(store, call, status, call->known, reply);
}

static void on_principal(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct principal_call *call = arg;
    if (status == STORE_OK)
        status = (enum store_status)reply_number(reply_at(reply, 0));
    if (status == STORE_OK && ask_sharing(store, (struct text){call->name, call->len}, reply_at(reply, 1),
                                  on_principal_sharing, call))
        call->known = reply_copy(reply);
    else
        tell_principal(store, call, status, reply, NULL);
}

static void put_session_key(struct command *command, struct session_name name, const char *part)
{
    struct buffer key = {0};
    session_key(&key, name, part);
    command_bytes(command, key.data, key.len);
    buffer_free(&key);
}

void store_principal(struct store *store, struct text name, store_principal_done *done, void *arg)
{
    struct command command = {0};
    struct principal_call *call = store_alloc(sizeof(*call) + name.len);
    *call = (struct principal_call){.done = done, .arg = arg, .len = name.len};
    memcpy(call->name, name.data, name.len);
    command_function(&command, "nb_principal", 1, 0);
    put_session_key(&command, (struct session_name){.principal = name}, "principal");
    store_send(store, &command, on_principal, call);
}

/* ---- opening ---- */

struct open_call {
    store_session_done *done;
    void *arg;
    struct buffer names; /* principal, client */
    size_t principal_len;
    redisReply *opened; /* what was answered first, while packets are claimed and the rules are asked */
    uint16_t *packets;  /* that are stored and not released */
    size_t packet_count;
};

static struct session_name name_of(const struct open_call *call)
{
    const char *names = (const char *)call->names.data;
    return (struct session_name){
        {names, call->principal_len}, {names + call->principal_len, call->names.len - call->principal_len}};
}

/* What a session follows tells where its owner lives. */
static void session_owner(struct session_name name, struct buffer *out)
{
    buffer_put(out, "session ", 8);
    buffer_put(out, name.principal.data, name.principal.len);
    buffer_put(out, "/", 1);
    buffer_put(out, name.client.data, name.client.len);
    buffer_put(out, "", 1);
}

/* The opened subscriptions lie in `out`. What cannot be opened is as if nothing were followed. */
static struct bytes open_subscriptions(
    struct store *store, struct session_name name, struct bytes sealed, struct buffer *out)
{
    struct buffer owner = {0};
    if (sealed.len == 0)
        return sealed;
    buffer_put(out, sealed.data, sealed.len);
    session_owner(name, &owner);
    bool opened = place_open_bytes(store->options.places, (const char *)owner.data, sealed, out->data);
    buffer_free(&owner);
    if (opened)
        return (struct bytes){out->data, sealed.len - PLACE_SEAL_EXTRA};
    store_log(store, STORE_LOG_ERROR, "subscriptions_unreadable", "principal=%.*s", (int)name.principal.len,
        name.principal.data);
    return (struct bytes){NULL, 0};
}

static void put_subscriptions(
    struct store *store, struct command *command, struct session_name name, struct bytes subscriptions)
{
    struct buffer owner = {0};
    if (subscriptions.len == 0) {
        command_bytes(command, subscriptions.data, 0);
        return;
    }
    uint8_t *sealed = store_alloc(subscriptions.len + PLACE_SEAL_EXTRA);
    session_owner(name, &owner);
    place_seal_bytes(store->options.places, (const char *)owner.data, subscriptions, sealed);
    command_bytes(command, sealed, subscriptions.len + PLACE_SEAL_EXTRA);
    buffer_free(&owner);
    free(sealed);
}

static void tell_session(struct store *store, struct open_call *call, enum store_status status,
    const redisReply *reply, const redisReply *sharing)
{
    struct session_record record = {.status = status};
    struct buffer opened = {0};
    struct store_instance *instances = NULL;
    decode_principal(
        store, name_of(call).principal, &record.principal, record.status, reply_at(reply, 1), sharing);
    if (record.status == STORE_OK) {
        record.present = reply_number(reply_at(reply, 2)) == 1;
        record.generation = (uint64_t)reply_number(reply_at(reply, 3));
        record.subscriptions =
            open_subscriptions(store, name_of(call), reply_bytes(reply_at(reply, 4)), &opened);
        record.cursors = reply_bytes(reply_at(reply, 5));
        record.wishes = reply_bytes(reply_at(reply, 7));
        record.closed = reply_number(reply_at(reply, 8)) == 1;
        instances = decode_instances(&record.principal, reply_at(reply, 9));
        record.qos2 = call->packets;
        record.qos2_count = call->packet_count;
    }
    call->done(call->arg, &record);
    free(call->packets);
    buffer_free(&opened);
    buffer_free(&call->names);
    free(instances);
    freeReplyObject(call->opened);
    free(call);
}

static void on_open_sharing(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct open_call *call = arg;
    tell_session(store, call, status, call->opened, reply);
}

static void ask_rules(struct store *store, struct open_call *call, const redisReply *reply)
{
    if (!ask_sharing(store, name_of(call).principal, reply_at(reply, 1), on_open_sharing, call))
        tell_session(store, call, STORE_OK, reply, NULL);
    else if (!call->opened)
        call->opened = reply_copy(reply);
}

/* Whoever was overtaken meanwhile has nothing: it is as if the store had failed. */
static void on_packets(
    struct store *store, void *arg, enum store_status status, const uint16_t *stored, size_t count)
{
    struct open_call *call = arg;
    if (status != STORE_OK) {
        tell_session(store, call, status == STORE_FENCED ? STORE_FAILED : status, NULL, NULL);
        return;
    }
    call->packets = store_alloc(count * sizeof(*stored));
    if (count)
        memcpy(call->packets, stored, count * sizeof(*stored));
    call->packet_count = count;
    ask_rules(store, call, call->opened);
}

static void on_open(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct open_call *call = arg;
    if (status == STORE_OK)
        status = (enum store_status)reply_number(reply_at(reply, 0));
    if (status != STORE_OK) {
        tell_session(store, call, status, reply, NULL);
    } else if (reply_count(reply_at(reply, 6)) == 0) {
        ask_rules(store, call, reply);
    } else {
        call->opened = reply_copy(reply);
        packets_claim(store, name_of(call), (uint64_t)reply_number(reply_at(reply, 3)),
            (uint64_t)reply_number(reply_at(reply, 10)), reply_at(call->opened, 6), on_packets, call);
    }
}

void store_session_open(
    struct store *store, const struct store_opening *opening, store_session_done *done, void *arg)
{
    struct session_name name = opening->name;
    struct command command = {0};
    struct open_call *call = store_alloc(sizeof(*call));
    *call = (struct open_call){.done = done, .arg = arg, .principal_len = name.principal.len};
    buffer_put(&call->names, name.principal.data, name.principal.len);
    buffer_put(&call->names, name.client.data, name.client.len);
    command_function(&command, "nb_session_open", 5, 6);
    put_session_key(&command, (struct session_name){.principal = name.principal}, "principal");
    put_session_key(&command, name, "s:");
    put_session_key(&command, name, "q2:");
    put_session_key(&command, name, "in:");
    put_session_key(&command, name, "inlo:");
    command_number(&command, opening->clean);
    command_number(&command, opening->expiry_s);
    command_bytes(&command, name.principal.data, name.principal.len);
    command_bytes(&command, name.client.data, name.client.len);
    command_number(&command, opening->token_issued);
    command_number(&command, opening->may_join);
    store_send(store, &command, on_open, call);
}

/* ---- everything that is answered by a status alone ---- */

struct session_field {
    const char *name;
    struct bytes value;
    bool sealed;
};

/* Fields whose data is NULL stay as they are. */
static void save_fields(struct store *store, struct session_name name, uint64_t generation,
    const struct session_field *fields, size_t count, store_status_done *done, void *arg)
{
    struct command command = {0};
    size_t given = 0;
    for (size_t i = 0; i < count; i++)
        given += fields[i].value.data != NULL;
    command_function(&command, "nb_session_save", 4, 1 + 2 * given);
    put_session_key(&command, name, "s:");
    put_session_key(&command, name, "q2:");
    put_session_key(&command, name, "in:");
    put_session_key(&command, name, "inlo:");
    command_number(&command, (int64_t)generation);
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].value.data)
            continue;
        command_text(&command, fields[i].name);
        if (fields[i].sealed)
            put_subscriptions(store, &command, name, fields[i].value);
        else
            command_bytes(&command, fields[i].value.data, fields[i].value.len);
    }
    store_send_for_status(store, &command, done, arg);
}

void store_session_save(struct store *store, struct session_name name, uint64_t generation,
    struct bytes subscriptions, struct bytes cursors, store_status_done *done, void *arg)
{
    const struct session_field fields[] = {{"subs", subscriptions, true}, {"cursors", cursors, false}};
    save_fields(store, name, generation, fields, 2, done, arg);
}

void store_session_wishes(struct store *store, struct session_name name, uint64_t generation,
    struct bytes wishes, store_status_done *done, void *arg)
{
    const struct bytes none = {(const uint8_t *)"", 0};
    const struct session_field fields[] = {{"wishes", wishes.data ? wishes : none, false}};
    save_fields(store, name, generation, fields, 1, done, arg);
}

void store_session_close(struct store *store, struct session_name name, uint64_t generation,
    uint32_t expiry_s, struct bytes cursors, store_status_done *done, void *arg)
{
    struct command command = {0};
    command_function(&command, "nb_session_close", 4, 3);
    put_session_key(&command, name, "s:");
    put_session_key(&command, name, "q2:");
    put_session_key(&command, name, "in:");
    put_session_key(&command, name, "inlo:");
    command_number(&command, (int64_t)generation);
    command_number(&command, expiry_s);
    command_bytes(&command, cursors.data, cursors.len);
    store_send_for_status(store, &command, done, arg);
}

/* An append cannot be told from its repetition by itself: random bytes go with it. */
void store_inbox(struct store *store, struct session_name name, struct text topic_suffix,
    struct bytes payload, store_status_done *done, void *arg)
{
    uint8_t nonce[8];
    if (getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
        abort();
    struct command command = {0};
    struct buffer data = {0};
    buffer_number(&data, topic_suffix.len, 1);
    buffer_put(&data, topic_suffix.data, topic_suffix.len);
    buffer_put(&data, payload.data, payload.len);
    command_function(&command, "nb_inbox", 3, 2);
    put_session_key(&command, name, "in:");
    put_session_key(&command, name, "inlo:");
    put_session_key(&command, name, "s:");
    command_bytes(&command, nonce, sizeof(nonce));
    command_bytes(&command, data.data, data.len);
    buffer_free(&data);
    store_send_for_status(store, &command, done, arg);
}
