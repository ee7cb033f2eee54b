/* They have no alert whose tag they could be under: they are under the first one. */
#include "bridge/record_note.h"

#include <inttypes.h>

static const char *told(const char *text)
{
    return text ? text : "";
}

bool record_note(struct redis_sync *redis, const struct record_note *note)
{
    return redis_tell(redis,
               "XADD nb:{s00}:acts * what %s by %s officer %s alert %s revision 0 reason %s at %" PRId64
               " name %s text %s count %" PRIu32,
               note->what, told(note->by), "", told(note->subject), told(note->reason), note->at,
               told(note->name), told(note->text), note->count) &&
           redis_tell(redis, "HINCRBY nb:{s00}:moderation %s 1", note->what);
}
