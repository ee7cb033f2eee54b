/* The messages of neighbors.proto as checked C structs. codec.h makes them from bytes and bytes from them;
 * nothing else knows the generated code. Everything that a struct points to lives in the arena of the
 * message. Times are milliseconds since 1970 UTC, coordinates 1e-7 degree, distances metres. Absent text has
 * len 0.
 *
 * They stand in the headers that this one includes, one for each of the codec's rooms. */
#ifndef NEIGHBORS_PROTO_MESSAGE_H
#define NEIGHBORS_PROTO_MESSAGE_H

#include "proto/message_alert.h"
#include "proto/message_desk.h"
#include "proto/message_export.h"
#include "proto/message_feed.h"
#include "proto/message_footage.h"
#include "proto/message_forget.h"
#include "proto/message_household.h"
#include "proto/message_judge.h"
#include "proto/message_limits.h"
#include "proto/message_motion.h"
#include "proto/message_place.h"
#include "proto/message_push.h"
#include "proto/message_record.h"
#include "proto/message_service.h"
#include "proto/message_tip.h"
#include "proto/message_words.h"

#endif
