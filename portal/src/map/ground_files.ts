/* The files of the ground: outlines and names, a cell of two characters each, fetched from where the page came from when they
 * are first looked at. What is in them, ground/make.mjs says. */
import { bounds, type Box } from "@neighbors/client/geo";
import { projected } from "./area";

declare const GROUND_CELLS: string;

/** Cells that there is a file for; another has no land. */
const known = new Set(GROUND_CELLS.match(/../g) ?? []);

interface File {
  land: number[][];
  coast: number[][];
  border: number[][];
  region: number[][];
  county: number[][];
  places: [name: string, x: number, y: number, rank: number][];
}

export interface Place {
  name: string;
  /** On the map of the world at zoom 0. */
  x: number;
  y: number;
  /** 0 to 3 from village to metropolis, 4 a county, 5 a state, 6 a country. */
  rank: number;
}

/** x and y in turn, on the map of the world at zoom 0, and the box around them. */
export interface Line {
  points: Float64Array;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** What is in a file, ready to draw. */
export interface Ground {
  land: Line[];
  coast: Line[];
  border: Line[];
  region: Line[];
  county: Line[];
  places: Place[];
}

const WORLD: Box = { south: -90, west: -180, north: 90, east: 180 };
const STEP = 5e-4;
const WORLD_STEP = 1e-2;
const MOST = 85.05; // degrees that the map's projection has

function placed(box: Box, step: number, x: number, y: number): { x: number; y: number } {
  const latitude = Math.min(MOST, Math.max(-MOST, box.south + y * step));
  return projected({ latitude, longitude: box.west + x * step });
}

function lineOf(box: Box, step: number, steps: number[]): Line {
  const line: Line = { points: new Float64Array(steps.length), left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  let [x, y] = [0, 0];
  for (let i = 0; i < steps.length; i += 2) {
    x += steps[i] ?? 0;
    y += steps[i + 1] ?? 0;
    const at = placed(box, step, x, y);
    line.points[i] = at.x;
    line.points[i + 1] = at.y;
    line.left = Math.min(line.left, at.x);
    line.right = Math.max(line.right, at.x);
    line.top = Math.min(line.top, at.y);
    line.bottom = Math.max(line.bottom, at.y);
  }
  return line;
}

function read(file: File, box: Box, step: number): Ground {
  const lines = (list: number[][]) => list.map((steps) => lineOf(box, step, steps));
  return {
    land: lines(file.land),
    coast: lines(file.coast),
    border: lines(file.border),
    region: lines(file.region),
    county: lines(file.county),
    places: file.places.map(([name, x, y, rank]) => ({ name, ...placed(box, step, x, y), rank })),
  };
}

const loaded = new Map<string, Ground | "failed">();
/** Who waits for a file that is on its way: every map that would have drawn it. */
const coming = new Map<string, Set<() => void>>();

/** True when the cell has land. */
export function hasLand(cell: string): boolean {
  return known.has(cell);
}

/** The ground of a cell ("world": of all, roughly). undefined: it is not here yet; `came` is called when that changes. */
export function groundOf(cell: string, came: () => void): Ground | undefined {
  const there = loaded.get(cell);
  if (!there && (cell === "world" || known.has(cell))) {
    const waiting = coming.get(cell)?.add(came);
    if (!waiting) {
      coming.set(cell, new Set([came]));
      void fetchGround(cell).then(() => {
        const all = coming.get(cell);
        coming.delete(cell);
        all?.forEach((tell) => tell());
      });
    }
  }
  return typeof there === "object" ? there : undefined;
}

/* A file that does not come is not asked for again: the map is poorer then, but works. */
async function fetchGround(cell: string): Promise<void> {
  try {
    const answer = await fetch(`./ground/${cell}.json`);
    if (!answer.ok) {
      throw new Error(`${answer.status}`);
    }
    const file = (await answer.json()) as File;
    loaded.set(cell, cell === "world" ? read(file, WORLD, WORLD_STEP) : read(file, bounds(cell), STEP));
  } catch {
    loaded.set(cell, "failed");
  }
}
