/* Any text as a filter, and cut in two as a filter and a topic: what is accepted keeps the promises of
 * topic.h. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/mqtt.h"
#include "proto/topic.h"

enum { LEAF = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_accepted(struct text filter, const struct follow_filter *follow)
{
    require(topic_filter_valid(filter));
    size_t cell = strlen(follow->cell);
    require(strspn(follow->cell, "0123456789bcdefghjkmnpqrstuvwxyz") == cell);
    require(strlen(follow->public_id) < sizeof(follow->public_id));
    switch (follow->kind) {
    case FOLLOW_NEAR:
        require(cell == LEAF && follow->metres >= 400 && follow->metres <= 8000);
        break;
    case FOLLOW_CELL:
        require(cell >= 2 && cell <= LEAF && follow->metres == 0);
        break;
    case FOLLOW_INBOX:
        require(follow->suffix.len > 0 && follow->suffix.data > filter.data);
        require(follow->suffix.data + follow->suffix.len == filter.data + filter.len);
        require(topic_filter_valid(follow->suffix));
        return;
    case FOLLOW_INFO:
        require(text_equal(filter, TEXT("nb/v1/info")) && !follow->json);
        return;
    }
    require(follow->classes != 0 && (follow->classes & ~(CLASS_ANY | CLASS_ALERTS)) == 0 &&
            follow->categories != 0);
    /* A wildcard is for the public's classes; one of the others stands alone, by its name. */
    unsigned others = follow->classes & ~(unsigned)CLASS_ANY;
    require(others == 0 || (others == follow->classes && (others & (others - 1)) == 0));
    /* A category or an id of an alert leaves no activity. */
    require(follow->categories == 0xFFFF || !(follow->classes & CLASS_ACTIVITY));
    require(follow->public_id[0] == '\0' || !(follow->classes & CLASS_ACTIVITY));
}

static void check_filter(struct text filter)
{
    struct follow_filter follow;
    struct refusal refusal = {0};
    if (topic_parse_filter(filter, LEAF, &follow, &refusal)) {
        check_accepted(filter, &follow);
        return;
    }
    require(refusal.field && refusal.rule);
    require(refusal.code == REASON_BAD_FILTER || refusal.code == REASON_NOT_ALLOWED ||
            refusal.code == REASON_SHARED_NOT_SUPPORTED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const beginnings[] = {"", "nb/v1/", "nb/v1/near/9qh1f5/1600/", "nb/v1/cell/"};
    char whole[512];
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        size_t before = strlen(beginnings[i]);
        if (before + len > sizeof(whole))
            return 0;
        memcpy(whole, beginnings[i], before);
        if (len > 0)
            memcpy(whole + before, data, len);
        /* In memory that ends with it. */
        char *copy = malloc(before + len + 1);
        require(copy != NULL);
        char *text = copy + 1;
        memcpy(text, whole, before + len);
        check_filter((struct text){text, before + len});
        free(copy);
    }
    struct text topic = {(const char *)data, len};
    if (topic_name_valid(topic)) {
        require(topic_filter_valid(topic) && topic_matches(topic, topic));
        require(topic_matches(TEXT("#"), topic) == (data[0] != '$'));
    }
    const uint8_t *cut = len > 0 ? memchr(data, '\n', len) : NULL;
    if (cut) {
        struct text filter = {(const char *)data, (size_t)(cut - data)};
        topic = (struct text){(const char *)cut + 1, len - filter.len - 1};
        (void)topic_matches(filter, topic);
        require(topic_of(topic) == TOPIC_NONE || text_equal(topic, text_of(topic_name(topic_of(topic)))));
    }
    return 0;
}
