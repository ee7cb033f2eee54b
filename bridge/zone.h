/* The clocks of time zones, as the machine's tz database (package tzdata) knows them. */
#ifndef NEIGHBORS_BRIDGE_ZONE_H
#define NEIGHBORS_BRIDGE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* How far the zone's clocks are ahead of UTC at that moment (ms since 1970), in minutes. zone: an IANA name
 * ("America/Los_Angeles"); "" is UTC. False: there is no such zone here. Not for two threads: the C library
 * knows one zone at a time. */
bool zone_offset(const char *zone, int64_t at, int *minutes) __attribute__((warn_unused_result));

#endif
