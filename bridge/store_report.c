/* Residents' reports. */
#include "bridge/store_inside.h"

void store_report(struct store *store, const struct store_report *report, store_alert_done *done, void *arg)
{
    store_alert(store, &report->alert, done, arg);
}
