/* The live feed in the terminal:
 *
 *   14:02   420 m NE  crime, severe       Los Angeles Police, confirmed   Burglary in progress    until 16:00
 *   14:03   ~1 km S   person              a neighbor's device             came into view, 87 %
 */
#include "cli/feed.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/columns.h"
#include "cli/place.h"

enum { WHAT_WIDTH = 20, WHO_WIDTH = 30, FIXED_WIDTH = 76, TEXT_LEAST = 16, UNTIL_WIDTH = 18 };

#define DAY_MS INT64_C(86400000)

static const char plain[] = "\033[0m", dim[] = "\033[2m", red[] = "\033[1;31m", yellow[] = "\033[33m",
                  cyan[] = "\033[36m", green[] = "\033[32m";

/* One line before it is printed. */
struct line {
    char time[16], distance[16], what[64], who[COLUMN_TEXT], text[COLUMN_TEXT], until[32];
    const char *direction, *colour;
};

struct feed_view feed_view_of(const struct geo_point *me)
{
    struct feed_view view = {.has_me = me != NULL};
    struct winsize size;
    const char *no_colour = getenv("NO_COLOR");
    bool terminal = isatty(STDOUT_FILENO);
    if (me)
        view.me = *me;
    view.colour = terminal && !(no_colour && *no_colour);
    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        view.width = size.ws_col;
    return view;
}

/* ---- where ---- */

/* A point that stands for the shape when one asks in which direction it lies. */
static struct geo_point middle_of(const struct geo_shape *shape)
{
    if (shape->kind != GEO_POLYGONS || shape->polygon_count == 0)
        return shape->center;
    const struct geo_ring *outline = &shape->polygons[0].rings[0];
    struct geo_point sum = {0, 0};
    for (size_t i = 0; i + 1 < outline->count; i++) {
        sum.lat += outline->points[i].lat;
        sum.lon += outline->points[i].lon;
    }
    double points = outline->count > 1 ? (double)(outline->count - 1) : 1;
    return (struct geo_point){sum.lat / points, sum.lon / points};
}

/* The first of eight directions in which one sets out from a to b on a great circle. */
static const char *direction_of(struct geo_point a, struct geo_point b)
{
    static const char *const names[] = {"N", "NE", "E", "SE", "S", "SW", "W", "NW"};
    const double radian = M_PI / 180;
    double turn = (b.lon - a.lon) * radian, from = a.lat * radian, to = b.lat * radian;
    double east = sin(turn) * cos(to), north = cos(from) * sin(to) - sin(from) * cos(to) * cos(turn);
    double eighths = atan2(east, north) / (M_PI / 4);
    return names[(int)floor(eighths + 8.5) % 8];
}

static void say_distance(struct line *line, double metres, bool roughly)
{
    const char *about = roughly ? "~" : "";
    if (metres < 1)
        snprintf(line->distance, sizeof line->distance, "here");
    else if (metres < 1000)
        snprintf(line->distance, sizeof line->distance, "%s%.0f m", about, ceil(metres / 10) * 10);
    else
        snprintf(line->distance, sizeof line->distance, "%s%.1f km", about, metres / 1000);
}

static void locate_alert(
    const struct feed_view *view, const struct alert *alert, struct line *line, struct arena *arena)
{
    if (!view->has_me || alert->place.kind == PLACE_NONE)
        return;
    struct geo_shape shape = place_shape(&alert->place, arena);
    double metres = geo_shape_distance(&shape, view->me);
    say_distance(line, metres, alert->sender_kind != SENDER_AGENCY); /* a resident's place is its cell */
    if (metres >= 1)
        line->direction = direction_of(view->me, middle_of(&shape));
}

static void locate_cell(const struct feed_view *view, struct text cell_text, struct line *line)
{
    geo_cell cell;
    if (!view->has_me || geo_parse(cell_text.data, cell_text.len, &cell) != GEO_OK)
        return;
    struct geo_box box = geo_bounds(cell);
    bool inside = view->me.lat >= box.south && view->me.lat < box.north && view->me.lon >= box.west &&
                  view->me.lon < box.east;
    say_distance(line, inside ? 0 : geo_distance(view->me, geo_center(cell)), true);
    line->direction = inside ? "" : direction_of(view->me, geo_center(cell));
}

/* ---- when ---- */

/* "14:02" within a day, else "24 Nov". */
static void say_time(int64_t ms, char *out, size_t size)
{
    time_t seconds = ms / 1000;
    struct tm when;
    int64_t away = cli_now() - ms;
    localtime_r(&seconds, &when);
    strftime(out, size, away < DAY_MS && away > -DAY_MS ? "%H:%M" : "%e %b", &when);
}

/* "until 16:00" today; in six days "until Sun 16:00", so that no hour of tomorrow is taken for one gone by.
 */
static void say_until(int64_t ms, char *out, size_t size)
{
    time_t seconds = ms / 1000, now = cli_now() / 1000;
    struct tm when, today;
    localtime_r(&seconds, &when);
    localtime_r(&now, &today);
    bool same_day = when.tm_year == today.tm_year && when.tm_yday == today.tm_yday;
    bool week = ms - cli_now() > 0 && ms - cli_now() < 6 * DAY_MS;
    strftime(out, size, same_day ? "until %H:%M" : week ? "until %a %H:%M" : "until %e %b", &when);
}

/* ---- what ---- */

static void lower(char *text)
{
    for (; *text; text++)
        *text = *text == '_' ? ' ' : (char)tolower((unsigned char)*text);
}

static const char *word(const char *name)
{
    return name ? name : "unknown";
}

/* "Los Angeles Police, confirmed x3": a long name is cut, so that what is known of the alert is not. */
static void describe_sender(const struct alert *alert, struct line *line)
{
    bool agency = alert->sender_kind == SENDER_AGENCY,
         taken_away = alert->truth == 0 && alert->state == ALERT_ENDED;
    char name[COLUMN_TEXT], cut[COLUMN_TEXT], truth[32], reports[16] = "", known[64];
    snprintf(truth, sizeof truth, "%s", word(truth_name(alert->truth ? alert->truth : TRUTH_UNVERIFIED)));
    lower(truth);
    if (alert->merged > 1)
        snprintf(reports, sizeof reports, " x%u", alert->merged);
    snprintf(known, sizeof known, "%s%s%s", taken_away ? "" : ", ", taken_away ? "" : truth, reports);
    column_clean(alert->sender_name, name);
    if (!agency || !*name)
        strcpy(name, agency ? "an agency" : "a resident");
    column_fit(name, WHO_WIDTH - strlen(known), cut);
    for (size_t end = strlen(cut); end > 0 && cut[end - 1] == ' '; end--)
        cut[end - 1] = '\0';
    snprintf(line->who, sizeof line->who, "%.400s%s", cut, known);
}

static void describe_alert(
    const struct feed_view *view, const struct alert *alert, struct line *line, struct arena *arena)
{
    bool ended = alert->state == ALERT_ENDED;
    bool grave = alert->severity >= SEVERITY_SEVERE, exercise = alert->status > STATUS_ACTUAL;
    char text[COLUMN_TEXT], language[COLUMN_TEXT];
    say_time(alert->effective ? alert->effective : cli_now(), line->time, sizeof line->time);
    snprintf(line->what, sizeof line->what, "%s%s%s",
        alert->category ? word(category_name(alert->category)) : "alert",
        alert->severity > SEVERITY_UNKNOWN ? ", " : "",
        alert->severity > SEVERITY_UNKNOWN ? word(severity_name(alert->severity)) : "");
    lower(line->what);
    describe_sender(alert, line);
    column_clean(alert->headline, text);
    if (ended && !*text)
        strcpy(text, "taken away, nothing of it is shown"); /* held or removed: only that it ended is told */
    column_clean(alert->language, language);
    snprintf(line->text, sizeof line->text, "%s%s%s%.400s%s%.35s%s",
        exercise ? word(alert_status_name(alert->status)) : "", exercise ? ": " : "",
        ended                 ? "ENDED: "
        : alert->revision > 1 ? "corrected: "
                              : "",
        text, *language ? " [" : "", language, *language ? "]" : "");
    if (alert->expires && !ended)
        say_until(alert->expires, line->until, sizeof line->until);
    line->colour = ended ? dim : grave ? red : alert->severity == SEVERITY_MODERATE ? yellow : green;
    locate_alert(view, alert, line, arena);
}

static void describe_activity(const struct feed_view *view, const struct feed_item *item, struct line *line)
{
    static const char *const phases[] = {"seen", "came into view", "still there", "gone", "just now"};
    const struct activity *activity = &item->activity;
    char sure[16] = "";
    say_time(activity->at, line->time, sizeof line->time);
    snprintf(line->what, sizeof line->what, "%s", word(motion_kind_name(activity->kind)));
    lower(line->what);
    strcpy(line->who, "a neighbor's device");
    if (activity->confidence)
        snprintf(sure, sizeof sure, ", %u %%", activity->confidence);
    snprintf(line->text, sizeof line->text, "%s%s",
        phases[activity->phase <= PHASE_PULSE ? activity->phase : 0], sure);
    line->colour = cyan;
    locate_cell(view, item->cell, line);
}

static void describe_gap(const struct gap *gap, struct line *line)
{
    char to[16];
    say_time(gap->from, line->time, sizeof line->time);
    say_time(gap->to, to, sizeof to);
    strcpy(line->what, "GAP");
    snprintf(line->text, sizeof line->text, "what was between %s and %s is no longer kept", line->time, to);
    line->colour = dim;
}

/* ---- printing ---- */

static void print_line(const struct feed_view *view, const struct line *line)
{
    char what[COLUMN_TEXT], who[COLUMN_TEXT], text[COLUMN_TEXT];
    size_t room =
        view->width > FIXED_WIDTH + UNTIL_WIDTH + TEXT_LEAST ? view->width - FIXED_WIDTH - UNTIL_WIDTH : 0;
    column_fit(line->what, WHAT_WIDTH, what);
    column_fit(line->who, WHO_WIDTH, who);
    column_fit(line->text, room, text);
    printf("%s%6s  %8s %-2s  %s  %s  %s%s%s%s\n", view->colour ? line->colour : "", line->time,
        line->distance, line->direction, what, who, text, *line->until ? "  " : "", line->until,
        view->colour ? plain : "");
    fflush(stdout);
}

void feed_print(const struct feed_view *view, const struct feed_item *item, struct arena *arena)
{
    struct line line = {.direction = "", .colour = ""};
    if (item->kind == FEED_ALERT)
        describe_alert(view, item->alert, &line, arena);
    else if (item->kind == FEED_ACTIVITY)
        describe_activity(view, item, &line);
    else
        describe_gap(&item->gap, &line);
    print_line(view, &line);
}

json_t *feed_json(const struct feed_item *item, struct arena *arena)
{
    struct bytes text = codec_encode_feed_item(ENCODING_JSON, item, arena);
    return json_loadb((const char *)text.data, text.len, 0, NULL);
}

/* ---- moderation ---- */

void feed_print_moderation(const struct feed_view *view, const struct moderation *told)
{
    struct line line = {.direction = "", .colour = yellow};
    char decision[COLUMN_TEXT], reason[COLUMN_TEXT];
    column_clean(told->decision, decision);
    column_clean(told->reason, reason);
    say_time(told->at ? told->at : cli_now(), line.time, sizeof line.time);
    snprintf(line.what, sizeof line.what, "%.60s", decision);
    strcpy(line.who, told->public_id.len ? "your alert" : "you");
    snprintf(line.text, sizeof line.text, "%.500s", reason);
    if (told->until)
        say_until(told->until, line.until, sizeof line.until);
    print_line(view, &line);
}

static json_t *json_of(struct text text)
{
    return json_stringn_nocheck(text.len ? text.data : "", text.len);
}

json_t *feed_moderation_json(const struct moderation *told)
{
    return json_pack("{s:{s:o, s:o, s:o, s:I, s:I}}", "moderation", "publicId", json_of(told->public_id),
        "decision", json_of(told->decision), "reason", json_of(told->reason), "at", (json_int_t)told->at,
        "until", (json_int_t)told->until);
}
