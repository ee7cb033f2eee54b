/* What the broker takes as the area and the hours of a footage request, told while they are drawn and typed. The broker judges
 * (kind/footage_request.c); this agrees with it. */
import { bounds, coverCircle, EARTH_RADIUS, encode, type Box, type LatLon } from "@neighbors/client/geo";
import type { Shape } from "../shape";

export const CELL_PRECISION = 7;
const SQUARE_MILE = 2_589_988.110336, LEAST_MILES = 0.025, MOST_MILES = 0.5, CELLS_MOST = 512;
const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const RADIAN = Math.PI / 180;

/** Square metres on the sphere. */
function boxArea({ south, west, north, east }: Box): number {
  return EARTH_RADIUS ** 2 * (Math.sin(north * RADIAN) - Math.sin(south * RADIAN)) * (east - west) * RADIAN;
}

function crosses(a: LatLon, b: LatLon, c: LatLon, d: LatLon): boolean {
  const side = (p: LatLon, q: LatLon, r: LatLon) =>
    Math.sign((q.longitude - p.longitude) * (r.latitude - p.latitude) - (q.latitude - p.latitude) * (r.longitude - p.longitude));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

function edges(points: readonly LatLon[]): [LatLon, LatLon][] {
  return points.map((from, i) => [from, points[(i + 1) % points.length] as LatLon]);
}

function holds(points: readonly LatLon[], { latitude, longitude }: LatLon): boolean {
  return edges(points).filter(([a, b]) => a.latitude > latitude !== b.latitude > latitude &&
    longitude < a.longitude + (b.longitude - a.longitude) * (latitude - a.latitude) / (b.latitude - a.latitude)).length % 2 === 1;
}

function touches(points: readonly LatLon[], box: Box): boolean {
  const { south, west, north, east } = box;
  const corners = [[south, west], [south, east], [north, east], [north, west]].map(([latitude = 0, longitude = 0]) => ({ latitude, longitude }));
  return points.some(({ latitude, longitude }) => latitude >= south && latitude <= north && longitude >= west && longitude <= east) ||
    corners.some((corner) => holds(points, corner)) ||
    edges(points).some(([a, b]) => edges(corners).some(([c, d]) => crosses(a, b, c, d)));
}

function coverPolygon(points: readonly LatLon[]): string[] {
  const latitudes = points.map(({ latitude }) => latitude), longitudes = points.map(({ longitude }) => longitude);
  const south = Math.min(...latitudes), west = Math.min(...longitudes), north = Math.max(...latitudes), east = Math.max(...longitudes);
  const first = bounds(encode(south, west, CELL_PRECISION)), height = first.north - first.south, width = first.east - first.west;
  const rows = Math.floor((north - first.south) / height) + 1, columns = Math.floor((east - first.west) / width) + 1;
  if (rows * columns > 8 * CELLS_MOST) {
    throw new RangeError("too many cells");
  }
  const cells: string[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const cell = encode(first.south + (row + 0.5) * height, first.west + (column + 0.5) * width, CELL_PRECISION);
      if (touches(points, bounds(cell))) {
        cells.push(cell);
      }
    }
  }
  return cells;
}

export interface Coverage {
  /** Whole cells that the area touches: what counts, and what is looked at. */
  cells: readonly string[];
  squareMiles: number;
  /** What is wrong; "". */
  wrong: string;
}

/** Undefined while there is no whole area. */
export function coverageOf(shape: Shape | undefined): Coverage | undefined {
  if (!shape || (shape.kind === "polygon" && shape.points.length < 3)) {
    return undefined;
  }
  const far = { cells: [], squareMiles: Infinity, wrong: `Far too large: at most ${MOST_MILES} square miles.` };
  try {
    const cells = shape.kind === "circle" ? coverCircle(shape.center, shape.metres, CELL_PRECISION, CELLS_MOST) : coverPolygon(shape.points);
    const squareMiles = cells.reduce((sum, cell) => sum + boxArea(bounds(cell)), 0) / SQUARE_MILE;
    const wrong = squareMiles < LEAST_MILES ? `Too small: at least ${LEAST_MILES} square miles in whole cells.`
      : squareMiles > MOST_MILES ? `Too large: at most ${MOST_MILES} square miles in whole cells.` : "";
    return { cells, squareMiles, wrong };
  } catch {
    return far;
  }
}

/** What is wrong with the hours, by field: from, to, openUntil. */
export function hoursWrong(from: number, to: number, openUntil: number, now: number): { from?: string; to?: string; openUntil?: string } {
  const length = to - from;
  return {
    from: Number.isNaN(from) ? "Say from when." : from < now - 45 * DAY ? "Not older than 45 days." : undefined,
    to: Number.isNaN(to) ? "Say until when." : to > now ? "Not in the future: nobody is asked to watch for you."
      : length < 15 * MINUTE ? "At least 15 minutes after the beginning." : length > 12 * HOUR ? "At most 12 hours after the beginning." : undefined,
    openUntil: openUntil > now + 14 * DAY ? "At most 14 days from now." : undefined,
  };
}
