/* /v1/agencies: who the partner agencies are, for everybody, as GeoJSON. Each feature was made when the
 * operator enrolled the agency; officers are not in it. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_agency.h"
#include "broker/net/answer.h"
#include "broker/net/routes.h"

static char *collection(const struct store_agencies *agencies, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    if (!out) {
        abort();
    }
    fputs("{\"type\":\"FeatureCollection\",\"features\":[", out);
    for (size_t i = 0; i < agencies->count; i++) {
        fprintf(out, "%s%.*s", i ? "," : "", (int)agencies->features[i].len, agencies->features[i].data);
    }
    fputs("]}", out);
    fclose(out);
    return text;
}

static void answer(struct http_request *request, const struct store_agencies *agencies)
{
    size_t len;
    char tag[FEED_TAG], *text = collection(agencies, &len);
    feed_tag((struct bytes){(const uint8_t *)text, len}, tag);
    if (http_unchanged(request, tag + 2, 0)) { /* the same bytes: a strong tag, without W/ */
        free(text);
    } else {
        http_answer_bytes(request, 200, "application/geo+json", text, len);
    }
    http_header(request, "cache-control:", "public, max-age=60");
}

static void listed(void *arg, const struct store_agencies *agencies)
{
    struct http_request *request = arg;
    if (http_waiting(request) && agencies->status == STORE_OK) {
        answer(request, agencies);
    } else if (http_waiting(request)) {
        http_refuse(request, 503, "", "the list cannot be read now");
    }
    http_done(request);
}

void agencies_serve(struct http_request *request)
{
    http_within(request, request->net->settings->http_answer_ms);
    store_agencies(request->net->store, listed, request);
}
