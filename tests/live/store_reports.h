/* What the tests of residents' reports in the store share: reports on a line of cells, and what became of
 * them. */
#ifndef NEIGHBORS_TESTS_LIVE_STORE_REPORTS_H
#define NEIGHBORS_TESTS_LIVE_STORE_REPORTS_H

#include "proto/message.h"
#include "tests/live/store_alerts.h"

/* What is told; 0 stands for what is usual. A report lies in a cell on a line, a letter each, and is near
 * what is one letter away. The cell stands in another region for every fourth letter. */
struct tell {
    const char *id, *sender, *body;
    char cell;
    uint8_t tag, severity;
    int64_t expires;
    uint32_t limit, cell_limit;
    bool only_known;
};

#define REPORT(id_, sender_, ...) ((struct tell){.id = id_, .sender = sender_, ##__VA_ARGS__})
#define BY(sender_, tag_) .others = {.sender = TEXT(sender_), .sender_tag = tag_}

/* A report with what it points to. */
struct reported {
    struct said said;
    struct store_report report;
    uint8_t near[3][STORE_TOKEN];
    char household[64];
    struct answer answer;
};

/* By that store; the answer comes into r. */
void begin_report(struct store *store, struct reported *r, struct tell t);
/* By the fixture's store, until it is answered. */
struct store_alert_result tell(struct fixture *f, struct tell t);

#define expect_part(result_, status_, id_, revision_)                                                        \
    do {                                                                                                     \
        struct store_alert_result p_ = result_;                                                              \
        expect(p_, status_, id_, revision_);                                                                 \
        assert_true(p_.merged);                                                                              \
    } while (0)
#define expect_alone(result_, id_)                                                                           \
    do {                                                                                                     \
        struct store_alert_result p_ = result_;                                                              \
        expect(p_, STORE_OK, id_, 1);                                                                        \
        assert_false(p_.merged);                                                                             \
    } while (0)

/* What is loaded of the alert. */
void expect_state(struct fixture *f, const char *id, uint32_t revision, uint32_t merged, uint8_t severity,
    const char *body);

#endif
