/* An alert that is being written, and what the broker would refuse of it. */
import { decode, position } from "@neighbors/client/geo";
import { checkAlert, type Alert, type Category, type Draft, type Refusal, type Severity } from "@neighbors/client";
import type { MyAlert } from "./my_alerts";

export interface ReportDraft {
  category: Category;
  /** Leaf cell, or "". */
  cell: string;
  headline: string;
  description: string;
  instruction: string;
  severity: Severity;
  /** How long it holds, hours; 0: as usual for its kind. */
  hours: number;
}

export const HEADLINE_MOST = 360; // bytes
export const DESCRIPTION_MOST = 4096;

export function emptyDraft(cell: string): ReportDraft {
  return { category: "UNSPECIFIED", cell, headline: "", description: "", instruction: "", severity: "UNKNOWN", hours: 0 };
}

export function draftOf({ alert }: MyAlert, cell: string): ReportDraft {
  return { category: alert.category ?? "UNSPECIFIED", cell, headline: alert.headline ?? "", description: alert.description ?? "",
    instruction: alert.instruction ?? "", severity: alert.severity ?? "UNKNOWN", hours: 0 };
}

/** As it goes out: its place is the middle of the leaf cell, whatever was tapped. */
export function alertOf(draft: ReportDraft, before: MyAlert | undefined): Draft<Alert> {
  return {
    msgType: before ? "UPDATE" : "ALERT",
    ...(before && { references: [before.senderAlertId] }),
    category: draft.category,
    severity: draft.severity,
    headline: draft.headline.trim(),
    description: draft.description.trim(),
    instruction: draft.instruction.trim(),
    ...(draft.cell && { place: { point: position(decode(draft.cell)) } }),
    ...(draft.hours > 0 && { expires: Date.now() + draft.hours * 3_600_000 }),
  };
}

/** Refusals by the field of the form at which they are shown; "" for those that belong to none. */
export function byField(refusals: readonly Refusal[]): ReadonlyMap<string, string> {
  const fields = ["category", "headline", "description", "instruction", "place", "expires"];
  return new Map(refusals.map((refusal) => [fields.find((field) => refusal.field.startsWith(field)) ?? "", refusal.rule]));
}

export function wrongs(draft: ReportDraft, before: MyAlert | undefined): ReadonlyMap<string, string> {
  return byField(checkAlert(alertOf(draft, before)));
}

/** Whether a description of what happened is asked for. */
export function needsDescription(category: Category): boolean {
  return category === "crime" || category === "suspicious";
}
