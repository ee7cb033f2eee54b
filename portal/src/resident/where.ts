/* Where an item is, seen from the followed places, in words. */
import type { Item } from "@neighbors/client";
import { away } from "../common/format";
import { words } from "../words";
import { distanceOf, isArea } from "./distance";
import { chosenPlace, places, type FollowedPlace } from "./places";

export interface Seen {
  place: FollowedPlace;
  metres: number;
}

/** From the place that is looked at, or the nearest of all. */
export function nearest(item: Item): Seen | undefined {
  const looked = places.value.filter(({ id }) => !chosenPlace.value || id === chosenPlace.value);
  return looked
    .map((place) => ({ place, metres: distanceOf(item, place.cell) }))
    .filter((seen): seen is Seen => seen.metres !== undefined)
    .sort((a, b) => a.metres - b.metres)[0];
}

/** "about 400 m away", with the place's name where there are several. */
export function whereWords(item: Item): string {
  const seen = nearest(item);
  if (!seen) {
    return "";
  }
  const far = seen.metres === 0 && isArea(item) ? words.place.inArea : away(seen.metres);
  return places.value.length > 1 && !chosenPlace.value ? `${seen.place.name}: ${far}` : far;
}
