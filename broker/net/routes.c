/* The table of the HTTP routes. A new one is a row here and a function. */
#include "broker/net/routes.h"

const struct http_route routes_public[] = {
    {.path = "/v1/alerts",
        .method = HTTP_POST,
        .counted = HTTP_ALERTS,
        .look = alerts_look,
        .serve = alerts_serve},
    {.path = "/v1/feed",
        .method = HTTP_POST,
        .counted = HTTP_FEED,
        .body_most = FEED_BODY, /* nobody has to say who they are: no place to fill our memory from */
        .open = true,
        .look = feed_look,
        .serve = feed_serve},
    {.path = "/v1/feed", .method = HTTP_GET, .counted = HTTP_FEED, .open = true, .serve = feed_serve_cells},
    {.path = "/v1/cap.atom",
        .method = HTTP_GET,
        .counted = HTTP_CAP_ATOM,
        .open = true,
        .serve = cap_serve_atom},
    {.path = "/v1/cap/", .method = HTTP_GET, .counted = HTTP_CAP, .open = true, .serve = cap_serve_document},
    {.path = "/v1/agencies",
        .method = HTTP_GET,
        .counted = HTTP_AGENCIES,
        .open = true,
        .serve = agencies_serve},
    {0},
};
