/* What an alert would reach, before it is sent: its channels, its area, and how many follow something there,
 * to the nearest power of ten. Nothing is stored. */
#include "bridge/seal.h"
#include "broker/kind/alert_job.h"

/* How many leaf cells are asked about. Of larger areas each nth along the curve is, and counts for all.
 * And how often the shape is looked at, so that no shape holds up the process: where that is not enough to
 * come down to leaf cells, coarser ones at its edge count as a whole. */
enum { ASKED_MOST = 32768, LOOKS_MOST = 16384 };

struct parts {
    const struct geo_prepared *shape;
    int leaf_precision, looks;
    size_t count;
    geo_cell *cells; /* that the area is made of; coarse ones first */
};

static uint64_t leaves_of(const struct parts *parts, geo_cell cell)
{
    return UINT64_C(1) << 5 * (parts->leaf_precision - geo_precision(cell));
}

/* The cell's children that the shape touches in place of the cell. False: it stays whole. */
static bool divide(struct parts *parts, geo_cell cell)
{
    geo_cell children[32];

    if (geo_precision(cell) >= parts->leaf_precision || parts->looks + 32 > LOOKS_MOST ||
        geo_prepared_side(parts->shape, cell) == GEO_IN)
        return false;
    int children_count = geo_children(cell, children);
    parts->looks += children_count;
    for (int i = 0; i < children_count; i++) {
        if (geo_prepared_touches_cell(parts->shape, children[i]))
            parts->cells[parts->count++] = children[i];
    }
    return true;
}

static void find_parts(struct parts *parts, const struct alert_job *job)
{
    size_t kept = 0;

    for (size_t i = 0; i < job->channel_count; i++) {
        if (geo_parse(job->channels[i], strlen(job->channels[i]), &parts->cells[parts->count]) == GEO_OK)
            parts->count++;
    }
    for (size_t i = 0; i < parts->count; i++) {
        geo_cell cell = parts->cells[i];
        if (!divide(parts, cell))
            parts->cells[kept++] = cell;
    }
    parts->count = kept;
}

static uint64_t all_leaves(const struct parts *parts)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < parts->count; i++)
        sum += leaves_of(parts, parts->cells[i]);
    return sum;
}

/* Each stride-th leaf cell. Gives back how many. */
static size_t take_leaves(const struct parts *parts, uint64_t stride, char (*out)[13])
{
    int shift = 64 - 5 * parts->leaf_precision;
    uint64_t next = 0; /* leaves to pass over in this part */
    size_t taken = 0;

    for (size_t i = 0; i < parts->count; i++) {
        geo_cell cell = parts->cells[i] & ~(geo_cell)15;
        uint64_t leaves = leaves_of(parts, parts->cells[i]);
        for (; next < leaves && taken < ASKED_MOST; next += stride)
            geo_format(cell | next << shift | (geo_cell)parts->leaf_precision, out[taken++]);
        next -= leaves;
    }
    return taken;
}

/* 0, 10, 100 …: never so exact that one follower could be told from none. */
static uint64_t order_of_magnitude(uint64_t followers)
{
    uint64_t order = 10;

    if (followers == 0)
        return 0;
    while (followers / order > 3) /* √10 is where the next power becomes the nearer one */
        order *= 10;
    return followers * 10 < order * 32 ? order : order * 10;
}

struct asked {
    struct publication *publication;
    uint64_t stride;
};

static void counted(void *arg, enum store_status status, uint64_t followers)
{
    struct asked *asked = arg;

    asked->publication->outcome.followers = order_of_magnitude(followers * asked->stride);
    pipeline_stored(asked->publication, status);
}

enum step_result alert_preview(struct publication *publication)
{
    struct alert_job *job = alert_job(publication);
    struct outcome *outcome = &publication->outcome;
    struct parts parts = {job->prepared, publication->broker->options.leaf_precision, 0, 0, NULL};

    publication->broker->counters.alerts_previewed++;
    outcome->cells = (const char(*)[13])job->channels;
    outcome->cell_count = job->channel_count;
    outcome->area_km2 = job->area_km2;
    outcome->approval = job->approval;
    seal_public_id(publication->broker->seal, text_of(publication->principal->name),
        publication->alert.sender_alert_id, outcome->public_id);
    if (job->channel_count == 0)
        return STEP_GO_ON;
    parts.cells = arena_take(&publication->arena, (job->channel_count + LOOKS_MOST) * sizeof *parts.cells);
    find_parts(&parts, job);
    uint64_t stride = (all_leaves(&parts) + ASKED_MOST - 1) / ASKED_MOST;
    char(*leaves)[13] = arena_take(&publication->arena, ASKED_MOST * sizeof *leaves);
    size_t taken = take_leaves(&parts, stride, leaves);
    struct asked *asked = arena_take(&publication->arena, sizeof *asked);
    *asked = (struct asked){publication, stride};
    publication->stores = 1;
    store_followers(publication->broker->store, (const char(*)[13])leaves, taken, counted, asked);
    return STEP_WAIT;
}
