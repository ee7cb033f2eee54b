/* The address of Redis: every form of it, and what is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bridge/redis_url.h"

static struct redis_url url;
static char error[REDIS_URL_ERROR];

static void forms(void **state)
{
    static const struct {
        const char *text, *path, *host;
        int port, database;
        const char *user, *password;
    } cases[] = {
        {"redis://127.0.0.1", "", "127.0.0.1", 6379, 0, "", ""},
        {"redis://127.0.0.1:7000", "", "127.0.0.1", 7000, 0, "", ""},
        {"redis://localhost/3", "", "localhost", 6379, 3, "", ""},
        {"redis://localhost:1/", "", "localhost", 1, 0, "", ""},
        {"redis://[::1]:7000/2", "", "::1", 7000, 2, "", ""},
        {"redis://[fe80::1]", "", "fe80::1", 6379, 0, "", ""},
        {"redis://:word@h:1", "", "h", 1, 0, "", "word"},
        {"redis://ann:w:or@d/?@h:1", "", "", 0, 0, NULL, NULL},
        {"redis://ann:w@rd@h:1/4", "", "h", 1, 4, "ann", "w@rd"},
        {"redis://ann@h", "", "h", 6379, 0, "ann", ""},
        {"unix:/run/redis.sock", "/run/redis.sock", "", 0, 0, "", ""},
        {"unix:/run/redis.sock?user=ann", "/run/redis.sock", "", 0, 0, "ann", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool read = redis_url_read(cases[i].text, &url, error);
        if (read != (cases[i].user != NULL))
            fail_msg("%s: %s", cases[i].text, read ? "read" : error);
        if (!read)
            continue;
        assert_string_equal(url.path, cases[i].path);
        assert_int_equal(url.host_count, url.path[0] ? 0 : 1);
        assert_string_equal(url.hosts[0].name, cases[i].host);
        assert_int_equal(url.hosts[0].port, cases[i].port);
        assert_int_equal(url.database, cases[i].database);
        assert_string_equal(url.user, cases[i].user);
        assert_string_equal(url.password, cases[i].password);
        assert_int_equal(url.password_shown, *cases[i].password != '\0');
    }
}

static void several_hosts(void **state)
{
    (void)state;
    assert_true(redis_url_read("redis+cluster://ann:word@a,[::1]:7001,c:7002", &url, error));
    assert_int_equal(url.kind, REDIS_CLUSTER);
    assert_int_equal(url.host_count, 3);
    assert_string_equal(url.hosts[0].name, "a");
    assert_int_equal(url.hosts[0].port, 6379);
    assert_string_equal(url.hosts[1].name, "::1");
    assert_int_equal(url.hosts[1].port, 7001);
    assert_string_equal(url.hosts[2].name, "c");
    assert_int_equal(url.hosts[2].port, 7002);
    assert_string_equal(url.user, "ann");
    assert_string_equal(url.password, "word");
    assert_true(redis_url_read("redis+sentinel://a,b:1/town", &url, error));
    assert_int_equal(url.kind, REDIS_SENTINEL);
    assert_int_equal(url.host_count, 2);
    assert_int_equal(url.hosts[0].port, 26379);
    assert_int_equal(url.hosts[1].port, 1);
    assert_string_equal(url.master, "town");
    assert_int_equal(url.wait, 1);
}

static void how_many_replicas_must_have_it(void **state)
{
    (void)state;
    assert_true(redis_url_read("redis://a", &url, error));
    assert_int_equal(url.wait, 0);
    assert_true(redis_url_read("redis+cluster://a?user=ann&wait=2", &url, error));
    assert_int_equal(url.wait, 2);
    assert_string_equal(url.user, "ann");
    assert_true(redis_url_read("redis+cluster://a?wait=0&user=bob", &url, error));
    assert_int_equal(url.wait, 0);
    assert_string_equal(url.user, "bob");
    assert_false(redis_url_read("redis+cluster://a?wait=", &url, error));
    assert_false(redis_url_read("redis+cluster://a?wait=17", &url, error));
}

static void wrong_ones(void **state)
{
    static const char *const cases[][2] = {
        {"", "form"},
        {"http://h", "form"},
        {"redis://", "form"},
        {"redis://:geheim@", "form"},
        {"redis://h:70000", "form"},
        {"redis://h:x", "form"},
        {"redis://h/x", "form"},
        {"redis://[::1", "form"},
        {"unix:relative", "form"},
        {"redis://a,b", "form"},
        {"redis+cluster://", "form"},
        {"redis+cluster://a,", "form"},
        {"redis+cluster://a/1", "form"},
        {"redis+sentinel://a", "form"},
        {"redis+sentinel://a/", "form"},
        {"redis+cluster://a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", "form"},
        {"rediss://h", "tunnel"},
        {"redis://h?passwort-file=/x", "options"},
        {"redis://h?password-file=/does/not/exist", "No such file"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(redis_url_read(cases[i][0], &url, error));
        if (!strstr(error, cases[i][1]))
            fail_msg("%s: %s", cases[i][0], error);
        assert_null(strstr(error, "geheim"));
    }
}

static void password_files(void **state)
{
    char path[] = "/tmp/test_redis_url.XXXXXX", text[100];
    int file = mkstemp(path);
    (void)state;
    assert_true(file >= 0);
    snprintf(text, sizeof text, "redis://ann@h:1/2?password-file=%s", path);
    assert_false(redis_url_read(text, &url, error));
    assert_non_null(strstr(error, "no password"));
    assert_int_equal(write(file, "secret\nmore\n", 12), 12);
    assert_true(redis_url_read(text, &url, error));
    assert_string_equal(url.user, "ann");
    assert_string_equal(url.password, "secret");
    assert_false(url.password_shown);
    assert_int_equal(url.database, 2);
    snprintf(text, sizeof text, "unix:/s?user=bob&password-file=%s", path);
    assert_int_equal(fchmod(file, 0640), 0);
    assert_true(redis_url_read(text, &url, error));
    assert_string_equal(url.user, "bob");
    assert_string_equal(url.password, "secret");
    assert_int_equal(fchmod(file, 0644), 0);
    assert_false(redis_url_read(text, &url, error));
    assert_non_null(strstr(error, "not closed to others"));
    close(file);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(several_hosts),
        cmocka_unit_test(how_many_replicas_must_have_it),
        cmocka_unit_test(wrong_ones),
        cmocka_unit_test(password_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
