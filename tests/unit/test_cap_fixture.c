/* What the tests of CAP documents as alerts work with. */
#include "tests/unit/test_cap_fixture.h"

struct arena arena;
struct cap_message message;
struct alert alert;
struct cap_plan plan;
struct cap_placed placed;
struct place place;
struct refusal refusal;

int prepare(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return 0;
}

int finish(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

bool took(const char *document)
{
    struct cap_findings findings;
    if (!cap_read((struct bytes){(const uint8_t *)document, strlen(document)}, CAP_TOLERANT, &arena, &message,
            &findings)) {
        cap_print(&findings);
        fail();
    }
    return cap_to_alert(&message, &arena, &alert, &plan, &refusal);
}

void assert_text(struct text text, const char *wanted)
{
    if (!text_equal(text, text_of(wanted)))
        fail_msg("\"%.*s\", wanted \"%s\"", (int)text.len, text.data, wanted);
}
