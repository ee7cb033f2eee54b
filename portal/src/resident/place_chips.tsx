/* The followed places in a row: all of them, or the one that is looked at. */
import { words } from "../words";
import { chosenPlace, places } from "./places";
import { addressOfView } from "./view";

export function PlaceChips() {
  return (
    <div class="place-chips" role="group" aria-label={words.place.label}>
      {places.value.length > 1 && (
        <button class="chip" aria-pressed={chosenPlace.value === ""} onClick={() => { chosenPlace.value = ""; }}>{words.place.all}</button>
      )}
      {places.value.map((place) => (
        <button key={place.id} class="chip" aria-pressed={chosenPlace.value === place.id || places.value.length === 1}
          onClick={() => { chosenPlace.value = place.id; }}>
          {place.name}
        </button>
      ))}
      <a class="chip" href={addressOfView("places")}>{words.place.title}</a>
    </div>
  );
}
