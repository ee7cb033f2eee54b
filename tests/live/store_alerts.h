/* What the tests of alerts in the store share: saying, loading and following alerts, in few words. */
#ifndef NEIGHBORS_TESTS_LIVE_STORE_ALERTS_H
#define NEIGHBORS_TESTS_LIVE_STORE_ALERTS_H

#include "tests/live/store_fixture.h"

#define ID(letter)                                                                                           \
    letter letter letter letter letter letter letter letter letter letter letter letter "000000000000"
#define A ID("a")
#define B ID("b")
#define C ID("c")
#define D ID("d")
#define E ID("e")
#define F ID("f")

/* The tag that all alerts have of which nothing else is said; their keys begin with nb:{s11}. */
enum { TAG = 17 };

struct answer {
    bool done;
    struct store_alert_result result;
};
void on_answer(void *arg, const struct store_alert_result *result);

/* What the tests say of an alert; lists are words with a space between. Others is what else is to be set. */
struct say {
    enum store_alert_act act;
    const char *id, *references, *channels, *body, *area;
    int64_t expires;
    struct store_alert others;
};
#define NEW(id_, ...) ((struct say){.act = STORE_ALERT_NEW, .id = id_, ##__VA_ARGS__})
#define UPDATE(id_, of_, ...)                                                                                \
    ((struct say){.act = STORE_ALERT_UPDATE, .id = id_, .references = of_, ##__VA_ARGS__})
#define CANCEL(id_, of_, ...)                                                                                \
    ((struct say){.act = STORE_ALERT_CANCEL, .id = id_, .references = of_, ##__VA_ARGS__})

/* The alert that is said, with lists that live in `words`. */
struct said {
    char references[4][PUBLIC_ID + 1], channels[STORE_COVER][13];
    struct store_alert alert;
};
void make_alert(struct said *said, struct say s);
/* Stores it and waits for the answer. */
struct store_alert_result say(struct fixture *f, struct say s);

#define expect(result_, status_, id_, revision_)                                                             \
    do {                                                                                                     \
        struct store_alert_result r_ = result_;                                                              \
        assert_int_equal(r_.status, status_);                                                                \
        assert_string_equal(r_.public_id, id_);                                                              \
        assert_int_equal(r_.revision, revision_);                                                            \
    } while (0)

/* A loaded record; its texts are copied. */
struct record {
    bool done;
    struct store_alert_record record;
    char body[64], areas[4][64], sender[64], household[64], officer[64];
};
struct record load(struct fixture *f, const char *id, uint32_t revision);
struct record load_of(struct fixture *f, uint8_t tag, const char *id, uint32_t revision);

struct opened {
    bool done;
    struct channel_state state;
    struct alert_notice alerts[8];
};
struct opened state_of(struct fixture *f, const char *channel);
void follow(struct fixture *f, const char *channel);

/* What was told of a channel, as "a1+ a2-": the beginning of the id, the revision, in force or not. */
const char *history(struct fixture *f, const char *channel);
#define until_history(f, channel, expected) UNTIL(f, strcmp(history(f, channel), expected) == 0)

#endif
