/* The invitation: one POST of the code, over TLS, or on this machine. An answer that got lost is asked for
 * again under the same nonce. */
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "bridge/edge/setup/setup.h"

enum { ANSWER_MOST = 32768, TIMEOUT_S = 20, TRIES = 3, NONCE_BYTES = SETUP_NONCE / 2 };

struct answer {
    char text[ANSWER_MOST + 1];
    size_t len;
    long status; /* of HTTP; 0: none came */
    bool again;  /* it may have been lost on the way */
    bool away;   /* nobody was met */
    char error[CURL_ERROR_SIZE];
};

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct answer *answer = arg;
    size_t len = size * count;
    if (len > ANSWER_MOST - answer->len)
        return 0;
    memcpy(answer->text + answer->len, data, len);
    answer->len += len;
    answer->text[answer->len] = 0;
    return len;
}

/* ---- where to ---------------------------------------------------------------------------------------------
 */

static bool local_name(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0;
}

bool setup_broker_host(const struct setup *setup, char out[SETUP_TEXT])
{
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL;
    bool good = url && curl_url_set(url, CURLUPART_URL, setup->broker, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                (strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && local_name(host)));
    if (good)
        snprintf(out, SETUP_TEXT, "%s", host);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(url);
    return good;
}

/* ---- asking -----------------------------------------------------------------------------------------------
 */

static void set_trust(CURL *curl, const struct setup *setup)
{
    if (setup->ca[0])
        curl_easy_setopt(curl, CURLOPT_CAINFO, setup->ca);
    if (!setup->pin[0])
        return;
    /* The key is known by its digest, which the operator gave with the code: nobody else's word is needed. */
    curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, setup->pin);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
}

static void post(const struct setup *setup, const char *body, struct answer *answer)
{
    CURL *curl = curl_easy_init();
    char address[SETUP_TEXT + 16];
    size_t len = strlen(setup->broker);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    snprintf(address, sizeof address, "%.*s/v1/enroll", (int)(len - (len && setup->broker[len - 1] == '/')),
        setup->broker);
    answer->len = 0;
    answer->status = 0;
    snprintf(answer->error, sizeof answer->error, "no memory");
    if (curl && headers) {
        curl_easy_setopt(curl, CURLOPT_URL, address);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, answer->error);
        set_trust(curl, setup);
        CURLcode code = curl_easy_perform(curl);
        answer->again = code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT ||
                        code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
        answer->away = answer->again || code == CURLE_COULDNT_RESOLVE_HOST;
        if (code == CURLE_OK)
            curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
        else if (!answer->error[0])
            snprintf(answer->error, sizeof answer->error, "%s", curl_easy_strerror(code));
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

static bool make_nonce(char out[SETUP_NONCE])
{
    uint8_t bytes[NONCE_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

/* ---- the answer -------------------------------------------------------------------------------------------
 */

static char *copy_of(const json_t *root, const char *group, const char *name)
{
    const json_t *from = group ? json_object_get(root, group) : root;
    const char *text = json_string_value(json_object_get(from, name));
    return text ? strdup(text) : NULL;
}

/* A line of a file, so nothing that would end it. */
static bool is_line(const char *text)
{
    return text && text[0] && !strpbrk(text, "\r\n") && strlen(text) < SETUP_TOKEN;
}

static bool take(struct setup_joined *joined, const json_t *root)
{
    const json_t *mqtt = json_object_get(root, "mqtt"), *device, *devices = json_object_get(root, "devices");
    size_t i;
    joined->edge = copy_of(root, "edge", "name");
    joined->edge_token = copy_of(root, "edge", "token");
    joined->user = copy_of(root, "user", "name");
    joined->user_token = copy_of(root, "user", "token");
    joined->cell = copy_of(root, NULL, "cell");
    joined->authority = copy_of(root, NULL, "authority");
    joined->tls = json_is_true(json_object_get(mqtt, "tls"));
    joined->port = (int)json_integer_value(json_object_get(mqtt, "port"));
    json_array_foreach(devices, i, device)
    {
        if (json_is_string(device) && joined->device_count < SETUP_DEVICES)
            joined->devices[joined->device_count++] = strdup(json_string_value(device));
    }
    return is_line(joined->edge) && is_line(joined->edge_token) && is_line(joined->user) &&
           is_line(joined->user_token) && joined->authority && joined->port > 0 && joined->port < 65536;
}

/* Tells what went wrong. */
static enum setup_answer refused(const struct answer *answer, const json_t *root)
{
    const char *field = json_string_value(json_object_get(root, "field")),
               *rule = json_string_value(json_object_get(root, "rule"));
    if (answer->status == 0)
        fprintf(stderr, "neighbors-edge: the broker cannot be asked: %s\n", answer->error);
    else if (field && rule) {
        fprintf(stderr, "neighbors-edge: the broker says: %s: %s\n", field, rule);
        return answer->status >= 500 ? SETUP_NOT_REACHED : SETUP_REFUSED;
    } else
        fprintf(stderr, "neighbors-edge: the broker answered with %ld, which is no answer of Neighbors\n",
            answer->status);
    return answer->away || answer->status >= 500 ? SETUP_NOT_REACHED : SETUP_BAD_ADDRESS;
}

enum setup_answer setup_join(struct setup *setup)
{
    static struct answer answer;
    char host[SETUP_TEXT];
    json_error_t error;
    if (!setup_broker_host(setup, host)) {
        fprintf(stderr, "neighbors-edge: %s: must be https://HOST[:PORT] (http:// on this machine alone)\n",
            setup->broker);
        return SETUP_BAD_ADDRESS;
    }
    if (!setup->nonce[0] && !make_nonce(setup->nonce))
        return SETUP_FAILED;
    json_t *body = json_pack("{s:s, s:s}", "code", setup->code, "nonce", setup->nonce);
    char *text = json_dumps(body, JSON_COMPACT);
    for (int i = 0; i < TRIES && (i == 0 || answer.again || answer.status >= 500); i++) {
        if (i > 0)
            sleep(1U << i);
        post(setup, text, &answer);
    }
    json_t *root = json_loadb(answer.text, answer.len, 0, &error);
    bool good = answer.status == 200 && take(&setup->joined, root);
    enum setup_answer result = good ? SETUP_JOINED : refused(&answer, root);
    json_decref(root);
    json_decref(body);
    free(text);
    explicit_bzero(answer.text, sizeof answer.text);
    return result;
}

void setup_joined_free(struct setup_joined *joined)
{
    free(joined->edge);
    free(joined->edge_token);
    free(joined->user);
    free(joined->user_token);
    free(joined->cell);
    free(joined->authority);
    for (size_t i = 0; i < joined->device_count; i++)
        free(joined->devices[i]);
    *joined = (struct setup_joined){0};
}
