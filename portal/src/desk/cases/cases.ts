/* Everything that belongs to a case, gathered by its number. A closed list of what is public and what the agency has here: notes
 * of officers stay in the agency's own records. */
import { computed } from "@preact/signals";
import type { CaseOutcome, DeskAlert, DeskRequest, Tip } from "@neighbors/client";
import { personal } from "../../session/personal";
import { own, tips } from "../own";

export interface Case {
  number: string;
  alerts: DeskAlert[];
  requests: DeskRequest[];
  /** Conversations: their messages in order. */
  tips: (readonly Tip[])[];
  outcome?: CaseOutcome;
  newest: number;
}

/** Conversations that were begun without a case. */
export const NO_CASE = "";

export const cases = computed<readonly Case[]>(() => {
  const all = new Map<string, Case>();
  const of = (number: string, at: number): Case => {
    const found = all.get(number) ?? { number, alerts: [], requests: [], tips: [], newest: 0 };
    all.set(number, found);
    found.newest = Math.max(found.newest, at);
    return found;
  };
  for (const alert of own.value?.alerts ?? []) {
    if (alert.alert?.caseNumber) {
      of(alert.alert.caseNumber, alert.at).alerts.push(alert);
    }
  }
  for (const request of own.value?.requests ?? []) {
    of(request.request?.caseNumber ?? NO_CASE, request.at).requests.push(request);
  }
  for (const said of tips.value.values()) {
    of(said.find(({ caseNumber }) => caseNumber)?.caseNumber ?? NO_CASE, said.at(-1)?.at ?? 0).tips.push(said);
  }
  for (const { caseNumber, outcome } of own.value?.closed ?? []) {
    of(caseNumber, 0).outcome = outcome;
  }
  return [...all.values()].sort((a, b) => b.newest - a.newest);
});

/** The case that is looked at; undefined: the list. */
export const chosenCase = personal<string | undefined>(() => undefined);
