/* The resident's map: followed circles with their cells, the feed, the area of what is chosen, and a cell that was tapped. */
import { effect } from "@preact/signals";
import L from "leaflet";
import { coverCircle, decode } from "@neighbors/client/geo";
import type { Item } from "@neighbors/client";
import { areaLayer, areaOf, boundsOf } from "../map/area";
import { CellLayer, placeIn } from "../map/cells";
import { ItemLayer, type MapItem } from "../map/items";
import { MapPane } from "../map/map_pane";
import { colors, onColors } from "../map/theme";
import { words } from "../words";
import { choose, chosen, lookAt, picked } from "./choice";
import { isArea, middleOfItem } from "./distance";
import { all, timeOf, type Entry } from "./feed";
import { shown } from "./filters";
import { cellOf, chosenPlace, cornersOf, middleOf, places, type FollowedPlace } from "./places";
import { shapes } from "./shapes";
import { show, view } from "./view";

const METRES_A_DEGREE = 111_195;
/** Activity pales within an hour. */
const ACTIVITY_FADES = 3_600_000;

/** Residents' alerts and activity are only known to be in a cell. */
function pointOf(item: Item) {
  const isCell = item.cell && !isArea(item) && (item.kind === "activity" || item.alert.senderKind === "USER");
  return isCell ? placeIn(item.cell, item.key) : middleOfItem(item);
}

function mapItem({ item, ended }: Entry): MapItem | undefined {
  const point = pointOf(item);
  if (!point) {
    return undefined;
  }
  if (item.kind === "activity") {
    return { id: item.key, ...point, activity: item.activity.kind, at: item.activity.at, fades: item.activity.at + ACTIVITY_FADES };
  }
  const { category, severity, truth, expires, place } = item.alert;
  const area = areaOf(place);
  return { id: item.key, ...point, alert: { category, severity }, at: timeOf(item), fades: expires || timeOf(item) + 24 * ACTIVITY_FADES,
    pale: ended || truth === "REFUTED", ...(area && { area }) };
}

/** Keeps the layer as the feed is: what came, what changed, what went. */
function carryItems(layer: ItemLayer): () => void {
  let drawn = new Map<string, Entry>();
  return effect(() => {
    const next = new Map(all.value.map((entry) => [entry.item.key, entry]));
    const changed = [...next.values()].filter((entry) => drawn.get(entry.item.key)?.item !== entry.item || drawn.get(entry.item.key)?.ended !== entry.ended);
    const [fresh, old] = [changed.filter(({ item }) => item.fresh && !item.retained), changed.filter(({ item }) => !item.fresh || item.retained)];
    layer.drop([...drawn.keys()].filter((key) => !next.has(key)));
    layer.put(old.map(mapItem).filter((item) => item !== undefined));
    layer.put(fresh.map(mapItem).filter((item) => item !== undefined), true);
    drawn = next;
  });
}

function carryFilter(layer: ItemLayer): () => void {
  return effect(() => {
    const keys = new Set(shown.value.map(({ item }) => item.key));
    layer.show(({ id }) => keys.has(id));
  });
}

/* ---- places ---- */

function boundsOfPlace(place: FollowedPlace): L.LatLngBounds {
  const { latitude, longitude } = middleOf(place);
  return L.latLng(latitude, longitude).toBounds(2.1 * place.metres);
}

function lookedPlaces(): FollowedPlace[] {
  return places.value.filter(({ id }) => !chosenPlace.value || id === chosenPlace.value);
}

/** Cells are drawn for the place that is looked at, or for one; with all of them the map would be a net. */
function carryPlaces(circles: L.LayerGroup, cells: CellLayer): () => void {
  const draw = () => {
    circles.clearLayers();
    for (const place of places.value) {
      const { latitude, longitude } = middleOf(place);
      const isLooked = !chosenPlace.value || chosenPlace.value === place.id;
      circles.addLayer(L.circle([latitude, longitude], { radius: place.metres, color: colors().accent, weight: isLooked ? 2.5 : 1.5,
        opacity: isLooked ? 0.9 : 0.5, fillOpacity: isLooked ? 0.04 : 0, interactive: false }));
      const top = latitude + place.metres / METRES_A_DEGREE; // on the circle: in its middle it would hide what is there
      circles.addLayer(L.marker([top, longitude], { interactive: false, keyboard: false,
        icon: L.divIcon({ className: "place-mark", html: "", iconSize: [0, 0] }) }).bindTooltip(escaped(place.name), { permanent: true, direction: "center", className: "place-name" }));
    }
    const [one, ...others] = lookedPlaces();
    cells.show(one && !others.length && one.metres <= 3200 ? coverCircle(middleOf(one), one.metres, 6) : []);
  };
  const leaveColors = onColors(draw);
  const leave = effect(draw);
  return () => { leaveColors(); leave(); };
}

function escaped(text: string): HTMLElement {
  const element = document.createElement("span");
  element.textContent = text;
  return element;
}

function followView(map: L.Map): () => void {
  return effect(() => {
    const looked = lookedPlaces();
    if (looked.length) {
      map.fitBounds(looked.map(boundsOfPlace).reduce((one, other) => one.extend(other)), { animate: false, padding: [12, 12] });
    }
  });
}

/* ---- what is chosen ---- */

function look(map: L.Map, item: Item): void {
  const area = item.kind === "alert" ? areaOf(item.alert.place) : undefined;
  const point = pointOf(item);
  if (area) {
    map.fitBounds(boundsOf(area), { maxZoom: 16, padding: [40, 40] });
  } else if (point && !map.getBounds().pad(-0.1).contains([point.latitude, point.longitude])) {
    map.panTo([point.latitude, point.longitude]);
  }
}

function carryChoice(map: L.Map, layer: ItemLayer): () => void {
  const leaveSelect = effect(() => layer.select(chosen.value || undefined));
  const leaveLook = effect(() => {
    const { key } = lookAt.value;
    const entry = all.peek().find(({ item }) => item.key === key);
    if (entry) {
      look(map, entry.item);
    }
  });
  return () => { leaveSelect(); leaveLook(); };
}

/** A cell that was tapped, the shapes that a page asks for (a request's area), drawn above all. */
function carryShapes(map: L.Map, group: L.LayerGroup): () => void {
  const draw = () => {
    group.clearLayers();
    if (picked.value) {
      group.addLayer(L.rectangle(cornersOf(picked.value), { color: colors().accent, weight: 3, fillOpacity: 0.2, interactive: false }));
    }
    shapes.value.forEach((area) => group.addLayer(areaLayer(area, { color: colors().accent, weight: 3, fillOpacity: 0.15, interactive: false })));
  };
  const leaveColors = onColors(draw);
  const leave = effect(draw);
  const leaveView = effect(() => {
    const bounds = shapes.value.map(boundsOf).reduce<L.LatLngBounds | undefined>((one, other) => one?.extend(other) ?? other, undefined);
    if (bounds) {
      map.fitBounds(bounds, { padding: [40, 40], maxZoom: 16 });
    }
  });
  const leavePick = effect(() => {
    if (picked.value && !map.getBounds().contains(cornersOf(picked.value))) {
      const { latitude, longitude } = decode(picked.value);
      map.setView([latitude, longitude], Math.max(14, map.getZoom()));
    }
  });
  return () => [leaveColors, leave, leaveView, leavePick].forEach((end) => end());
}

function ready(map: L.Map): () => void {
  const layer = new ItemLayer({
    selected: (id) => {
      const entry = id === undefined ? undefined : all.peek().find(({ item }) => item.key === id);
      if (entry) {
        choose(entry.item.key);
        if (entry.item.kind === "alert") {
          show("alert", entry.item.key);
        } else if (view.peek() !== "feed") {
          show("feed");
        }
      }
    },
  });
  const cells = new CellLayer().addTo(map);
  const circles = L.layerGroup().addTo(map);
  const group = L.layerGroup().addTo(map);
  layer.addTo(map);
  map.on("click", ({ latlng, containerPoint }: L.LeafletMouseEvent) => {
    if (!layer.at(containerPoint)) {
      picked.value = cellOf(latlng.lat, latlng.lng) ?? "";
    }
  });
  const leave = [carryItems(layer), carryFilter(layer), carryPlaces(circles, cells), followView(map), carryChoice(map, layer), carryShapes(map, group)];
  return () => leave.forEach((end) => end());
}

export function NeighborhoodMap() {
  return <MapPane label={words.feed.map} onReady={ready} />;
}
