/* Wires over WebSocket: MQTT in binary frames (MQTT 5, section 6), without a tunnel, straight to the core. */
#ifndef NEIGHBORS_BROKER_NET_WEBSOCKET_H
#define NEIGHBORS_BROKER_NET_WEBSOCKET_H

#include <libwebsockets.h>

#include "broker/net/wire.h"

struct websocket;

enum { WEBSOCKET_FRAME = 64 * 1024 };

/* What all WebSockets of a process share. */
struct websockets {
    struct wires *wires;
    uint8_t *frame; /* LWS_PRE + WEBSOCKET_FRAME bytes, to build frames in */
};

/* What libwebsockets keeps for each: NULL after its wire was reaped. */
struct websocket_slot {
    struct websocket *websocket;
};

/* The callback of the subprotocol "mqtt", whose protocol->user is the struct websockets. */
int websocket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
