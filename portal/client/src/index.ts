/* @neighbors/client: a Neighbors broker from an app. See README.md. */
export { connect, open } from "./neighbors.js";
export type * from "./api.js";
export type * from "./generated/messages.js";
export {
  ALERT_STATES, ALERT_STATUSES, CASE_OUTCOMES, CATEGORIES, CERTAINTIES, FLAG_REASONS, FOOTAGE_DECISIONS, INCIDENT_TYPES,
  LOG_ACTS, MOTION_KINDS, MSG_TYPES, PHASES, SENDER_KINDS, SEVERITIES, TRUTHS, URGENCIES, VERDICT_DECISIONS,
} from "./generated/messages.js";
export { checkAlert } from "./alert_rules.js";
export { uniqueName } from "./publish.js";
export * from "./geo.js";
export { Refusal, Unreachable } from "./refusal.js";
export { MemoryStorage, type Storage } from "./storage.js";
export type * from "./types.js";
