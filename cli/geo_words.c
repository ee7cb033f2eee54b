/* Cells, places and complaints in the words of the command line. */
#include "cli/geo_words.h"

#include <stdlib.h>
#include <string.h>

enum exit_code geo_refuse(const struct invocation *invocation, const char *what, enum geo_error error)
{
    return cli_fail(invocation, EXIT_REFUSED, "%.150s: %s", what, geo_error_text(error));
}

void geo_print_cell(const struct invocation *invocation, geo_cell cell)
{
    char text[GEO_CELL_TEXT];
    geo_format(cell, text);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:s}", "cell", text));
    else
        puts(text);
}

enum exit_code geo_read_point(
    const struct invocation *invocation, const char *text, struct geo_point *out, const char **rest)
{
    char *comma, *end;
    out->lat = strtod(text, &comma);
    out->lon = *comma == ',' ? strtod(comma + 1, &end) : 0;
    if (comma == text || *comma != ',' || end == comma + 1)
        return cli_fail(invocation, EXIT_USAGE, "\"%.100s\" is not LATITUDE,LONGITUDE in degrees", text);
    *rest = end;
    return EXIT_DONE;
}

enum exit_code geo_read_cell(const struct invocation *invocation, const char *text, geo_cell *out)
{
    enum geo_error error = geo_parse(text, strlen(text), out);
    return error == GEO_OK ? EXIT_DONE : geo_refuse(invocation, text, error);
}

enum exit_code geo_read_place(
    const struct invocation *invocation, const char *text, struct geo_point *out, geo_cell *cell)
{
    const char *rest;
    geo_cell ignored;
    enum exit_code code;
    *cell = 0;
    if (!strchr(text, ',')) {
        code = geo_read_cell(invocation, text, cell);
        *out = geo_center(*cell);
        return code;
    }
    code = geo_read_point(invocation, text, out, &rest);
    if (code != EXIT_DONE)
        return code;
    if (*rest)
        return cli_fail(invocation, EXIT_USAGE, "\"%.100s\" is not LATITUDE,LONGITUDE in degrees", text);
    enum geo_error error = geo_encode(*out, 1, &ignored);
    return error == GEO_OK ? EXIT_DONE : geo_refuse(invocation, text, error);
}
