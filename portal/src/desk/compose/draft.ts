/* The alert that is being written. It stays while other pages of the desk are open, and goes with the browser's tab. */
import { computed } from "@preact/signals";
import type { Alert, AlertStatus, AlertText, Category, Certainty, Draft, Place, Severity, Urgency } from "@neighbors/client";
import { personal } from "../../session/personal";
import { alertShape } from "../map/areas";
import { placeOf } from "../shape";
import { bytesOf } from "../../common/text";

export interface AlertDraft {
  /** Of an update: the alert that it goes on with, and the newest revision of it that is known here. */
  /** place: one that cannot be drawn here (of several polygons): it stays, unless another one is drawn. */
  updates?: { publicId: string; revision: number; headline: string; place?: Place };
  status: AlertStatus;
  category: Category | "";
  severity: Severity | "";
  urgency: Urgency | "";
  certainty: Certainty | "";
  event: string;
  headline: string;
  description: string;
  instruction: string;
  web: string;
  language: string;
  texts: AlertText[];
  /** How long it is in force, in minutes; "until": until the time below. */
  lasts: number | "until";
  /** As an input of type datetime-local has it. */
  until: string;
  caseNumber: string;
  rewardOffer: string;
}

const EMPTY: AlertDraft = {
  status: "ACTUAL", category: "", severity: "", urgency: "", certainty: "", event: "", headline: "", description: "",
  instruction: "", web: "", language: "en-US", texts: [], lasts: 180, until: "", caseNumber: "", rewardOffer: "",
};

export const LIMITS = { headline: 360, description: 4096, instruction: 4096, event: 360, web: 1024, caseNumber: 64, rewardOffer: 360 };
/** Nobody goes on with what another agency wrote. */
export const draft = personal<AlertDraft>(() => ({ ...EMPTY }));

export function change(part: Partial<AlertDraft>): void {
  draft.value = { ...draft.value, ...part };
}

export function startAnew(part: Partial<AlertDraft> = {}): void {
  draft.value = { ...EMPTY, ...part };
  alertShape.value = undefined;
}

/** What is drawn, or else what the alert that is updated has. */
export function presentPlace(): Draft<Place> | undefined {
  return placeOf(alertShape.value) ?? (alertShape.value ? undefined : draft.value.updates?.place);
}

/** Milliseconds; undefined: no time is said. */
export function expiresOf({ lasts, until }: AlertDraft, now: number): number | undefined {
  if (lasts !== "until") {
    return now + lasts * 60_000;
  }
  const at = Date.parse(until);
  return Number.isNaN(at) ? undefined : at;
}

/** What is missing or too long, by the broker's name of the field. The broker itself judges all the rest. */
export const lacks = computed<Readonly<Record<string, string>>>(() => {
  const now = draft.value, found: Record<string, string> = {};
  const required: [keyof AlertDraft, string][] = [
    ["category", "Choose a category."], ["severity", "Choose how severe it is."], ["urgency", "Choose how soon to act."],
    ["certainty", "Choose how certain it is."], ["headline", "Write a headline."],
  ];
  for (const [field, words] of required) {
    if (!now[field]) {
      found[field] = words;
    }
  }
  for (const [field, most] of Object.entries(LIMITS)) {
    const bytes = bytesOf(now[field as keyof typeof LIMITS]);
    if (bytes > most) {
      found[field] = `${bytes} of at most ${most} bytes.`;
    }
  }
  if (now.texts.some(({ language, headline }) => !language.trim() || !headline.trim())) {
    found["texts"] = "Each further language needs its code and a headline.";
  }
  if (!presentPlace()) {
    found["place"] = alertShape.value ? "A polygon has at least three corners." : "Draw the area on the map, or type it here.";
  }
  if (expiresOf(now, 0) === undefined) {
    found["expires"] = "Say until when.";
  }
  return found;
});

/** As it is sent; with words in the place of those that are missing, to see what it would reach. */
export function alertOf(now: AlertDraft, at: number): Draft<Alert> {
  return {
    msgType: now.updates ? "UPDATE" : "ALERT",
    publicId: now.updates?.publicId,
    status: now.status,
    category: now.category || "other",
    severity: now.severity || "UNKNOWN",
    urgency: now.urgency || "UNKNOWN",
    certainty: now.certainty || "UNKNOWN",
    event: now.event.trim() || undefined,
    headline: now.headline.trim() || "…",
    description: now.description.trim() || undefined,
    instruction: now.instruction.trim() || undefined,
    web: now.web.trim() || undefined,
    language: now.language.trim() || undefined,
    texts: now.texts.length ? now.texts : undefined,
    place: presentPlace(),
    expires: expiresOf(now, at) ?? at + 3_600_000,
    caseNumber: now.caseNumber.trim() || undefined,
    rewardOffer: now.rewardOffer.trim() || undefined,
  };
}
