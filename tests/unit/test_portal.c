/* The portal's files: which are found, when a packed copy is believed, what is sent when they change; and
 * what clients take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/net/portal.h"

static char root[] = "/tmp/neighbors-portal-XXXXXX";
static char directory[64];
static struct portal *portal;

/* Runs it in the temporary folder; it has to go well. */
static void shell(const char *command)
{
    char line[512];
    snprintf(line, sizeof(line), "cd %s && %s", root, command);
    assert_int_equal(system(line), 0);
}

static int make(void **state)
{
    (void)state;
    if (!mkdtemp(root)) {
        return -1;
    }
    snprintf(directory, sizeof(directory), "%s/portal", root);
    shell("mkdir -p portal/assets portal-other && printf outside >secret.html && printf other "
          ">portal-other/a.js");
    portal = portal_new();
    return 0;
}

static int clear(void **state)
{
    (void)state;
    portal_free(portal);
    shell("rm -rf portal portal-other secret.html");
    return rmdir(root);
}

static struct portal_content *found(const char *path)
{
    struct portal_content *content = portal_find(portal, directory, path);
    assert_non_null(content);
    return content;
}

static void expect_none(const char *path)
{
    assert_null(portal_find(portal, directory, path));
}

static void only_what_is_inside(void **state)
{
    (void)state;
    shell("cd portal && printf page >index.html && printf hidden >.hidden.html && printf x >data.bin && "
          "ln -sf ../secret.html link.html && ln -sf index.html good.html && truncate -s 17M large.js && "
          "printf one >assets/app-1.js && mkdir -p folder.js");
    struct portal_content *index = found("/"), *script = found("/assets/app-1.js"),
                          *link = found("/good.html");
    assert_string_equal(index->type, "text/html; charset=utf-8");
    assert_int_equal(index->plain.len, 4);
    assert_memory_equal(index->plain.data, "page", 4);
    assert_null(index->packed.data);
    assert_false(index->lasting);
    assert_true(script->lasting);
    assert_memory_equal(link->plain.data, "page", 4);
    portal_release(index);
    portal_release(script);
    portal_release(link);
    static const char *const none[] = {"", "x", "/none.html", "/.hidden.html", "/data.bin", "/link.html",
        "/../secret.html", "/assets/../../secret.html", "/../portal-other/a.js", "/large.js", "/folder.js",
        "/assets", "/assets/"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        expect_none(none[i]);
    }
}

static void a_packed_copy_is_of_the_same_content(void **state)
{
    (void)state;
    shell("cd portal && seq 1000 >many.js && gzip -9kn many.js");
    struct portal_content *content = found("/many.js");
    assert_non_null(content->packed.data);
    assert_true(content->packed.len < content->plain.len);
    assert_string_not_equal(content->packed.tag, content->plain.tag);
    portal_release(content);
    shell("cd portal && sed -i s/500/501/ many.js"); /* as long as before, and not packed anew */
    content = found("/many.js");
    assert_null(content->packed.data);
    portal_release(content);
    shell("cd portal && gzip -9knf many.js");
    content = found("/many.js");
    assert_non_null(content->packed.data);
    portal_release(content);
    shell("cd portal && printf 'no gzip at all, but long enough' >many.js.gz");
    content = found("/many.js");
    assert_null(content->packed.data);
    portal_release(content);
    expect_none("/many.js.gz");
}

static void who_holds_a_file_keeps_it(void **state)
{
    (void)state;
    shell("printf first >portal/page.html");
    struct portal_content *first = found("/page.html"), *again = found("/page.html");
    assert_ptr_equal(first, again);
    shell("printf second >portal/page.new && mv portal/page.new portal/page.html");
    struct portal_content *second = found("/page.html");
    assert_memory_equal(first->plain.data, "first", 5);
    assert_memory_equal(second->plain.data, "second", 6);
    assert_string_not_equal(first->plain.tag, second->plain.tag);
    shell("rm portal/page.html");
    expect_none("/page.html");
    portal_release(first);
    portal_release(again);
    portal_release(second);
}

static void encodings(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool gzip;
    } cases[] = {
        {"", false},
        {"gzip", true},
        {"GZip", true},
        {"x-gzip", true},
        {"gzip, deflate, br, zstd", true},
        {"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
        {"identity", false},
        {"deflate", false},
        {"gzip;q=0", false},
        {"gzip;q=0.000", false},
        {"gzip ; q = 0.001", true},
        {"*", true},
        {"*;q=0", false},
        {"*;q=0, gzip", true},
        {"gzip;q=0, *", false},
        {"gzip;q=0.5, identity", false},
        {"identity;q=0.5, gzip;q=0.6", true},
        {"identity, gzip", true},
        {"gzipped", false},
        {",, gzip ,", true},
        {"gzip;x=1;q=0", false},
        {"gzip;q=", true},
        {";;;=,=;", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text header = text_of(cases[i].header);
        if (portal_takes_gzip(header) != cases[i].gzip) {
            print_error("Accept-Encoding: %.*s\n", (int)header.len, header.data);
        }
        assert_int_equal(portal_takes_gzip(header), cases[i].gzip);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_inside),
        cmocka_unit_test(a_packed_copy_is_of_the_same_content),
        cmocka_unit_test(who_holds_a_file_keeps_it),
        cmocka_unit_test(encodings),
    };
    return cmocka_run_group_tests(tests, make, clear);
}
