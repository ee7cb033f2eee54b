/* What is chosen, so that the list and the map show the same: an item, and a cell that was tapped on the map. */
import { personal } from "../session/personal";

/** Key of the item; "" for none. */
export const chosen = personal(() => "");
/** Leaf cell that was tapped, or "". */
export const picked = personal(() => "");
/** Somebody asks to see the item on the map; `times` tells one asking from the next. */
export const lookAt = personal(() => ({ key: "", times: 0 }));

export function choose(key: string, isToBeShown = true): void {
  chosen.value = key;
  if (isToBeShown && key) {
    lookAt.value = { key, times: lookAt.peek().times + 1 };
  }
}
