/* What the tests of CAP share. */
#include "tests/unit/test_cap.h"

#include <time.h>

struct bytes cap_load(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return (struct bytes){NULL, 0};
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t len = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(len + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, len, file), len);
    data[len] = '\0';
    fclose(file);
    return (struct bytes){data, len};
}

const struct cap_finding *cap_find(const struct cap_findings *findings, const char *breach)
{
    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->items[i].breach, breach) == 0)
            return &findings->items[i];
    return NULL;
}

void cap_print(const struct cap_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        print_message("  %u %s %s %s\n", findings->items[i].line, findings->items[i].breach,
            findings->items[i].refused ? "refused" : "tolerated", findings->items[i].text);
}

struct bytes cap_assert_round_trip(const struct cap_message *message, struct arena *arena, const char *what)
{
    struct cap_message again;
    struct cap_findings findings;
    const char *where;
    struct bytes written = cap_write(message, arena);
    if (!cap_read(written, CAP_STRICT, arena, &again, &findings)) {
        print_message("%s: what we write is refused:\n%.*s\n", what, (int)written.len, written.data);
        cap_print(&findings);
        fail();
    }
    if (!cap_equal(message, &again, &where))
        fail_msg("%s: %s differs after writing and reading", what, where);
    return written;
}

double cap_cpu_ms(void)
{
    struct timespec used;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
    return (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6;
}

void cap_assert_bounded(const char *what, double took_ms)
{
    enum { MOST_MS = (CAP_WIDENING > 1 ? 60 : 10) * 1000 };
    printf("took %.1f ms: %s\n", took_ms, what);
    fflush(stdout);
    if (took_ms > MOST_MS)
        fail_msg("%s: %.0f ms", what, took_ms);
}
