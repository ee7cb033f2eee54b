/* The places that somebody follows, kept in this browser. Of where they tapped or stand, only the leaf cell is kept. */
import { computed } from "@preact/signals";
import { bounds, decode, snap, type LatLon } from "@neighbors/client/geo";
import { kept } from "../session/kept";
import { personal } from "../session/personal";

export interface FollowedPlace {
  id: string;
  name: string;
  /** Leaf cell. */
  cell: string;
  metres: number;
}

const list = kept<readonly FollowedPlace[]>("places", []);
export const places = computed(() => list.value);
/** The place that is looked at; "" for all. */
export const chosenPlace = personal(() => "");

export const PLACES_MOST = 8;

/** Adds a place or changes the one of that id. */
export function keepPlace(place: FollowedPlace): void {
  const known = list.value.some(({ id }) => id === place.id);
  list.value = known ? list.value.map((old) => (old.id === place.id ? place : old)) : [...list.value, place];
}

export function dropPlace(id: string): void {
  list.value = list.value.filter((place) => place.id !== id);
  if (chosenPlace.value === id) {
    chosenPlace.value = "";
  }
}

export function middleOf(place: FollowedPlace): LatLon {
  return decode(place.cell);
}

/** The leaf cell of a position, or of what was typed as "34.0768, -118.0316"; undefined when it is none. */
export function cellOf(latitude: number, longitude: number): string | undefined {
  return latitude >= -90 && latitude <= 90 && Number.isFinite(longitude) ? snap(latitude, longitude - 360 * Math.floor((longitude + 180) / 360)) : undefined;
}

export function cellOfText(text: string): string | undefined {
  const found = /^\s*(-?\d+(?:\.\d+)?)\s*[,; ]\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text);
  return found ? cellOf(Number(found[1]), Number(found[2])) : undefined;
}

/** The corners of a cell, for drawing. */
export function cornersOf(cell: string): [[number, number], [number, number]] {
  const { south, west, north, east } = bounds(cell);
  return [[south, west], [north, east]];
}

/** Tells a place from the others of this browser. */
export function makeId(): string {
  return [...crypto.getRandomValues(new Uint32Array(2))].map((part) => part.toString(36)).join("");
}
