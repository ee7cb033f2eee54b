/* Drawing one area on a map: a circle is pulled open from its middle, a polygon is set corner by corner; afterwards its handles
 * are dragged, or moved with the arrow keys. The area itself is a signal that forms read and write too. */
import { effect, signal, type Signal } from "@preact/signals";
import L from "leaflet";
import { distance, type LatLon } from "@neighbors/client/geo";
import { moved, nearestEdge, SMALLEST_METRES, type PolygonShape, type Shape } from "../shape";

export type DrawingMode = "rest" | "circle" | "polygon";
const TAPPED_METRES = 300; // of a circle that was only tapped
const NUDGE_METRES = 10;
const SVG = L.svg({ padding: 0.5 });
const STYLE = { renderer: SVG, interactive: false, className: "drawn-area" };
const ARROWS: Record<string, readonly [north: number, east: number]> = {
  ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
};

function latLng({ latitude, longitude }: LatLon): L.LatLng {
  return L.latLng(latitude, longitude);
}
function point({ lat, lng }: L.LatLng): LatLon {
  return { latitude: lat, longitude: lng };
}

interface Handle {
  at: LatLon;
  name: string;
  kind: "corner" | "middle" | "edge";
  move(to: LatLon): void;
  remove?(): void;
}

export class Drawing {
  readonly mode = signal<DrawingMode>("rest");
  #map: L.Map;
  #shape: Signal<Shape | undefined>;
  #area = L.layerGroup();
  #handles: L.Marker[] = [];
  #ends: (() => void)[] = [];

  #onDrawn: (shape: Shape) => void;

  /** onDrawn: a circle was pulled open, or tapped. */
  constructor(map: L.Map, shape: Signal<Shape | undefined>, onDrawn: (shape: Shape) => void) {
    this.#map = map;
    this.#shape = shape;
    this.#onDrawn = onDrawn;
    this.#area.addTo(map);
    this.#ends.push(effect(() => this.#show()), this.#listen());
  }

  /** The next touch begins a new area in the place of the present one. */
  begin(mode: "circle" | "polygon"): void {
    this.mode.value = mode;
    this.#shape.value = mode === "polygon" ? { kind: "polygon", points: [] } : undefined;
  }

  finish(): void {
    this.mode.value = "rest";
  }

  end(): void {
    this.#ends.forEach((end) => end());
    this.#handles.forEach((handle) => handle.remove());
    this.#area.remove();
  }

  // ---- touching the map

  #listen(): () => void {
    const element = this.#map.getContainer();
    const down = (event: PointerEvent) => this.#pull(event);
    const quiet = effect(() => {
      const drawing = this.mode.value !== "rest";
      element.classList.toggle("drawing", drawing);
      this.#map.dragging[this.mode.value === "circle" ? "disable" : "enable"]();
      this.#map.doubleClickZoom[drawing ? "disable" : "enable"]();
    });
    element.addEventListener("pointerdown", down, true);
    const click = (event: L.LeafletMouseEvent) => this.#addCorner(point(event.latlng));
    this.#map.on("click", click);
    return () => {
      quiet();
      element.removeEventListener("pointerdown", down, true);
      this.#map.off("click", click);
    };
  }

  #at(event: PointerEvent): LatLon {
    return point(this.#map.mouseEventToLatLng(event));
  }

  #pull(begin: PointerEvent): void {
    if (this.mode.value !== "circle" || (begin.target as Element).closest(".leaflet-control, .map-tools")) {
      return;
    }
    begin.preventDefault();
    const element = this.#map.getContainer(), center = this.#at(begin);
    element.setPointerCapture(begin.pointerId);
    const pull = (event: PointerEvent) => {
      this.#shape.value = { kind: "circle", center, metres: Math.max(SMALLEST_METRES, distance(center, this.#at(event))) };
    };
    const release = (event: PointerEvent) => {
      element.removeEventListener("pointermove", pull);
      element.removeEventListener("pointerup", release);
      element.removeEventListener("pointercancel", release);
      const tapped = Math.hypot(event.clientX - begin.clientX, event.clientY - begin.clientY) < 8;
      const metres = tapped ? TAPPED_METRES : Math.max(SMALLEST_METRES, distance(center, this.#at(event)));
      const drawn: Shape = { kind: "circle", center, metres };
      this.#shape.value = drawn;
      this.finish();
      this.#onDrawn(drawn);
    };
    element.addEventListener("pointermove", pull);
    element.addEventListener("pointerup", release);
    element.addEventListener("pointercancel", release);
  }

  #addCorner(at: LatLon): void {
    const shape = this.#shape.value;
    if (this.mode.value === "polygon" && shape?.kind === "polygon") {
      this.#shape.value = { ...shape, points: [...shape.points, at] };
    }
  }

  // ---- showing it

  #show(): void {
    const shape = this.#shape.value;
    this.#area.clearLayers();
    if (shape?.kind === "circle") {
      L.circle(latLng(shape.center), { ...STYLE, radius: shape.metres }).addTo(this.#area);
    } else if (shape && shape.points.length > 0) {
      const points = shape.points.map(latLng);
      const open = this.mode.value === "polygon";
      (open ? L.polyline(points, STYLE) : L.polygon(points, STYLE)).addTo(this.#area);
    }
    this.#showHandles(shape ? this.#handlesOf(shape) : []);
  }

  #handlesOf(shape: Shape): Handle[] {
    if (shape.kind === "polygon") {
      return this.#corners(shape);
    }
    const change = (part: Partial<typeof shape>) => {
      this.#shape.value = { ...shape, ...part };
    };
    return [
      { at: shape.center, name: "Middle of the circle", kind: "middle", move: (center) => change({ center }) },
      { at: moved(shape.center, 0, shape.metres), name: "Edge of the circle", kind: "edge",
        move: (to) => change({ metres: Math.max(SMALLEST_METRES, distance(shape.center, to)) }) },
    ];
  }

  #corners(shape: PolygonShape): Handle[] {
    const count = shape.points.length;
    const put = (points: LatLon[]) => {
      this.#shape.value = { ...shape, points };
    };
    return shape.points.map((at, i) => ({
      at, name: `Corner ${i + 1} of ${count}`, kind: "corner",
      move: (to) => put(shape.points.with(i, to)),
      remove: count > 3 ? () => put(shape.points.toSpliced(i, 1)) : undefined,
    }));
  }

  /* Markers are kept while their number stays, so that the one in hand or with the keyboard's focus stays too. */
  #showHandles(handles: Handle[]): void {
    if (handles.length !== this.#handles.length || handles.some(({ kind }, i) => this.#handles[i]?.options.title !== kind)) {
      this.#handles.forEach((marker) => marker.remove());
      this.#handles = handles.map((handle, i) => this.#marker(handle, i));
    }
    handles.forEach((handle, i) => {
      const marker = this.#handles[i];
      marker?.setLatLng(latLng(handle.at));
      marker?.getElement()?.setAttribute("aria-label", `${handle.name}: move with the arrow keys`);
    });
  }

  #current(i: number): Handle | undefined {
    return this.#shape.value && this.#handlesOf(this.#shape.value)[i];
  }

  #marker(handle: Handle, i: number): L.Marker {
    const icon = L.divIcon({ className: `handle ${handle.kind}`, iconSize: [44, 44] });
    const marker = L.marker(latLng(handle.at), { icon, draggable: true, title: handle.kind, autoPan: true }).addTo(this.#map);
    marker.on("drag", () => this.#current(i)?.move(point(marker.getLatLng())));
    marker.on("click", () => this.mode.value === "polygon" && i === 0 && this.finish());
    const element = marker.getElement();
    element?.removeAttribute("title");
    element?.addEventListener("keydown", (event) => this.#key(event, i));
    return marker;
  }

  #key(event: KeyboardEvent, i: number): void {
    const arrow = ARROWS[event.key], handle = this.#current(i);
    const far = NUDGE_METRES * (event.shiftKey ? 10 : 1);
    if (arrow && handle) {
      handle.move(moved(handle.at, arrow[0] * far, arrow[1] * far));
    } else if (event.key === "Delete" && handle?.remove) {
      handle.remove();
    } else if (event.key === "Escape") {
      this.finish();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

/** The polygon with one corner more, where it makes the smallest detour. */
export function withCorner(shape: PolygonShape, at: LatLon): PolygonShape {
  return { ...shape, points: shape.points.toSpliced(nearestEdge(shape.points, at) + 1, 0, at) };
}
