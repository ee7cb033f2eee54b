/* Geohash cells over the map: what is followed, what an alert reaches. */
import L from "leaflet";
import { bounds } from "@neighbors/client/geo";
import { colors, onColors } from "./theme";

/* Two numbers below 1 out of a text, the same each time (FNV-1a, then mixed as MurmurHash3 ends). */
function spread(text: string): [number, number] {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return [(hash >>> 16) / 0x10000, (hash & 0xffff) / 0x10000];
}

/** Where to draw what is only known to be in a cell: somewhere in it, by its name, so that many do not lie on one heap. Say
 * beside the map that it means nothing. */
export function placeIn(cell: string, name: string): { latitude: number; longitude: number } {
  const { south, west, north, east } = bounds(cell);
  const [right, up] = spread(name);
  const inset = 0.05; // off the lines
  const part = (number: number) => inset + number * (1 - 2 * inset);
  return { latitude: south + part(up) * (north - south), longitude: west + part(right) * (east - west) };
}

/** Cells as an overlay, in the accent colour. */
export class CellLayer extends L.LayerGroup {
  #cells: string[] = [];
  #leaveColors: (() => void) | undefined;

  /** Shows these cells and no others. */
  show(cells: Iterable<string>): void {
    this.#cells = [...cells];
    this.#draw();
  }

  #draw(): void {
    this.clearLayers();
    for (const cell of this.#cells) {
      const { south, west, north, east } = bounds(cell);
      this.addLayer(L.rectangle([[south, west], [north, east]],
        { color: colors().accent, weight: 1, opacity: 0.6, fillOpacity: 0.08, interactive: false }));
    }
  }

  override onAdd(map: L.Map): this {
    this.#leaveColors = onColors(() => this.#draw());
    return super.onAdd(map);
  }

  override onRemove(map: L.Map): this {
    this.#leaveColors?.();
    return super.onRemove(map);
  }
}
