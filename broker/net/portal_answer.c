/* A file of the portal as an answer, and what a browser may do with it: load from us alone (and street tiles
 * from where the operator says), be framed by nobody, tell nobody where it came from. */
#include <string.h>

#include "broker/net/portal.h"
#include "broker/net/request.h"
#include "broker/settings_portal.h"

static void say_policy(struct http_request *request)
{
    char tiles[PORTAL_ORIGIN];
    settings_portal_origin(request->net->settings->portal_tiles, tiles);
    http_header(request, "content-security-policy:",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:%s%s; "
        "media-src blob:; connect-src 'self'; font-src 'self'; worker-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        tiles[0] ? " " : "", tiles);
    http_header(request, "referrer-policy:", "no-referrer");
    http_header(
        request, "permissions-policy:", "geolocation=(self), camera=(), microphone=(), payment=(), usb=()");
    http_header(request, "cross-origin-opener-policy:", "same-origin");
    http_header(request, "cross-origin-resource-policy:", "same-origin");
}

void http_answer_file(struct http_request *request, struct portal_content *file)
{
    bool packed = file->packed.data && portal_takes_gzip(request->accept_encoding);
    const struct portal_form *form = packed ? &file->packed : &file->plain;
    http_answer_bytes(request, 200, file->type, NULL, 0);
    request->answer.body = form->data;
    request->answer.len = form->len;
    request->answer.file = file;
    say_policy(request);
    http_header(
        request, "cache-control:", "%s", file->lasting ? "public, max-age=31536000, immutable" : "no-cache");
    if (file->packed.data) {
        http_header(request, "vary:", "accept-encoding");
    }
    if (packed) {
        http_header(request, "content-encoding:", "gzip");
    }
    (void)http_unchanged(request, form->tag, 0);
}
