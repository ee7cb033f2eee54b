/* What stands in the public record, in words, and by which kinds it is counted. */
import type { LogAct, LogLeaf } from "@neighbors/client";

/** What people ask about first; everything else is `other`. */
export const kinds = ["alerts", "requests", "verdicts", "refusals", "disclosures", "other"] as const;
export type Kind = (typeof kinds)[number];

export const kindTitles: Record<Kind, string> = {
  alerts: "Alerts", requests: "Footage requests", verdicts: "Verdicts", refusals: "Refused", disclosures: "Disclosures", other: "Other acts",
};
export const kindHints: Record<Kind, string> = {
  alerts: "Alerts that agencies sent, each change of one counted",
  requests: "Requests to residents for footage, and cases that were closed",
  verdicts: "Alerts that agencies confirmed, refuted or approved",
  refusals: "What agencies sent and the broker refused, with the rule",
  disclosures: "What a court compelled the operator to hand over",
  other: "Agencies that came, changed or left; rewards; moderation",
};

const kindOfAct: Record<LogAct, Kind> = {
  UNSPECIFIED: "other", ALERT: "alerts", VERDICT: "verdicts", FOOTAGE_REQUEST: "requests", RESOLVE: "requests", REWARD: "other",
  REFUSAL: "refusals", DISCLOSURE: "disclosures", AGENCY_ADDED: "other", AGENCY_REMOVED: "other", AGENCY_CHANGED: "other", MODERATION: "other",
};

export function kindOf(act: LogLeaf): Kind {
  return kindOfAct[act.act];
}

const names: Record<LogAct, string> = {
  UNSPECIFIED: "An act", ALERT: "Alert", VERDICT: "Verdict", FOOTAGE_REQUEST: "Footage request", RESOLVE: "Case closed", REWARD: "Reward",
  REFUSAL: "Refused", DISCLOSURE: "Disclosure", AGENCY_ADDED: "Agency added", AGENCY_REMOVED: "Agency removed",
  AGENCY_CHANGED: "Agency changed", MODERATION: "Moderation",
};
/* What the record says beyond that; of the others it says the same again. */
const further = ["updated", "cancelled", "confirmed", "refuted", "approved", "released", "removed", "banned", "unbanned"];

/** "Alert: updated" */
export function titleOf({ act, what }: LogLeaf): string {
  return further.includes(what) ? `${names[act]}: ${what}` : names[act];
}

/** Whose act it was, for people. */
export function actorOf({ agency, agencyName }: LogLeaf): string {
  return agencyName || (agency === "operator" ? "The operator" : agency);
}

/** True when the act is the agency's, or was done to it. `agency`: "agency/<id>". */
export function concerns(act: LogLeaf, agency: string): boolean {
  return act.agency === agency || act.subject === agency;
}

export type Counts = Record<Kind, number>;

export function countsOf(acts: readonly LogLeaf[]): Counts {
  const counts = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Counts;
  acts.forEach((act) => counts[kindOf(act)]++);
  return counts;
}
