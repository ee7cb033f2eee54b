/* Any bytes as a CAP document, in the three readings: a more lenient one never refuses what a stricter one
 * takes, and what is accepted, written and read strictly, says the same. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/cap/cap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_findings(const struct cap_findings *findings, bool accepted)
{
    size_t refused = 0;
    for (size_t i = 0; i < findings->count; i++) {
        const struct cap_finding *finding = &findings->items[i];
        if (!finding->rule || !finding->breach || !finding->text)
            abort();
        refused += finding->refused;
    }
    if (findings->count > CAP_FINDINGS_MAX || accepted != (findings->refused == 0) || (!accepted && !refused))
        abort();
}

static void check_round_trip(const struct cap_message *message, struct arena *arena)
{
    struct cap_message again;
    struct cap_findings findings;
    const char *where = "reading it";
    char line[64];
    struct bytes written = cap_write(message, arena);
    if (!cap_read(written, CAP_STRICT, arena, &again, &findings) || !cap_equal(message, &again, &where)) {
        fprintf(stderr, "%s, written:\n%.*s\n", where, (int)written.len, written.data);
        abort();
    }
    cap_summary(message, line, sizeof line);
    if (strlen(line) >= sizeof line)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool stricter = false;
    for (int mode = CAP_STRICT; mode <= CAP_FORGIVING; mode++) {
        struct arena arena;
        struct cap_message message;
        struct cap_findings findings;
        arena_init(&arena, NULL, 0);
        bool accepted =
            cap_read((struct bytes){data, size}, (enum cap_mode)mode, &arena, &message, &findings);
        check_findings(&findings, accepted);
        if (stricter && !accepted)
            abort();
        stricter = accepted;
        if (accepted)
            check_round_trip(&message, &arena);
        arena_free(&arena);
    }
    return 0;
}
