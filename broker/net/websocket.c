/* Wires over libwebsockets. It writes only when it says so: a flush asks for that, and the frame is built
 * then. */
#include "broker/net/websocket.h"

#include <stdlib.h>

#include "broker/net/http_inside.h"

struct websocket {
    struct wire wire;
    struct lws *wsi;             /* NULL: closed */
    struct websocket_slot *slot; /* libwebsockets' way back to us; valid while wsi is */
    bool finishing;              /* the close frame is next */
};

static const char path[] = "/mqtt";

static struct websockets *shared(struct lws *wsi)
{
    return lws_get_protocol(wsi)->user;
}

/* ---- as a kind of wire -------------------------------------------------------------------------- */

static bool flush(struct wire *wire)
{
    struct websocket *websocket = (struct websocket *)wire;
    if (websocket->wsi && connection_pending(wire->connection) > 0) {
        wire->blocked = true;
        lws_callback_on_writable(websocket->wsi);
    }
    return false;
}

static void pause_reading(struct wire *wire, bool paused)
{
    struct websocket *websocket = (struct websocket *)wire;
    if (websocket->wsi) {
        lws_rx_flow_control(websocket->wsi, !paused);
    }
}

static bool finish(struct wire *wire)
{
    struct websocket *websocket = (struct websocket *)wire;
    if (!websocket->wsi) {
        return false;
    }
    websocket->finishing = true;
    lws_callback_on_writable(websocket->wsi);
    return true;
}

static void release(struct wire *wire)
{
    struct websocket *websocket = (struct websocket *)wire;
    if (websocket->wsi) {
        websocket->slot->websocket = NULL;
        lws_set_timeout(websocket->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
    free(websocket);
}

static const struct wire_kind websocket_kind = {flush, pause_reading, finish, release};

/* ---- as libwebsockets sees it ------------------------------------------------------------------- */

static int refuse_other_paths(struct lws *wsi)
{
    char asked[sizeof(path) + 1];
    int len = lws_hdr_copy(wsi, asked, sizeof(asked), WSI_TOKEN_GET_URI);
    return len == (int)sizeof(path) - 1 && memcmp(asked, path, sizeof(path) - 1) == 0 ? 0 : 1;
}

static void established(struct lws *wsi, struct websocket_slot *slot)
{
    struct wires *wires = shared(wsi)->wires;
    struct websocket *websocket = calloc(1, sizeof(*websocket));
    if (!websocket) {
        abort();
    }
    /* The visitor is the HTTP connection's, which outlives the wire. */
    wire_init(&websocket->wire, wires, &websocket_kind, NULL, wires->now);
    websocket->wsi = wsi;
    websocket->slot = slot;
    slot->websocket = websocket;
    struct peer peer;
    http_peer(wsi, &peer);
    peer.websocket = true;
    wire_open(&websocket->wire, &peer);
}

static int close_with(struct lws *wsi, enum lws_close_status status)
{
    lws_close_reason(wsi, status, NULL, 0);
    return -1;
}

static int write_frame(struct websocket *websocket)
{
    struct wire *wire = &websocket->wire;
    if (websocket->finishing) {
        return close_with(websocket->wsi, LWS_CLOSE_STATUS_NORMAL);
    }
    wire->blocked = false;
    uint8_t *frame = shared(websocket->wsi)->frame + LWS_PRE;
    size_t len = wire->connection ? wire_gather(wire, frame, WEBSOCKET_FRAME) : 0;
    if (len > 0) {
        if (lws_write(websocket->wsi, frame, len, LWS_WRITE_BINARY) < (int)len) {
            return -1;
        }
        wire_sent(wire, len);
    }
    if (connection_pending(wire->connection) > 0 || wire->state == WIRE_CLOSING) {
        wire_queue_output(wire);
    }
    return 0;
}

static int receive(struct websocket *websocket, const uint8_t *data, size_t len)
{
    if (!lws_frame_is_binary(websocket->wsi)) {
        return close_with(websocket->wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE);
    }
    wire_receive(&websocket->wire, data, len);
    return 0;
}

static void closed(struct websocket *websocket)
{
    websocket->slot->websocket = NULL;
    websocket->wsi = NULL;
    wire_lost(&websocket->wire, "closed by peer");
}

int websocket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct websocket_slot *slot = user;
    if (reason == LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION) {
        return refuse_other_paths(wsi);
    }
    if (reason == LWS_CALLBACK_ESTABLISHED) {
        established(wsi, slot);
        return 0;
    }
    struct websocket *websocket = slot ? slot->websocket : NULL;
    if (!websocket) {
        return reason == LWS_CALLBACK_RECEIVE || reason == LWS_CALLBACK_SERVER_WRITEABLE ? -1 : 0;
    }
    switch (reason) {
    case LWS_CALLBACK_RECEIVE:
        return receive(websocket, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return write_frame(websocket);
    case LWS_CALLBACK_CLOSED:
        closed(websocket);
        return 0;
    default:
        return 0;
    }
}
