/* POST /v1/enroll: a household that was invited takes its names and tokens, by a code that is good once.
 * Nothing of it is logged. */
#include <string.h>

#include "bridge/store_invitation.h"
#include "bridge/verification_code.h"
#include "broker/core.h"
#include "broker/net/answer.h"
#include "broker/net/routes.h"

enum { NONCE_LEAST = 16, NONCE_MOST = 64 };

static void refuse(struct http_request *request, int status, const char *field, const char *rule)
{
    http_refuse(request, status, field, rule);
    http_done(request);
}

/* What was sealed, and where MQTT is spoken here. */
static json_t *welcome(const struct settings *settings, struct bytes given)
{
    json_error_t error;
    json_t *root = json_loadb((const char *)given.data, given.len, 0, &error);
    bool tls = settings->tls_port != 0 && settings->tls_certificate[0];
    int port = (int)(tls ? settings->tls_port : settings->mqtt_port);
    if (root && json_object_set_new(root, "mqtt", json_pack("{s:b, s:i}", "tls", tls, "port", port)) == 0) {
        return root;
    }
    json_decref(root);
    return NULL;
}

static void taken(void *arg, const struct store_invited *invited)
{
    struct http_request *request = arg;
    json_t *given = NULL;
    if (!http_waiting(request)) {
        http_done(request);
    } else if (invited->status == STORE_LIMITED) {
        http_refuse_for(request, 429, "code", "too many were tried", invited->retry_s);
        http_done(request);
    } else if (invited->status == STORE_NOT_FOUND) {
        refuse(request, 404, "code", "not one that is good here: used, or over");
    } else if (invited->status != STORE_OK || !(given = welcome(request->net->settings, invited->given))) {
        http_refuse_for(request, 503, "store", "failed", 5);
        http_done(request);
    } else {
        answer_json(request, 200, given);
        http_header(request, "cache-control:", "no-store");
        http_done(request);
    }
}

static struct text member(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    return json_is_string(value) ? (struct text){json_string_value(value), json_string_length(value)}
                                 : (struct text){0};
}

static void ask(struct http_request *request, const char *code, struct text nonce)
{
    const struct broker *broker = request->net->broker;
    char digest[SEAL_CODE + 1], address[SEAL_CODE + 1];
    seal_code(broker->seal, text_of(code), digest);
    seal_code(broker->seal, request->address, address);
    http_within(request, request->net->settings->http_answer_ms);
    store_invitation_take(request->net->store,
        &(struct store_invitation_ask){digest, address, nonce, broker_now(broker)}, taken, request);
}

void enroll_serve(struct http_request *request)
{
    json_error_t error;
    char code[VERIFICATION_CODE + 1];
    json_t *root = json_loadb((const char *)request->body, request->body_len, JSON_REJECT_DUPLICATES, &error);
    struct text nonce = member(root, "nonce");
    if (!json_is_object(root)) {
        refuse(request, 400, "body", "a JSON object with code and nonce");
    } else if (!verification_code_read(member(root, "code"), code)) {
        refuse(request, 400, "code", "eight letters and digits, as K7QF-2MPX");
    } else if (nonce.len < NONCE_LEAST || nonce.len > NONCE_MOST || memchr(nonce.data, '\0', nonce.len)) {
        refuse(request, 400, "nonce", "16 to 64 bytes of text, chosen at random");
    } else {
        ask(request, code, nonce); /* copies what it needs */
    }
    json_decref(root);
}
