/* /v1/portal: what the portal's page has to know before anybody signs in. */
#include "broker/net/answer.h"
#include "broker/net/routes.h"
#include "broker/settings_portal.h"

enum { AGE_S = 60 };

static json_t *tiles_of(const struct settings *settings)
{
    if (!settings->portal_tiles[0]) {
        return json_null();
    }
    return json_pack("{s:s, s:o, s:I}", "url", settings->portal_tiles, "attribution",
        answer_text(text_of(settings->portal_tiles_attribution)), "zoom",
        (json_int_t)settings->portal_tiles_zoom);
}

static json_t *look_of(const struct settings *settings)
{
    double latitude, longitude;
    if (!settings_portal_center(settings->portal_center, &latitude, &longitude)) {
        return json_null();
    }
    return json_pack("{s:f, s:f, s:I}", "latitude", latitude, "longitude", longitude, "zoom",
        (json_int_t)settings->portal_zoom);
}

void portal_serve(struct http_request *request)
{
    const struct settings *settings = request->net->settings;
    char tag[FEED_TAG];
    answer_json(request, 200,
        json_pack("{s:o, s:o, s:o}", "name", answer_text(text_of(settings->portal_name)), "look",
            look_of(settings), "tiles", tiles_of(settings)));
    feed_tag((struct bytes){(const uint8_t *)request->answer.body, request->answer.len}, tag);
    http_header(request, "cache-control:", "public, max-age=%d", AGE_S);
    (void)http_unchanged(request, tag, 0);
    http_done(request);
}
