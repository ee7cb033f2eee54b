/* The footage request that is being written. */
import { computed } from "@preact/signals";
import type { Draft, FootageRequest, IncidentType } from "@neighbors/client";
import { second } from "../../common/clock";
import { personal } from "../../session/personal";
import { localTime } from "../alerts/in_force";
import { requestShape } from "../map/areas";
import { own } from "../own";
import { placeOf } from "../shape";
import { bytesOf } from "../../common/text";
import { coverageOf, hoursWrong } from "./limits";

export interface RequestDraft {
  caseNumber: string;
  incident: IncidentType | "";
  sought: string;
  contact: string;
  /** As inputs of type datetime-local have them. */
  from: string;
  to: string;
  openDays: number;
}

const HOUR = 3_600_000, DAY = 24 * HOUR;
export const PER_CASE = 2;

export function emptyRequest(): RequestDraft {
  return { caseNumber: "", incident: "", sought: "", contact: "", from: localTime(Date.now() - 2 * HOUR), to: localTime(Date.now()), openDays: 3 };
}

export const request = personal<RequestDraft>(emptyRequest);
export const coverage = computed(() => coverageOf(requestShape.value));

export function changeRequest(part: Partial<RequestDraft>): void {
  request.value = { ...request.value, ...part };
}

/** Requests of the case so far. */
export function sentOfCase(caseNumber: string): number {
  return (own.value?.requests ?? []).filter(({ request: sent }) => sent?.caseNumber === caseNumber).length;
}

/** What is missing or wrong, by field. */
export const requestLacks = computed<Readonly<Record<string, string | undefined>>>(() => {
  const { caseNumber, incident, sought, contact, from, to, openDays } = request.value;
  const now = Math.floor(second.value / 60_000) * 60_000 + 60_000;
  const hours = hoursWrong(Date.parse(from), Date.parse(to), now + openDays * DAY - 60_000, now);
  const number = caseNumber.trim();
  const found: Record<string, string | undefined> = {
    caseNumber: !number ? "Needed: of the investigation." : bytesOf(number) > 64 ? "At most 64 bytes."
      : sentOfCase(number) >= PER_CASE ? `This case had its ${PER_CASE} requests.` : undefined,
    incident: incident ? undefined : "Choose the incident.",
    sought: !sought.trim() ? "Say what is sought." : bytesOf(sought) > 1024 ? "At most 1024 bytes." : undefined,
    contact: contact.trim() ? undefined : "Whom residents can ask: mail address or telephone.",
    place: coverage.value ? coverage.value.wrong || undefined : "Draw the area.",
    from: hours.from, to: hours.to, open_until: hours.openUntil,
  };
  return Object.fromEntries(Object.entries(found).filter(([, wrong]) => wrong));
});

/** As it is sent, at that moment. */
export function footageRequestOf(draft: RequestDraft, now: number): Draft<FootageRequest> {
  return {
    caseNumber: draft.caseNumber.trim(), incident: draft.incident || "UNSPECIFIED", sought: draft.sought.trim(), contact: draft.contact.trim(),
    place: placeOf(requestShape.peek()), from: Date.parse(draft.from), to: Date.parse(draft.to), openUntil: now + draft.openDays * DAY - 60_000,
  };
}
