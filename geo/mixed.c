/* Covers of mixed precision with at most N cells. First a tree of cells that a border crosses is grown from
 * the coarsest down, as far as N cells could pay for; then one pass over it finds, for every number of cells
 * at once, the least area (the knapsack over a tree in depth-first order): exact on the tree grown. */
#include "geo/internal.h"
#include <string.h>

/* NODES bounds the tree, so that all fits on the stack. A level of cells is divided further while it has no
 * more than GENEROUS times the cells allowed: dividing costs a cell or more each, so that few of a larger
 * level could be divided. */
enum { NODES = 2048, GENEROUS = 6, WORDS = GEO_COVER_CELLS / 64 + 1 };

struct node {
    geo_cell cell;
    uint32_t touched, inside; /* children */
    uint32_t divided;         /* those of them that are nodes */
    int first;                /* the first of these, the others follow */
    bool whole;               /* may stand in the cover undivided */
    double area, rest;        /* of the cell, and of the children that are no nodes */
};

struct tree {
    const struct geo_prepared *shape;
    struct geo_limits limits;
    struct node nodes[NODES];
    int count;
    struct level {
        double area, step_sin,
            step_cos; /* of a cell were it at the equator; of the latitude from row to row */
    } levels[GEO_MAX_PRECISION + 1];
    /* least[k]: the least area with k cells, of what has been passed, infinite above most; before[d]: as it
     * was before the node of depth d. */
    int most;
    double least[GEO_COVER_CELLS + 1], before[GEO_MAX_PRECISION + 1][GEO_COVER_CELLS + 1];
    uint64_t kept[NODES][WORDS]; /* bit k: with k cells so far, the node is best kept whole */
};

/* ---- growing ---- */

/* The cells of a precision: what their areas are made of. */
static void measure_level(struct tree *tree, int precision)
{
    double height = M_PI / (double)(UINT64_C(1) << 5 * precision / 2);
    double width = 2 * M_PI / (double)(UINT64_C(1) << (5 * precision + 1) / 2);
    tree->levels[precision] = (struct level){
        GEO_EARTH_RADIUS * GEO_EARTH_RADIUS * width * 2 * sin(height / 2), sin(height), cos(height)};
}

/* The area of a child of each row; returns how many rows. It is that at the equator times the cosine of the
 * row's middle. */
static int measure_rows(const struct tree *tree, geo_cell parent, double areas[8])
{
    int rows = geo_precision(parent) % 2 == 0 ? 4 : 8;
    struct geo_box box = geo_bounds(parent);
    const struct level *level = &tree->levels[geo_precision(parent) + 1];
    double lat = (box.south + (box.north - box.south) / rows / 2) * GEO_RADIANS, s = sin(lat), c = cos(lat);
    for (int row = 0; row < rows; row++) {
        areas[row] = level->area * c;
        double turned = s * level->step_cos + c * level->step_sin;
        c = c * level->step_cos - s * level->step_sin;
        s = turned;
    }
    return rows;
}

static int touched_rest(const struct node *node)
{
    return __builtin_popcount(node->touched & ~node->divided);
}

/* Children of the node become nodes where a division may help: border cells, and inside ones coarser than
 * allowed. */
static void grow_node(struct tree *tree, struct node *node)
{
    struct geo_brood brood = geo_brood_of(tree->shape, node->cell);
    int precision = geo_precision(node->cell) + 1;
    node->touched = brood.touched;
    node->inside = brood.inside;
    node->first = tree->count;
    node->divided = precision >= tree->limits.finest ? 0 : brood.touched;
    if (precision >= tree->limits.coarsest)
        node->divided &= ~brood.inside;
    if (tree->count + __builtin_popcount(node->divided) > NODES)
        node->divided = 0, tree->count = NODES + 1;
    double areas[8];
    int rows = measure_rows(tree, node->cell, areas);
    for (int row = 0; row < rows; row++) {
        uint32_t here = geo_brood_row(node->cell, row);
        node->rest += areas[row] * __builtin_popcount(here & node->touched & ~node->divided);
    }
    for (uint32_t left = node->divided; left != 0; left &= left - 1) {
        int number = __builtin_ctz(left);
        tree->nodes[tree->count++] = (struct node){.cell = geo_child(node->cell, number),
            .whole = precision >= tree->limits.coarsest,
            .area = areas[geo_child_row(node->cell, number)]};
    }
}

static void undivide(const struct tree *tree, struct node *node)
{
    for (int i = __builtin_popcount(node->divided); i > 0; i--)
        node->rest += tree->nodes[node->first + i - 1].area;
    node->divided = 0;
}

/* Level by level; a level too large to be divided is taken back and its cells are children again. */
static enum geo_error grow(struct tree *tree)
{
    int level = 0, next = 1, parents = 0;
    tree->nodes[0] = (struct node){.cell = geo_root_of(tree->shape, tree->limits.coarsest - 1)};
    tree->count = 1;
    for (int precision = geo_precision(tree->nodes[0].cell); precision < tree->limits.finest && level < next;
         precision++) {
        size_t width = (size_t)(next - level);
        bool must = precision < tree->limits.coarsest;
        if (must && width > tree->limits.cells)
            return GEO_NO_ROOM;
        if (!must && width > GENEROUS * tree->limits.cells)
            tree->count = NODES + 1;
        measure_level(tree, precision + 1);
        for (int i = level; i < next && tree->count <= NODES; i++)
            grow_node(tree, &tree->nodes[i]);
        if (tree->count > NODES) {
            if (must)
                return GEO_NO_ROOM;
            tree->count = level;
            for (int i = parents; i < level; i++)
                undivide(tree, &tree->nodes[i]);
            break;
        }
        parents = level, level = next, next = tree->count;
    }
    return GEO_OK;
}

/* ---- choosing ---- */

static int room_after(const struct tree *tree, int cells)
{
    int limit = (int)tree->limits.cells;
    return tree->most + cells < limit ? tree->most + cells : limit;
}

/* Adds cells that are taken in any case. */
static void add_cells(struct tree *tree, int cells, double area)
{
    int most = room_after(tree, cells);
    for (int k = most; cells > 0 && k >= 0; k--)
        tree->least[k] = k >= cells ? tree->least[k - cells] + area : HUGE_VAL;
    tree->most = most;
}

/* The choice at a node for every number of cells: the node, or what is below it. Without nodes below, that is
 * least[k - cells] + rest, as it was before; walking downwards, it still is. */
static void choose_at(
    struct tree *tree, const struct node *node, int cells, double rest, const double *before, uint64_t *kept)
{
    double *least = tree->least;
    for (int word = tree->most / 64; word >= 0; word--) {
        uint64_t bits = 0;
        int low = word > 0 ? 64 * word : 1, high = 64 * word + 63 < tree->most ? 64 * word + 63 : tree->most;
        int k = high;
        for (; k >= low && k >= cells; k--) {
            double split = least[k - cells] + rest, whole = before[k - 1] + node->area;
            least[k] = geo_min(whole, split);
            bits |= (uint64_t)(whole <= split) << k % 64;
        }
        for (; k >= low; k--) { /* too few for what is below */
            least[k] = before[k - 1] + node->area;
            bits |= UINT64_C(1) << k % 64;
        }
        kept[word] = bits;
    }
}

static void pass_node(struct tree *tree, int index)
{
    const struct node *node = &tree->nodes[index];
    uint64_t *kept = tree->kept[index];
    int cells = touched_rest(node), most_before = tree->most;
    memset(kept, 0, (tree->limits.cells / 64 + 1) * sizeof *kept);
    if (node->whole && node->divided == 0 && cells > 0) {
        tree->most = room_after(tree, cells);
        choose_at(tree, node, cells, node->rest, tree->least, kept);
        tree->least[0] = HUGE_VAL;
        return;
    }
    double *before = tree->before[geo_precision(node->cell)];
    int child = node->first;
    memcpy(before, tree->least, (size_t)(most_before + 1) * sizeof *before);
    add_cells(tree, cells, node->rest);
    for (uint32_t left = node->divided; left != 0; left &= left - 1)
        pass_node(tree, child++);
    for (int k = most_before + 1; k < tree->most; k++)
        before[k] = HUGE_VAL;
    if (node->whole)
        choose_at(tree, node, 0, 0, before, kept);
}

/* The cover as it is gathered, backwards from the last cell. */
struct gathering {
    geo_cell *end;
    int cells; /* still to come */
    bool forced;
};

/* Follows the choices back from the last node to the first. */
static void gather(const struct tree *tree, int index, struct gathering *to)
{
    const struct node *node = &tree->nodes[index];
    if ((tree->kept[index][to->cells / 64] >> to->cells % 64 & 1) != 0) {
        *--to->end = node->cell;
        to->cells--;
        to->forced = true;
        return;
    }
    int child = node->first + __builtin_popcount(node->divided);
    for (uint32_t left = node->divided; left != 0; left &= ~(UINT32_C(1) << (31 - __builtin_clz(left))))
        gather(tree, --child, to);
    uint32_t rest = node->touched & ~node->divided;
    to->forced |= (rest & ~node->inside) != 0 && geo_precision(node->cell) + 1 < tree->limits.finest;
    for (; rest != 0; rest &= rest - 1, to->cells--)
        *--to->end = geo_child(node->cell, __builtin_ctz(rest));
}

static void sort_cells(geo_cell *cells, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        geo_cell cell = cells[i];
        size_t at = i;
        for (; at > 0 && cells[at - 1] > cell; at--)
            cells[at] = cells[at - 1];
        cells[at] = cell;
    }
}

static enum geo_error choose(struct tree *tree, geo_cell *out, struct geo_cover *cover)
{
    int limit = (int)tree->limits.cells, best = 0;
    tree->least[0] = 0;
    tree->most = 0;
    for (int k = 1; k <= limit; k++)
        tree->least[k] = HUGE_VAL;
    pass_node(tree, 0);
    for (int k = 1; k <= limit; k++)
        if (tree->least[k] < tree->least[best] || (best == 0 && tree->least[k] < HUGE_VAL))
            best = k;
    if (tree->least[best] == HUGE_VAL)
        return GEO_NO_ROOM;
    struct gathering to = {out + best, best, false};
    cover->count = (size_t)best;
    cover->area = tree->least[best];
    gather(tree, 0, &to);
    cover->forced = to.forced;
    sort_cells(out, cover->count);
    return GEO_OK;
}

enum geo_error geo_prepared_cover_mixed(
    const struct geo_prepared *shape, struct geo_limits limits, geo_cell *out, struct geo_cover *cover)
{
    struct tree tree;
    *cover = (struct geo_cover){0, 0, false};
    enum geo_error error = geo_limits_check(limits);
    if (error != GEO_OK)
        return error;
    tree.shape = shape;
    tree.limits = limits;
    error = grow(&tree);
    if (error == GEO_OK)
        error = choose(&tree, out, cover);
    return error;
}

enum geo_error geo_cover_mixed(
    const struct geo_shape *shape, struct geo_limits limits, geo_cell *out, struct geo_cover *cover)
{
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_prepared prepared;
    geo_prepare_in(shape, room, GEO_STACK_RUNS, &prepared);
    return geo_prepared_cover_mixed(&prepared, limits, out, cover);
}
