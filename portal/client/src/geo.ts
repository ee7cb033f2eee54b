/* Cells, circles, distances: what an app needs to place things and to snap a position before it leaves the device. The
 * broker's geo/ is the judge of who is warned; this agrees with it on cells and distances. */
import type { Position } from "./generated/messages.js";

/** Degrees, WGS 84. */
export interface LatLon {
  latitude: number;
  longitude: number;
}
/** What lies between two parallels and, eastward from west to east, two meridians; degrees. */
export interface Box {
  south: number;
  west: number;
  north: number;
  east: number;
}

/** Characters of a leaf cell: the finest that is ever told to anybody. About 1.2 by 0.6 km. */
export const LEAF_PRECISION = 6;
/** Metres around a leaf cell's middle that can be followed. */
export const RADII: readonly number[] = [400, 800, 1600, 3200, 8000];
/** Mean radius of WGS 84, metres. */
export const EARTH_RADIUS = 6371008.8;

const LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz";
const RADIAN = Math.PI / 180;

/** The leaf cell that holds the position. Nothing finer than this is ever sent. */
export function snap(latitude: number, longitude: number): string {
  return encode(latitude, longitude, LEAF_PRECISION);
}

/**
 * The geohash of 1 to 12 characters of the cell that holds the position; on a line between cells, of the one north or east.
 * RangeError for what is no position or precision.
 */
export function encode(latitude: number, longitude: number, precision: number): string {
  if (!(latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180)) {
    throw new RangeError("no position");
  }
  if (!(Number.isInteger(precision) && precision >= 1 && precision <= 12)) {
    throw new RangeError("a geohash has 1 to 12 characters");
  }
  let south = -90, north = 90, west = -180, east = 180, text = "";
  for (let bit = 0, letter = 0; text.length < precision; bit++) {
    letter <<= 1;
    if (bit % 2 === 0) {
      const middle = (west + east) / 2;
      if (longitude >= middle) {
        letter |= 1;
        west = middle;
      } else {
        east = middle;
      }
    } else {
      const middle = (south + north) / 2;
      if (latitude >= middle) {
        letter |= 1;
        south = middle;
      } else {
        north = middle;
      }
    }
    if (bit % 5 === 4) {
      text += LETTERS[letter];
      letter = 0;
    }
  }
  return text;
}

/** True for 1 to 12 characters of a geohash in lower case. */
export function isCell(text: string): boolean {
  return text.length >= 1 && text.length <= 12 && [...text].every((letter) => LETTERS.includes(letter));
}

/** The cell's sides. RangeError when it is none. */
export function bounds(cell: string): Box {
  if (!isCell(cell)) {
    throw new RangeError("no geohash");
  }
  let south = -90, north = 90, west = -180, east = 180, isLongitude = true;
  for (const letter of cell) {
    for (let bit = 4; bit >= 0; bit--, isLongitude = !isLongitude) {
      const upper = (LETTERS.indexOf(letter) >> bit) & 1;
      const middle = isLongitude ? (west + east) / 2 : (south + north) / 2;
      if (isLongitude && upper) {
        west = middle;
      } else if (isLongitude) {
        east = middle;
      } else if (upper) {
        south = middle;
      } else {
        north = middle;
      }
    }
  }
  return { south, west, north, east };
}

/** The cell's middle. */
export function decode(cell: string): LatLon {
  const box = bounds(cell);
  return { latitude: (box.south + box.north) / 2, longitude: (box.west + box.east) / 2 };
}

/** The eight cells around, clockwise from the north, across the antimeridian; at a pole the five that there are. */
export function neighbors(cell: string): string[] {
  const { south, west, north, east } = bounds(cell);
  const height = north - south, width = east - west, middle = decode(cell);
  const around = [[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]] as const;
  return around
    .map(([up, right]) => ({ latitude: middle.latitude + up * height, longitude: wrap(middle.longitude + right * width) }))
    .filter(({ latitude }) => latitude > -90 && latitude < 90)
    .map(({ latitude, longitude }) => encode(latitude, longitude, cell.length));
}

/** Great-circle distance in metres (haversine). */
export function distance(a: LatLon, b: LatLon): number {
  const north = Math.sin((b.latitude - a.latitude) * RADIAN / 2), east = Math.sin((b.longitude - a.longitude) * RADIAN / 2);
  const chord = north * north + Math.cos(a.latitude * RADIAN) * Math.cos(b.latitude * RADIAN) * east * east;
  return 2 * EARTH_RADIUS * Math.asin(Math.min(1, Math.sqrt(chord)));
}

/** How far the nearest point of the box is, in metres; 0 inside. */
export function distanceToBox(from: LatLon, box: Box): number {
  const across = (longitude: number) => Math.abs(wrap(longitude - from.longitude));
  const inside = wrap(from.longitude - box.west, 0) <= wrap(box.east - box.west, 0);
  const longitude = inside ? from.longitude : across(box.west) < across(box.east) ? box.west : box.east;
  if (inside) {
    return distance(from, { latitude: clamp(from.latitude, box.south, box.north), longitude });
  }
  // Beside it, the nearest point of a meridian bends away from one's own parallel: towards the pole.
  const turn = across(longitude) * RADIAN;
  const foot = Math.atan2(Math.tan(from.latitude * RADIAN), Math.cos(turn)) / RADIAN;
  const beside = distance(from, { latitude: clamp(turn < Math.PI / 2 ? foot : from.latitude, box.south, box.north), longitude });
  return Math.min(beside, distance(from, { latitude: box.south, longitude }), distance(from, { latitude: box.north, longitude }));
}

/**
 * The cells of that precision that a circle touches, for drawing: in rows from the south-west. RangeError when they would be
 * more than `most`.
 */
export function coverCircle(center: LatLon, metres: number, precision: number, most = 4096): string[] {
  const start = bounds(encode(center.latitude, center.longitude, precision));
  const height = start.north - start.south, width = start.east - start.west;
  const degrees = metres / EARTH_RADIUS / RADIAN;
  const south = Math.max(-90, center.latitude - degrees), north = Math.min(90, center.latitude + degrees);
  const widest = Math.cos(Math.max(Math.abs(south), Math.abs(north)) * RADIAN);
  const reach = widest * 180 <= degrees ? 180 : Math.min(180, degrees / widest);
  const columns = Math.min(Math.ceil(2 * reach / width) + 1, Math.round(360 / width));
  const rows = Math.ceil((north - south) / height) + 1;
  if (rows * columns > most * 4) {
    throw new RangeError(`more than ${most} cells`);
  }
  const cells = new Set<string>();
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const latitude = Math.min(90, south + row * height), longitude = wrap(center.longitude - reach + column * width);
      const cell = encode(latitude, longitude, precision);
      if (distanceToBox(center, bounds(cell)) <= metres) {
        cells.add(cell);
      }
    }
  }
  if (cells.size > most) {
    throw new RangeError(`more than ${most} cells`);
  }
  return [...cells];
}

/** `points` of the circle's line, the first repeated at the end, for drawing. Longitudes may pass 180. */
export function circleOutline(center: LatLon, metres: number, points = 64): LatLon[] {
  const angle = metres / EARTH_RADIUS, latitude = center.latitude * RADIAN;
  const outline = Array.from({ length: points }, (_, i) => {
    const turn = 2 * Math.PI * i / points;
    const sine = Math.sin(latitude) * Math.cos(angle) + Math.cos(latitude) * Math.sin(angle) * Math.cos(turn);
    const east = Math.atan2(Math.sin(turn) * Math.sin(angle) * Math.cos(latitude), Math.cos(angle) - Math.sin(latitude) * sine);
    return { latitude: Math.asin(sine) / RADIAN, longitude: center.longitude + east / RADIAN };
  });
  return [...outline, outline[0]!];
}

/** A Position of the schema as degrees, and back. */
export function degrees(position: Position): LatLon {
  return { latitude: position.latE7 / 1e7, longitude: position.lonE7 / 1e7 };
}
export function position({ latitude, longitude }: LatLon): Position {
  return { latE7: Math.round(latitude * 1e7), lonE7: Math.round(longitude * 1e7) };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** The same longitude within -180 (or `least`) to 360 more. */
function wrap(longitude: number, least = -180): number {
  return longitude - 360 * Math.floor((longitude - least) / 360);
}
