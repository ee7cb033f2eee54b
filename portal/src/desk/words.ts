/* The desk's words: those of CAP with one sentence each that says when to choose them, and those of our own lists. */
import type { AlertStatus, CaseOutcome, Category, Certainty, IncidentType, Severity, Urgency } from "@neighbors/client";

export interface Choice<Value extends string> {
  value: Value;
  name: string;
  /** When to choose it. */
  means: string;
}

export const severities: readonly Choice<Severity>[] = [
  { value: "EXTREME", name: "Extreme", means: "Extraordinary threat to life or property." },
  { value: "SEVERE", name: "Severe", means: "Significant threat to life or property." },
  { value: "MODERATE", name: "Moderate", means: "Possible threat to life or property." },
  { value: "MINOR", name: "Minor", means: "Minimal to no known threat to life or property." },
  { value: "UNKNOWN", name: "Unknown", means: "How severe it is cannot be said yet." },
];
export const urgencies: readonly Choice<Urgency>[] = [
  { value: "IMMEDIATE", name: "Immediate", means: "People should act at once." },
  { value: "EXPECTED", name: "Expected", means: "People should act soon, within the next hour." },
  { value: "FUTURE", name: "Future", means: "People should act in the near future." },
  { value: "PAST", name: "Past", means: "Nothing needs to be done any more." },
  { value: "UNKNOWN", name: "Unknown", means: "How soon people should act cannot be said yet." },
];
export const certainties: readonly Choice<Certainty>[] = [
  { value: "OBSERVED", name: "Observed", means: "It has happened or is going on." },
  { value: "LIKELY", name: "Likely", means: "More likely than not." },
  { value: "POSSIBLE", name: "Possible", means: "It may happen, but rather not." },
  { value: "UNLIKELY", name: "Unlikely", means: "It is not expected to happen." },
  { value: "UNKNOWN", name: "Unknown", means: "How certain it is cannot be said yet." },
];
export const categories: readonly Choice<Category>[] = [
  { value: "fire", name: "Fire", means: "Fire, smoke, rescue." },
  { value: "hazard", name: "Hazard", means: "Gas, chemicals, water, power, roads." },
  { value: "weather", name: "Weather", means: "Storm, flood, heat, earthquake." },
  { value: "medical", name: "Medical", means: "Health, also of many." },
  { value: "crime", name: "Crime", means: "A crime that happened or goes on." },
  { value: "safety", name: "Safety", means: "A danger that is none of the others." },
  { value: "suspicious", name: "Suspicious", means: "What was done, never what somebody looks like." },
  { value: "missing", name: "Missing person", means: "Somebody is missed or was taken." },
  { value: "lost_pet", name: "Lost pet", means: "An animal that is missed or was found." },
  { value: "other", name: "Other", means: "None of these." },
];
export const statuses: readonly Choice<AlertStatus>[] = [
  { value: "ACTUAL", name: "Actual", means: "Everybody there is warned." },
  { value: "EXERCISE", name: "Exercise", means: "Practice: reaches only those who follow exercises." },
  { value: "TEST", name: "Test", means: "A drill: reaches only those who follow tests, and this desk." },
];
export const incidents: readonly Choice<IncidentType>[] = [
  { value: "BURGLARY", name: "Burglary", means: "" },
  { value: "ROBBERY", name: "Robbery", means: "" },
  { value: "THEFT", name: "Theft", means: "" },
  { value: "VEHICLE_THEFT", name: "Vehicle theft", means: "" },
  { value: "ASSAULT", name: "Assault", means: "" },
  { value: "SHOOTING", name: "Shooting", means: "" },
  { value: "HOMICIDE", name: "Homicide", means: "" },
  { value: "ARSON", name: "Arson", means: "" },
  { value: "VANDALISM", name: "Vandalism", means: "" },
  { value: "HIT_AND_RUN", name: "Hit and run", means: "" },
  { value: "MISSING_PERSON", name: "Missing person", means: "" },
  { value: "ABDUCTION", name: "Abduction", means: "" },
];
export const outcomes: readonly Choice<CaseOutcome>[] = [
  { value: "SOLVED", name: "Solved", means: "" },
  { value: "UNSOLVED", name: "Given up", means: "" },
  { value: "UNFOUNDED", name: "Nothing had happened", means: "" },
];

export function nameOf(choices: readonly Choice<string>[], value: string): string {
  return choices.find((choice) => choice.value === value)?.name ?? value;
}
export function meaningOf(choices: readonly Choice<string>[], value: string): string {
  return choices.find((choice) => choice.value === value)?.means ?? "";
}

/** How many bytes the broker counts. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** "Sat 28 Nov, 14:05", on this machine's clock and in its language. */
export function timeText(ms: number): string {
  return new Date(ms).toLocaleString(undefined, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/** "3 h 20 min", "2 days": of a span in milliseconds, to the minute. */
export function spanText(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  const hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
  if (days > 1) {
    return `${days} days${hours % 24 ? ` ${hours % 24} h` : ""}`;
  }
  return hours ? `${hours} h${minutes % 60 ? ` ${minutes % 60} min` : ""}` : `${minutes} min`;
}

/** "12.4 km²", "0.36 km²" */
export function areaText(km2: number): string {
  return `${km2 >= 100 ? Math.round(km2).toLocaleString() : km2.toPrecision(2)} km²`;
}
