/* The report for people. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "bridge/edge/status/report.h"

/* "3 min"; the largest unit of which there are two. */
static const char *span(int64_t ms, char room[32])
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{24 * 3600000LL, "days"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}};
    size_t unit = 0;
    ms = ms > 0 ? ms : 0;
    while (unit < 3 && ms < 2 * units[unit].ms)
        unit++;
    snprintf(room, 32, "%" PRId64 " %s", ms / units[unit].ms, units[unit].name);
    return room;
}

static int64_t integer(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void print_connection(const json_t *report, const char *name, const char *label, int64_t wall)
{
    char room[32];
    const json_t *connection = json_object_get(report, name);
    const char *trouble = json_string_value(json_object_get(connection, "trouble"));
    int64_t since = integer(connection, "since");
    if (connection == NULL)
        return;
    bool up = json_is_true(json_object_get(connection, "connected"));
    printf("%-18s %s", label, up ? "connected" : "not connected");
    if (since)
        printf(" for %s", span(wall - since, room));
    printf("%s%s\n", trouble && trouble[0] ? ": " : "", trouble ? trouble : "");
}

static void print_spool(const json_t *spool, int64_t wall)
{
    char room[32];
    int64_t waiting = integer(spool, "waiting"), last = integer(spool, "last_sent");
    printf("%-18s %" PRId64 " events", "waiting", waiting);
    if (waiting)
        printf(", the oldest for %s", span(integer(spool, "oldest_age_s") * 1000, room));
    printf(" (%" PRId64 " KiB)\n", integer(spool, "bytes") / 1024);
    printf("%-18s %" PRId64, "sent", integer(spool, "sent"));
    if (last)
        printf(", last %s ago", span(wall - last, room));
    printf("\n%-18s %" PRId64 "\n%-18s %" PRId64 "\n", "refused", integer(spool, "refused"), "dropped",
        integer(spool, "dropped"));
}

static void print_way_back(const json_t *back)
{
    const char *trouble = json_string_value(json_object_get(back, "trouble"));
    if (back == NULL)
        return;
    int64_t places = integer(back, "places");
    printf("%-18s %s, %" PRId64 " place%s%s%s\n", "way back",
        json_is_true(json_object_get(back, "live"))     ? "live"
        : json_is_true(json_object_get(back, "begins")) ? "beginning"
                                                        : "silence proves nothing now",
        places, places == 1 ? "" : "s", trouble && trouble[0] ? ": " : "", trouble ? trouble : "");
}

static void print_device(const json_t *device, int64_t wall)
{
    char room[32];
    const char *map = json_string_value(json_object_get(device, "map")),
               *id = json_string_value(json_object_get(device, "id"));
    int64_t heard = integer(device, "heard");
    printf("  %s %s: %s%s, ", map ? map : "-", json_string_value(json_object_get(device, "source")),
        id ? "shared as " : "stays in the house", id ? id : "");
    if (heard)
        printf("heard of %s ago\n", span(wall - heard, room));
    else
        puts("not heard of");
}

bool report_print(const char *json, int64_t wall)
{
    json_t *report = json_loads(json, 0, NULL), *one;
    size_t i;
    if (report == NULL)
        return false;
    puts(json_is_true(json_object_get(report, "healthy")) ? "healthy" : "not healthy");
    json_array_foreach(json_object_get(report, "reasons"), i, one) printf("  %s\n", json_string_value(one));
    print_connection(report, "home", "home's broker", wall);
    print_connection(report, "broker", "neighborhood", wall);
    print_way_back(json_object_get(report, "way_back"));
    print_spool(json_object_get(report, "spool"), wall);
    if (json_array_size(json_object_get(report, "devices")) > 0)
        puts("devices");
    json_array_foreach(json_object_get(report, "devices"), i, one) print_device(one, wall);
    json_decref(report);
    return true;
}
