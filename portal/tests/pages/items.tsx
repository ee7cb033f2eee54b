/* A map with as many items as are asked for (?count=10000), for the tests and measurements of the layer itself. What it can do
 * is in window.items. */
import { render } from "preact";
import { ItemLayer, type MapItem } from "../../src/map/items";
import { MapPane } from "../../src/map/map_pane";
import { placeIn } from "../../src/map/cells";
import type { Category, MotionKind, Severity } from "../../src/map/symbols";
import { encode } from "@neighbors/client/geo";
import type L from "leaflet";

const kinds: MotionKind[] = ["MOTION", "PERSON", "VEHICLE", "ANIMAL", "PACKAGE", "DOORBELL", "SOUND"];
const categories: Category[] = ["crime", "safety", "suspicious", "fire", "medical", "missing", "lost_pet", "hazard", "weather", "other"];
const severities: Severity[] = ["MINOR", "MODERATE", "SEVERE", "EXTREME", "UNKNOWN"];
const HOUR = 3600_000;

/* The same each time: numbers from 0 to 1. */
let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}

const center = { latitude: 34.0768, longitude: -118.0316 };

/* One in a hundred is an alert, one in three of those has an area. */
function item(number: number): MapItem {
  const id = `item-${number}`;
  const cell = encode(center.latitude + (random() - 0.5) * 0.12, center.longitude + (random() - 0.5) * 0.18, 6);
  const at = Date.now() - random() * HOUR;
  const place = placeIn(cell, id);
  if (number % 100 !== 0) {
    return { id, ...place, activity: pick(kinds), at, fades: at + HOUR };
  }
  const area = number % 300 === 0 ? { area: { circle: { center: place, metres: 200 + random() * 800 } } } : {};
  return { id, ...place, alert: { category: pick(categories), severity: pick(severities) }, at, fades: at + 24 * HOUR, ...area };
}

const happened: (string | undefined)[] = [];
const layer = new ItemLayer({ selected: (id) => happened.push(id) });
let made = 0;

function more(count: number, fresh: boolean): MapItem[] {
  const items = Array.from({ length: count }, () => item(made++));
  layer.put(items, fresh);
  return items;
}

declare global {
  interface Window {
    items: { map: L.Map; layer: ItemLayer; more: typeof more; happened: typeof happened };
  }
}

const root = document.getElementById("app");
if (root) {
  const ready = (map: L.Map) => {
    layer.addTo(map);
    more(Number(new URLSearchParams(location.search).get("count") ?? 0), false);
    window.items = { map, layer, more, happened };
  };
  render(<MapPane label="Items" look={{ ...center, zoom: 14 }} onReady={ready} />, root);
}
