/* What the scripted store keeps of alerts that were published: as little as the stories of alerts need, and
 * true to bridge/store.h in that. Each function is what the store does in one step; stage_store_alerts.c
 * answers it.
 */
#ifndef NEIGHBORS_TESTS_STORIES_STAGE_ALERTS_H
#define NEIGHBORS_TESTS_STORIES_STAGE_ALERTS_H

#include "bridge/store.h"

struct stage_alerts;

struct stage_alerts *stage_alerts_new(void);
void stage_alerts_free(struct stage_alerts *alerts);

struct store_alert_result stage_alert(struct stage_alerts *alerts, const struct store_alert *alert);
struct store_alert_result stage_report(struct stage_alerts *alerts, const struct store_report *report);
struct store_alert_result stage_witness(struct stage_alerts *alerts, const struct store_witness *witness);
struct store_flag_result stage_flag(struct stage_alerts *alerts, const struct store_flag *flag);
struct store_verdict_result stage_verdict(struct stage_alerts *alerts, const struct store_verdict *verdict);
/* The newest revision. False: no such alert. Texts and bytes live as long as the alerts. */
bool stage_record(struct stage_alerts *alerts, const char *public_id, struct store_alert_record *out);

#endif
