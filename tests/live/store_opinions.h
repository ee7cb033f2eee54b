/* What the tests of moderation and approval in the store share: saying what others say of an alert of the tag
 * TAG. */
#ifndef NEIGHBORS_TESTS_LIVE_STORE_OPINIONS_H
#define NEIGHBORS_TESTS_LIVE_STORE_OPINIONS_H

#include "proto/message.h"
#include "tests/live/store_alerts.h"

#define RESIDENT                                                                                             \
    .others = {.sender = TEXT("user/ann"),                                                                   \
        .client = TEXT("phone"),                                                                             \
        .household = TEXT("home-1"),                                                                         \
        .truth = TRUTH_UNVERIFIED}
#define AGENCY(officer_, ...)                                                                                \
    .others = {.sender = TEXT("agency/police"),                                                              \
        .client = TEXT("desk"),                                                                              \
        .officer = TEXT(officer_),                                                                           \
        .agency = true,                                                                                      \
        .truth = TRUTH_CONFIRMED,                                                                            \
        ##__VA_ARGS__}

/* Three witnesses, or flags, are enough. */
struct store_alert_result witness(struct fixture *f, const char *id, const char *household);

struct flagged {
    bool done;
    enum store_status status;
    bool held;
    char sender[64], client[64];
};
struct flagged flag(struct fixture *f, const char *id, const char *household, bool appeal);

struct judged {
    bool done;
    enum store_status status;
    uint32_t revision;
    char sender[64], client[64];
};
struct judged say_verdict(struct fixture *f, const struct store_verdict *said);
/* Each call is one of its own, by its time. */
struct judged judge_as(
    struct fixture *f, const char *id, uint32_t revision, int decision, const char *by, const char *officer);
/* By a moderator. */
struct judged judge(struct fixture *f, const char *id, uint32_t revision, int decision);

#define expect_verdict(judged_, status_, revision_)                                                          \
    do {                                                                                                     \
        struct judged j_ = judged_;                                                                          \
        assert_int_equal(j_.status, status_);                                                                \
        assert_int_equal(j_.revision, revision_);                                                            \
    } while (0)

/* How often that was done, for the public record. */
long long counted(struct fixture *f, const char *what);

#endif
