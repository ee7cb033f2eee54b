/* What a household shares of a device, by kind and hours, on the household's own clock. */
#ifndef NEIGHBORS_BROKER_SHARING_H
#define NEIGHBORS_BROKER_SHARING_H

#include "broker/hours.h"

struct sharing;

/* From the rules for one device as the store tells them (principal_record). What cannot be read shares
 * nothing. Never NULL; ends with sharing_free. */
struct sharing *sharing_new(struct bytes packed, struct text zone, zone_clock *clock);
/* NULL is allowed. */
void sharing_free(struct sharing *sharing);

/* True when neighbors may see an event of that kind (enum motion_kind) that happened at that moment (ms). */
bool sharing_allows(struct sharing *sharing, uint8_t kind, int64_t at);

#endif
