/* What ItemLayer draws, onto a frame of its canvases. */
import { outline } from "./area";
import type { Frame } from "./canvas";
import type { MapItem } from "./items";
import { alertSprite, dotSprite, type Sprite } from "./sprites";
import { lookOf, type Severity } from "./symbols";
import { colors, faded } from "./theme";

/** An item with its place on the map of the world at zoom 0 (pixels). */
export interface Placed {
  item: MapItem;
  x: number;
  y: number;
  /** When it was put, as performance.now() says. */
  came: number;
  shown: boolean;
  /** Of its area. */
  bounds?: { left: number; right: number; top: number; bottom: number } | undefined;
}

const OLD = 0.35;
const PALE = 0.3;
const dashes: Record<Severity, number[]> = { EXTREME: [], SEVERE: [], MODERATE: [9, 5], MINOR: [3, 4], UNKNOWN: [2, 5], UNSPECIFIED: [2, 5] };

function strength(item: MapItem, now: number): number {
  if (item.pale) {
    return PALE;
  }
  const age = (now - item.at) / Math.max(1, item.fades - item.at);
  return 1 - (1 - OLD) * Math.min(1, Math.max(0, age));
}

function spriteOf({ alert, activity }: MapItem): Sprite {
  return alert ? alertSprite(alert.category, alert.severity) : dotSprite(activity ?? "UNSPECIFIED");
}

function drawArea({ context, zoom, origin, size }: Frame, { item, bounds }: Placed): void {
  const scale = 2 ** zoom;
  if (!item.area || !item.alert || !bounds || bounds.right * scale < origin.x || bounds.left * scale > origin.x + size.x ||
    bounds.bottom * scale < origin.y || bounds.top * scale > origin.y + size.y) {
    return;
  }
  const path = outline(item.area, zoom, origin);
  const color = colors()[lookOf(item.alert.severity).color];
  context.fillStyle = faded(color, item.pale ? 0.04 : 0.12);
  context.fill(path, "evenodd");
  context.strokeStyle = item.pale ? faded(color, 0.4) : color;
  context.lineWidth = 2;
  context.setLineDash(dashes[item.alert.severity]);
  context.stroke(path);
  context.setLineDash([]);
}

function drawSymbols({ context, zoom, origin, size }: Frame, items: Iterable<Placed>, now: number): void {
  const scale = 2 ** zoom;
  for (const placed of items) {
    const x = placed.x * scale - origin.x;
    const y = placed.y * scale - origin.y;
    if (x > -20 && y > -20 && x < size.x + 20 && y < size.y + 20) {
      const { image, side } = spriteOf(placed.item);
      context.globalAlpha = strength(placed.item, now);
      context.drawImage(image, x - side / 2, y - side / 2, side, side);
    }
  }
  context.globalAlpha = 1;
}

const badness: Severity[] = ["UNSPECIFIED", "UNKNOWN", "MINOR", "MODERATE", "SEVERE", "EXTREME"];

/** Areas, then dots, then alerts, the worst on top. now: ms since 1970. */
export function drawAll(frame: Frame, items: Iterable<Placed>, now: number): void {
  const dots: Placed[] = [];
  const alerts: Placed[] = [];
  for (const placed of items) {
    if (placed.shown) {
      (placed.item.alert ? alerts : dots).push(placed);
    }
  }
  const rank = ({ item }: Placed) => badness.indexOf(item.alert?.severity ?? "UNSPECIFIED");
  alerts.sort((a, b) => rank(a) - rank(b));
  alerts.forEach((placed) => drawArea(frame, placed));
  drawSymbols(frame, dots, now);
  drawSymbols(frame, alerts, now);
}

function ring({ context, zoom, origin }: Frame, { x, y }: Placed, radius: number, color: string, width: number): void {
  const scale = 2 ** zoom;
  context.beginPath();
  context.arc(x * scale - origin.x, y * scale - origin.y, radius, 0, 2 * Math.PI);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
}

function colorOf({ alert }: MapItem): string {
  return alert ? colors()[lookOf(alert.severity).color] : colors().activity;
}

/** What has just come. progress: 0 to 1 of the time that it is marked, undefined: nothing may move. */
export function drawArriving(frame: Frame, items: readonly Placed[], progress: (came: number) => number | undefined): void {
  for (const placed of items) {
    const size = placed.item.alert ? 16 : 6;
    const part = progress(placed.came);
    const wave = part === undefined ? 0 : (part * 2) % 1; // two waves
    const opacity = part === undefined ? 1 : 1 - wave;
    ring(frame, placed, size + 4 + wave * size * 2, faded(colorOf(placed.item), opacity), 2.5);
  }
  drawSymbols(frame, items, 0);
}

/** The one that is selected, or that the pointer is on. */
export function drawMarked(frame: Frame, placed: Placed | undefined, selected: boolean): void {
  if (!placed?.shown) {
    return;
  }
  const size = placed.item.alert ? 18 : 9;
  if (selected && placed.item.area && placed.item.alert) {
    drawArea(frame, placed);
  }
  drawSymbols(frame, [placed], 0);
  ring(frame, placed, size, colors().surface, 5);
  ring(frame, placed, size, colors().ink, selected ? 3 : 1.5);
}
