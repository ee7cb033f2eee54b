/* The ground of a map. It needs nobody's server: land, coasts, borders and names come with the page, and near by there is the net
 * of the cells that places are told in. Where the operator has set street tiles, they lie over it. */
import L from "leaflet";
import { portal, portalKnown, type Tiles } from "../portal";
import { canvasOn, type MapCanvas } from "./canvas";
import { drawGround } from "./ground_drawing";
import { onColors } from "./theme";

const OUTLINES = "Outlines: Natural Earth, US Census · Places: GeoNames";

/* For whoever measures the page: when there was first a map to see. */
let drawn = false;
function firstDrawn(): void {
  if (!drawn) {
    drawn = true;
    performance.mark("map drawn");
  }
}

class Ground extends L.Layer {
  #map: L.Map | undefined;
  #canvas: MapCanvas | undefined;
  #asked = 0;
  readonly #came = () => this.draw();
  #leaveColors: (() => void) | undefined;
  tiled = false;

  constructor() {
    super();
    L.setOptions(this, { pane: "ground", attribution: OUTLINES });
  }

  /** Draws it anew with the next picture. */
  draw(): void {
    if (this.#map && !this.#asked) {
      this.#asked = requestAnimationFrame(() => {
        this.#asked = 0;
        if (this.#canvas) {
          drawGround(this.#canvas.begin(), this.#came, this.tiled);
          firstDrawn();
        }
      });
    }
  }

  override onAdd(map: L.Map): this {
    this.#map = map;
    this.#canvas = canvasOn(map, map.getPane("ground") ?? map.getPanes().mapPane, 0);
    this.#leaveColors = onColors(() => this.draw());
    void portalKnown.then(() => this.draw()); // when it is known where to look
    return this;
  }

  override onRemove(): this {
    cancelAnimationFrame(this.#asked);
    this.#asked = 0;
    this.#leaveColors?.();
    this.#canvas?.remove();
    this.#canvas = this.#map = undefined;
    return this;
  }

  override getEvents(): { [name: string]: L.LeafletEventHandlerFn } {
    const stretch = (center: L.LatLng, zoom: number) => this.#canvas?.stretch(center, zoom);
    const handlers: Record<string, (event: never) => void> = {
      moveend: () => this.draw(),
      resize: () => this.draw(),
      move: () => this.#canvas?.frame?.zoom === this.#map?.getZoom() && this.#canvas?.outgrown() && this.draw(),
      zoomanim: ({ center, zoom }: L.ZoomAnimEvent) => stretch(center, zoom),
      zoom: () => this.#map && stretch(this.#map.getCenter(), this.#map.getZoom()),
    };
    return handlers as { [name: string]: L.LeafletEventHandlerFn };
  }
}

/* An https address in the operator's words becomes a link; everything else stays text. */
function attributionOf(words: string): string {
  const element = document.createElement("span");
  for (const part of words.split(/(https:\/\/\S+)/)) {
    if (part.startsWith("https://")) {
      const link = element.appendChild(document.createElement("a"));
      link.href = part;
      link.textContent = new URL(part).host;
      link.rel = "noreferrer noopener";
      link.target = "_blank";
    } else {
      element.append(part);
    }
  }
  return element.innerHTML;
}

function layTiles(map: L.Map, ground: Ground, { url, attribution, zoom }: Tiles): void {
  L.tileLayer(url, { attribution: attributionOf(attribution), maxNativeZoom: zoom, maxZoom: 20, className: "street-tiles", referrerPolicy: "no-referrer" })
    .addTo(map);
  ground.tiled = true;
  ground.draw();
}

/** Lays the ground under a map that has just been made. */
export function layGround(map: L.Map): void {
  map.attributionControl.setPrefix("");
  L.control.scale({ position: "bottomleft" }).addTo(map);
  map.createPane("ground").style.zIndex = "100";
  const ground = new Ground().addTo(map);
  const lay = () => portal.value.tiles && map.getPane("ground") && layTiles(map, ground, portal.value.tiles);
  void portalKnown.then(lay);
}
