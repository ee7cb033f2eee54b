/* A card over the map about the cell that was tapped: report something there, or follow it. */
import { words } from "../words";
import { picked } from "./choice";
import { places, PLACES_MOST } from "./places";
import { addressOfView, view } from "./view";

export function PickedCell() {
  if (!picked.value || !places.value.length || view.value === "report" || view.value === "places") {
    return null;
  }
  return (
    <div class="picked-cell card" role="group" aria-label={words.feed.pickedCell(picked.value)}>
      <strong>{words.feed.pickedCell(picked.value)}</strong>
      <div class="row">
        <a class="button main" href={addressOfView("report")}>{words.feed.reportHere}</a>
        {places.value.length < PLACES_MOST && <a class="button" href={addressOfView("places", "new")}>{words.feed.followHere}</a>}
        <button class="button" aria-label={words.feed.forgetCell} onClick={() => { picked.value = ""; }}>×</button>
      </div>
    </div>
  );
}
