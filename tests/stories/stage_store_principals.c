/* The scripted store's principals: who is enrolled, revoked and trusted with what. */
#include "bridge/store_agency.h"
#include "tests/stories/stage_store_inside.h"

static struct kept_principal *principal_of(struct text name)
{
    struct store *store = the_store();
    for (size_t i = 0; i < store->principal_count; i++) {
        if (text_equal(text_of(store->principals[i].name), name))
            return &store->principals[i];
    }
    return NULL;
}

void store_principal(struct store *store, struct text name, store_principal_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_PRINCIPAL, arg, "%.*s", (int)name.len, name.data);
    call->principal = done;
    memcpy(call->name, name.data, name.len);
}

struct principal_record stage_principal_record(struct text name, enum store_status status)
{
    const struct kept_principal *principal = principal_of(name);
    if (status != STORE_OK || !principal)
        return (struct principal_record){.status = status != STORE_OK ? status : STORE_NOT_FOUND};
    struct principal_record record = principal->trust;
    record.status = principal->revoked ? STORE_REVOKED : STORE_OK;
    record.household = text_of(principal->household);
    record.number = 7;
    record.share = UINT32_MAX;
    record.tokens_after = principal->tokens_after;
    record.drilled = !principal->undrilled;
    record.officers = principal->officers ? text_of(principal->officers) : TEXT("lee kim max");
    memcpy(record.place, principal->place, sizeof(record.place));
    if (strncmp(principal->name, "device/", 7) == 0)
        stage_household_shares(principal->household, text_of(principal->name + 7), &record);
    return record;
}

enum store_status stage_instance_status(
    const struct principal_record *record, const char *client, int64_t token_issued)
{
    for (size_t i = 0; i < record->instance_count; i++) {
        const struct store_instance *instance = &record->instances[i];
        if (text_equal(instance->name, text_of(client)) && instance->revoked)
            return STORE_REVOKED;
        if (text_equal(instance->name, text_of(client)) && token_issued &&
            token_issued < instance->tokens_after)
            return STORE_WITHDRAWN;
    }
    return token_issued && token_issued < record->tokens_after ? STORE_WITHDRAWN : STORE_OK;
}

void stage_answer_principal(struct call *call, enum store_status status)
{
    struct principal_record record = stage_principal_record(text_of(call->name), status);
    call->principal(call->arg, &record);
}

/* ---- what the story puts there ---- */

static void tell_principal(const char *name)
{
    if (the_store()->events.principal_changed)
        the_store()->events.principal_changed(the_store()->events.arg, text_of(name));
}

void enrolled(const char *name, const char *household, const char *place)
{
    struct store *store = the_store();
    struct kept_principal *principal = principal_of(text_of(name));
    if (!principal) {
        assert_true(store->principal_count < MOST);
        principal = &store->principals[store->principal_count++];
    }
    snprintf(principal->name, sizeof(principal->name), "%s", name);
    snprintf(principal->household, sizeof(principal->household), "%s", household);
    snprintf(principal->place, sizeof(principal->place), "%s", place);
    principal->revoked = false;
    tell_principal(name);
}

void trusted(const char *name, struct principal_record with)
{
    struct principal_record *trust = &principal_of(text_of(name))->trust;
    with.jurisdiction = with.jurisdiction.len ? stage_copy(with.jurisdiction) : with.jurisdiction;
    stage_drop(&trust->jurisdiction);
    *trust = with;
    tell_principal(name);
}

void trusted_within(const char *name, const char *cell, struct principal_record with)
{
    with.jurisdiction = stage_box(cell);
    trusted(name, with);
    stage_drop(&with.jurisdiction);
}

void undrilled(const char *name)
{
    principal_of(text_of(name))->undrilled = true;
    tell_principal(name);
}

void officers_are(const char *name, const char *officers)
{
    principal_of(text_of(name))->officers = officers;
    tell_principal(name);
}

void store_drilled(
    struct store *store, struct text principal, int64_t now, store_status_done *done, void *arg)
{
    (void)store;
    (void)now;
    struct call *call = stage_called(CALL_DRILLED, arg, "%.*s", (int)principal.len, principal.data);
    call->status = done;
    principal_of(principal)->undrilled = false;
    tell_principal(principal_of(principal)->name);
}

void codes_are(int way, const char *leaf)
{
    struct store_code *code = &the_store()->code;
    *code =
        (struct store_code){.status = way ? STORE_OK : STORE_NOT_FOUND, .way = (enum verification_way)way};
    snprintf(code->leaf, sizeof code->leaf, "%s", leaf);
}

void store_code_look(struct store *store, const char *digest, struct text household, int64_t now,
    store_code_done *done, void *arg)
{
    (void)store;
    (void)now;
    assert_int_equal(strlen(digest), 32);
    struct call *call = stage_called(CALL_CODE, arg, "%.*s", (int)household.len, household.data);
    call->code = done;
}

void stage_answer_code(struct call *call, enum store_status status)
{
    struct store_code code = the_store()->code;
    if (status != STORE_OK)
        code = (struct store_code){.status = status, .retry_s = 60};
    call->code(call->arg, &code);
}

void store_code_use(struct store *store, const char *digest, struct text household, int64_t now,
    store_status_done *done, void *arg)
{
    (void)store;
    (void)digest;
    (void)now;
    struct call *call = stage_called(CALL_CODE_USE, arg, "%.*s", (int)household.len, household.data);
    call->status = done;
}

void store_invite(
    struct store *store, const struct store_invitation *invitation, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_INVITE, arg, "%.*s by %.*s at %.*s most %u",
        (int)invitation->household.len, invitation->household.data, (int)invitation->by.len,
        invitation->by.data, (int)invitation->leaf.len, invitation->leaf.data, invitation->most);
    call->status = done;
}

void revoked(const char *name)
{
    principal_of(text_of(name))->revoked = true;
    tell_principal(name);
}

void revoked_untold(const char *name)
{
    principal_of(text_of(name))->revoked = true;
}

void changes_are_missed(void)
{
    the_store()->events.changes_missed(the_store()->events.arg);
    settle();
}

void tokens_withdrawn(const char *name, int64_t before)
{
    principal_of(text_of(name))->tokens_after = before;
    tell_principal(name);
}

void stage_principals_free(struct store *store)
{
    for (size_t i = 0; i < store->principal_count; i++)
        stage_drop(&store->principals[i].trust.jurisdiction);
}
