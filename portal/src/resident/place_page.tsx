/* The followed places: add, change, stop following. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { RADII } from "@neighbors/client/geo";
import { radius } from "../common/format";
import { words } from "../words";
import { picked } from "./choice";
import { PlacePicker } from "./place_picker";
import { dropPlace, keepPlace, makeId, places, PLACES_MOST, type FollowedPlace } from "./places";
import { show, viewId } from "./view";

/** What the map shows while it is being chosen. */
function PlaceForm({ place, onDone }: { place: FollowedPlace; onDone(): void }) {
  const name = useSignal(place.name);
  const cell = useSignal(place.cell || picked.peek());
  const metres = useSignal(place.metres);
  useEffect(() => {
    picked.value = cell.value;
    return () => { picked.value = ""; };
  }, []);
  const isNew = !place.cell;
  const save = (event: Event) => {
    event.preventDefault();
    if (cell.value) {
      keepPlace({ id: place.id, name: name.value.trim() || words.place.suggestedName, cell: cell.value, metres: metres.value });
      onDone();
    }
  };
  return (
    <form class="card" onSubmit={save}>
      <h2>{isNew ? words.place.toAdd : words.place.toChange(place.name)}</h2>
      <label class="field">
        <span>{words.place.name}</span>
        <input value={name.value} maxLength={40} onInput={(event) => { name.value = event.currentTarget.value; }} />
        <span class="hint">{words.place.nameHint}</span>
      </label>
      <PlacePicker cell={cell.value} onCell={(found) => { cell.value = found; }} />
      <p class="hint">{words.place.privacy}</p>
      <label class="field">
        <span>{words.place.radius}</span>
        <select value={metres.value} onChange={(event) => { metres.value = Number(event.currentTarget.value); }}>
          {RADII.map((one) => <option key={one} value={one}>{radius(one)}</option>)}
        </select>
      </label>
      <div class="row">
        <button class="button main" disabled={!cell.value}>{isNew ? words.place.save : words.save}</button>
        {!isNew && <button type="button" class="button danger" onClick={() => { dropPlace(place.id); onDone(); }}>{words.place.unfollow}</button>}
        {places.value.length > 0 && <button type="button" class="button" onClick={onDone}>{words.cancel}</button>}
      </div>
    </form>
  );
}

function PlaceRow({ place }: { place: FollowedPlace }) {
  return (
    <li class="card place-row">
      <div>
        <h2>{place.name}</h2>
        <p class="quiet">{words.place.cell} {place.cell} · {radius(place.metres)}</p>
      </div>
      <button class="button" onClick={() => show("places", place.id)} aria-label={words.place.toChange(place.name)}>{words.alert.update}</button>
    </li>
  );
}

export function PlacePage() {
  const list = places.value;
  const id = viewId.value;
  const edited = list.find((place) => place.id === id);
  const blank: FollowedPlace = { id: makeId(), name: list.length ? "" : words.place.suggestedName, cell: "", metres: 1600 };
  if (edited || id === "new" || !list.length) {
    return (
      <>
        <h1>{list.length ? words.place.title : words.place.first}</h1>
        {!list.length && <p class="quiet">{words.place.why}</p>}
        <PlaceForm key={edited?.id ?? "new"} place={edited ?? blank} onDone={() => show(id && list.length ? "places" : "feed")} />
      </>
    );
  }
  return (
    <>
      <h1>{words.place.title}</h1>
      <ul class="plain-list">{list.map((place) => <PlaceRow key={place.id} place={place} />)}</ul>
      {list.length < PLACES_MOST ? <button class="button main" onClick={() => show("places", "new")}>{words.place.toAdd}</button>
        : <p class="quiet">{words.place.most(PLACES_MOST)}</p>}
    </>
  );
}
