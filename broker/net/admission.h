/* Who may come in: limits on connections and on how fast they come, in all and from one address. An IPv6
 * address counts by its /64, which is what one customer gets. */
#ifndef NEIGHBORS_BROKER_NET_ADMISSION_H
#define NEIGHBORS_BROKER_NET_ADMISSION_H

#include <netinet/in.h>

#include "broker/settings.h"

struct admission;
struct visitor; /* what is known of an address while it has connections, and some seconds longer */

enum admission_verdict { ADMISSION_WELCOME, ADMISSION_TOO_MANY, ADMISSION_TOO_MANY_FROM_ADDRESS };

/* settings are not owned and are looked at again at each call. */
struct admission *admission_new(const struct settings *settings);
void admission_free(struct admission *admission);

/* How many connections may be accepted now (ms, monotonic); 0: ask later. */
size_t admission_allowance(struct admission *admission, int64_t now);

/* One connection comes from `address`. WELCOME: *visitor is to be given back with admission_leave. */
enum admission_verdict admission_enter(struct admission *admission, const struct sockaddr_storage *address,
    int64_t now, struct visitor **visitor) __attribute__((warn_unused_result));
void admission_leave(struct admission *admission, struct visitor *visitor, int64_t now);

/* One of its connections asks for something that is rationed. False: too often. */
bool admission_ask(struct admission *admission, struct visitor *visitor, int64_t now)
    __attribute__((warn_unused_result));

/* Puts in the visitor's address, as limits count it, where `address` is another's. */
void admission_address(const struct visitor *visitor, struct sockaddr_storage *address);

/* The address as limits count it, in hexadecimal. */
enum { ADMISSION_NAME = 33 };
void admission_name(const struct visitor *visitor, char out[ADMISSION_NAME]);

/* Forgets addresses that were not here for a while; once in a while. */
void admission_upkeep(struct admission *admission, int64_t now);

#endif
