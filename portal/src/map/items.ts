/* The layer for what happens: activity as dots, alerts as symbols and areas; ten thousand of them and more. It holds what it is
 * given until that is taken away again, and tells which one the pointer is on; what an item means is its owner's.
 *
 * Two canvases. On the lower one is everything, drawn anew when the map has moved and, at most a few times a second, when items
 * came or went. On the upper one is what changes at each picture: what has just come, what is selected. So a new item shows with
 * the next picture, however many others there are. Canvas says nothing to a screen reader: whoever uses this lists the same
 * items beside the map. */
import L from "leaflet";
import { boundsOf, projected, type Area } from "./area";
import { canvasOn, type MapCanvas } from "./canvas";
import { drawAll, drawArriving, drawMarked, type Placed } from "./item_drawing";
import { forgetSprites } from "./sprites";
import type { Category, MotionKind, Severity } from "./symbols";
import { onColors } from "./theme";

export interface MapItem {
  /** Tells it from all others on this layer; put() again with the same replaces it. */
  id: string;
  /** Where its symbol or dot stands; degrees. */
  latitude: number;
  longitude: number;
  /** Exactly one of the two. */
  alert?: { category: Category; severity: Severity };
  activity?: MotionKind;
  /** When it was, ms. It pales from then until `fades` and is still there at a third of its strength. */
  at: number;
  fades: number;
  /** Of an alert: where it holds. */
  area?: Area;
  /** Drawn pale whatever its age: refuted, or filtered out but kept in sight. */
  pale?: boolean;
}

export interface ItemLayerEvents {
  /** Somebody clicked an item; undefined: beside all of them. */
  selected?(id: string | undefined): void;
  /** The pointer came to an item, or left it. */
  hovered?(id: string | undefined): void;
}

/** How long what is new is marked, ms. */
const ARRIVING = 2400;
/** The lower canvas is drawn anew for new items no more often than this, ms. */
const REST = 250;
/** And for their age. */
const AGING = 15_000;
/** How far beside an item the pointer may be, pixels. */
const REACH = { dot: 8, alert: 15, touch: 8 };

const still = matchMedia("(prefers-reduced-motion: reduce)");

export class ItemLayer extends L.Layer {
  readonly #events: ItemLayerEvents;
  readonly #items = new Map<string, Placed>();
  #arriving: Placed[] = [];
  #shown: (item: MapItem) => boolean = () => true;
  #selected: string | undefined;
  #hovered: string | undefined;
  #map: L.Map | undefined;
  #all: MapCanvas | undefined;
  #top: MapCanvas | undefined;
  #stale = true;
  /** Between the map's zoomstart and zoomend: what is drawn is stretched, and drawn anew when that has ended. */
  #zooming = false;
  #topStale = true;
  #drawnAt = 0;
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #leaveColors: (() => void) | undefined;

  constructor(events: ItemLayerEvents = {}) {
    super();
    this.#events = events;
  }

  /** How many items it holds. */
  get size(): number {
    return this.#items.size;
  }

  /** Adds items, or replaces those of the same id. `fresh`: marks them as just come. */
  put(items: Iterable<MapItem>, fresh = false): void {
    const now = performance.now();
    for (const item of items) {
      const { x, y } = projected(item);
      const placed: Placed = { item, x, y, came: now, shown: this.#shown(item), bounds: item.area && projectedBounds(item.area) };
      this.#items.set(item.id, placed);
      if (fresh && placed.shown) {
        this.#arriving.push(placed);
      }
    }
    this.#changed();
  }

  /** Takes items away; ids that it does not hold do no harm. */
  drop(ids: Iterable<string>): void {
    for (const id of ids) {
      this.#items.delete(id);
      this.#selected = this.#selected === id ? undefined : this.#selected;
      this.#hovered = this.#hovered === id ? undefined : this.#hovered;
    }
    this.#arriving = this.#arriving.filter((placed) => this.#items.get(placed.item.id) === placed);
    this.#changed();
  }

  clear(): void {
    this.drop([...this.#items.keys()]);
  }

  /** Shows those alone for which it says true. */
  show(which: (item: MapItem) => boolean): void {
    this.#shown = which;
    for (const placed of this.#items.values()) {
      placed.shown = which(placed.item);
    }
    this.#arriving = this.#arriving.filter((placed) => placed.shown);
    this.#changed();
  }

  /** Marks one item, above all others; undefined: none. Does not call back. */
  select(id: string | undefined): void {
    this.#selected = id;
    this.#topChanged();
  }

  /** Marks the item that something beside the map points at; undefined: none. Does not call back. */
  point(id: string | undefined): void {
    this.#hovered = id;
    this.#topChanged();
  }

  /** The topmost item at a point of the map's view (pixels from its corner). `wide`: for fingers. */
  at(point: L.Point, wide = false): MapItem | undefined {
    const map = this.#map;
    if (!map) {
      return undefined;
    }
    const zoom = map.getZoom();
    const scale = 2 ** zoom;
    const spot = map.project(map.containerPointToLatLng(point), zoom);
    let best: Placed | undefined;
    let nearest = Infinity;
    for (const placed of this.#items.values()) {
      const reach = (placed.item.alert ? REACH.alert : REACH.dot) + (wide ? REACH.touch : 0);
      const away = Math.hypot(placed.x * scale - spot.x, placed.y * scale - spot.y);
      const rank = away - (placed.item.alert ? REACH.alert : 0); // alerts lie above dots
      if (placed.shown && away <= reach && rank <= nearest) {
        best = placed;
        nearest = rank;
      }
    }
    return best?.item;
  }

  override onAdd(map: L.Map): this {
    this.#map = map;
    const pane = this.getPane() ?? map.getPanes().overlayPane;
    this.#all = canvasOn(map, pane, 200);
    this.#top = canvasOn(map, pane, 201);
    this.#leaveColors = onColors(() => {
      forgetSprites();
      this.#changed(true);
    });
    this.#changed(true);
    return this;
  }

  override onRemove(): this {
    cancelAnimationFrame(this.#asked);
    clearTimeout(this.#timer);
    this.#asked = 0;
    this.#timer = undefined;
    this.#leaveColors?.();
    this.#all?.remove();
    this.#top?.remove();
    this.#map = undefined;
    return this;
  }

  override getEvents(): { [name: string]: L.LeafletEventHandlerFn } {
    const handlers: Record<string, (event: never) => void> = {
      zoomstart: () => { this.#zooming = true; },
      zoomend: () => { this.#zooming = false; },
      moveend: () => this.#changed(true),
      resize: () => this.#changed(true),
      move: () => this.#all?.outgrown() && !this.#zooming && this.#changed(true),
      zoomanim: ({ center, zoom }: L.ZoomAnimEvent) => this.#stretch(center, zoom),
      zoom: () => this.#map && this.#stretch(this.#map.getCenter(), this.#map.getZoom()),
      click: ({ containerPoint, originalEvent }: L.LeafletMouseEvent) => this.#click(containerPoint, originalEvent),
      mousemove: ({ containerPoint }: L.LeafletMouseEvent) => this.#hover(this.at(containerPoint)?.id),
      mouseout: () => this.#hover(undefined),
    };
    return handlers as { [name: string]: L.LeafletEventHandlerFn };
  }

  #stretch(center: L.LatLng, zoom: number): void {
    this.#all?.stretch(center, zoom);
    this.#top?.stretch(center, zoom);
  }

  #click(point: L.Point, event: Event): void {
    const id = this.at(point, event instanceof PointerEvent && event.pointerType === "touch")?.id;
    this.select(id);
    this.#events.selected?.(id);
  }

  #hover(id: string | undefined): void {
    if (id !== this.#hovered) {
      this.point(id);
      this.#map?.getContainer().classList.toggle("on-item", id !== undefined);
      this.#events.hovered?.(id);
    }
  }

  /* Items or the view have changed. `view`: what is drawn does not fit any more, it cannot wait. */
  #changed(view = false): void {
    this.#stale = true;
    this.#drawnAt = view ? 0 : this.#drawnAt;
    this.#topChanged();
  }

  #topChanged(): void {
    this.#topStale = true;
    if (this.#map && !this.#asked) {
      this.#asked = requestAnimationFrame(() => this.#picture());
    }
  }

  #picture(): void {
    this.#asked = 0;
    const now = performance.now();
    if (this.#stale && now - this.#drawnAt >= REST && !this.#zooming) {
      this.#stale = false;
      this.#drawnAt = now;
      this.#drawAll();
    }
    this.#arriving = this.#arriving.filter(({ came }) => now - came < ARRIVING);
    if (this.#topStale || this.#arriving.length > 0) {
      this.#drawTop(now);
    }
    this.#askAgain(now);
  }

  #drawAll(): void {
    if (this.#all) {
      drawAll(this.#all.begin(), this.#items.values(), Date.now());
    }
  }

  #drawTop(now: number): void {
    this.#topStale = false;
    if (!this.#top || this.#zooming) {
      return;
    }
    const frame = this.#top.begin();
    drawArriving(frame, this.#arriving, (came) => (still.matches ? undefined : (now - came) / ARRIVING));
    drawMarked(frame, this.#placed(this.#hovered), false);
    drawMarked(frame, this.#placed(this.#selected), true);
  }

  #placed(id: string | undefined): Placed | undefined {
    return id === undefined ? undefined : this.#items.get(id);
  }

  /* The next picture: at once while something moves, else when the lower canvas may be drawn again. */
  #askAgain(now: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#arriving.length > 0 && !still.matches) {
      this.#topChanged();
      return;
    }
    const waits = this.#stale ? REST - (now - this.#drawnAt) : AGING;
    const marked = this.#arriving.length > 0 ? ARRIVING : AGING;
    this.#timer = setTimeout(() => {
      this.#stale = true;
      this.#topChanged();
    }, Math.max(0, Math.min(waits, marked)));
  }
}

function projectedBounds(area: Area): Placed["bounds"] {
  const bounds = boundsOf(area);
  const low = projected({ latitude: bounds.getSouth(), longitude: bounds.getWest() });
  const high = projected({ latitude: bounds.getNorth(), longitude: bounds.getEast() });
  return { left: low.x, right: high.x, top: high.y, bottom: low.y };
}
