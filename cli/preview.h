/* What an alert would reach, before it is sent: POST /v1/alerts?preview stores nothing. */
#ifndef NEIGHBORS_CLI_PREVIEW_H
#define NEIGHBORS_CLI_PREVIEW_H

#include "cli/identity.h"
#include "proto/bytes.h"

#define PREVIEW_ROWS(PREVIEW, HTTP)                                                                          \
    [PREVIEW] = {"preview", NULL, "send nothing: tell which cells and about how many followers it reaches"}, \
    [HTTP] = {"http", "URL", "of the broker, for the preview (http://HOST:PORT+2)"}

/* Asks for a preview of the payload and prints it. http: as the option says, or NULL. */
enum exit_code preview(const struct invocation *invocation, const struct identity *identity, const char *http,
    const char *content_type, struct bytes payload, const char *label);

#endif
