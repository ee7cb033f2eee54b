/* What is held about a household, as it is handed out. Part of bridge/store.h. */
#ifndef NEIGHBORS_BRIDGE_STORE_EXPORT_H
#define NEIGHBORS_BRIDGE_STORE_EXPORT_H

#include "bridge/store_household.h"

enum { STORE_EXPORT_PAGE = 64 }; /* bytes of the text that says where a page begins */

struct store_export_events {
    int64_t stored;       /* ms */
    struct bytes records; /* as store_motion had them, each after its length in one byte */
};
struct store_export_device {
    uint16_t number;
    struct text id;
};
struct store_export {
    enum store_status status; /* OK, FAILED, GONE */
    struct text next;         /* where the next page begins; len 0: this was the last */
    bool has_settings;        /* on the first page */
    struct household_settings settings;
    size_t principal_count, device_count, event_count, alert_count, note_count;
    const struct held_principal *principals;   /* places opened */
    const struct store_export_device *devices; /* of the household, on each page */
    const struct store_export_events *events;
    const struct bytes *alerts; /* bodies */
    const struct held_note *notes;
};
typedef void store_export_done(void *arg, const struct store_export *page);

/* Reads a page; page: `next` of the one before, or empty for the first. What it points to lives until the
 * completion returns. A page may be empty and not the last. What changes meanwhile may be missing or come
 * twice. */
void store_export(
    struct store *store, struct text household, struct text page, store_export_done *done, void *arg);

#endif
