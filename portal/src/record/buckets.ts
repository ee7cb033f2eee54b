/* Acts over time, for the chart: equal spans of time up to now, and how many of each kind fall into each. */
import type { LogLeaf } from "@neighbors/client";
import { kindOf, kinds, type Counts } from "./acts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Lengths that people think in; the smallest that needs no more bars than there is room for. */
const lengths = [HOUR, 3 * HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];
const MOST = 36;
const LEAST = 12;

export interface Bucket {
  from: number; // ms
  counts: Counts;
}

export interface Buckets {
  length: number; // ms of each
  list: Bucket[];
}

/** What begins with a local midnight or a whole part of a day from it. */
function floorTo(at: number, length: number): number {
  const midnight = new Date(at).setHours(0, 0, 0, 0);
  return length < DAY ? midnight + Math.floor((at - midnight) / length) * length : midnight;
}

export function bucketsOf(acts: readonly LogLeaf[], now: number): Buckets {
  const oldest = acts.reduce((least, { at }) => Math.min(least, at), now);
  const length = lengths.find((one) => (now - oldest) / one < MOST - 1) ?? 365 * DAY;
  const last = floorTo(now, length);
  const count = Math.max(LEAST, Math.ceil((last - oldest) / length) + 1);
  const list = Array.from({ length: count }, (_, index): Bucket => ({
    from: last - (count - 1 - index) * length,
    counts: Object.fromEntries(kinds.map((kind) => [kind, 0])) as Counts,
  }));
  const first = list[0]?.from ?? now;
  for (const act of acts) {
    const bucket = list[Math.min(count - 1, Math.max(0, Math.floor((act.at - first) / length)))];
    if (bucket) {
      bucket.counts[kindOf(act)]++;
    }
  }
  return { length, list };
}
