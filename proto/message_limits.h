/* The limits of neighbors.proto, which hold for every sender; the codec checks them before it allocates. */
#ifndef NEIGHBORS_PROTO_MESSAGE_LIMITS_H
#define NEIGHBORS_PROTO_MESSAGE_LIMITS_H

#include "proto/bytes.h"

enum message_limit {
    LIMIT_BATCH_EVENTS = 64,
    LIMIT_ID = 64,        /* device, activity_id, sender_alert_id, case_number: bytes */
    LIMIT_CLIP = 128,     /* bytes */
    LIMIT_HEADLINE = 360, /* bytes */
    LIMIT_DESCRIPTION = 4096,
    LIMIT_PUBLISHED_TEXT = 32768, /* bytes of a description or instruction that an agency's document brings */
    LIMIT_TEXTS = 16,             /* languages of an alert beyond the first */
    LIMIT_REMARK = 360,           /* of a witness, a flag, a verdict: bytes */
    LIMIT_HOURS = 14,             /* daily hours of a resident's settings */
    LIMIT_LEAST = 11,             /* least severities: one a category, and one for the others */
    LIMIT_ZONE = 64,              /* bytes of a time zone's name */
    LIMIT_RULES = 64,             /* a household's rules of sharing, or of footage */
    LIMIT_DEVICES = 64,           /* of a forget */
    LIMIT_WEB = 1024,
    LIMIT_LANGUAGE = 35,   /* bytes, as BCP 47 asks implementations to hold */
    LIMIT_RADIUS = 500000, /* of a circle, metres */
    LIMIT_REFERENCES = 64,
    LIMIT_POLYGONS = 1024,
    LIMIT_RINGS = 64,           /* in a polygon: the outer and its holes */
    LIMIT_KEPT_POLYGONS = 4096, /* of a jurisdiction or a geocode, which the operator loads: islands count */
    LIMIT_KEPT_RINGS = 1024,
    LIMIT_POINTS = 65536, /* in all polygons of an alert */
    LIMIT_CURSORS = 512,
    LIMIT_PAGE = 500,         /* items of a history page */
    LIMIT_CELLS = 64,         /* of a history query */
    LIMIT_RADII = 16,         /* told in info */
    LIMIT_GEOHASH = 12,       /* characters */
    LIMIT_OPAQUE = 512,       /* bytes of a cursor or of a page */
    LIMIT_NAME = 256,         /* bytes of a channel, a topic, a field, an agency's name */
    LIMIT_SOUGHT = 1024,      /* bytes of what a footage request seeks, in words */
    LIMIT_CONTACT = 360,      /* bytes */
    LIMIT_CERTIFICATE = 8192, /* bytes of an agency's certificate, DER */
    LIMIT_ASKED_DEVICES = 64, /* of one household that a footage request names */
    LIMIT_CLIPS = 8,          /* of one footage answer */
    LIMIT_SEALED = 45056,     /* bytes of all its sealed clips together */
    LIMIT_SEALED_TIP = 16384, /* bytes */
    LIMIT_CLAIM = 32,         /* bytes of a claim's hash */
    LIMIT_CURRENCY = 3,
    LIMIT_STOCK = 1000000,        /* rewards of a programme */
    LIMIT_VOUCHER = 2048,         /* bytes */
    LIMIT_REQUESTS = 16,          /* that one resolve names */
    LIMIT_ENDPOINT = 1024,        /* bytes of a push endpoint's address */
    LIMIT_PUSH_PLACES = 8,        /* of one push subscription */
    PUSH_PUBLIC_KEY = 65,         /* bytes: a point of P-256, uncompressed */
    PUSH_AUTH = 16,               /* bytes */
    FOOTAGE_ANSWER_BYTES = 65536, /* of every footage answer's payload */
    LIMIT_RULE = 1024, /* bytes of what a refusal says, which may quote the sender or a moderator */
};

/* Sequence numbers and sessions are whole numbers below 2^53, so that JSON and the store carry them exactly.
 */
#define LIMIT_EXACT (INT64_C(1) << 53)

#endif
