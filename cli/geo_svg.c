/* The picture: light cells, darker where they lie wholly in the area, their geohashes where there is room,
 * the area's line over them, and what the cover costs below. Latitudes and longitudes are drawn straight, as
 * GeoJSON means its lines, longitudes narrower by the cosine of the middle latitude. */
#include "cli/geo_svg.h"

#include <math.h>

#include "cli/geo_outline.h"

enum { LONG_SIDE = 760, MARGIN = 20, CAPTION = 56, LEAST_WIDTH = 520, LETTER = 7 };

struct picture {
    FILE *to;
    struct geo_box box;      /* what is seen; east may pass 180 */
    double left, across, up; /* pixels: beside the map, and a degree of longitude and of latitude */
    double width, height;    /* of the map */
};

static double x_of(const struct picture *picture, double lon)
{
    return picture->left + (lon - picture->box.west) * picture->across;
}

static double y_of(const struct picture *picture, double lat)
{
    return MARGIN + (picture->box.north - lat) * picture->up;
}

/* ---- what is seen ---- */

/* The turn of the globe, in degrees, that brings a box that far west next to the middle of what is seen. */
static double turn_to(struct geo_box seen, double west, double east)
{
    return 360 * round(((seen.west + seen.east) - (west + east)) / 720);
}

static void widen(struct geo_box *seen, struct geo_box by)
{
    double turn = turn_to(*seen, by.west, by.east);
    seen->south = fmin(seen->south, by.south);
    seen->north = fmax(seen->north, by.north);
    seen->west = fmin(seen->west, by.west + turn);
    seen->east = fmax(seen->east, by.east + turn);
}

static struct picture frame(FILE *to, const struct geo_area *area, const struct area_cover *cover)
{
    struct geo_box box = geo_shape_box(&area->shape);
    if (box.east - box.west >= 360)
        box.west = -180, box.east = 180;
    else
        for (size_t i = 0; i < cover->told.count; i++)
            widen(&box, geo_bounds(cover->cells[i]));
    for (size_t i = 0; i < cover->told.count; i++) {
        box.south = fmin(box.south, geo_bounds(cover->cells[i]).south);
        box.north = fmax(box.north, geo_bounds(cover->cells[i]).north);
    }
    double narrow = fmax(cos((box.south + box.north) * M_PI / 360), 0.05);
    double wide = fmax((box.east - box.west) * narrow, 1e-9), high = fmax(box.north - box.south, 1e-9);
    double up = LONG_SIDE / fmax(wide, high);
    struct picture out = {.to = to, .box = box, .across = up * narrow, .up = up, .width = wide * up};
    out.height = high * up;
    out.left = MARGIN + fmax(LEAST_WIDTH - out.width, 0) / 2;
    return out;
}

/* ---- cells ---- */

static void draw_cell(const struct picture *picture, const struct geo_area *area, geo_cell cell)
{
    struct geo_box box = geo_bounds(cell);
    char text[GEO_CELL_TEXT];
    double turn = turn_to(picture->box, box.west, box.east);
    double x = x_of(picture, box.west + turn), y = y_of(picture, box.north);
    double width = (box.east - box.west) * picture->across, height = (box.north - box.south) * picture->up;
    size_t letters = geo_format(cell, text);
    fprintf(picture->to, "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>\n",
        geo_side_word(geo_prepared_side(area->prepared, cell)), x, y, width, height);
    if (width > (double)letters * LETTER + 6 && height > 16)
        fprintf(picture->to, "<text class=\"cell\" x=\"%.2f\" y=\"%.2f\">%s</text>\n", x + width / 2,
            y + height / 2 + 4, text);
}

/* ---- the area's line ---- */

/* Points nearer than a tenth of a pixel to the one before are left out. */
static void draw_ring(const struct picture *picture, struct geo_ring line, double turn)
{
    double before_x = 0, before_y = 0;
    for (size_t i = 0; i < line.count; i++) {
        double x = x_of(picture, line.points[i].lon + turn), y = y_of(picture, line.points[i].lat);
        if (i > 0 && fabs(x - before_x) < 0.1 && fabs(y - before_y) < 0.1)
            continue;
        fprintf(picture->to, "%s%.1f %.1f", i == 0 ? "M" : "L", x, y);
        before_x = x, before_y = y;
    }
    fputs(line.count > 0 ? "Z" : "", picture->to);
}

/* Of a ring that is seen next to its west or east again, each view; the rest is cut off by the map's border.
 */
static void draw_turns(const struct picture *picture, struct geo_ring line)
{
    double west = INFINITY, east = -INFINITY;
    for (size_t i = 0; i < line.count; i++) {
        west = fmin(west, line.points[i].lon);
        east = fmax(east, line.points[i].lon);
    }
    for (double turn = -720; line.count > 0 && turn <= 720; turn += 360)
        if (east + turn >= picture->box.west && west + turn <= picture->box.east)
            draw_ring(picture, line, turn);
}

static void draw_area(const struct picture *picture, const struct geo_shape *shape, struct arena *arena)
{
    if (shape->kind == GEO_CIRCLE) {
        fputs("<path class=\"area\" d=\"", picture->to);
        draw_turns(picture, geo_outline_circle(shape->center, shape->radius, arena));
        fputs("\"/>\n", picture->to);
    }
    for (size_t i = 0; i < shape->polygon_count; i++) {
        fputs("<path class=\"area\" d=\"", picture->to);
        for (size_t r = 0; r < shape->polygons[i].count; r++)
            draw_turns(picture, geo_outline_ring(shape->polygons[i].rings[r], arena));
        fputs("\"/>\n", picture->to);
    }
}

/* ---- the caption ---- */

/* Square metres in the unit that fits. */
static const char *in_words(double area, char out[32])
{
    bool small = fabs(area) < 1e5;
    snprintf(out, 32,
        small              ? "%.0f m²"
        : fabs(area) < 1e8 ? "%.2f km²"
                           : "%.0f km²",
        small ? area : area / 1e6);
    return out;
}

static void draw_caption(
    const struct picture *picture, const struct geo_area *area, const struct area_cover *cover, double width)
{
    char cells[32], shape[32], excess[32], precision[64] = "";
    double area_metres = geo_shape_area(&area->shape), y = picture->height + 2 * MARGIN + 8;
    if (cover->coarsest < cover->finest)
        snprintf(precision, sizeof precision, " of precision %d to %d", cover->coarsest, cover->finest);
    else if (cover->finest > 0)
        snprintf(precision, sizeof precision, " of precision %d", cover->finest);
    fprintf(picture->to, "<text x=\"%.1f\" y=\"%.1f\">%zu cell%s%s: %s, for an area of %s</text>\n",
        width / 2, y, cover->told.count, cover->told.count == 1 ? "" : "s", precision,
        in_words(cover->told.area, cells), in_words(area_metres, shape));
    fprintf(picture->to, "<text class=\"small\" x=\"%.1f\" y=\"%.1f\">%s %s", width / 2, y + 20,
        in_words(cover->excess, excess), cover->interior ? "of it are missing" : "more than the area");
    if (area_metres > 0)
        fprintf(picture->to, " (%.2f times it)", cover->excess / area_metres);
    fprintf(picture->to, "%s</text>\n",
        !cover->told.forced ? ""
        : cover->interior   ? "; more cells would miss less"
                            : "; more cells would fit closer");
}

static const char style[] =
    "text{font:14px sans-serif;fill:#333;text-anchor:middle}.small{font-size:12px;fill:#666}"
    ".cell{font-size:11px;fill:#47698a}rect.partly{fill:#e4eff9}rect.in{fill:#c3dcf1}"
    "rect.partly,rect.in,rect.out{stroke:#7fa6cb;stroke-width:.8}"
    ".area{fill:#e0662f;fill-opacity:.16;fill-rule:evenodd;stroke:#c8501b;stroke-width:1.6;"
    "stroke-linejoin:round}";

void geo_svg_write(FILE *to, const struct geo_area *area, const struct area_cover *cover, struct arena *arena)
{
    struct picture picture = frame(to, area, cover);
    double width = 2 * picture.left + picture.width, height = picture.height + 2 * MARGIN + CAPTION;
    fprintf(to,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.2f "
        "%.2f\" role=\"img\">\n<title>An area and the cells that %s</title>\n<style>%s</style>\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fdfdfb\"/>\n"
        "<clipPath id=\"map\"><rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/></clipPath>\n"
        "<g clip-path=\"url(#map)\">\n",
        width, height, width, height, cover->interior ? "lie in it" : "cover it", style, picture.left - 2,
        MARGIN - 2.0, picture.width + 4, picture.height + 4);
    for (size_t i = 0; i < cover->told.count; i++)
        draw_cell(&picture, area, cover->cells[i]);
    draw_area(&picture, &area->shape, arena);
    fputs("</g>\n", to);
    draw_caption(&picture, area, cover, width);
    fputs("</svg>\n", to);
}
