/* The scripted store's households: their settings, and what their devices' records say of them. */
#include "bridge/store_forget.h"
#include "tests/stories/stage_store_inside.h"

static struct kept_household *household_of(struct text name)
{
    struct store *store = the_store();
    for (size_t i = 0; i < store->household_count; i++)
        if (text_equal(text_of(store->households[i].name), name))
            return &store->households[i];
    assert_true(store->household_count < sizeof(store->households) / sizeof(store->households[0]));
    struct kept_household *household = &store->households[store->household_count++];
    snprintf(household->name, sizeof(household->name), "%.*s", (int)name.len, name.data);
    arena_init(&household->arena, NULL, 0);
    return household;
}

void store_household_settings(
    struct store *store, struct text household, store_household_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_HOUSEHOLD, arg, "%.*s", (int)household.len, household.data);
    call->household = done;
    memcpy(call->name, household.data, household.len);
}

void stage_answer_household(struct call *call, enum store_status status)
{
    const struct kept_household *kept = household_of(text_of(call->name));
    struct household_settings settings = {.status = status,
        .version = kept->version,
        .has_sharing = kept->has_sharing,
        .retention_days = kept->retention_days,
        .has_footage = kept->has_footage};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    assert_true(household_sharing_read(kept->sharing, text_of(kept->zone), &arena, &settings.sharing));
    assert_true(household_footage_read(kept->footage, &arena, &settings.footage));
    call->household(call->arg, &settings);
    arena_free(&arena);
}

/* The rules that name the device, or else those that name none. */
void stage_household_shares(const char *name, struct text device, struct principal_record *record)
{
    struct kept_household *kept = household_of(text_of(name));
    struct sharing_rules all, own = {0};
    bool named = false;
    assert_true(household_sharing_read(kept->sharing, text_of(kept->zone), &kept->arena, &all));
    for (size_t i = 0; i < all.count; i++)
        named = named || text_equal(all.rules[i].device, device);
    own.rules = arena_alloc(&kept->arena, LIMIT_RULES * sizeof(*own.rules));
    for (size_t i = 0; i < all.count; i++)
        if (text_equal(all.rules[i].device, named ? device : TEXT("")))
            own.rules[own.count++] = all.rules[i];
    record->sharing_version = kept->version;
    record->has_sharing = kept->has_sharing;
    record->sharing = household_sharing_pack(&own, &kept->arena);
    record->sharing_zone = text_of(kept->zone);
}

static void keep(struct kept_household *kept, const struct household_change *change)
{
    if (change->sharing) {
        kept->has_sharing = true;
        kept->version++;
        kept->sharing = household_sharing_pack(change->sharing, &kept->arena);
        snprintf(kept->zone, sizeof(kept->zone), "%.*s", (int)change->sharing->time_zone.len,
            change->sharing->time_zone.data);
    }
    if (change->retention_days)
        kept->retention_days = change->retention_days;
    if (change->footage) {
        kept->has_footage = true;
        kept->footage = household_footage_pack(change->footage, &kept->arena);
    }
}

/* As the store tells it: everybody hears of the household's devices. */
static void tell_devices(const char *household)
{
    struct store *store = the_store();
    for (size_t i = 0; store->events.principal_changed && i < store->principal_count; i++) {
        const struct kept_principal *principal = &store->principals[i];
        if (strcmp(principal->household, household) == 0 && strncmp(principal->name, "device/", 7) == 0)
            store->events.principal_changed(store->events.arg, text_of(principal->name));
    }
}

void store_household_change(
    struct store *store, const struct household_change *change, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_HOUSEHOLD_CHANGE, arg, "%.*s rules=%d days=%u agencies=%d",
        (int)change->household.len, change->household.data,
        change->sharing ? (int)change->sharing->count : -1, change->retention_days,
        change->footage ? (int)change->footage->count : -1);
    call->status = done;
    struct kept_household *kept = household_of(change->household);
    keep(kept, change);
    if (change->sharing)
        tell_devices(kept->name);
}

void store_forget(struct store *store, const struct store_forget *forget, store_status_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_FORGET, arg, "%.*s by %.*s devices=%zu%s%s%s",
        (int)forget->household.len, forget->household.data, (int)forget->by.principal.len,
        forget->by.principal.data, forget->device_count, forget->alerts ? " alerts" : "",
        forget->account ? " account" : "", forget->enrolment ? " enrolment" : "");
    call->status = done;
}

void store_export(
    struct store *store, struct text household, struct text page, store_export_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(
        CALL_EXPORT, arg, "%.*s page=%.*s", (int)household.len, household.data, (int)page.len, page.data);
    call->export = done;
    call->count = page.len;
}

/* Two parts: a device, then an event of it and a record that is none. */
void stage_answer_export(struct call *call, enum store_status status)
{
    static const uint8_t records[] = {
        19, KIND_PERSON | PHASE_PULSE << 4, 90, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 2, 1, 1};
    const struct held_principal device = {
        .name = TEXT("device/cam-1"), .number = 1, .place = TEXT(HERE_LEAF)};
    const struct store_export_device names = {1, TEXT("cam-1")};
    const struct store_export_events events = {5, {records, sizeof(records)}};
    const struct held_note note = {
        .what = TEXT("witness"), .about = TEXT("00ff"), .text = TEXT("me too"), .at = 7};
    struct store_export first = {.status = status,
        .next = TEXT("l 0 -"),
        .has_settings = true,
        .settings = {.retention_days = 30},
        .principal_count = 1,
        .principals = &device};
    struct store_export second = {.status = status,
        .device_count = 1,
        .devices = &names,
        .event_count = 1,
        .events = &events,
        .note_count = 1,
        .notes = &note};
    call->export(call->arg, call->count ? &second : &first);
}

void stage_households_free(struct store *store)
{
    for (size_t i = 0; i < store->household_count; i++)
        arena_free(&store->households[i].arena);
}
