/* The principals in memory: a table by name, bounded; what the store says has changed is loaded anew when
 * next needed. */
#include "broker/principal.h"

#include "broker/jurisdiction.h"
#include "broker/session/session.h"
#include "broker/sharing.h"
#include "broker/step/publication.h"

enum { IDLE_MOST = 4096, KNOWN_FOR_MS = 300000, NOWHERE_BYTES = 2 };

static void copy_text(char *out, size_t room, struct text from)
{
    size_t len = from.len < room ? from.len : room - 1;

    if (len)
        memcpy(out, from.data, len);
    out[len] = 0;
}

static geo_cell parse_cell(const char *text)
{
    geo_cell cell = 0;

    if (text[0] == 0 || geo_parse(text, strlen(text), &cell) != GEO_OK)
        return 0;
    return cell;
}

/* Most have none of these texts, being followers by the ten thousand: they have no memory for them. */
static void take_text(char **owned, struct text text)
{
    free(*owned);
    *owned = text.len ? must_alloc(text.len + 1) : NULL;
    if (text.len)
        copy_text(*owned, text.len + 1, text);
}

/* Loaded every few minutes, and seldom another one. What cannot be read is no leave to go everywhere. */
static void take_jurisdiction(struct known_principal *principal, struct bytes encoded)
{
    if (principal->jurisdiction_owned && jurisdiction_is(principal->jurisdiction_owned, encoded))
        return;
    jurisdiction_free(principal->jurisdiction_owned);
    principal->jurisdiction_owned = encoded.len ? jurisdiction_new(encoded) : NULL;
    principal->jurisdiction = jurisdiction_shape(principal->jurisdiction_owned);
    principal->jurisdiction_prepared = jurisdiction_prepared(principal->jurisdiction_owned);
    if (principal->jurisdiction && principal->jurisdiction->polygon_count == 0 && encoded.len > NOWHERE_BYTES)
        log_line(LOG_LEVEL_ERROR, "jurisdiction_unreadable", "principal=%s", principal->name);
}

static void take_instances(struct known_principal *principal, const struct principal_record *record)
{
    free(principal->instances);
    principal->instance_count = record->instance_count;
    principal->instances =
        record->instance_count ? must_calloc(record->instance_count * sizeof *principal->instances) : NULL;
    for (size_t i = 0; i < record->instance_count; i++) {
        struct barred_instance *instance = &principal->instances[i];
        copy_text(instance->name, sizeof instance->name, record->instances[i].name);
        instance->revoked = record->instances[i].revoked;
        instance->tokens_after = record->instances[i].tokens_after;
    }
}

const char *principal_bars(const struct known_principal *principal, struct text client, int64_t issued_at)
{
    if (principal->load == PRINCIPAL_UNKNOWN)
        return "revoked";
    if (issued_at && issued_at < principal->tokens_after)
        return "token withdrawn";
    for (size_t i = 0; i < principal->instance_count; i++) {
        const struct barred_instance *instance = &principal->instances[i];
        if (!text_equal(text_of(instance->name), client))
            continue;
        if (instance->revoked)
            return "this instance is revoked";
        if (issued_at && issued_at < instance->tokens_after)
            return "token of this instance withdrawn";
    }
    return NULL;
}

static void take_sharing(
    struct broker *broker, struct known_principal *principal, const struct principal_record *record)
{
    sharing_free(principal->sharing);
    principal->share = record->share;
    principal->sharing = record->has_sharing
                             ? sharing_new(record->sharing, record->sharing_zone, broker->options.zone_clock)
                             : NULL;
    principal->sharing_version = record->sharing_version;
}

static void take_record(
    struct broker *broker, struct known_principal *principal, const struct principal_record *record)
{
    principal->loaded_at = broker_now(broker);
    principal->load = record->status == STORE_OK ? PRINCIPAL_KNOWN : PRINCIPAL_UNKNOWN;
    if (record->status != STORE_OK)
        return;
    principal->number = record->number;
    take_sharing(broker, principal, record);
    principal->since = record->since;
    principal->tokens_after = record->tokens_after;
    take_instances(principal, record);
    copy_text(principal->household, sizeof principal->household, record->household);
    take_text(&principal->agency_name, record->name);
    principal->verified = record->verified;
    principal->banned_until = record->banned_until;
    take_text(&principal->ban_reason, record->ban_reason);
    take_text(&principal->certificate,
        (struct text){(const char *)record->certificate.data, record->certificate.len});
    principal->must_sign = record->must_sign;
    principal->no_approval = record->no_approval;
    principal->forgiving = record->forgiving;
    principal->drilled = record->drilled;
    take_text(&principal->officers, record->officers);
    take_text(&principal->devices, record->devices);
    take_jurisdiction(principal, record->jurisdiction);
    principal->place = parse_cell(record->place);
    principal->former_place = parse_cell(record->former_place);
}

static struct known_principal *principal_new(struct broker *broker, struct text name)
{
    struct known_principal *principal = must_calloc(sizeof *principal + name.len + 1);

    memcpy(principal->name, name.data, name.len);
    principal->role = role_of(name);
    TAILQ_INIT(&principal->waiting);
    HASH_ADD_KEYPTR(hh, broker->principals, principal->name, name.len, principal);
    return principal;
}

static void forget(struct broker *broker, struct known_principal *principal)
{
    HASH_DEL(broker->principals, principal);
    free(principal->agency_name);
    free(principal->ban_reason);
    free(principal->certificate);
    free(principal->instances);
    free(principal->officers);
    free(principal->devices);
    sharing_free(principal->sharing);
    jurisdiction_free(principal->jurisdiction_owned);
    free(principal);
}

static void hold(struct broker *broker, struct known_principal *principal)
{
    if (principal->holders++ > 0 || !principal->in_idle.tqe_prev)
        return;
    TAILQ_REMOVE(&broker->idle_principals, principal, in_idle);
    principal->in_idle.tqe_prev = NULL;
    broker->idle_principal_count--;
}

static void forget_idle(struct broker *broker, struct known_principal *principal)
{
    TAILQ_REMOVE(&broker->idle_principals, principal, in_idle);
    broker->idle_principal_count--;
    forget(broker, principal);
}

void principal_drop(struct broker *broker, struct known_principal *principal)
{
    if (!principal || --principal->holders > 0)
        return;
    TAILQ_INSERT_TAIL(&broker->idle_principals, principal, in_idle);
    if (++broker->idle_principal_count > IDLE_MOST)
        forget_idle(broker, TAILQ_FIRST(&broker->idle_principals));
}

struct known_principal *principal_from_record(
    struct broker *broker, struct text name, const struct principal_record *record)
{
    struct known_principal *principal;

    HASH_FIND(hh, broker->principals, name.data, name.len, principal);
    if (!principal)
        principal = principal_new(broker, name);
    if (principal->load != PRINCIPAL_LOADING || principal->loaded_at == 0)
        take_record(broker, principal, record);
    hold(broker, principal);
    return principal;
}

struct load_request {
    struct broker *broker;
    size_t len;
    char name[];
};

/* Those that wait fail with the store: nothing is known of the device, so nothing is said of it either. */
static void resume_waiting(struct known_principal *principal, bool failed)
{
    struct publication_list ready = TAILQ_HEAD_INITIALIZER(ready);
    struct publication *publication;

    TAILQ_CONCAT(&ready, &principal->waiting, in_waiting);
    while ((publication = TAILQ_FIRST(&ready))) {
        TAILQ_REMOVE(&ready, publication, in_waiting);
        if (failed)
            pipeline_fail(publication);
        else
            pipeline_resume(publication);
    }
}

static void loaded(void *arg, const struct principal_record *record)
{
    struct load_request *request = arg;
    struct broker *broker = request->broker;
    struct known_principal *principal;
    bool failed = record->status == STORE_FAILED || record->status == STORE_GONE;

    HASH_FIND(hh, broker->principals, request->name, request->len, principal);
    free(request);
    if (!principal)
        return;
    hold(broker, principal); /* whoever waited may be the last that did */
    if (!failed) {
        take_record(broker, principal, record);
    } else {
        principal->load = principal->loaded_at ? principal->before : PRINCIPAL_FAILED;
        principal->stale = broker->principals_stale = true;
    }
    resume_waiting(principal, failed);
    if (principal->sessions && !failed)
        connections_revoke(broker, principal);
    principal_drop(broker, principal);
}

static void load(struct broker *broker, struct known_principal *principal)
{
    size_t len = strlen(principal->name);
    struct load_request *request = must_alloc(sizeof *request + len);

    request->broker = broker;
    request->len = len;
    memcpy(request->name, principal->name, len);
    principal->before = principal->load;
    principal->load = PRINCIPAL_LOADING;
    principal->stale = false;
    store_principal(broker->store, (struct text){request->name, len}, loaded, request);
}

struct known_principal *principal_hold(struct broker *broker, struct text name)
{
    struct known_principal *principal;

    HASH_FIND(hh, broker->principals, name.data, name.len, principal);
    if (!principal) {
        principal = principal_new(broker, name);
        load(broker, principal);
    } else if (principal->stale && principal->load != PRINCIPAL_LOADING) {
        load(broker, principal);
    } else {
        principal_refresh(broker, principal, broker_now(broker));
    }
    hold(broker, principal);
    return principal;
}

void principal_ask_anew(struct broker *broker, struct known_principal *principal)
{
    if (principal->load != PRINCIPAL_LOADING)
        load(broker, principal);
}

void principal_refresh(struct broker *broker, struct known_principal *principal, int64_t now)
{
    if (principal->load != PRINCIPAL_LOADING && now - principal->loaded_at > KNOWN_FOR_MS)
        load(broker, principal);
}

void principal_on_change(void *arg, struct text name)
{
    struct broker *broker = arg;
    struct known_principal *principal;

    HASH_FIND(hh, broker->principals, name.data, name.len, principal);
    if (!principal)
        return;
    if (principal->holders == 0)
        forget_idle(broker, principal);
    else
        load(broker, principal); /* also while it is LOADING: that answer may be older than the change */
}

void principals_tick(struct broker *broker)
{
    struct known_principal *principal, *next;

    if (!broker->principals_stale)
        return;
    broker->principals_stale = false;
    HASH_ITER(hh, broker->principals, principal, next)
    {
        if (principal->stale && principal->holders)
            load(broker, principal);
    }
}

void principals_doubt(struct broker *broker)
{
    struct known_principal *principal, *next;

    principals_clear(broker);
    HASH_ITER(hh, broker->principals, principal, next)
    load(broker, principal);
}

bool officer_listed(struct text officers, const char *officer)
{
    size_t len = strlen(officer), at = 0;

    while (len && at < officers.len) {
        const char *space = memchr(officers.data + at, ' ', officers.len - at);
        size_t end = space ? (size_t)(space - officers.data) : officers.len;
        if (end - at == len && memcmp(officers.data + at, officer, len) == 0)
            return true;
        at = end + 1;
    }
    return len == 0;
}

bool devices_hold(struct text devices, struct text id)
{
    for (size_t at = 0, end; at < devices.len; at = end + 1) {
        const char *comma = memchr(devices.data + at, ',', devices.len - at);
        end = comma ? (size_t)(comma - devices.data) : devices.len;
        bool open = end > at && devices.data[end - 1] == '*';
        size_t len = end - at - open;
        if ((open ? id.len >= len : id.len == len) && memcmp(devices.data + at, id.data, len) == 0)
            return true;
    }
    return false;
}

geo_cell principal_place(const struct known_principal *principal, int64_t at)
{
    return principal->former_place && at < principal->since ? principal->former_place : principal->place;
}

void principals_clear(struct broker *broker)
{
    struct known_principal *principal;

    while ((principal = TAILQ_FIRST(&broker->idle_principals)))
        forget_idle(broker, principal);
}

uint32_t principal_connections(const struct broker *broker, struct text name)
{
    struct known_principal *principal;

    HASH_FIND(hh, broker->principals, name.data, name.len, principal);
    return principal ? principal->sessions : 0;
}
