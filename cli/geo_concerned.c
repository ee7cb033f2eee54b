/* neighbors geo concerned: which of many circles an area touches, as the broker asks which followers an alert
 * concerns. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/geo_area.h"

static const struct option_row options[] = {AREA_ROWS, {0}};

/* A line of the file that says a circle. */
struct follower {
    struct geo_circle circle;
    struct follower *next;
    char *text;
    int line;
    bool concerned;
};
struct followers {
    struct geo_circles set;
    struct follower *first, **last;
};

static enum exit_code add_line(
    const struct invocation *invocation, struct arena *arena, char *text, int line, struct followers *out)
{
    const char *rest;
    char *end = text;
    struct geo_point center;
    enum exit_code code = geo_read_point(invocation, text, &center, &rest);
    if (code == EXIT_DONE && *rest == ',')
        end = NULL;
    double radius = end ? 0 : strtod(rest + 1, &end);
    if (code == EXIT_DONE && (end == text || end == rest + 1 || (*end != '\0' && *end != ' ')))
        code = cli_fail(invocation, EXIT_USAGE, "\"%.100s\" is not LAT,LON,METRES", text);
    if (code != EXIT_DONE)
        return code;
    struct follower *follower = arena_take(arena, sizeof *follower);
    *follower = (struct follower){.text = text, .line = line};
    follower->circle.center = center;
    follower->circle.radius = radius;
    enum geo_error error = geo_circles_add(&out->set, &follower->circle);
    if (error != GEO_OK)
        return geo_refuse(invocation, text, error);
    *out->last = follower;
    out->last = &follower->next;
    return EXIT_DONE;
}

static enum exit_code read_followers(
    const struct invocation *invocation, struct arena *arena, FILE *file, struct followers *out)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    enum exit_code code = EXIT_DONE;
    for (int number = 1; code == EXIT_DONE && (len = getline(&line, &room, file)) >= 0; number++) {
        line[strcspn(line, "\r\n")] = '\0';
        if (*line && *line != '#')
            code = add_line(invocation, arena, arena_printf(arena, "%s", line), number, out);
    }
    free(line);
    return code;
}

static bool mark(void *context, struct geo_circle *circle)
{
    (void)context;
    ((struct follower *)circle)->concerned = true;
    return true;
}

static void print(const struct invocation *invocation, const struct followers *followers)
{
    for (const struct follower *each = followers->first; each; each = each->next) {
        if (!each->concerned)
            continue;
        if (invocation->common.json)
            cli_print_json(
                json_pack("{s:i, s:f, s:f, s:f, s:s}", "line", each->line, "lat", each->circle.center.lat,
                    "lon", each->circle.center.lon, "metres", each->circle.radius, "text", each->text));
        else
            puts(each->text);
    }
}

static enum exit_code concerned(const struct invocation *invocation, struct arena *arena)
{
    struct geo_area area;
    struct followers followers = {.last = &followers.first};
    if (invocation->argument_count != 1 || !geo_area_given(invocation))
        return cli_fail(invocation, EXIT_USAGE,
            "say an area, --circle or --polygon, and the file of the circles, a line LAT,LON,METRES each (- "
            "reads standard input)");
    const char *path = invocation->arguments[0];
    enum exit_code code = geo_area_take(invocation, arena, &area);
    if (code != EXIT_DONE)
        return code;
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file)
        return cli_fail(invocation, EXIT_REFUSED, "%.200s: %s", path, strerror(errno));
    code = read_followers(invocation, arena, file, &followers);
    if (file != stdin)
        fclose(file);
    if (code == EXIT_DONE) {
        geo_circles_find(&followers.set, area.prepared, mark, NULL);
        print(invocation, &followers);
    }
    return code;
}

static enum exit_code run(struct invocation *invocation)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    enum exit_code code = concerned(invocation, &arena);
    arena_free(&arena);
    return code;
}

const struct command command_geo_concerned = {
    "geo concerned", "which of many circles an area touches", "CIRCLES", options, run};
