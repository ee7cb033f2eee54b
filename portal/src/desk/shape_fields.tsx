/* The area without a pointer: coordinates that are typed, and buttons that move it. Says the same as the map. */
import { type Signal } from "@preact/signals";
import { useEffect, useId, useState } from "preact/hooks";
import type { LatLon } from "@neighbors/client/geo";
import { withCorner } from "./map/drawing";
import { drawing, middleOfMap, showOnMap } from "./map/desk_map";
import { movedShape, pointText, readPoint, SMALLEST_METRES, type CircleShape, type PolygonShape, type Shape } from "./shape";

const MOVES = [["North", 1, 0], ["West", 0, -1], ["East", 0, 1], ["South", -1, 0]] as const;
const FAR = 50;
const SIGNS: Record<string, string> = { North: "↑", West: "←", East: "→", South: "↓" };

function PointField({ label, at, onPoint }: { label: string; at: LatLon; onPoint(at: LatLon): void }) {
  const id = useId();
  const [text, setText] = useState(pointText(at));
  useEffect(() => setText(pointText(at)), [at.latitude, at.longitude]);
  const read = readPoint(text);
  const take = () => read && pointText(read) !== pointText(at) && onPoint(read);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} value={text} inputMode="text" aria-invalid={read ? undefined : true} aria-describedby={read ? undefined : `${id}-wrong`}
        onInput={(event) => setText(event.currentTarget.value)} onChange={take} />
      {!read && <span id={`${id}-wrong`} class="wrong">Latitude, longitude: 34.07680, -118.03160</span>}
    </div>
  );
}

function CircleFields({ shape, put }: { shape: CircleShape; put(shape: Shape): void }) {
  const id = useId();
  const set = (metres: number) => metres >= SMALLEST_METRES && metres <= 500_000 && put({ ...shape, metres });
  return (
    <>
      <PointField label="Middle (latitude, longitude)" at={shape.center} onPoint={(center) => put({ ...shape, center })} />
      <div class="field">
        <label for={id}>Radius in metres</label>
        <input id={id} type="number" min={SMALLEST_METRES} max={500000} step={25} value={Math.round(shape.metres)}
          onInput={(event) => set(event.currentTarget.valueAsNumber)} />
      </div>
    </>
  );
}

function PolygonFields({ shape, put }: { shape: PolygonShape; put(shape: Shape): void }) {
  const count = shape.points.length;
  return (
    <>
      <ol class="corners">
        {shape.points.map((at, i) => (
          <li key={i}>
            <PointField label={`Corner ${i + 1}`} at={at} onPoint={(to) => put({ ...shape, points: shape.points.with(i, to) })} />
            {count > 3 && (
              <button type="button" class="button" aria-label={`Remove corner ${i + 1}`}
                onClick={() => put({ ...shape, points: shape.points.toSpliced(i, 1) })}>Remove</button>
            )}
          </li>
        ))}
      </ol>
      <button type="button" class="button" onClick={() => put(withCorner(shape, middleOfMap()))}>Add a corner in the middle of the map</button>
    </>
  );
}

function Tools({ area }: { area: Signal<Shape | undefined> }) {
  const mode = drawing.value?.mode.value ?? "rest";
  const shape = area.value;
  const type = () => {
    area.value = { kind: "circle", center: middleOfMap(), metres: 500 };
  };
  const clear = () => {
    drawing.value?.finish();
    area.value = undefined;
  };
  return (
    <>
      <div class="row">
        <button type="button" class="button" aria-pressed={mode === "circle"} onClick={() => drawing.value?.begin("circle")}>Draw a circle</button>
        <button type="button" class="button" aria-pressed={mode === "polygon"} onClick={() => drawing.value?.begin("polygon")}>Draw a polygon</button>
        {shape ? <button type="button" class="button" onClick={clear}>Clear</button>
          : <button type="button" class="button" onClick={type}>Type it</button>}
      </div>
      {mode === "circle" && <p role="status" class="hint">Press on the map where the middle is, and pull the circle open.</p>}
      {mode === "polygon" && (
        <div class="row">
          <p role="status" class="hint">Tap the corners on the map, one after the other.</p>
          <button type="button" class="button main" onClick={() => drawing.value?.finish()}>Close the polygon</button>
        </div>
      )}
    </>
  );
}

/** The area of a form: tools to draw it, what is typed of it, what is wrong with it. */
export function ShapeFields({ area, wrong }: { area: Signal<Shape | undefined>; wrong?: string }) {
  const shape = area.value;
  const put = (next: Shape) => {
    area.value = next;
    showOnMap([next]);
  };
  const whole = shape && (shape.kind === "circle" || shape.points.length > 2);
  return (
    <fieldset class="form-part">
      <legend>Where</legend>
      <Tools area={area} />
      {shape?.kind === "circle" && <CircleFields shape={shape} put={put} />}
      {shape?.kind === "polygon" && shape.points.length > 0 && <PolygonFields shape={shape} put={put} />}
      {whole && (
        <div class="row" role="group" aria-label={`Move the area ${FAR} metres`}>
          <span class="hint">Move {FAR} m</span>
          {MOVES.map(([name, north, east]) => (
            <button type="button" class="button square" key={name} aria-label={`${FAR} metres ${name.toLowerCase()}`}
              onClick={() => put(movedShape(shape, north * FAR, east * FAR))}>{SIGNS[name]}</button>
          ))}
        </div>
      )}
      <p role="status" class="wrong">{wrong}</p>
    </fieldset>
  );
}
