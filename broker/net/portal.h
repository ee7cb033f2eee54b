/* The portal's files: read once, together with the packed copies that the build made of them, and shared by
 * all who are sent them until they change on disk. */
#ifndef NEIGHBORS_BROKER_NET_PORTAL_H
#define NEIGHBORS_BROKER_NET_PORTAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"

/* Bytes of a file that is still served; larger ones are as if they were not there. */
enum { PORTAL_FILE = 16 * 1024 * 1024 };
/* A strong entity tag with its quotes. */
enum { PORTAL_TAG = 40 };

/* One form in which a file is sent. */
struct portal_form {
    char *data; /* NULL: there is none */
    size_t len;
    char tag[PORTAL_TAG]; /* of the bytes */
};

/* A file. It is the holder's until portal_release, whatever becomes of the file. */
struct portal_content {
    const char *type;          /* content type, static text */
    bool lasting;              /* its name changes with its content: it may be kept for ever */
    struct portal_form plain;  /* as it is */
    struct portal_form packed; /* by gzip; data NULL: there is none that is of the same content */
};

struct portal;

/* Nothing is read yet. portal may be NULL in portal_free; what others hold stays. */
struct portal *portal_new(void);
void portal_free(struct portal *portal);

/* The regular file below `directory` that the path ("/", "/app.js") means; a directory means its index.html.
 * NULL: there is none, or it is hidden, outside, of an unknown type, or too large. */
struct portal_content *portal_find(struct portal *portal, const char *directory, const char *path)
    __attribute__((warn_unused_result));
void portal_release(struct portal_content *content);

/* True when an Accept-Encoding header (RFC 9110, 12.5.3; len 0: none came) prefers gzip to the plain form. */
bool portal_takes_gzip(struct text accept_encoding);

#endif
