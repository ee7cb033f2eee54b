/* Lines of the ground as a canvas's path, of which only what is in sight is given to it: near by, a coast or a county's border is
 * a hundred thousand pixels long, and canvas would dash all of it. */
import type { Frame } from "./canvas";
import type { Line } from "./ground_files";

/** The frame on the map of the world at zoom 0, with a little around it. */
interface Sight {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function sightOf({ zoom, origin, size }: Frame): Sight {
  const scale = 2 ** zoom;
  const around = 8;
  return {
    left: (origin.x - around) / scale,
    right: (origin.x + size.x + around) / scale,
    top: (origin.y - around) / scale,
    bottom: (origin.y + size.y + around) / scale,
  };
}

const apart = (a: Sight, b: Sight) => a.right < b.left || a.left > b.right || a.bottom < b.top || a.top > b.bottom;
const within = (a: Sight, b: Sight) => a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom;

/* On which sides of the sight a point is, as bits. */
function outside(sight: Sight, x: number, y: number): number {
  return (x < sight.left ? 1 : x > sight.right ? 2 : 0) | (y < sight.top ? 4 : y > sight.bottom ? 8 : 0);
}

/** Adds the segments of a line that may be in sight to the frame's path. */
export function traceLine(frame: Frame, line: Line): void {
  const { context, zoom, origin } = frame;
  const scale = 2 ** zoom;
  const sight = sightOf(frame);
  if (apart(line, sight)) {
    return;
  }
  const { points } = line;
  let open = false;
  for (let i = 2; i < points.length; i += 2) {
    const [fromX, fromY, toX, toY] = [points[i - 2]!, points[i - 1]!, points[i]!, points[i + 1]!];
    if (outside(sight, fromX, fromY) & outside(sight, toX, toY)) {
      open = false;
      continue;
    }
    if (!open) {
      context.moveTo(fromX * scale - origin.x, fromY * scale - origin.y);
    }
    context.lineTo(toX * scale - origin.x, toY * scale - origin.y);
    open = true;
  }
}

/* The part of a ring on one side of a line (Sutherland and Hodgman). axis: 0 for x, 1 for y. */
function cut(points: ArrayLike<number>, axis: 0 | 1, limit: number, below: boolean): number[] {
  const kept: number[] = [];
  const inside = (i: number) => (below ? points[i + axis]! <= limit : points[i + axis]! >= limit);
  for (let i = 0, last = points.length - 2; i < points.length; last = i, i += 2) {
    if (inside(i) !== inside(last)) {
      const part = (limit - points[last + axis]!) / (points[i + axis]! - points[last + axis]!);
      kept.push(points[last]! + part * (points[i]! - points[last]!), points[last + 1]! + part * (points[i + 1]! - points[last + 1]!));
    }
    if (inside(i)) {
      kept.push(points[i]!, points[i + 1]!);
    }
  }
  return kept;
}

/** Adds what is in sight of a ring to the frame's path, to be filled. */
export function traceRing(frame: Frame, ring: Line): void {
  const { context, zoom, origin } = frame;
  const scale = 2 ** zoom;
  const sight = sightOf(frame);
  if (apart(ring, sight)) {
    return;
  }
  let points: ArrayLike<number> = ring.points;
  if (!within(ring, sight)) {
    points = cut(points, 0, sight.left, false);
    points = cut(points, 0, sight.right, true);
    points = cut(points, 1, sight.top, false);
    points = cut(points, 1, sight.bottom, true);
  }
  for (let i = 0; i < points.length; i += 2) {
    context[i === 0 ? "moveTo" : "lineTo"](points[i]! * scale - origin.x, points[i + 1]! * scale - origin.y);
  }
  context.closePath();
}
