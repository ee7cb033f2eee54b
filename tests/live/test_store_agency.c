/* Agencies' alerts in the store, against a real Redis: a second officer's approval, the list of those in
 * force, documents as they came; and the limit of a sender. */
#include "tests/live/store_opinions.h"

/* ---- a second officer ---- */

static void nothing_is_told_until_a_second_officer_approves(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    struct store_alert_result result = say(f, NEW(A, AGENCY("lee", .approval = true)));
    expect(result, STORE_OK, A, 1);
    assert_true(result.pending);
    result = say(f, NEW(A, AGENCY("lee", .approval = true)));
    expect(result, STORE_REPEAT, A, 1);
    assert_true(result.pending);
    struct record record = load(f, A, 0);
    assert_int_equal(record.record.status, STORE_OK);
    assert_true(record.record.pending);
    assert_false(record.record.in_force);
    assert_string_equal(record.officer, "lee");
    assert_string_equal(record.sender, "agency/police");
    assert_int_equal(witness(f, A, "home-2").status, STORE_NOT_FOUND);
    assert_int_equal(flag(f, A, "home-2", false).status, STORE_NOT_FOUND);
    assert_int_equal(judge_as(f, A, 0, VERDICT_CONFIRMED, "agency/police", "kim").status, STORE_NOT_FOUND);
    assert_int_equal(judge_as(f, A, 0, VERDICT_APPROVED, "agency/police", "lee").status, STORE_REVOKED);
    assert_int_equal(judge_as(f, A, 0, VERDICT_APPROVED, "agency/fire", "kim").status, STORE_REVOKED);
    assert_int_equal(judge_as(f, A, 0, VERDICT_APPROVED, "agency/police", "").status, STORE_REVOKED);
    assert_int_equal(judge_as(f, A, 2, VERDICT_APPROVED, "agency/police", "kim").status, STORE_CONFLICT);
    UNTIL(f, store_as_of(f->store) == fixture_now());
    assert_string_equal(history(f, "c:9qh1f"), "");
    expect_verdict(judge_as(f, A, 1, VERDICT_APPROVED, "agency/police", "kim"), STORE_OK, 1);
    expect_verdict(judge_as(f, A, 1, VERDICT_APPROVED, "agency/police", "kim"), STORE_REPEAT, 1);
    until_history(f, "c:9qh1f", "a1+");
    record = load(f, A, 0);
    assert_true(record.record.in_force);
    assert_false(record.record.pending);
    assert_false(say(f, NEW(A, AGENCY("lee", .approval = true))).pending);
    assert_int_equal(counted(f, "approved"), 1);
}

static void the_former_revision_stays_in_force_while_an_update_waits(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    follow(f, "c:9qh1g");
    f->upkeep = true;
    say(f, NEW(A, .body = "one", AGENCY("lee")));
    say(f, NEW(E, .body = "five", AGENCY("lee")));
    struct store_alert_result result =
        say(f, UPDATE(B, A " " E, .body = "two", .channels = "9qh1g", AGENCY("lee", .approval = true)));
    expect(result, STORE_OK, A, 2);
    assert_true(result.pending);
    struct record record = load(f, A, 0);
    assert_string_equal(record.body, "one");
    assert_true(record.record.in_force);
    assert_true(record.record.pending);
    assert_string_equal(load(f, A, STORE_WAITING).body, "two");
    /* A later one takes its place. */
    expect(say(f, UPDATE(C, B " " E, .body = "three", .channels = "9qh1g", AGENCY("kim", .approval = true))),
        STORE_OK, A, 2);
    UNTIL(f, store_as_of(f->store) == fixture_now() && strlen(history(f, "c:9qh1f")) == 7);
    assert_string_equal(history(f, "c:9qh1g"), "");
    assert_int_equal(judge_as(f, A, 2, VERDICT_APPROVED, "agency/police", "kim").status, STORE_REVOKED);
    expect_verdict(judge_as(f, A, 2, VERDICT_APPROVED, "agency/police", "lee"), STORE_OK, 2);
    until_history(f, "c:9qh1g", "a2+");
    UNTIL(f, strstr(history(f, "c:9qh1f"), "a2-") && strstr(history(f, "c:9qh1f"), "e2-"));
    assert_string_equal(load(f, A, 0).body, "three");
}

static void a_cancel_waits_for_nobody(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    say(f, NEW(A, AGENCY("lee", .approval = true)));
    assert_int_equal(say(f, CANCEL(D, A, AGENCY("lee", .approval = true))).status, STORE_OK);
    assert_int_equal(judge_as(f, A, 0, VERDICT_APPROVED, "agency/police", "kim").status, STORE_ENDED);
    assert_int_equal(load(f, A, 0).record.status, STORE_NOT_FOUND);
    say(f, NEW(B, .body = "one", AGENCY("lee")));
    say(f, UPDATE(C, B, .body = "two", AGENCY("lee", .approval = true)));
    expect(say(f, CANCEL(E, C)), STORE_OK, B, 2);
    until_history(f, "c:9qh1f", "b1+ b2-");
    assert_int_equal(judge_as(f, B, 0, VERDICT_APPROVED, "agency/police", "kim").status, STORE_ENDED);
    assert_int_equal(fixture_number(f, "KEYS nb:{s11}:wait:*"), 0);
}

static void an_update_that_needs_no_approval_replaces_what_waits(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, .body = "one", AGENCY("lee", .approval = true)));
    struct store_alert_result result = say(f, UPDATE(B, A, .body = "two", AGENCY("lee")));
    expect(result, STORE_OK, A, 1);
    assert_false(result.pending);
    assert_string_equal(load(f, A, 0).body, "two");
    expect_verdict(judge_as(f, A, 0, VERDICT_APPROVED, "agency/police", "kim"), STORE_REPEAT, 1);
    assert_string_equal(load(f, A, 0).body, "two");
}

static void what_waits_expires(void **state)
{
    struct fixture *f = *state;
    f->upkeep = true;
    say(f, NEW(A, .expires = START + 1000, AGENCY("lee", .approval = true)));
    say(f, NEW(B, .expires = START + 500, .body = "one", AGENCY("lee")));
    say(f, UPDATE(C, B, .expires = START + 2000, .body = "two", AGENCY("lee", .approval = true)));
    fixture_set_now(START + 1000);
    assert_int_equal(judge_as(f, A, 0, VERDICT_APPROVED, "agency/police", "kim").status, STORE_ENDED);
    UNTIL(f, load(f, A, 0).record.status == STORE_NOT_FOUND);
    /* What ended meanwhile lives again with its update. */
    UNTIL(f, !load(f, B, 0).record.in_force);
    assert_true(load(f, B, 0).record.pending);
    expect_verdict(judge_as(f, B, 0, VERDICT_APPROVED, "agency/police", "kim"), STORE_OK, 3);
    say(f, NEW(D, .expires = START + 3000, AGENCY("lee", .approval = true)));
    fixture_set_now(START + 3000);
    UNTIL(f, fixture_number(f, "KEYS nb:{s11}:wait:*") == 0);
    UNTIL(f, fixture_number(f, "XLEN nb:{s11}:first") == 0); /* what is still to be told stays a while */
    fixture_set_now(START + 3000 + 3600000);
    UNTIL(f, fixture_number(f, "KEYS nb:{s11}:alert:*") == 0);
    /* The acts stay, how many of them there were and were read, and the outboxes, empty. */
    UNTIL(f, fixture_number(f, "KEYS nb:{s11}:*") == 5);
}

/* ---- lists, documents, limits ---- */

struct listed {
    bool done;
    enum store_status status;
    size_t count;
    char text[512];
};

static void on_listed(void *arg, const struct store_alert_list *list)
{
    struct listed *listed = arg;
    listed->done = true;
    listed->status = list->status;
    listed->count = list->count;
    listed->text[0] = 0;
    for (size_t i = 0; i < list->count && i < 16; i++)
        snprintf(listed->text + strlen(listed->text), sizeof(listed->text) - strlen(listed->text),
            "%s%c%u@%u", i ? " " : "", list->alerts[i].public_id[0], list->alerts[i].revision,
            list->alerts[i].sender_tag);
}

static const char *listed(struct fixture *f)
{
    static struct listed list;
    list.done = false;
    store_agency_alerts(f->store, on_listed, &list);
    fixture_until(f, &list.done);
    assert_int_equal(list.status, STORE_OK);
    return list.text;
}

static void agencies_alerts_in_force_are_listed(void **state)
{
    struct fixture *f = *state;
    f->upkeep = true;
    assert_string_equal(listed(f), "");
    say(f, NEW(A, AGENCY("lee", .sender_tag = 40)));
    fixture_set_now(START + 1);
    say(f, NEW(B, .expires = START + 500, AGENCY("lee", .sender_tag = 3)));
    say(f, NEW(C, RESIDENT));
    say(f, NEW(D, AGENCY("lee", .approval = true)));
    assert_string_equal(listed(f), "a1@40 b1@3");
    fixture_set_now(START + 2);
    say(f, UPDATE(E, A, .body = "two", AGENCY("lee", .sender_tag = 40)));
    assert_string_equal(listed(f), "b1@3 a2@40");
    /* What is told to nobody any more, an exercise, is not listed. */
    say(f, NEW(ID("7"), AGENCY("lee")));
    assert_string_equal(listed(f), "b1@3 71@17 a2@40");
    say(f, UPDATE(ID("8"), ID("7"), .body = "two", .others = {.sender = TEXT("agency/police")}));
    assert_string_equal(listed(f), "b1@3 a2@40");
    fixture_set_now(START + 500);
    UNTIL(f, strcmp(listed(f), "a2@40") == 0);
    say(f, CANCEL(F, A, .others = {.sender_tag = 40}));
    assert_string_equal(listed(f), "");
}

struct paper {
    bool done;
    struct store_document document;
    char text[64], type[64];
};

static void on_paper(void *arg, const struct store_document *found)
{
    struct paper *paper = arg;
    paper->done = true;
    paper->document = *found;
    snprintf(paper->text, 64, "%.*s", (int)found->document.len,
        found->document.data ? (const char *)found->document.data : "");
    snprintf(paper->type, 64, "%.*s", (int)found->type.len, found->type.data ? found->type.data : "");
}

static struct paper paper_of(struct fixture *f, const char *id)
{
    struct paper paper = {0};
    store_alert_document(f->store, TAG, id, on_paper, &paper);
    fixture_until(f, &paper.done);
    return paper;
}

#define DOCUMENT(text_)                                                                                      \
    .document = {(const uint8_t *)text_, sizeof(text_) - 1}, .document_type = TEXT("application/cap+xml")

static void the_newest_document_is_kept_as_it_came(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, AGENCY("lee")));
    assert_int_equal(paper_of(f, A).document.status, STORE_NOT_FOUND);
    assert_false(load(f, A, 0).record.has_document);
    fixture_set_now(START + 10);
    say(f, UPDATE(B, A, .body = "two", AGENCY("lee", DOCUMENT("<alert>\r\n \xff</alert>"))));
    say(f, UPDATE(C, A, .body = "three", AGENCY("lee")));
    struct paper paper = paper_of(f, A);
    assert_int_equal(paper.document.status, STORE_OK);
    assert_string_equal(paper.text, "<alert>\r\n \xff</alert>");
    assert_string_equal(paper.type, "application/cap+xml");
    assert_int_equal(paper.document.revision, 2);
    assert_int_equal(paper.document.at, START + 10);
    assert_true(paper.document.in_force);
    assert_true(load(f, A, 0).record.has_document);
    /* What waits is not told. */
    say(f, UPDATE(D, A, .body = "four", AGENCY("lee", .approval = true, DOCUMENT("<later/>"))));
    assert_int_equal(paper_of(f, A).document.revision, 2);
    judge_as(f, A, 0, VERDICT_APPROVED, "agency/police", "kim");
    assert_string_equal(paper_of(f, A).text, "<later/>");
    say(f, CANCEL(E, A, AGENCY("lee", DOCUMENT("<cancel/>"))));
    paper = paper_of(f, A);
    assert_string_equal(paper.text, "<cancel/>");
    assert_int_equal(paper.document.revision, 5);
    assert_false(paper.document.in_force);
}

#define LIMITED_TO(most) .others = {.sender = TEXT("user/ann"), .limit = most, .limit_window_ms = 60000}

static void a_sender_is_limited_but_not_its_repeats_and_cancels(void **state)
{
    struct fixture *f = *state;
    expect(say(f, NEW(A, LIMITED_TO(2))), STORE_OK, A, 1);
    fixture_set_now(START + 1000);
    expect(say(f, NEW(B, LIMITED_TO(2))), STORE_OK, B, 1);
    fixture_set_now(START + 2000);
    struct store_alert_result result = say(f, NEW(C, LIMITED_TO(2)));
    assert_int_equal(result.status, STORE_LIMITED);
    assert_int_equal(result.retry_after_ms, 58000);
    assert_int_equal(load(f, C, 0).record.status, STORE_NOT_FOUND);
    expect(say(f, NEW(B, LIMITED_TO(2))), STORE_REPEAT, B, 1);
    expect(say(f, UPDATE(D, B, .body = "two", LIMITED_TO(2))), STORE_OK, B, 2);
    assert_int_equal(say(f, UPDATE(E, C, .body = "new", LIMITED_TO(2))).status, STORE_LIMITED);
    expect(say(f, CANCEL(F, B, LIMITED_TO(2))), STORE_OK, B, 3);
    assert_int_equal(
        say(f, NEW(C, .others = {.sender = TEXT("user/bob"), .limit = 2, .limit_window_ms = 60000})).status,
        STORE_OK);
    fixture_set_now(START + 60000);
    expect(say(f, NEW(E, .expires = START + 90000, LIMITED_TO(2))), STORE_OK, E, 1);
    assert_int_equal(say(f, NEW(ID("9"), .expires = START + 90000, LIMITED_TO(2))).status, STORE_LIMITED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_told_until_a_second_officer_approves),
        TEST(the_former_revision_stays_in_force_while_an_update_waits),
        TEST(a_cancel_waits_for_nobody),
        TEST(an_update_that_needs_no_approval_replaces_what_waits),
        TEST(what_waits_expires),
        TEST(agencies_alerts_in_force_are_listed),
        TEST(the_newest_document_is_kept_as_it_came),
        TEST(a_sender_is_limited_but_not_its_repeats_and_cancels),
    };
    const struct CMUnitTest in_a_cluster[] = {
        TEST(nothing_is_told_until_a_second_officer_approves),
        TEST(the_former_revision_stays_in_force_while_an_update_waits),
        TEST(a_cancel_waits_for_nobody),
        TEST(an_update_that_needs_no_approval_replaces_what_waits),
        TEST(agencies_alerts_in_force_are_listed),
        TEST(the_newest_document_is_kept_as_it_came),
        TEST(a_sender_is_limited_but_not_its_repeats_and_cancels),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed + cmocka_run_group_tests_name(
                        "in_a_cluster", in_a_cluster, fixture_group_cluster, fixture_group_end);
}
