/* What concerns the followed places, as it comes: alerts in force and activity, each once however many places it concerns.
 * Items are gathered and shown at once each frame, so that a flood costs one drawing. */
import { batch, computed, effect, signal } from "@preact/signals";
import type { Following, Gap, Item, Neighbors, Refusal } from "@neighbors/client";
import { kept } from "../session/kept";
import { neighbors, proof, state, stateSince } from "../session/connection";
import { personal } from "../session/personal";
import { places, type FollowedPlace } from "./places";

export interface Entry {
  item: Item;
  /** Ids of the places that it concerns, or concerned. */
  places: ReadonlySet<string>;
  /** Those of them where it is over: what ends everywhere is told to each place, and an area may have left one of them. */
  over: ReadonlySet<string>;
  /** Not looked at yet. */
  unseen: boolean;
  /** It is over in all of them, and leaves soon. */
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
export const arrived = personal<readonly Entry[]>(() => []);
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

/** The same state of it as is shown, or one of before: places are told each in its own time. */
function isKnown({ item: shown }: Entry, item: Item): boolean {
  return shown === item || (shown.kind === "alert" && item.kind === "alert" && shown.alert.revision >= item.alert.revision);
}

function take(place: string, item: Item): void {
  const before = entries.get(item.key);
  if (isOver(item)) {
    before && end(place, before, item); // else it is of an alert that was never shown
    return;
  }
  const known = before !== undefined && !before.ended && isKnown(before, item);
  if (known && before.places.has(place) && !before.over.has(place)) {
    return;
  }
  const entry: Entry = {
    item: known ? before.item : item,
    places: new Set(before?.places).add(place),
    over: without(before?.over, place),
    unseen: known ? before.unseen : item.fresh || (before?.unseen ?? unseenKeys.peek().includes(item.key)),
    ended: false,
  };
  entries.set(item.key, entry);
  if (item.kind === "alert" && !known && item.fresh) {
    fresh.push(entry);
  }
  forgetOldActivity();
  changed();
}

function without(places: ReadonlySet<string> = new Set(), place: string): Set<string> {
  return new Set([...places].filter((one) => one !== place));
}

function end(place: string, before: Entry, item: Item): void {
  const over = new Set(before.over).add(place);
  const ended = [...before.places].every((one) => over.has(one));
  if (before.ended || !before.places.has(place)) {
    return;
  }
  const entry: Entry = ended ? { ...before, over, ended, item: farewellOf(before.item, item), unseen: false } : { ...before, over };
  entries.set(item.key, entry);
  if (ended) {
    bidFarewell(item.key);
    if (item.kind === "alert" && item.fresh) {
      fresh.push(entry);
    }
  }
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
  const gone = followings.get(id)?.following;
  followings.delete(id);
  if (gone) {
    gone.stop();
    answered(gone);
  }
  for (const [key, entry] of entries) {
    if (entry.places.has(id)) {
      const rest = { ...entry, places: without(entry.places, id), over: without(entry.over, id) };
      if (rest.places.size > (entry.ended ? 0 : rest.over.size)) {
        entries.set(key, rest);
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
  followings.set(place.id, { following, near: nearOf(place) });
  told(place.id, undefined);
  followedSince.value = undefined;
  awaited.add(following);
  following.ready.then(() => answered(following), () => answered(following)); // that it is refused, `refused` tells
}

function answered(following: Following): void {
  if (awaited.delete(following) && awaited.size === 0) {
    followedSince.value = Date.now();
  }
}

/** Places that the broker has not answered for. */
const awaited = new Set<Following>();
/** When it had answered for all of them, ms; undefined: it has not. */
const followedSince = signal<number | undefined>(undefined);

/** True when all that is in force was told: there was a proof since all places are followed on this connection. Until then, that
 * nothing is shown does not mean that there is nothing. */
export const isAllTold = computed(() => {
  const last = proof.value, since = followedSince.value;
  const isFollowed = since === undefined ? awaited.size === 0 : last !== undefined && last.receivedAt >= since;
  return state.value === "connected" && last !== undefined && last.receivedAt >= stateSince.value && !last.stale && !last.missed && isFollowed;
});

let served: Neighbors | undefined;

effect(() => {
  const broker = neighbors.value;
  const wanted = broker ? places.value : [];
  if (broker !== served) {
    [...followings.keys()].forEach(removePlace);
    entries.clear();
    awaited.clear();
    followedSince.value = undefined;
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

/* Of those that were unseen when the page was left, some are yet to be told. */
effect(() => {
  const alerts = all.value.filter(({ item }) => item.kind === "alert");
  const come = new Set(alerts.map(({ item }) => item.key));
  const keys = alerts.filter(({ unseen }) => unseen).map(({ item }) => item.key);
  const toCome = isAllTold.value ? [] : unseenKeys.peek().filter((key) => !come.has(key));
  if (served && (keys.length || unseenKeys.peek().length)) {
    unseenKeys.value = [...keys, ...toCome].slice(0, 500);
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
