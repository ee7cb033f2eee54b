/* What the scripted store knows of places: the operator's table of geocodes, and how many follow. */
#include <math.h>

#include "tests/stories/stage_store_inside.h"

#include "geo/geo.h"
#include "proto/codec.h"

/* ---- geocodes ---- */

void store_geocodes(struct store *store, const struct store_geocode *asked, size_t count,
    store_geocodes_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_GEOCODES, arg, "%zu", count);
    assert_true(count <= sizeof(call->codes) / sizeof(call->codes[0]));
    call->geocodes = done;
    call->count = count;
    for (size_t i = 0; i < count; i++)
        snprintf(call->codes[i], sizeof(call->codes[i]), "%.*s %.*s", (int)asked[i].scheme.len,
            asked[i].scheme.data, (int)asked[i].code.len, asked[i].code.data);
}

void stage_answer_geocodes(struct call *call, enum store_status status)
{
    struct store *store = the_store();
    struct bytes areas[16] = {{0}};
    struct store_geocodes found = {status, status == STORE_OK ? call->count : 0, areas};
    for (size_t i = 0; i < found.count; i++) {
        for (size_t n = 0; n < store->geocode_count; n++) {
            if (strcmp(store->geocodes[n].code, call->codes[i]) == 0)
                areas[i] = store->geocodes[n].area;
        }
    }
    call->geocodes(call->arg, &found);
}

/* The box around cells of one row, or one cell, as polygons are kept. */
struct bytes stage_box(const char *cell_name)
{
    struct arena arena;
    geo_cell cell;
    assert_int_equal(geo_parse(cell_name, strlen(cell_name), &cell), GEO_OK);
    struct geo_box box = geo_bounds(cell);
    int32_t south = (int32_t)lround(box.south * 1e7), north = (int32_t)lround(box.north * 1e7),
            west = (int32_t)lround(box.west * 1e7), east = (int32_t)lround(box.east * 1e7);
    struct position corners[] = {{south, west}, {south, east}, {north, east}, {north, west}, {south, west}};
    struct ring ring = {5, corners};
    struct polygon polygon = {1, &ring};
    struct place place = {.kind = PLACE_POLYGONS, .polygon_count = 1, .polygons = &polygon};
    arena_init(&arena, NULL, 0);
    struct bytes bytes = stage_copy(codec_encode_polygons(&place, &arena));
    arena_free(&arena);
    return bytes;
}

void geocode_is(const char *code, const char *cell)
{
    struct store *store = the_store();
    assert_true(store->geocode_count < sizeof(store->geocodes) / sizeof(store->geocodes[0]));
    struct kept_geocode *geocode = &store->geocodes[store->geocode_count++];
    snprintf(geocode->code, sizeof(geocode->code), "%s", code);
    geocode->area = stage_box(cell);
}

void stage_geocodes_free(struct store *store)
{
    for (size_t i = 0; i < store->geocode_count; i++)
        stage_drop(&store->geocodes[i].area);
}

/* ---- followers ---- */

void store_followers_tell(struct store *store, const struct store_follower_count *counts, size_t count)
{
    (void)store;
    char words[400] = "";
    for (size_t i = 0; i < count && i < 16; i++)
        snprintf(words + strlen(words), sizeof(words) - strlen(words), " %s=%u", counts[i].leaf,
            counts[i].followers);
    stage_note(CALL_TELL, "%zu%s", count, words);
}

void store_followers(
    struct store *store, const char (*leaves)[13], size_t count, store_followers_done *done, void *arg)
{
    (void)store;
    struct call *call = stage_called(CALL_FOLLOWERS, arg, "%zu from %s", count, count ? leaves[0] : "-");
    call->followers = done;
}

void stage_answer_followers(struct call *call, enum store_status status)
{
    call->followers(call->arg, status, status == STORE_OK ? the_store()->followers : 0);
}

void followers_are(uint64_t followers)
{
    the_store()->followers = followers;
}

/* ---- new cells ---- */

void store_cells(struct store *store, const struct store_cells *cells, store_cells_done *done, void *arg)
{
    (void)store;
    struct call *call =
        stage_called(CALL_CELLS, arg, "%.*s%s at most %u: %zu from %s", (int)cells->who.len, cells->who.data,
            cells->address ? " (address)" : "", cells->limit, cells->count, cells->cells[0].geohash);
    assert_true(cells->count <= 64);
    call->cells = done;
    call->count = cells->count;
    call->together = cells->together;
    for (size_t i = 0; i < cells->count; i++)
        call->counts[i] = cells->cells[i].counts;
}

void stage_answer_cells(struct call *call, enum store_status status)
{
    uint64_t *left = &the_store()->cells_left, sum = 0;
    char granted[64];
    for (size_t i = 0; i < call->count; i++)
        sum += call->counts[i];
    for (size_t i = 0; i < call->count; i++) {
        granted[i] = call->counts[i] <= *left && (!call->together || sum <= *left) ? '1' : '0';
        sum -= granted[i] == '1' ? call->counts[i] : 0;
        *left -= granted[i] == '1' ? call->counts[i] : 0;
    }
    call->cells(call->arg, &(struct store_cells_result){status, call->count, granted});
}

void cells_left(uint64_t cells)
{
    the_store()->cells_left = cells;
}
