/* `neighbors cap check` and `neighbors cap rules` as they are called: lines, JSON, how they end. */
#include <jansson.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/unit/test_cap.h"

enum { OUTPUT = 64 * 1024 };

static char output[OUTPUT];

/* Runs it in a shell with a folder of documents as $D; returns how it ended. */
static int run(const char *command)
{
    char line[1024];
    snprintf(line, sizeof line,
        "D=" CAP_DATA "; N=neighbors; neighbors() { \"$PROGRAM\" \"$@\"; }; { %s; } 2>&1", command);
    setenv("PROGRAM", NEIGHBORS_PROGRAM, 1); /* its path may have what a shell would read */
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    output[fread(output, 1, OUTPUT - 1, pipe)] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static json_t *first_object(void)
{
    json_t *object = json_loads(output, JSON_DISABLE_EOF_CHECK, NULL);
    assert_true(json_is_object(object));
    return object;
}

#define BROKEN "sed 's/<status>Actual/<status>actual/' ${D}whole.xml | "

static void lines(void **state)
{
    (void)state;
    assert_int_equal(run("$N cap check ${D}whole.xml"), 0);
    assert_string_equal(output, CAP_DATA "whole.xml: ok\n");
    assert_int_equal(run(BROKEN "$N cap check -"), 1);
    assert_memory_equal(output, "-:6: R04: status \"actual\": ", 27);
    assert_non_null(strstr(output, "(R09)\n"));
    assert_null(strchr(strchr(output, '\n') + 1, '\n')); /* one line */
    assert_int_equal(run("printf '<x/>' | $N cap check - ${D}whole.xml"), 1);
    assert_memory_equal(output, "-:1: R01: ", 10);
    assert_non_null(strstr(output, "\n" CAP_DATA "whole.xml: ok\n"));
    /* The worst decides; a file that cannot be read is the worst. */
    assert_int_equal(run("$N cap check ${D}whole.xml ${D}none.xml"), 2);
    assert_non_null(strstr(output, "cannot read " CAP_DATA "none.xml"));
    assert_int_equal(run("$N cap check $D"), 2);
    assert_int_equal(run("$N cap check"), 2);
    assert_int_equal(run("head -c 5000000 /dev/zero | $N cap check -"), 1);
    assert_memory_equal(output, "-:1: R05: ", 10);
}

static void objects(void **state)
{
    (void)state;
    assert_int_equal(run("$N cap check --json ${D}whole.xml"), 0);
    json_t *object = first_object();
    assert_string_equal(json_string_value(json_object_get(object, "file")), CAP_DATA "whole.xml");
    assert_true(json_is_true(json_object_get(object, "ok")));
    assert_int_equal(json_array_size(json_object_get(object, "errors")), 0);
    assert_string_equal(json_string_value(json_object_get(object, "identifier")), "EM-2026-0301");
    json_t *areas = json_object_get(object, "areas");
    assert_int_equal(json_array_size(areas), 3);
    json_t *area = json_array_get(areas, 0);
    assert_string_equal(json_string_value(json_object_get(area, "description")), "El Monte, CA");
    json_t *point = json_array_get(json_array_get(json_object_get(area, "polygons"), 0), 0);
    assert_true(json_real_value(json_array_get(point, 0)) == 34.1);
    assert_true(json_real_value(json_array_get(point, 1)) == -118.07);
    json_decref(object);
    assert_int_equal(run(BROKEN "$N cap check --json -"), 1);
    object = first_object();
    assert_true(json_is_false(json_object_get(object, "ok")));
    json_t *errors = json_object_get(object, "errors");
    assert_int_equal(json_array_size(errors), 2); /* the schema's rule, and the one that says more */
    assert_int_equal(json_integer_value(json_object_get(json_array_get(errors, 1), "line")), 6);
    assert_string_equal(json_string_value(json_object_get(json_array_get(errors, 1), "rule")), "R09");
    assert_true(json_is_string(json_object_get(json_array_get(errors, 1), "text")));
    json_decref(object);
    assert_int_equal(run("$N cap check --json ${D}none.xml 2>&1"), 2);
    object = first_object();
    assert_string_equal(json_string_value(json_object_get(object, "file")), CAP_DATA "none.xml");
    assert_true(json_is_null(json_object_get(object, "identifier")));
    json_decref(object);
}

/* Every row of the table is told, in both forms, and the choice of R42. */
static void rules(void **state)
{
    size_t rows = 0;
    (void)state;
    assert_int_equal(run("$N cap rules"), 0);
    for (; cap_breach_row(rows); rows++)
        assert_non_null(strstr(output, cap_breach_row(rows)->sentence));
    assert_non_null(
        strstr(output, "\nR42   where a polygon or circle and a geocode stand in one area, the drawn"));
    assert_int_equal(run("$N cap rules --json"), 0);
    json_t *object = first_object();
    assert_string_equal(json_string_value(json_object_get(object, "breach")), "not-well-formed");
    assert_string_equal(json_string_value(json_object_get(object, "arriving")), "refused");
    json_decref(object);
    size_t objects_told = 0;
    for (const char *line = output; (line = strchr(line, '\n')); line++)
        objects_told++;
    assert_true(objects_told > rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(objects),
        cmocka_unit_test(rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
