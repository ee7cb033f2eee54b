/* The desk's one map: the jurisdiction, the area that is being drawn, the cells that it reaches, and what a page shows on it. */
import { effect, signal } from "@preact/signals";
import L from "leaflet";
import { bounds } from "@neighbors/client/geo";
import { firstLook, MapPane, watchHands } from "../../map/map_pane";
import { agencies, agencyOf, type Agency } from "../agency";
import type { Shape } from "../shape";
import { view } from "../view";
import { alertShape, requestShape } from "./areas";
import { Drawing } from "./drawing";

/** The cells that the area of the open form reaches. */
export const reached = signal<readonly string[]>([]);
/** What the open page shows beside: areas with a name. */
export const shown = signal<readonly { shape: Shape; name: string; kind: string }[]>([]);
export const drawing = signal<Drawing | undefined>(undefined);
let present: L.Map | undefined;

const styled = (className: string, renderer: L.Renderer): L.PathOptions => ({ renderer, interactive: false, className });

function showJurisdiction(layer: L.LayerGroup, agency: Agency | undefined, renderer: L.Renderer): void {
  layer.clearLayers();
  if (agency?.jurisdiction && agency.jurisdiction !== "everywhere") {
    L.geoJSON(agency.jurisdiction, { style: styled("jurisdiction", renderer) }).addTo(layer);
  }
}

function showCells(layer: L.LayerGroup, renderer: L.Renderer): void {
  layer.clearLayers();
  for (const cell of reached.value) {
    const { south, west, north, east } = bounds(cell);
    L.rectangle([[south, west], [north, east]], styled("reached-cell", renderer)).addTo(layer);
  }
}

function showAreas(layer: L.LayerGroup, renderer: L.Renderer): void {
  layer.clearLayers();
  for (const { shape, name, kind } of shown.value) {
    const options = { ...styled(`shown-area ${kind}`, renderer), interactive: true };
    const area = shape.kind === "circle"
      ? L.circle([shape.center.latitude, shape.center.longitude], { ...options, radius: shape.metres })
      : L.polygon(shape.points.map(({ latitude, longitude }): L.LatLngTuple => [latitude, longitude]), options);
    area.bindTooltip(name).addTo(layer);
  }
}

function look(map: L.Map, agency: Agency | undefined): void {
  if (agency?.office) {
    map.setView([agency.office[1], agency.office[0]], 13, { animate: false });
  } else if (agency?.box) {
    const [west, south, east, north] = agency.box;
    map.fitBounds([[south, west], [north, east]], { animate: false });
  }
}

function boxOf(shape: Shape): L.LatLngBounds {
  return shape.kind === "circle" ? L.latLng(shape.center.latitude, shape.center.longitude).toBounds(2 * shape.metres)
    : L.latLngBounds(shape.points.map(({ latitude, longitude }) => [latitude, longitude]));
}

/** Smaller than a finger can take its handles apart. */
function isSmall(map: L.Map, box: L.LatLngBounds): boolean {
  const from = map.latLngToContainerPoint(box.getNorthWest()), to = map.latLngToContainerPoint(box.getSouthEast());
  return Math.max(to.x - from.x, to.y - from.y) < 2 * 60 && map.getZoom() < map.getMaxZoom();
}

/** Moves the map to the areas, when they cannot be seen as a whole or are too small to take hold of, or in any case. */
export function showOnMap(shapes: readonly Shape[], always = false): void {
  const box = L.latLngBounds([]);
  shapes.forEach((shape) => box.extend(boxOf(shape)));
  if (present && box.isValid() && (always || !present.getBounds().contains(box) || isSmall(present, box))) {
    present.fitBounds(box.pad(0.3), { animate: false });
  }
}

/** The middle of what is seen; before there is a map, of where it will look first. */
export function middleOfMap(): { latitude: number; longitude: number } {
  const { lat, lng } = present?.getCenter() ?? {}, { latitude, longitude } = firstLook();
  return { latitude: lat ?? latitude, longitude: lng ?? longitude };
}

function ready(map: L.Map, name: string): () => void {
  const renderer = L.svg({ padding: 0.5 });
  const [land, cells, areas] = [L.layerGroup(), L.layerGroup(), L.layerGroup()].map((layer) => layer.addTo(map)) as
    [L.LayerGroup, L.LayerGroup, L.LayerGroup];
  const isTaken = watchHands(map);
  present = map;
  const ends = [
    effect(() => showJurisdiction(land, agencyOf(name), renderer)),
    effect(() => showCells(cells, renderer)),
    effect(() => showAreas(areas, renderer)),
    effect(() => {
      if (agencies.value.length > 0 && !isTaken() && !alertShape.peek() && !requestShape.peek()) {
        look(map, agencyOf(name));
      }
    }),
    effect(() => {
      const area = view.value === "alert" ? alertShape : view.value === "footage" ? requestShape : undefined;
      const own = area && new Drawing(map, area, (drawn) => showOnMap([drawn]));
      drawing.value = own;
      return () => own?.end();
    }),
  ];
  return () => {
    ends.forEach((end) => end());
    drawing.value = undefined;
    present = undefined;
  };
}

export function DeskMap({ name }: { name: string }) {
  return <MapPane label="Map of the jurisdiction" onReady={(map) => ready(map, name)} />;
}
