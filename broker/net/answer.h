/* Answers in JSON, made with a library so that no text can end them early. */
#ifndef NEIGHBORS_BROKER_NET_ANSWER_H
#define NEIGHBORS_BROKER_NET_ANSWER_H

#include <jansson.h>

#include "broker/net/request.h"

/* The answer is that value, which is taken over, as one line. */
void answer_json(struct http_request *request, int status, json_t *value);

/* {code, field, rule, text}: text says for people what the status means. */
json_t *answer_error(int status, const char *field, const char *rule);

/* Text as a JSON value; null when it is no UTF-8. */
json_t *answer_text(struct text text);

#endif
