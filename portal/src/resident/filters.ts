/* Which of the feed is shown: kinds, categories, a least severity, one place. Filters stay in this browser; nothing is asked of
 * the broker for them. */
import { computed } from "@preact/signals";
import type { Category, Severity } from "@neighbors/client";
import { kept } from "../session/kept";
import { all, type Entry } from "./feed";
import { chosenPlace } from "./places";

export interface Filters {
  /** None: all. */
  categories: readonly Category[];
  least: Severity;
  activity: boolean;
}

const everything: Filters = { categories: [], least: "UNKNOWN", activity: true };
export const filters = kept<Filters>("filters", everything);

export const severityOrder: readonly Severity[] = ["UNKNOWN", "MINOR", "MODERATE", "SEVERE", "EXTREME"];

export function rankOf(severity: Severity): number {
  return Math.max(0, severityOrder.indexOf(severity));
}

export const isFiltered = computed(() => {
  const { categories, least, activity } = filters.value;
  return categories.length > 0 || rankOf(least) > 0 || !activity;
});

export function showEverything(): void {
  filters.value = everything;
}

function passes({ item, places, over, ended }: Entry): boolean {
  const { categories, least, activity } = filters.value;
  if (chosenPlace.value && (!places.has(chosenPlace.value) || (over.has(chosenPlace.value) && !ended))) {
    return false;
  }
  if (item.kind === "activity") {
    return activity && categories.length === 0;
  }
  const isWanted = categories.length === 0 || categories.includes(item.alert.category);
  return isWanted && rankOf(item.alert.severity) >= rankOf(least);
}

export const shown = computed(() => all.value.filter(passes));
/** Alerts first, the extreme ones on top; then activity. */
export const shownAlerts = computed(() => shown.value.filter(({ item }) => item.kind === "alert").sort(byUrgency));
export const shownActivity = computed(() => shown.value.filter(({ item }) => item.kind === "activity"));

function byUrgency(a: Entry, b: Entry): number {
  const extreme = (entry: Entry) => (entry.item.kind === "alert" && entry.item.alert.severity === "EXTREME" && !entry.ended ? 1 : 0);
  return extreme(b) - extreme(a); // the sort is stable: else the newest first
}
