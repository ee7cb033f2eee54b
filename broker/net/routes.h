/* What neighborsd serves over HTTP, route by route; the table is in routes.c. */
#ifndef NEIGHBORS_BROKER_NET_ROUTES_H
#define NEIGHBORS_BROKER_NET_ROUTES_H

#include "bridge/cap/cap_alert.h"
#include "broker/inquiry.h"
#include "broker/net/request.h"

enum { FEED_BODY = 16 * 1024, ENROLL_BODY = 1024 };

/* What the table has of each route (broker/net/request.h): _look before the body, _serve with all of it. */
void alerts_look(struct http_request *request);
void alerts_serve(struct http_request *request);
void feed_look(struct http_request *request);
void feed_serve(struct http_request *request);
void feed_serve_cells(struct http_request *request);
/* Geohashes with commas between them; one more than may be asked for says that there are too many. */
size_t feed_split_cells(struct text list, struct text cells[INQUIRY_CELLS + 1]);
/* False: the client has left, the store failed, or it is over a limit, and the request is done with. */
bool feed_answers(struct http_request *request, const struct inquiry_answer *answer)
    __attribute__((warn_unused_result));
/* Answers an inquiry that was not taken, and is done with the request. */
void feed_refuse(struct http_request *request, const struct refusal *refusal);
/* A weak entity tag of the content, with its quotes. */
enum { FEED_TAG = 40 };
void feed_tag(struct bytes content, char out[FEED_TAG]);
void cap_serve_atom(struct http_request *request);
void cap_serve_document(struct http_request *request);
/* Our own word for an agency's alert as a CAP 1.2 document, in the arena, held against the standard. False:
 * *rule, which it would break. */
bool cap_own_document(const struct alert *alert, const struct cap_origin *origin, struct arena *arena,
    struct bytes *out, const char **rule) __attribute__((warn_unused_result));
void agencies_serve(struct http_request *request);
void portal_serve(struct http_request *request);
void enroll_serve(struct http_request *request);
void log_serve_head(struct http_request *request);
void log_serve_keys(struct http_request *request);
void log_serve_leaves(struct http_request *request);
void log_serve_proof(struct http_request *request);
void log_serve_consistency(struct http_request *request);

#endif
