/* Requests and their answers, apart from how they travel. */
#include "broker/net/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "broker/net/answer.h"
#include "broker/net/portal.h"

enum { HTTP_DATE = 32 };

struct http_request *http_request_new(struct http *http, const struct net_options *net, struct lws *wsi)
{
    struct http_request *request = calloc(1, sizeof(*request));
    if (!request) {
        abort();
    }
    request->http = http;
    request->net = net;
    request->wsi = wsi;
    arena_init(&request->arena, NULL, 0);
    return request;
}

static void drop_body(struct http_answer *answer)
{
    if (answer->file) {
        portal_release(answer->file);
    } else {
        free(answer->body);
    }
    answer->file = NULL;
    answer->body = NULL;
}

void http_request_free(struct http_request *request)
{
    free(request->body);
    drop_body(&request->answer);
    arena_free(&request->arena);
    free(request);
}

bool http_argument(const struct http_request *request, const char *name, struct text *out)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < request->argument_count; i++) {
        struct text argument = request->arguments[i];
        bool named = argument.len >= len && memcmp(argument.data, name, len) == 0;
        if (named && (argument.len == len || argument.data[len] == '=')) {
            size_t skip = argument.len == len ? len : len + 1;
            *out = (struct text){argument.data + skip, argument.len - skip};
            return true;
        }
    }
    *out = (struct text){0};
    return false;
}

/* ---- the answer ---- */

void http_header(struct http_request *request, const char *name, const char *format, ...)
{
    struct http_answer *answer = &request->answer;
    char value[1024];
    va_list list;
    va_start(list, format);
    int len = vsnprintf(value, sizeof(value), format, list);
    va_end(list);
    if (len < 0 || len >= (int)sizeof(value) || answer->further_count == HTTP_FURTHER) {
        return;
    }
    answer->further[answer->further_count].name = name;
    answer->further[answer->further_count++].value = arena_copy(&request->arena, value, (size_t)len);
}

void http_answer_bytes(struct http_request *request, int status, const char *type, char *body, size_t len)
{
    struct http_answer *answer = &request->answer;
    if (len && !body) {
        abort();
    }
    drop_body(answer);
    answer->status = status;
    answer->type = type;
    answer->body = body;
    answer->len = len;
}

void http_refuse(struct http_request *request, int status, const char *field, const char *rule)
{
    answer_json(request, status, answer_error(status, field, rule));
}

void http_refuse_for(
    struct http_request *request, int status, const char *field, const char *rule, uint32_t seconds)
{
    http_refuse(request, status, field, rule);
    http_header(request, "retry-after:", "%u", seconds ? seconds : 1);
}

void http_done(struct http_request *request)
{
    request->owed = false;
    if (!request->wsi) {
        http_request_free(request);
    } else if (request->stage == HTTP_WORKING) {
        http_ready(request);
    }
}

/* ---- what the client has already ---- */

static bool listed(struct text list, const char *etag)
{
    etag += strncmp(etag, "W/", 2) == 0 ? 2 : 0;
    size_t len = strlen(etag);
    if (list.len == 1 && list.data[0] == '*') {
        return true;
    }
    return memmem(list.data, list.len, etag, len) != NULL; /* its quotes end it on both sides */
}

static bool not_since(const struct http_request *request, int64_t changed)
{
    char copy[HTTP_DATE + 8];
    struct tm when = {0};
    struct text since = request->if_modified_since;
    if (since.len == 0 || since.len >= sizeof(copy) || changed == 0) {
        return false;
    }
    memcpy(copy, since.data, since.len);
    copy[since.len] = '\0';
    const char *end = strptime(copy, "%a, %d %b %Y %H:%M:%S GMT", &when);
    return end && !*end && changed / 1000 <= timegm(&when);
}

bool http_unchanged(struct http_request *request, const char *etag, int64_t changed)
{
    char date[HTTP_DATE];
    time_t seconds = changed / 1000;
    struct tm when;
    http_header(request, "etag:", "%s", etag);
    if (changed && gmtime_r(&seconds, &when) &&
        strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &when)) {
        http_header(request, "last-modified:", "%s", date);
    }
    bool same =
        request->if_none_match.len ? listed(request->if_none_match, etag) : not_since(request, changed);
    if (same) {
        http_answer_bytes(request, 304, NULL, NULL, 0);
    }
    return same;
}

/* ---- routes ---- */

static bool leads(const struct http_route *route, const char *path)
{
    size_t len = strlen(route->path);
    if (len > 1 && route->path[len - 1] == '/') {
        return strncmp(route->path, path, len) == 0 && path[len];
    }
    return strcmp(route->path, path) == 0;
}

const struct http_route *route_find(
    const struct http_route *routes, const char *path, enum http_method method, unsigned *allowed)
{
    enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
    for (const struct http_route *route = routes; route && route->path; route++) {
        if (!leads(route, path)) {
            continue;
        }
        if (route->method == wanted) {
            return route;
        }
        *allowed |= route->method | (route->method == HTTP_GET ? HTTP_HEAD : 0u);
        if (route->open) {
            *allowed |= HTTP_OPTIONS;
        }
    }
    return NULL;
}
