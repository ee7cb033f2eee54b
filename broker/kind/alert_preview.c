/* What an alert would reach, before it is sent: its channels, its area, and how many follow something there,
 * to the nearest power of ten. Nothing is stored. */
#include "broker/kind/alert_job.h"

/* How many leaf cells are asked about. Of larger areas each nth along the curve is, and counts for all. */
enum { ASKED_MOST = 32768 };

struct count {
    const struct geo_prepared *shape;
    int leaf_precision;
    uint64_t seen, stride;
    size_t taken;
    char (*leaves)[13]; /* NULL: they are only counted */
};

static void take(struct count *count, geo_cell leaf)
{
    if (count->seen++ % count->stride || !count->leaves || count->taken == ASKED_MOST)
        return;
    geo_format(leaf, count->leaves[count->taken++]);
}

/* All leaf cells of a cell that lies wholly inside. */
static void take_all(struct count *count, geo_cell cell)
{
    int shift = 64 - 5 * count->leaf_precision;
    uint64_t leaves = UINT64_C(1) << 5 * (count->leaf_precision - geo_precision(cell));

    if (!count->leaves) {
        count->seen += leaves;
        return;
    }
    for (uint64_t i = 0; i < leaves; i++)
        take(count, (cell & ~(geo_cell)15) | i << shift | (geo_cell)count->leaf_precision);
}

static void visit(struct count *count, geo_cell cell)
{
    geo_cell children[32];

    if (!geo_prepared_touches_cell(count->shape, cell))
        return;
    if (geo_precision(cell) >= count->leaf_precision) {
        take(count, cell);
    } else if (geo_prepared_side(count->shape, cell) == GEO_IN) {
        take_all(count, cell);
    } else {
        int children_count = geo_children(cell, children);
        for (int i = 0; i < children_count; i++)
            visit(count, children[i]);
    }
}

static void visit_channels(struct count *count, const struct alert_job *job)
{
    count->seen = 0;
    for (size_t i = 0; i < job->channel_count; i++) {
        geo_cell cell;
        if (geo_parse(job->channels[i], strlen(job->channels[i]), &cell) == GEO_OK)
            visit(count, cell);
    }
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
    struct count count = {job->prepared, publication->broker->options.leaf_precision, 0, 1, 0, NULL};

    publication->broker->counters.alerts_previewed++;
    outcome->cells = (const char(*)[13])job->channels;
    outcome->cell_count = job->channel_count;
    outcome->area_km2 = job->area_km2;
    outcome->approval = job->approval;
    if (job->channel_count == 0)
        return STEP_GO_ON;
    visit_channels(&count, job);
    count.stride = (count.seen + ASKED_MOST - 1) / ASKED_MOST;
    count.leaves = arena_take(&publication->arena, ASKED_MOST * sizeof *count.leaves);
    visit_channels(&count, job);
    struct asked *asked = arena_take(&publication->arena, sizeof *asked);
    *asked = (struct asked){publication, count.stride};
    publication->stores = 1;
    store_followers(publication->broker->store, (const char(*)[13])count.leaves, count.taken, counted, asked);
    return STEP_WAIT;
}
