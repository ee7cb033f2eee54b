/* One message as a request of HTTP (RFC 8030, section 5), and its answer. No redirect is followed, no proxy
 * of the environment asked, and an answer's body is looked at by nobody. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "bridge/private_address.h"
#include "bridge/push/push_inside.h"

enum { ANSWER_MOST = 16384, HEADER = PUSH_AUTHORIZATION + 32 };

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    (void)data;
    struct sending *sending = arg;
    sending->answered += size * count;
    return sending->answered > ANSWER_MOST ? 0 : size * count;
}

/* Where a connection may go is decided when its address is known, so that no name gets around it. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct sending *sending = arg;
    sending->forbidden = !sending->exact && private_address(&address->addr);
    return sending->forbidden
               ? CURL_SOCKET_BAD
               : socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
}

static void add_header(struct sending *sending, const char *line)
{
    struct curl_slist *list = curl_slist_append(sending->headers, line);
    if (!list)
        abort();
    sending->headers = list;
}

static void add_headers(struct sending *sending, const struct push_message *message)
{
    char line[HEADER];
    add_header(sending, "Content-Encoding: aes128gcm");
    add_header(sending, "Content-Type: application/octet-stream");
    add_header(sending, "Expect:");
    snprintf(line, sizeof line, "TTL: %u", message->ttl_s);
    add_header(sending, line);
    add_header(sending, message->urgency == PUSH_HIGH ? "Urgency: high" : "Urgency: normal");
    snprintf(line, sizeof line, "Topic: %s", message->topic);
    if (message->topic[0])
        add_header(sending, line);
    snprintf(line, sizeof line, "Authorization: %s", sending->service->authorization);
    add_header(sending, line);
}

static void set_options(struct sending *sending, const char *endpoint)
{
    const struct push_options *options = &sending->push->options;
    CURL *curl = sending->curl;
    curl_easy_setopt(curl, CURLOPT_URL, endpoint);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, sending->headers);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, sending->body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)sizeof sending->body);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, sending);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, sending);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, sending);
    if (options->ca_file[0])
        curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file);
}

bool push_request_fill(struct sending *sending, const struct push_message *message, const char *endpoint)
{
    if (message->payload.len > PUSH_PAYLOAD || message->auth.len != PUSH_AUTH ||
        !push_seal(message->p256dh, message->auth.data, message->payload, PUSH_PAYLOAD, NULL, sending->body))
        return false;
    sending->curl = curl_easy_init();
    if (!sending->curl)
        abort();
    add_headers(sending, message);
    set_options(sending, endpoint);
    return true;
}

static enum push_outcome outcome_of(long status)
{
    if (status >= 200 && status < 300)
        return PUSH_TAKEN;
    if (status == 404 || status == 410)
        return PUSH_GONE;
    if (status == 408 || status == 429 || status >= 500)
        return PUSH_LATER;
    return PUSH_NEVER;
}

void push_request_read(struct sending *sending, CURLcode result)
{
    long status = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(sending->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(sending->curl, CURLINFO_RETRY_AFTER, &retry_after);
    /* What was said is said, however much follows it. */
    bool heard = result == CURLE_OK || (result == CURLE_WRITE_ERROR && status);
    sending->outcome = heard ? outcome_of(status) : sending->forbidden ? PUSH_NEVER : PUSH_LATER;
    sending->retry_after_ms = heard && retry_after > 0 ? (int64_t)retry_after * 1000 : 0;
    if (!sending->forbidden)
        push_service_heard(sending->push, sending->service, heard && status < 500);
}
