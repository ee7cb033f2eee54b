/* Where something is: tapped on the map, typed, or told by the browser. Whatever way, only its leaf cell is taken. */
import { useSignal, useSignalEffect } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import { decode } from "@neighbors/client/geo";
import { coordinates } from "../common/format";
import { useMounted } from "../common/mounted";
import { words } from "../words";
import { picked } from "./choice";
import { cellOf, cellOfText } from "./places";

export interface PlacePickerProps {
  /** Leaf cell, or "". */
  cell: string;
  onCell(cell: string): void;
}

export function PlacePicker({ cell, onCell }: PlacePickerProps) {
  const typed = useSignal("");
  const said = useSignal("");
  const id = useId();
  const mounted = useMounted();
  useSignalEffect(() => {
    if (picked.value && picked.value !== cell) {
      onCell(picked.value);
    }
  });
  const take = (found: string | undefined) => {
    if (found) {
      picked.value = found;
      onCell(found);
    }
  };
  const now = useRef(cell);
  now.current = cell;
  const locate = () => { // it may take long: who has chosen a place meanwhile, or left, meant that
    const before = now.current;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      if (mounted.current && now.current === before) {
        take(cellOf(coords.latitude, coords.longitude));
        said.value = words.place.located;
      }
    }, (error) => { said.value = words.place.locateFailed(error.message); }, { maximumAge: 600_000, timeout: 20_000 });
  };
  const isWrong = typed.value.trim() !== "" && !cellOfText(typed.value);
  const middle = cell ? decode(cell) : undefined;
  return (
    <fieldset class="plain">
      <legend>{words.place.where}</legend>
      <p class="hint">{words.place.tap}</p>
      <div class="field">
        <label for={id}>{words.place.coordinates}</label>
        <input id={id} inputMode="text" autocomplete="off" value={typed.value} placeholder={words.place.coordinatesHint} aria-invalid={isWrong}
          aria-describedby={isWrong ? `${id}-wrong` : undefined}
          onInput={(event) => { typed.value = event.currentTarget.value; take(cellOfText(typed.value)); }} />
        {isWrong && <span class="wrong" id={`${id}-wrong`}>{words.place.coordinatesWrong}</span>}
      </div>
      <button type="button" class="button" onClick={locate}>{words.place.locate}</button>
      <p class="cell-line" role="status">
        {said.value && <span class="quiet">{said.value} </span>}
        {middle ? <span><strong>{words.place.cell} {cell}</strong> <span class="quiet">{coordinates(middle.latitude, middle.longitude)}</span></span> : <span class="quiet">{words.place.noCell}</span>}
      </p>
    </fieldset>
  );
}
