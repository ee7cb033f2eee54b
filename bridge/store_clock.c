/* The store's clock. libev's ev_now follows the machine's time, which a time server may set by hours; what
 * waits until then would wait as long. */
#include <time.h>

#include "bridge/store_inside.h"

static const double FAR = 1e6; /* more than anything here is remembered for */

double store_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return FAR + (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
