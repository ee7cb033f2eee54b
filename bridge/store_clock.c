/* The store's clocks. libev's ev_now follows the machine's time, which a time server may set by hours; what
 * waits until then would wait as long. The one by which silence is measured stops while this process stands
 * still: what came meanwhile waits to be read, and there may be more of it than one turn reads. */
#include <time.h>

#include "bridge/store_inside.h"

static const double FAR = 1e6;      /* more than anything here is remembered for */
static const double LONGEST = 0.25; /* seconds between two ticks that count; what is above is none */

double store_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return FAR + (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double store_awake(const struct store *store)
{
    double gap = store_clock() - store->awake.at;
    return FAR + store->awake.before + (gap < LONGEST ? gap : LONGEST);
}

void store_ticked(struct store *store)
{
    double now = store_clock(), gap = now - store->awake.at;
    store->awake.before += gap < LONGEST ? gap : LONGEST;
    store->awake.at = now;
}
