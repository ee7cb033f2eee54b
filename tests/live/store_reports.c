#include "tests/live/store_reports.h"

#include <stdlib.h>

static void token_of(uint8_t out[STORE_TOKEN], char cell)
{
    memset(out, 0, STORE_TOKEN);
    out[0] = (uint8_t)cell;
}

static const char *region_of(char cell)
{
    static const char *const regions[] = {"9qh1f", "9qh1g", "9qh1u", "9qh1v"};
    return regions[(cell - 'a') / 4 % 4];
}

static void add_region(struct store_report *report, char cell)
{
    const char *region = region_of(cell);
    for (size_t i = 0; i < report->region_count; i++)
        if (strcmp(report->regions[i], region) == 0)
            return;
    strcpy(report->regions[report->region_count++], region);
}

void begin_report(struct store *store, struct reported *r, struct tell t)
{
    const char *sender = t.sender ? t.sender : "user/ann";
    char cell = t.cell ? t.cell : 'a';
    memset(r, 0, sizeof(*r));
    snprintf(r->household, sizeof(r->household), "home of %s", sender);
    make_alert(&r->said, NEW(t.id, .body = t.body ? t.body : t.id, .area = t.id, .channels = region_of(cell),
                             .expires = t.expires,
                             .others = {.sender_tag = t.tag,
                                 .sender = text_of(sender),
                                 .client = TEXT("phone"),
                                 .household = text_of(r->household),
                                 .truth = TRUTH_UNVERIFIED,
                                 .severity = t.severity ? t.severity : SEVERITY_MODERATE,
                                 .limit = t.limit,
                                 .limit_window_ms = 3600000,
                                 .only_known = t.only_known}));
    r->report = (struct store_report){.alert = r->said.alert,
        .near_count = 3,
        .near = (const uint8_t(*)[STORE_TOKEN])r->near,
        .window_ms = 600000,
        .cell_limit = t.cell_limit,
        .category = 3,
        .cell_window_ms = 3600000};
    token_of(r->report.own, cell);
    add_region(&r->report, cell);
    for (int i = -1; i <= 1; i++) {
        token_of(r->near[i + 1], (char)(cell + i));
        if (cell + i >= 'a')
            add_region(&r->report, (char)(cell + i));
    }
    store_report(store, &r->report, on_answer, &r->answer);
    assert_false(r->answer.done);
}

struct store_alert_result tell(struct fixture *f, struct tell t)
{
    struct reported reported;
    begin_report(f->store, &reported, t);
    fixture_until(f, &reported.answer.done);
    return reported.answer.result;
}

void expect_state(
    struct fixture *f, const char *id, uint32_t revision, uint32_t merged, uint8_t severity, const char *body)
{
    struct record record = load(f, id, 0);
    assert_int_equal(record.record.status, STORE_OK);
    assert_int_equal(record.record.revision, revision);
    assert_int_equal(record.record.merged, merged);
    assert_int_equal(record.record.severity, severity);
    assert_string_equal(record.body, body);
}
