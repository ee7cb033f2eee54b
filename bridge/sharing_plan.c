/* Each place where somebody stands or is to stand is a row; sorted, the rows of one cell lie beside each
 * other, and the cells of one region. */
#include "bridge/sharing_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/store_household.h"

enum { REGION = 2, FOOTAGE_HEAD = 2, DEVICE_HEAD = 2 + 8 + 1 };

struct row {
    struct text cell; /* "<XX>:<digest>" */
    bool askable, after;
    uint32_t kinds;
    const struct sharing_member *member; /* of askable, after */
};
struct rows {
    size_t count;
    struct row *rows;
};

static int compare(struct text a, struct text b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order ? order : a.len < b.len ? -1 : a.len > b.len;
}

static int by_cell(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    int order = compare(left->cell, right->cell);
    if (order)
        return order;
    if (left->askable != right->askable)
        return left->askable - right->askable;
    return left->member && right->member ? compare(left->member->name, right->member->name)
                                         : (left->member != NULL) - (right->member != NULL);
}

static int by_name(const void *a, const void *b)
{
    return compare(((const struct sharing_member *)a)->name, ((const struct sharing_member *)b)->name);
}

/* ---- what is allowed ---- */

/* The id of a device; "" of others. */
static struct text device_id(struct text name)
{
    static const char device[] = "device/";
    size_t skip = sizeof device - 1;
    if (name.len <= skip || memcmp(name.data, device, skip) != 0)
        return (struct text){"", 0};
    return (struct text){name.data + skip, name.len - skip};
}

/* By the rules that name the device, else by those that name none. */
static uint32_t kinds_of(const struct sharing_rules *rules, struct text device)
{
    uint32_t named = 0, others = 0;
    bool is_named = false;
    for (size_t i = 0; i < rules->count; i++) {
        if (text_equal(rules->rules[i].device, device)) {
            named |= rules->rules[i].kinds;
            is_named = true;
        } else if (rules->rules[i].device.len == 0) {
            others |= rules->rules[i].kinds;
        }
    }
    return is_named ? named : others;
}

static uint32_t member_kinds(const struct sharing_household *household, const struct sharing_rules *rules,
    const struct sharing_member *member)
{
    struct text device = device_id(member->name);
    if (!member->here || !member->region.len || !member->leaf_digest.len)
        return 0;
    if (!household->has_rules)
        return member->share;
    return device.len ? kinds_of(rules, device) : 0;
}

static bool may_be_asked(const struct footage_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        if (rules->rules[i].incidents)
            return true;
    return false;
}

/* ---- rows ---- */

static void add_row(struct rows *rows, struct row row)
{
    if (row.cell.len > REGION + 1)
        rows->rows[rows->count++] = row;
}

static struct text cell_name(struct arena *arena, struct text region, struct text digest)
{
    const char *name =
        arena_printf(arena, "%.*s:%.*s", (int)region.len, region.data, (int)digest.len, digest.data);
    return text_of(name);
}

static struct rows rows_of(const struct sharing_household *household, const struct sharing_rules *rules,
    bool askable, struct arena *arena)
{
    size_t most = household->leaf_count + household->askable_count + 2 * household->member_count;
    struct rows all = {0, arena_alloc(arena, (most + 1) * sizeof *all.rows)};
    for (size_t i = 0; i < household->leaf_count; i++)
        add_row(&all, (struct row){.cell = household->leaves[i]});
    for (size_t i = 0; i < household->askable_count; i++)
        add_row(&all, (struct row){.cell = household->askable[i], .askable = true});
    for (size_t i = 0; i < household->member_count; i++) {
        const struct sharing_member *member = &household->members[i];
        uint32_t kinds = member_kinds(household, rules, member);
        if (kinds)
            add_row(&all, (struct row){.cell = cell_name(arena, member->region, member->leaf_digest),
                              .after = true,
                              .kinds = kinds});
        if (askable && member->here && member->region.len && member->askable_digest.len &&
            device_id(member->name).len)
            add_row(&all, (struct row){.cell = cell_name(arena, member->region, member->askable_digest),
                              .askable = true,
                              .after = true,
                              .member = member});
    }
    qsort(all.rows, all.count, sizeof *all.rows, by_cell);
    return all;
}

/* ---- what is to stand in a cell ---- */

static uint8_t *put_number(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

static uint8_t *put_bytes(uint8_t *at, const void *data, size_t len)
{
    if (len)
        memcpy(at, data, len);
    return at + len;
}

/* As scripts/askable.lua has it. */
static struct bytes pack_devices(
    struct bytes footage, const struct row *rows, size_t count, struct arena *arena)
{
    size_t size = FOOTAGE_HEAD + footage.len;
    for (size_t i = 0; i < count; i++)
        size += rows[i].after ? DEVICE_HEAD + rows[i].member->name.len : 0;
    uint8_t *packed = arena_take(arena, size), *at = put_number(packed, footage.len, FOOTAGE_HEAD);
    at = put_bytes(at, footage.data, footage.len);
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].after)
            continue;
        struct text id = device_id(rows[i].member->name);
        at = put_number(put_number(at, rows[i].member->number, 2), rows[i].member->since, 8);
        at = put_bytes(put_number(at, id.len, 1), id.data, id.len);
    }
    return (struct bytes){packed, (size_t)(at - packed)};
}

/* Rows of one cell and index. */
static size_t same_cell(const struct rows *all, size_t from)
{
    size_t to = from + 1;
    while (to < all->count && all->rows[to].askable == all->rows[from].askable &&
           text_equal(all->rows[to].cell, all->rows[from].cell))
        to++;
    return to - from;
}

static void take_cell(const struct sharing_household *household, const struct row *rows, size_t count,
    struct sharing_region *region, struct arena *arena)
{
    struct text cell = rows[0].cell;
    struct sharing_cell *out = &region->cells[region->cell_count++];
    *out = (struct sharing_cell){
        .digest = {cell.data + REGION + 1, cell.len - REGION - 1}, .askable = rows[0].askable};
    for (size_t i = 0; i < count; i++) {
        out->before = out->before || !rows[i].after;
        out->after = out->after || rows[i].after;
        region->kinds |= rows[i].kinds;
    }
    region->before = region->before || out->before;
    if (out->askable && out->after)
        out->devices = pack_devices(household->footage, rows, count, arena);
}

static void take_regions(const struct sharing_household *household, const struct rows *all,
    struct arena *arena, struct sharing_plan *out)
{
    struct sharing_cell *cells = arena_alloc(arena, (all->count + 1) * sizeof *cells);
    out->regions = arena_alloc(arena, (all->count + 1) * sizeof *out->regions);
    for (size_t at = 0, count; at < all->count; at += count) {
        const struct row *rows = &all->rows[at];
        struct sharing_region *region = out->region_count ? &out->regions[out->region_count - 1] : NULL;
        count = same_cell(all, at);
        if (!region || memcmp(region->tag, rows->cell.data, REGION) != 0) {
            region = &out->regions[out->region_count++];
            memcpy(region->tag, rows->cell.data, REGION);
            region->cells = cells;
        }
        take_cell(household, rows, count, region, arena);
        cells++;
    }
}

/* One line a member that shares: its name, the cell, the mask. */
static struct text shared_text(
    const struct sharing_household *household, const struct sharing_rules *rules, struct arena *arena)
{
    enum { MASK = 16 };
    size_t size = 1, at = 0;
    for (size_t i = 0; i < household->member_count; i++) {
        const struct sharing_member *member = &household->members[i];
        size += member->name.len + member->region.len + member->leaf_digest.len + MASK;
    }
    char *text = arena_alloc(arena, size);
    for (size_t i = 0; i < household->member_count; i++) {
        const struct sharing_member *m = &household->members[i];
        uint32_t kinds = member_kinds(household, rules, m);
        if (kinds)
            at += (size_t)snprintf(text + at, size - at, "%s%.*s %.*s:%.*s %u", at ? "\n" : "",
                (int)m->name.len, m->name.data, (int)m->region.len, m->region.data, (int)m->leaf_digest.len,
                m->leaf_digest.data, (unsigned)kinds);
    }
    return (struct text){text, at};
}

bool sharing_plan_make(
    const struct sharing_household *household, struct arena *arena, struct sharing_plan *out)
{
    struct sharing_rules rules;
    struct footage_rules footage;
    *out = (struct sharing_plan){0};
    if (!household_sharing_read(household->sharing, TEXT(""), arena, &rules) ||
        !household_footage_read(household->footage, arena, &footage))
        return false;
    if (household->member_count)
        qsort(household->members, household->member_count, sizeof *household->members, by_name);
    struct rows all = rows_of(household, &rules, may_be_asked(&footage), arena);
    take_regions(household, &all, arena, out);
    out->shared = shared_text(household, &rules, arena);
    return true;
}
