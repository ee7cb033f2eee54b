/* Places in a channel, in order: for every store. */
#include "bridge/store.h"

int position_compare(struct position_in_channel a, struct position_in_channel b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    if (a.seq != b.seq)
        return a.seq < b.seq ? -1 : 1;
    return a.index == b.index ? 0 : a.index < b.index ? -1 : 1;
}
