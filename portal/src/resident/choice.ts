/* What is chosen, so that the list and the map show the same: an item, and a cell that was tapped on the map. */
import { signal } from "@preact/signals";

/** Key of the item; "" for none. */
export const chosen = signal("");
/** Leaf cell that was tapped, or "". */
export const picked = signal("");
/** Somebody asks to see the item on the map; `times` tells one asking from the next. */
export const lookAt = signal({ key: "", times: 0 });

export function choose(key: string, isToBeShown = true): void {
  chosen.value = key;
  if (isToBeShown && key) {
    lookAt.value = { key, times: lookAt.peek().times + 1 };
  }
}
