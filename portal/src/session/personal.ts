/* What a room holds for whoever is signed in, for as long as the tab is open: it begins anew with the next one, who must neither see
 * it nor be hindered by it. */
import { signal, type Signal } from "@preact/signals";
import { identity } from "./identity";

/** begin: what it is for somebody who has just signed in. */
export function personal<T>(begin: () => T): Signal<T> {
  const value = signal(begin());
  let whose = identity.peek()?.name;
  identity.subscribe((who) => {
    if (who?.name !== whose) {
      whose = who?.name;
      value.value = begin();
    }
  });
  return value;
}
