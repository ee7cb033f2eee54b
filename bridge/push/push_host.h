/* Where push messages may go. An endpoint is an address that a client named, and our machine connects to it:
 * it must be https, at a push service that the operator listed, and without anything that two readers of
 * addresses could take for different things. */
#ifndef NEIGHBORS_BRIDGE_PUSH_HOST_H
#define NEIGHBORS_BRIDGE_PUSH_HOST_H

#include "proto/bytes.h"

enum { PUSH_ORIGIN = 300 };

/* True when the list is a list: hosts with blanks or commas between, "push.example" for that host and all
 * below it at port 443, "127.0.0.1:8443" for exactly that host and port. */
bool push_hosts_valid(const char *list) __attribute__((warn_unused_result));

/* Whether the endpoint may be sent to; origin: "https://host" with the port when it is not 443. *exact: the
 * list names host and port, so that its address may be a private one. False: *rule is static text. */
bool push_host_allows(const char *list, const char *endpoint, char origin[PUSH_ORIGIN], bool *exact,
    const char **rule) __attribute__((warn_unused_result));

#endif
