/* Every sample gives the events that edge_expectations.tsv says, and replayed (RETAIN) none of them gives
 * any. */
#include "tests/unit/test_edge.h"

#include <jansson.h>
#include <unistd.h>

static const char table[] = "tests/unit/edge_expectations.tsv", own[] = "tests/unit/edge_samples",
                  shared[] = "../shared/data/devices";

static char *read_file(const char *folder, const char *name, size_t *size)
{
    char path[512], *bytes = NULL;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *in = fopen(path, "re");
    assert_non_null(in);
    size_t room = 0;
    ssize_t length = getdelim(&bytes, &room, EOF, in);
    fclose(in);
    *size = length > 0 ? (size_t)length : 0;
    return bytes;
}

/* The topic that MANIFEST.tsv gives a file. */
static void topic_of(const char *file, char topic[512])
{
    size_t size, length = strlen(file);
    char *manifest = read_file(shared, "MANIFEST.tsv", &size), *state;
    topic[0] = 0;
    for (char *line = strtok_r(manifest, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
        if (strncmp(line, file, length) == 0 && line[length] == '\t')
            snprintf(topic, 512, "%.*s", (int)strcspn(line + length + 1, "\t"), line + length + 1);
    free(manifest);
    assert_true(topic[0]);
}

/* Recordings have the time as "at" (ms), "ts" (s) or "t" (s from the first line). */
static int64_t time_of(json_t *line)
{
    const json_t *at = json_object_get(line, "at"), *ts = json_object_get(line, "ts");
    if (at)
        return (int64_t)json_number_value(at);
    double seconds =
        ts ? json_number_value(ts) : 1764823000.0 + json_number_value(json_object_get(line, "t"));
    return (int64_t)(seconds * 1000.0);
}

static void take_recording(struct bench *bench, char *text, bool replay)
{
    char *state;
    for (char *at = strtok_r(text, "\n", &state); at; at = strtok_r(NULL, "\n", &state)) {
        json_t *line = json_loads(at, 0, NULL), *payload = json_object_get(line, "payload");
        assert_non_null(line);
        char *bytes = json_is_string(payload) ? strdup(json_string_value(payload)) : json_dumps(payload, 0);
        bench_bytes(bench, text_of(json_string_value(json_object_get(line, "topic"))),
            (struct bytes){(uint8_t *)bytes, strlen(bytes)},
            replay || json_is_true(json_object_get(line, "retain")), time_of(line));
        free(bytes);
        json_decref(line);
    }
}

static void hold(const char *file, const char *expected, bool replay)
{
    bool ours = strncmp(file, "own/", 4) == 0;
    const char *name = strchr(file, '/') + 1;
    struct bench bench;
    size_t size;
    char *text = read_file(ours ? own : shared, name, &size);
    bench_open(&bench, true);
    if (strstr(name, ".jsonl")) {
        take_recording(&bench, text, replay);
    } else {
        char topic[512];
        topic_of(name, topic);
        bench_bytes(
            &bench, text_of(topic), (struct bytes){(uint8_t *)text, size}, replay, INT64_C(1767225600000));
    }
    free(text);
    if (strcmp(bench.told, strcmp(expected, "-") == 0 || replay ? "" : expected) != 0)
        fail_msg(
            "%s%s\n  expected: %s\n  told:     %s", file, replay ? " (replayed)" : "", expected, bench.told);
    bench_close(&bench);
}

static size_t hold_all(const char *set)
{
    FILE *in = fopen(table, "re");
    assert_non_null(in);
    char *line = NULL;
    size_t room = 0, count = 0;
    while (getline(&line, &room, in) > 0) {
        char *tab = strchr(line, '\t');
        if (line[0] == '#' || tab == NULL || strncmp(line, set, strlen(set)) != 0)
            continue;
        *tab = 0;
        tab[1 + strcspn(tab + 1, "\n")] = 0;
        hold(line, tab + 1, false);
        hold(line, tab + 1, true);
        count++;
    }
    free(line);
    fclose(in);
    return count;
}

static void test_own_samples(void **state)
{
    (void)state;
    assert_true(hold_all("own/") >= 7);
}

static void test_shared_samples(void **state)
{
    (void)state;
    if (access("../shared/data/devices/MANIFEST.tsv", R_OK) != 0)
        skip();
    assert_true(hold_all("shared/") >= 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_samples),
        cmocka_unit_test(test_shared_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
