#include "tests/live/store_people.h"

static size_t answered;

void on_sent(void *arg, enum store_status status)
{
    struct sent *sent = arg;
    if (status == STORE_GONE) /* a test failed, and what it sent is no more */
        return;
    assert_false(sent->done);
    *sent = (struct sent){true, status, answered++};
}

struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

struct session_name person(int number)
{
    static char name[32];
    int len = snprintf(name, sizeof(name), "user/n%d", number);
    return (struct session_name){{name, (size_t)len}, TEXT("c")};
}

void tell_person(struct fixture *f, int number, struct sent *sent)
{
    char payload[32];
    snprintf(payload, sizeof(payload), "to n%d", number);
    store_inbox(f->store, person(number), TEXT("x"), bytes_of(payload), on_sent, sent);
}

void tell_all(struct fixture *f, struct sent *sent)
{
    for (int i = 0; i < PEOPLE; i++)
        tell_person(f, i, &sent[i]);
}

void until_all(struct fixture *f, const struct sent *sent, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        UNTIL(f, sent[i].done);
        assert_int_equal(sent[i].status, STORE_OK);
    }
}
