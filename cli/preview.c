/* One exchange with the broker's HTTP. The token never crosses a network in the open. */
#include "cli/preview.h"

#include <stdio.h>
#include <string.h>

#include "bridge/feed/fetch.h"

enum { TIMEOUT_MS = 30000, ANSWER_MOST = 4 << 20 };

static void print_preview(json_t *told, const char *label)
{
    size_t i;
    json_t *cell, *part;
    printf("%s would reach about %lld followers in %.1f km2%s\n", label,
        (long long)json_integer_value(json_object_get(told, "followers")),
        json_number_value(json_object_get(told, "area_km2")),
        json_is_true(json_object_get(told, "approval")) ? ", once a second officer approves" : "");
    json_array_foreach(json_object_get(told, "cells"), i, cell)
        printf("%s%s", i ? " " : "cells: ", json_string_value(cell));
    if (json_array_size(json_object_get(told, "cells")))
        puts("");
    json_array_foreach(json_object_get(told, "refused"), i, part) printf("left out: %s: %s\n",
        json_string_value(json_object_get(part, "field")), json_string_value(json_object_get(part, "rule")));
}

static enum exit_code tell(
    const struct invocation *invocation, const struct fetch_answer *answer, const char *label)
{
    json_t *told = json_loadb((const char *)answer->body.data, answer->body.len, 0, NULL);
    const char *field = "", *rule = "it says nothing that can be read";
    enum exit_code code = EXIT_DONE;
    if (answer->status != 200 || !json_is_object(told)) {
        if (told)
            json_unpack(told, "{s?s, s?s}", "field", &field, "rule", &rule);
        code = cli_fail(invocation, answer->status >= 500 ? EXIT_UNREACHABLE : EXIT_REFUSED,
            "%s refused, %ld: %.200s%s%.200s", label, answer->status, field, *field ? ": " : "", rule);
    } else if (invocation->common.json) {
        json_object_set_new(told, "ok", json_true());
        cli_print_json(json_incref(told));
    } else {
        print_preview(told, label);
    }
    json_decref(told);
    return code;
}

enum exit_code preview(const struct invocation *invocation, const struct identity *identity, const char *http,
    const char *content_type, struct bytes payload, const char *label)
{
    char url[ADDRESS_TEXT + 32];
    struct address broker;
    struct fetch_answer answer;
    struct arena arena;
    if (!cli_http(invocation, "--http", http, &broker))
        return EXIT_REFUSED;
    snprintf(url, sizeof url, "%s/v1/alerts?preview=1", broker.text);
    if (strncmp(url, "https://", 8) != 0 && !fetch_is_local(url))
        return cli_fail(invocation, EXIT_USAGE,
            "--http: https://, so that nobody on the way reads the token; http on this machine alone");
    const struct fetch_request request = {.url = url,
        .allow_http = fetch_is_local(url),
        .allow_private = true,
        .timeout_ms = TIMEOUT_MS,
        .most = ANSWER_MOST,
        .ca = invocation->common.tls_ca,
        .post = true,
        .token = identity->token,
        .type = content_type,
        .body = payload};
    arena_init(&arena, NULL, 0);
    fetch_begin();
    enum exit_code code = fetch(&request, &arena, &answer)
                              ? tell(invocation, &answer, label)
                              : cli_fail(invocation, EXIT_UNREACHABLE, "cannot reach %s (%s): %s",
                                    broker.text, broker.from, answer.error);
    fetch_end();
    arena_free(&arena);
    return code;
}
