/* The store behind real sentinels: it finds the master that they name, and another one when that dies. */
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/live/redis_sentinels.h"
#include "tests/live/store_people.h"

struct city {
    struct fixture fixture;
    struct redis_sentinels sentinels;
};

static void sentinels_may_want_a_password(void **state)
{
    enum { SENTINELS = 3 };
    struct redis_sentinels *all = &((struct city *)*state)->sentinels;
    struct redis_sync sentinels[SENTINELS], ask;
    char path[96], url[sizeof(all->url) + sizeof(path) + 32];
    snprintf(path, sizeof(path), "%s/sentinel-password", all->master.folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), S_IRUSR | S_IWUSR), 0);
    assert_true(fputs("quiet-street\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    for (int i = 0; i < SENTINELS; i++) {
        assert_true(redis_sync_open(&sentinels[i], all->sentinels[i].url));
        assert_true(redis_tell(&sentinels[i], "ACL SETUSER default resetpass >quiet-street"));
    }
    snprintf(
        url, sizeof(url), "%s%csentinel-password-file=%s", all->url, strchr(all->url, '?') ? '&' : '?', path);
    bool opened = redis_sync_open(&ask, url);
    redis_sync_close(&ask);
    for (int i = 0; i < SENTINELS; i++) {
        assert_true(redis_tell(&sentinels[i], "ACL SETUSER default nopass"));
        redis_sync_close(&sentinels[i]);
    }
    assert_true(opened);
}

/* With one replica in all, the new master has none: nothing is acknowledged until the old one follows it. */
static void sentinels_name_another_master(void **state)
{
    enum { BEFORE = 50 };
    struct city *c = *state;
    struct fixture *f = &c->fixture;
    struct redis_server *old = &c->sentinels.master, *new = &c->sentinels.replica;
    struct sent sent[BEFORE + 1] = {0};
    for (int i = 0; i < BEFORE; i++)
        tell_person(&c->fixture, 1, &sent[i]);
    until_all(&c->fixture, sent, BEFORE);
    assert_true(redis_sentinels_watch_closely(&c->sentinels));
    redis_server_kill(old);
    tell_person(&c->fixture, 1, &sent[BEFORE]);
    UNTIL(f, redis_server_is_master(new));
    uint64_t lacking = store_counters(f->store)->waits_unsatisfied;
    UNTIL(f, store_counters(f->store)->waits_unsatisfied > lacking + 1);
    assert_false(sent[BEFORE].done);
    snprintf(old->master, sizeof(old->master), "127.0.0.1 %d", new->port);
    assert_true(redis_server_restart(old));
    until_all(&c->fixture, sent, BEFORE + 1);
    redisReply *kept = redis_server_ask(new, "XLEN nb:{p:user/n1}:in:c");
    assert_non_null(kept);
    assert_int_equal(kept->integer, BEFORE + 1);
    freeReplyObject(kept);
}

static int start_sentinels(void **state)
{
    struct city *city = calloc(1, sizeof(*city));
    *state = city;
    return city && redis_sentinels_start(&city->sentinels) ? 0 : -1;
}

static int stop_sentinels(void **state)
{
    struct city *city = *state;
    redis_sentinels_stop(&city->sentinels);
    free(city);
    return 0;
}

static int open_store(void **state)
{
    struct city *city = *state;
    fixture_open_at(&city->fixture, city->sentinels.url);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_store, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sentinels_may_want_a_password),
        TEST(sentinels_name_another_master),
    };
    return cmocka_run_group_tests(tests, start_sentinels, stop_sentinels);
}
