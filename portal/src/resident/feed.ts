/* What concerns the followed places, as it comes: alerts in force and activity, each once however many places it concerns.
 * Items are gathered and shown at once each frame, so that a flood costs one drawing. */
import { batch, computed, effect, signal } from "@preact/signals";
import type { Following, Gap, Item, Neighbors, Refusal } from "@neighbors/client";
import { kept } from "../session/kept";
import { neighbors } from "../session/connection";
import { places, type FollowedPlace } from "./places";

export interface Entry {
  item: Item;
  /** Ids of the places that it concerns. */
  places: ReadonlySet<string>;
  /** Not looked at yet. */
  unseen: boolean;
  /** It is over, and leaves soon. */
  ended: boolean;
}

/** How long the word "ended" stays, ms. */
export const FAREWELL = 20_000;
/** Activity that is kept: the newest. */
const ACTIVITY_MOST = 10_000;

const entries = new Map<string, Entry>();
const unseenKeys = kept<readonly string[]>("unseen", []);
const version = signal(0);
/** Alerts that are new since the last frame, for whoever announces them. */
export const arrived = signal<readonly Entry[]>([]);
export const gaps = signal<readonly Gap[]>([]);
export const placeTroubles = signal<ReadonlyMap<string, Refusal>>(new Map());

/* ---- once a frame ---- */

let fresh: Entry[] = [];
let asked = false;

function flush(): void {
  asked = false;
  const announced = fresh;
  fresh = [];
  batch(() => {
    version.value++;
    if (announced.length) {
      arrived.value = announced;
    }
  });
}

/** Frames stop while nobody looks. */
function changed(): void {
  if (!asked) {
    asked = true;
    if (document.hidden) {
      setTimeout(flush);
    } else {
      requestAnimationFrame(flush);
    }
  }
}

/* ---- what comes ---- */

/** By when it came or happened: alerts and activity alike. */
export function timeOf(item: Item): number {
  return item.kind === "activity" ? item.activity.at : item.alert.effective || item.receivedAt;
}

function forgetOldActivity(): void {
  if (entries.size <= ACTIVITY_MOST + 1000) {
    return;
  }
  const activity = [...entries.values()].filter(({ item }) => item.kind === "activity").sort((a, b) => timeOf(a.item) - timeOf(b.item));
  activity.slice(0, -ACTIVITY_MOST).forEach(({ item }) => entries.delete(item.key));
}

function isOver(item: Item): boolean {
  return item.kind === "alert" && item.alert.state === "ENDED";
}

function bidFarewell(key: string): void {
  setTimeout(() => {
    if (entries.get(key)?.ended) {
      entries.delete(key);
      changed();
    }
  }, FAREWELL);
}

function take(place: string, item: Item): void {
  const before = entries.get(item.key);
  const isRepeat = before?.item === item || (before?.item.kind === "alert" && item.kind === "alert" && before.item.alert.revision >= item.alert.revision && !isOver(item));
  if (isOver(item) && !before) {
    return; // of an alert that was never shown
  }
  if (isRepeat && before.places.has(place)) {
    return;
  }
  const entry: Entry = {
    item: isOver(item) && before ? farewellOf(before.item, item) : item,
    places: new Set([...(before?.places ?? []), place]),
    unseen: !isOver(item) && (isRepeat ? before.unseen : item.fresh || (before?.unseen ?? unseenKeys.peek().includes(item.key))),
    ended: isOver(item),
  };
  entries.set(item.key, entry);
  if (entry.ended) {
    bidFarewell(item.key);
  }
  if (item.kind === "alert" && !isRepeat && item.fresh) {
    fresh.push(entry);
  }
  forgetOldActivity();
  changed();
}

/** The end of an alert may come without its words: they are those that were shown. */
function farewellOf(before: Item, item: Item): Item {
  return before.kind === "alert" && item.kind === "alert" ? { ...item, cell: before.cell, alert: { ...before.alert, state: "ENDED", revision: item.alert.revision } } : item;
}

/* ---- following ---- */

const followings = new Map<string, { following: Following; near: string }>();

function nearOf({ cell, metres }: FollowedPlace): string {
  return `${cell}/${metres}`;
}

function removePlace(id: string): void {
  followings.get(id)?.following.stop();
  followings.delete(id);
  for (const [key, entry] of entries) {
    if (entry.places.has(id)) {
      const rest = new Set([...entry.places].filter((place) => place !== id));
      if (rest.size) {
        entries.set(key, { ...entry, places: rest });
      } else {
        entries.delete(key);
      }
    }
  }
  changed();
}

function told(id: string, refusal: Refusal | undefined): void {
  const next = new Map(placeTroubles.peek());
  if (refusal) {
    next.set(id, refusal);
  } else {
    next.delete(id);
  }
  placeTroubles.value = next;
}

function addPlace(broker: Neighbors, place: FollowedPlace): void {
  const following = broker.follow({ cell: place.cell, metres: place.metres }, {
    item: (item) => take(place.id, item),
    gap: (gap) => { gaps.value = [...gaps.peek().slice(-4), gap]; },
    refused: (refusal) => told(place.id, refusal),
  });
  following.ready.catch(() => {}); // told by `refused`
  followings.set(place.id, { following, near: nearOf(place) });
  told(place.id, undefined);
}

let served: Neighbors | undefined;

effect(() => {
  const broker = neighbors.value;
  const wanted = broker ? places.value : [];
  if (broker !== served) {
    [...followings.keys()].forEach(removePlace);
    entries.clear();
    gaps.value = [];
    served = broker;
  }
  for (const [id, { near }] of followings) {
    const place = wanted.find((one) => one.id === id);
    if (!place || nearOf(place) !== near) {
      removePlace(id);
    }
  }
  wanted.filter(({ id }) => !followings.has(id)).forEach((place) => broker && addPlace(broker, place));
  changed();
});

/* ---- what is shown ---- */

/** All there is, newest first within its kind. The same array until something changed. */
export const all = computed<readonly Entry[]>(() => {
  version.value;
  return [...entries.values()].sort((a, b) => timeOf(b.item) - timeOf(a.item));
});

export function entryOf(key: string): Entry | undefined {
  version.value;
  return entries.get(key);
}

export const unseenCount = computed(() => all.value.filter(({ unseen }) => unseen).length);

effect(() => {
  const keys = all.value.filter(({ unseen, item }) => unseen && item.kind === "alert").map(({ item }) => item.key);
  if (served && (keys.length || unseenKeys.peek().length)) {
    unseenKeys.value = keys.slice(0, 500);
  }
});

/** Somebody looked at these. */
export function markSeen(keys: readonly string[]): void {
  const looked = keys.filter((key) => entries.get(key)?.unseen);
  for (const key of looked) {
    const entry = entries.get(key);
    if (entry) {
      entries.set(key, { ...entry, unseen: false });
    }
  }
  if (looked.length) {
    changed();
  }
}
