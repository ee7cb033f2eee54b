/* Log lines as text, as JSON and as entries of the journal, which is a socket of ours here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "broker/net/log_writer.h"

static const char LINE[] = "id=4f2a left over words why=\"no such \"cell\" here\" n=3";

static void pairs_are_taken_off_a_line(void **state)
{
    static const char *const wanted[][2] = {
        {"id", "4f2a"}, {"", "left over words"}, {"why", "no such \"cell\" here"}, {"n", "3"}};
    const char *text = LINE;
    struct log_pair pair;
    (void)state;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        assert_true(log_next_pair(&text, &pair));
        assert_int_equal(pair.key_len, strlen(wanted[i][0]));
        assert_memory_equal(pair.key, wanted[i][0], pair.key_len);
        assert_int_equal(pair.value_len, strlen(wanted[i][1]));
        assert_memory_equal(pair.value, wanted[i][1], pair.value_len);
    }
    assert_false(log_next_pair(&text, &pair));
}

static void odd_lines_end(void **state)
{
    static const char *const lines[] = {"", " ", "a=", "a=\"", "a=\"b", "=", "= =", "a==b", "\"", "a=\"\"b"};
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const char *text = lines[i];
        struct log_pair pair;
        size_t count = 0;
        while (log_next_pair(&text, &pair))
            assert_true(++count < 5);
    }
}

/* What is written to standard error meanwhile. */
static char *written(log_writer *writer)
{
    static char text[4096];
    int ends[2], error = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    writer(LOG_LEVEL_WARNING, "alert_refused", LINE);
    dup2(error, STDERR_FILENO);
    close(error);
    close(ends[1]);
    ssize_t len = read(ends[0], text, sizeof(text) - 1);
    close(ends[0]);
    assert_true(len > 0);
    text[len] = 0;
    return text;
}

static void text_is_one_line(void **state)
{
    (void)state;
    char *line = written(log_writer_named("text"));
    assert_memory_equal(line, "alert_refused ", 14);
    assert_memory_equal(line + 14, LINE, strlen(LINE));
    assert_string_equal(line + 14 + strlen(LINE), "\n");
}

static void json_has_a_member_a_value(void **state)
{
    (void)state;
    json_t *line = json_loads(written(log_writer_named("json")), 0, NULL);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "event")), "alert_refused");
    assert_string_equal(json_string_value(json_object_get(line, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(line, "id")), "4f2a");
    assert_string_equal(json_string_value(json_object_get(line, "why")), "no such \"cell\" here");
    assert_string_equal(json_string_value(json_object_get(line, "text")), "left over words");
    assert_int_equal(
        strlen(json_string_value(json_object_get(line, "time"))), strlen("2026-11-28T10:00:00.000Z"));
    json_decref(line);
}

static void the_journal_gets_a_field_a_value(void **state)
{
    static const char folder[] = "/run/systemd/journal";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char entry[4096];
    (void)state;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
    if (geteuid() != 0 || access(address.sun_path, F_OK) == 0) {
        print_message("SKIPPED: the journal's socket is there already, or is not ours to make\n");
        skip();
    }
    mkdir("/run/systemd", 0755);
    mkdir(folder, 0755);
    int journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(journal, (struct sockaddr *)&address, sizeof(address)), 0);
    log_writer_named("journal")(LOG_LEVEL_WARNING, "alert_refused", LINE);
    unlink(address.sun_path);
    ssize_t len = recv(journal, entry, sizeof(entry) - 1, MSG_DONTWAIT);
    close(journal);
    assert_true(len > 0);
    entry[len] = 0;
    assert_non_null(strstr(entry, "PRIORITY=4\n"));
    assert_non_null(strstr(entry, "SYSLOG_IDENTIFIER=neighborsd\n"));
    assert_non_null(strstr(entry, "NEIGHBORS_EVENT=alert_refused\n"));
    assert_non_null(strstr(entry, "NEIGHBORS_ID=4f2a\n"));
    assert_non_null(strstr(entry, "NEIGHBORS_WHY=no such \"cell\" here\n"));
    assert_non_null(strstr(entry, "NEIGHBORS_N=3\n"));
}

static struct {
    unsigned noisy, quiet;
    char left_out[32];
} heard;

static void hear(enum log_level level, const char *event, const char *text)
{
    (void)level;
    if (strncmp(text, "left_out=", 9) == 0)
        snprintf(heard.left_out, sizeof(heard.left_out), "%s %s", event, text);
    else if (strcmp(event, "noisy") == 0)
        heard.noisy++;
    else
        heard.quiet++;
}

static time_t second_of_log(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec;
}

static time_t next_second(void)
{
    time_t before = second_of_log();
    while (second_of_log() == before)
        usleep(1000);
    return before + 1;
}

static void a_noisy_event_is_limited_and_told_and_no_other(void **state)
{
    time_t second;
    (void)state;
    log_set_writer(hear);
    do { /* until all of it is within one second */
        second = next_second();
        log_line(LOG_LEVEL_INFO, "quiet", "n=0"); /* what was left out before is told now */
        memset(&heard, 0, sizeof(heard));
        for (int i = 0; i < 25; i++)
            log_line(LOG_LEVEL_INFO, "noisy", "n=%d", i);
        log_line(LOG_LEVEL_INFO, "quiet", "n=1");
        log_turn(); /* tells nothing yet: more may come of this second */
    } while (second_of_log() != second);
    assert_int_equal(heard.noisy, 20);
    assert_int_equal(heard.quiet, 1);
    assert_string_equal(heard.left_out, "");
    next_second();
    log_turn(); /* nobody logs again */
    assert_string_equal(heard.left_out, "noisy left_out=5");
    heard.left_out[0] = 0;
    log_line(LOG_LEVEL_INFO, "noisy", "n=26");
    next_second();
    log_turn();
    log_end();
    assert_string_equal(heard.left_out, "");
    assert_int_equal(heard.noisy, 21);
}

static void who_ends_tells_what_was_left_out(void **state)
{
    time_t second;
    (void)state;
    log_set_writer(hear);
    do {
        second = next_second();
        log_turn();
        memset(&heard, 0, sizeof(heard));
        for (int i = 0; i < 25; i++)
            log_line(LOG_LEVEL_INFO, "noisy", "n=%d", i);
        log_end();
    } while (second_of_log() != second);
    assert_int_equal(heard.noisy, 20);
    assert_string_equal(heard.left_out, "noisy left_out=5");
}

static void words_name_writers(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "1:2", 1);
    assert_ptr_equal(log_writer_named("auto"), log_writer_named("text"));
    assert_null(log_writer_named("syslog"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_taken_off_a_line),
        cmocka_unit_test(odd_lines_end),
        cmocka_unit_test(text_is_one_line),
        cmocka_unit_test(json_has_a_member_a_value),
        cmocka_unit_test(the_journal_gets_a_field_a_value),
        cmocka_unit_test(a_noisy_event_is_limited_and_told_and_no_other),
        cmocka_unit_test(who_ends_tells_what_was_left_out),
        cmocka_unit_test(words_name_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
