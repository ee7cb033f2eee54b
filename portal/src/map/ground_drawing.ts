/* What is drawn of the ground: land and water, lines, the net of cells, names. */
import { bounds, encode } from "@neighbors/client/geo";
import { projected } from "./area";
import type { Frame } from "./canvas";
import { groundOf, hasLand, type Ground, type Place } from "./ground_files";
import { traceLine, traceRing } from "./ground_tracing";
import { colors, faded } from "./theme";

/** From this zoom on there is more than the rough outline of the world. */
const DETAIL = 6;
/** From here on what is not known yet is taken for land: people live there. */
const NEAR = 9;
/** Degrees that the map's projection has. */
const MOST = 85;

interface Net {
  precision: number;
  from: number;
  to: number;
}
/* Which cells the net shows at which zooms. */
const nets: Net[] = [
  { precision: 2, from: 3, to: 5 }, { precision: 3, from: 6, to: 8 }, { precision: 4, from: 9, to: 10 },
  { precision: 5, from: 11, to: 19 }, { precision: 6, from: 13, to: 24 },
];

interface View {
  south: number;
  west: number;
  north: number;
  east: number;
}

function viewOf({ zoom, origin, size }: Frame): View {
  const world = 256 * 2 ** zoom;
  const longitude = (x: number) => Math.min(180, Math.max(-180, (x / world) * 360 - 180));
  const latitude = (y: number) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / world))) * 180) / Math.PI;
  return { west: longitude(origin.x), east: longitude(origin.x + size.x), north: latitude(origin.y), south: latitude(origin.y + size.y) };
}

/* The geohash cells that the view touches, row by row. */
function* cellsIn(view: View, precision: number): Generator<string> {
  const first = bounds(encode(Math.max(-MOST, view.south), view.west, precision));
  const [height, width] = [first.north - first.south, first.east - first.west];
  for (let south = first.south; south < Math.min(MOST, view.north); south += height) {
    for (let west = first.west; west < view.east; west += width) {
      yield encode(south + height / 2, west + width / 2, precision);
    }
  }
}

function fillLand(frame: Frame, grounds: Ground[], unknown: string[]): void {
  const { context, zoom, origin } = frame;
  const scale = 2 ** zoom;
  context.fillStyle = colors().land;
  context.beginPath();
  grounds.forEach(({ land }) => land.forEach((ring) => traceRing(frame, ring)));
  context.fill();
  for (const cell of zoom >= NEAR ? unknown : []) {
    const box = bounds(cell);
    const [low, high] = [projected({ latitude: box.south, longitude: box.west }), projected({ latitude: box.north, longitude: box.east })];
    context.fillRect(low.x * scale - origin.x, high.y * scale - origin.y, (high.x - low.x) * scale, (low.y - high.y) * scale);
  }
}

function strokeLines(frame: Frame, grounds: Ground[]): void {
  const { context, zoom } = frame;
  const stroke = (part: "coast" | "border" | "region" | "county", color: string, width: number, dash: number[]) => {
    context.beginPath();
    grounds.forEach((ground) => ground[part].forEach((line) => traceLine(frame, line)));
    context.strokeStyle = color;
    context.lineWidth = width;
    context.lineJoin = "round";
    context.setLineDash(dash);
    context.stroke();
  };
  if (zoom >= 7) {
    stroke("county", faded(colors().border, 0.75), 1, [4, 3]);
  }
  stroke("coast", faded(colors().border, 0.9), 1, []);
  stroke("region", colors().border, 1.25, []);
  stroke("border", colors().border, 1.5, []);
  context.setLineDash([]);
}

/* Where the lines of a net cross the frame, in pixels of it. */
function netLines({ zoom, origin }: Frame, view: View, precision: number): { across: number[]; down: number[] } {
  const scale = 2 ** zoom;
  const first = bounds(encode(Math.max(-MOST, view.south), view.west, precision));
  const [height, width] = [first.north - first.south, first.east - first.west];
  const across: number[] = [];
  const down: number[] = [];
  for (let south = first.south; south < Math.min(MOST, view.north); south += height) {
    across.push(Math.round(projected({ latitude: south, longitude: 0 }).y * scale - origin.y) + 0.5);
  }
  for (let west = first.west; west <= view.east; west += width) {
    down.push(Math.round(projected({ latitude: 0, longitude: west }).x * scale - origin.x) + 0.5);
  }
  return { across, down };
}

function drawNet(frame: Frame, view: View, tiled: boolean): void {
  const { context, zoom, size } = frame;
  const shown = nets.filter((net) => zoom >= net.from && zoom <= net.to);
  shown.forEach(({ precision }, index) => {
    const { across, down } = netLines(frame, view, precision);
    context.fillStyle = faded(colors().net, tiled ? 0.5 : 1);
    const width = index === 0 && shown.length > 1 ? 2 : 1; // the coarser one stands out
    across.forEach((y) => context.fillRect(0, y - width / 2, size.x, width));
    down.forEach((x) => context.fillRect(x - width / 2, 0, width, size.y));
  });
}

/* From which zoom on a place has its name on the map, and until when. */
const named: Record<number, [from: number, to: number]> = {
  0: [11, 24], 1: [9, 24], 2: [8, 24], 3: [6, 24], 4: [8, 10], 5: [5, 7], 6: [3, 5],
};

interface Style {
  font: string;
  upper: boolean;
  opacity: number;
}

function styleOf({ rank }: Place, zoom: number): Style {
  const size = rank >= 4 ? 11 : Math.min(20, [11, 12, 13, 14][rank]! + Math.max(0, zoom - 11));
  return rank >= 4
    ? { font: `500 ${size}px system-ui, "DejaVu Sans", sans-serif`, upper: true, opacity: 0.7 }
    : { font: `${rank >= 2 ? 600 : 500} ${size}px system-ui, "DejaVu Sans", sans-serif`, upper: false, opacity: 0.9 };
}

const widths = new Map<string, number>();

function widthOf(context: CanvasRenderingContext2D, text: string): number {
  const name = `${context.font}/${text}`;
  const width = widths.get(name) ?? context.measureText(text).width;
  widths.set(name, width);
  return width;
}

/* Names, the largest places first; one that would lie on another is left out. */
function drawNames(frame: Frame, grounds: Ground[]): void {
  const { context, zoom, origin, size } = frame;
  const scale = 2 ** zoom;
  const taken: { left: number; right: number; top: number; bottom: number }[] = [];
  const order = (rank: number) => (rank >= 5 ? -rank : rank === 4 ? 5 : 3 - rank);
  const places = grounds.flatMap((ground) => ground.places)
    .filter(({ rank }) => zoom >= (named[rank]?.[0] ?? 99) && zoom <= (named[rank]?.[1] ?? 0))
    .sort((a, b) => order(a.rank) - order(b.rank));
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const place of places) {
    const [x, y] = [place.x * scale - origin.x, place.y * scale - origin.y];
    if (x < 0 || y < 0 || x > size.x || y > size.y) {
      continue;
    }
    const { font, upper, opacity } = styleOf(place, zoom);
    const text = upper ? place.name.toUpperCase() : place.name;
    context.font = font;
    const half = widthOf(context, text) / 2 + 6;
    const box = { left: x - half, right: x + half, top: y - 12, bottom: y + 12 };
    if (taken.some((other) => other.left < box.right && box.left < other.right && other.top < box.bottom && box.top < other.bottom)) {
      continue;
    }
    taken.push(box);
    context.globalAlpha = opacity;
    context.strokeStyle = colors().land;
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeText(text, x, y);
    context.fillStyle = colors().quiet;
    context.fillText(text, x, y);
    context.globalAlpha = 1;
  }
}

/** Draws the ground onto a frame. came: called when a file has come that it would have drawn. tiled: street tiles lie over it. */
export function drawGround(frame: Frame, came: () => void, tiled: boolean): void {
  const view = viewOf(frame);
  const cells = frame.zoom >= DETAIL ? [...cellsIn(view, 2)].filter(hasLand) : ["world"];
  const grounds: Ground[] = [];
  const unknown: string[] = [];
  for (const cell of cells) {
    const ground = groundOf(cell, came);
    if (ground) {
      grounds.push(ground);
    } else if (cell !== "world") {
      unknown.push(cell);
    }
  }
  frame.context.fillStyle = colors().water;
  frame.context.fillRect(0, 0, frame.size.x, frame.size.y);
  fillLand(frame, grounds, unknown);
  strokeLines(frame, grounds);
  drawNet(frame, view, tiled);
  if (!tiled) {
    drawNames(frame, grounds);
  }
}
