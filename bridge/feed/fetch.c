/* libcurl, one handle a call. What is read beyond the bound ends the transfer; where a connection may go is
 * decided when its address is known, so that no name and no redirect gets around it. */
#include "bridge/feed/fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/private_address.h"

struct transfer {
    const struct fetch_request *request;
    struct arena *arena;
    uint8_t *data;
    size_t len, room;
    bool too_large, forbidden;
};

void fetch_begin(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        abort();
}

void fetch_end(void)
{
    curl_global_cleanup();
}

/* ---- what comes ---- */

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t len = size * count;
    if (len > transfer->request->most - transfer->len) {
        transfer->too_large = true;
        return 0;
    }
    if (transfer->len + len > transfer->room) {
        size_t room = 2 * (transfer->len + len);
        uint8_t *larger = arena_take(transfer->arena, room + 1);
        if (transfer->len)
            memcpy(larger, transfer->data, transfer->len);
        transfer->data = larger;
        transfer->room = room;
    }
    if (len)
        memcpy(transfer->data + transfer->len, data, len);
    transfer->len += len;
    return len;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    const struct transfer *transfer = arg;
    return transfer->request->stop && *transfer->request->stop;
}

/* ---- where it may go ---- */

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct transfer *transfer = arg;
    transfer->forbidden = !transfer->request->allow_private && private_address(&address->addr);
    return transfer->forbidden ? CURL_SOCKET_BAD
                               : socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool fetch_is_local(const char *url)
{
    static const char *const local[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        size_t len = strlen(local[i]); /* and nothing that only begins like it */
        if (strncmp(url, local[i], len) == 0 && (url[len] == ':' || url[len] == '/'))
            return true;
    }
    return false;
}

/* ---- the exchange ---- */

static struct curl_slist *header(struct curl_slist *list, const char *name, const char *value)
{
    char line[2 * FETCH_HEADER];
    if (!value || !*value || strpbrk(value, "\r\n"))
        return list;
    snprintf(line, sizeof line, "%s: %s", name, value);
    return curl_slist_append(list, line);
}

static struct curl_slist *headers_of(const struct fetch_request *request)
{
    char bearer[FETCH_HEADER + 16];
    struct curl_slist *list = header(NULL, "If-None-Match", request->etag);
    list = header(list, "If-Modified-Since", request->modified);
    if (!request->post)
        return header(list, "Accept",
            "application/cap+xml, application/atom+xml, application/rss+xml, application/xml;q=0.9, "
            "*/*;q=0.5");
    snprintf(bearer, sizeof bearer, "Bearer %s", request->token ? request->token : "");
    list = header(list, "Content-Type", request->type);
    list = header(list, "Authorization", request->token ? bearer : NULL);
    return curl_slist_append(list, "Expect:");
}

static void set_options(CURL *curl, struct transfer *transfer, struct curl_slist *headers, char *error)
{
    const struct fetch_request *request = transfer->request;
    const char *protocols = request->allow_http ? "http,https" : "https";
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, request->redirects > 0 && !request->post ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)request->redirects);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "neighbors-poll");
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    if (fetch_is_local(request->url)) /* whatever proxy the environment names */
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (request->ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca);
    if (!request->post)
        return;
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
}

static void note_header(CURL *curl, const char *name, char out[FETCH_HEADER])
{
    struct curl_header *found;
    out[0] = '\0';
    if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK &&
        strlen(found->value) < FETCH_HEADER)
        strcpy(out, found->value);
}

static void note_answer(CURL *curl, struct transfer *transfer, struct fetch_answer *out)
{
    curl_off_t retry_after = 0;
    char *url = NULL;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &url);
    note_header(curl, "ETag", out->etag);
    note_header(curl, "Last-Modified", out->modified);
    out->retry_after_ms = retry_after > 0 ? retry_after * 1000 : 0;
    out->url = arena_copy(transfer->arena, url ? url : "", url ? strlen(url) : 0);
    if (transfer->data)
        transfer->data[transfer->len] = '\0';
    out->body = (struct bytes){transfer->data ? transfer->data : (const uint8_t *)"", transfer->len};
}

bool fetch(const struct fetch_request *request, struct arena *arena, struct fetch_answer *out)
{
    struct transfer transfer = {.request = request, .arena = arena};
    char error[CURL_ERROR_SIZE] = "";
    *out = (struct fetch_answer){0};
    CURL *curl = curl_easy_init();
    if (!curl)
        abort();
    struct curl_slist *headers = headers_of(request);
    set_options(curl, &transfer, headers, error);
    CURLcode result = curl_easy_perform(curl);
    if (result == CURLE_OK)
        note_answer(curl, &transfer, out);
    else
        snprintf(out->error, sizeof out->error, "%s",
            transfer.too_large                ? "the answer is larger than allowed"
            : transfer.forbidden              ? "its address is a private one"
            : request->stop && *request->stop ? "stopped"
                                              : curl_easy_strerror(result));
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return result == CURLE_OK;
}
