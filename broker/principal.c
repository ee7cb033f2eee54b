/* The principals in memory: a table by name, bounded; what the store says has changed is loaded anew when
 * next needed. */
#include "broker/principal.h"

#include "broker/session/session.h"
#include "broker/step/publication.h"

enum { PRINCIPALS_KEPT = 4096 };

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

static void take_record(struct known_principal *principal, const struct principal_record *record, int64_t now)
{
    principal->loaded_at = now;
    principal->load = record->status == STORE_OK ? PRINCIPAL_KNOWN : PRINCIPAL_UNKNOWN;
    if (record->status != STORE_OK)
        return;
    principal->number = record->number;
    principal->share = record->share;
    principal->since = record->since;
    principal->tokens_after = record->tokens_after;
    copy_text(principal->household, sizeof principal->household, record->household);
    copy_text(principal->agency_name, sizeof principal->agency_name, record->name);
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
    free(principal);
}

/* uthash keeps the order of insertion, so the first that nobody holds is the oldest such. */
static void keep_bound(struct broker *broker)
{
    struct known_principal *principal, *next;

    if (HASH_COUNT(broker->principals) <= PRINCIPALS_KEPT + broker->connection_count)
        return;
    int scanned = 0;
    HASH_ITER(hh, broker->principals, principal, next)
    {
        if (principal->holders == 0 && principal->load != PRINCIPAL_LOADING) {
            forget(broker, principal);
            return;
        }
        if (++scanned == 64)
            return;
    }
}

struct known_principal *principal_from_record(
    struct broker *broker, struct text name, const struct principal_record *record)
{
    struct known_principal *principal;

    HASH_FIND(hh, broker->principals, name.data, name.len, principal);
    if (!principal)
        principal = principal_new(broker, name);
    if (principal->load != PRINCIPAL_LOADING || principal->loaded_at == 0)
        take_record(principal, record, broker_now(broker));
    principal->holders++;
    return principal;
}

struct load_request {
    struct broker *broker;
    size_t len;
    char name[];
};

static void loaded(void *arg, const struct principal_record *record)
{
    struct load_request *request = arg;
    struct broker *broker = request->broker;
    struct known_principal *principal;

    HASH_FIND(hh, broker->principals, request->name, request->len, principal);
    free(request);
    if (!principal || record->status == STORE_GONE)
        return;
    take_record(principal, record, broker_now(broker));
    while (!TAILQ_EMPTY(&principal->waiting)) {
        struct publication *publication = TAILQ_FIRST(&principal->waiting);
        TAILQ_REMOVE(&principal->waiting, publication, in_waiting);
        pipeline_resume(publication);
    }
    if (principal->load == PRINCIPAL_UNKNOWN)
        connections_revoke(broker, principal);
}

static void load(struct broker *broker, struct known_principal *principal)
{
    size_t len = strlen(principal->name);
    struct load_request *request = must_alloc(sizeof *request + len);

    request->broker = broker;
    request->len = len;
    memcpy(request->name, principal->name, len);
    principal->load = PRINCIPAL_LOADING;
    store_principal(broker->store, (struct text){request->name, len}, loaded, request);
}

struct known_principal *principal_hold(struct broker *broker, struct text name)
{
    struct known_principal *principal;

    HASH_FIND(hh, broker->principals, name.data, name.len, principal);
    if (!principal) {
        keep_bound(broker);
        principal = principal_new(broker, name);
        load(broker, principal);
    }
    principal->holders++;
    return principal;
}

void principal_drop(struct broker *broker, struct known_principal *principal)
{
    (void)broker;
    if (principal)
        principal->holders--;
}

void principal_on_change(void *arg, struct text name)
{
    struct broker *broker = arg;
    struct known_principal *principal;

    HASH_FIND(hh, broker->principals, name.data, name.len, principal);
    if (!principal || principal->load == PRINCIPAL_LOADING)
        return;
    if (principal->holders == 0)
        forget(broker, principal);
    else
        load(broker, principal);
}

geo_cell principal_place(const struct known_principal *principal, int64_t at)
{
    return principal->former_place && at < principal->since ? principal->former_place : principal->place;
}

void principals_clear(struct broker *broker)
{
    struct known_principal *principal, *next;

    HASH_ITER(hh, broker->principals, principal, next)
    {
        if (principal->holders == 0)
            forget(broker, principal);
    }
}
