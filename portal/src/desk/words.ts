/* What is chosen at the desk, each with a sentence that says when: the words of CAP, and our own lists, whose names are those of
 * the one table (../words). */
import type { AlertStatus, CaseOutcome, Category, Certainty, IncidentType, Severity, Urgency } from "@neighbors/client";
import { words } from "../words";

export interface Choice<Value extends string> {
  value: Value;
  name: string;
  /** When to choose it. */
  means: string;
}

function named<Value extends string>(names: Record<Value, string>, choices: readonly (readonly [Value, string])[]): readonly Choice<Value>[] {
  return choices.map(([value, means]) => ({ value, name: names[value], means }));
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
export const categories = named<Category>(words.categories, [
  ["fire", "Fire, smoke, rescue."],
  ["hazard", "Gas, chemicals, water, power, roads."],
  ["weather", "Storm, flood, heat, earthquake."],
  ["medical", "Health, also of many."],
  ["crime", "A crime that happened or goes on."],
  ["safety", "A danger that is none of the others."],
  ["suspicious", "What was done, never what somebody looks like."],
  ["missing", "Somebody is missed or was taken."],
  ["lost_pet", "An animal that is missed or was found."],
  ["other", "None of these."],
]);
export const statuses: readonly Choice<AlertStatus>[] = [
  { value: "ACTUAL", name: "Actual", means: "Everybody there is warned." },
  { value: "EXERCISE", name: "Exercise", means: "Practice: reaches only those who follow exercises." },
  { value: "TEST", name: "Test", means: "A drill: reaches only those who follow tests, and this desk." },
];
const sought = ["BURGLARY", "ROBBERY", "THEFT", "VEHICLE_THEFT", "ASSAULT", "SHOOTING", "HOMICIDE",
  "ARSON", "VANDALISM", "HIT_AND_RUN", "MISSING_PERSON", "ABDUCTION"] as const;
export const incidents = named<IncidentType>(words.incidents, sought.map((value) => [value, ""] as const));
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
