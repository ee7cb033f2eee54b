/* Cutting lines and areas at the sides of a box, { south, west, north, east }; points are [longitude, latitude]. */

const sides = (box) => [
  { inside: ([x]) => x >= box.west, cut: (a, b) => at(a, b, (box.west - a[0]) / (b[0] - a[0])) },
  { inside: ([x]) => x <= box.east, cut: (a, b) => at(a, b, (box.east - a[0]) / (b[0] - a[0])) },
  { inside: ([, y]) => y >= box.south, cut: (a, b) => at(a, b, (box.south - a[1]) / (b[1] - a[1])) },
  { inside: ([, y]) => y <= box.north, cut: (a, b) => at(a, b, (box.north - a[1]) / (b[1] - a[1])) },
];

function at(a, b, part) {
  return [a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])];
}

/** The part of a closed ring that is in the box, by Sutherland and Hodgman: it runs along the sides where it left the box. */
export function clipRing(ring, box) {
  let points = ring;
  for (const { inside, cut } of sides(box)) {
    const kept = [];
    points.forEach((point, index) => {
      const before = points[(index + points.length - 1) % points.length];
      if (inside(point) !== inside(before)) {
        kept.push(cut(before, point));
      }
      if (inside(point)) {
        kept.push(point);
      }
    });
    points = kept;
  }
  return points;
}

/* The part of a segment that is in the box, by Liang and Barsky; undefined: none is. */
function clipSegment(a, b, box) {
  let [from, to] = [0, 1];
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  for (const [step, room] of [[-dx, a[0] - box.west], [dx, box.east - a[0]], [-dy, a[1] - box.south], [dy, box.north - a[1]]]) {
    if (step === 0 && room < 0) {
      return undefined;
    }
    if (step < 0) {
      from = Math.max(from, room / step);
    } else if (step > 0) {
      to = Math.min(to, room / step);
    }
  }
  return from <= to ? { from: at(a, b, from), to: at(a, b, to), whole: to === 1 } : undefined;
}

/** The parts of a line that are in the box. */
export function clipLine(line, box) {
  const parts = [];
  let open = false;
  for (let i = 1; i < line.length; i++) {
    const part = clipSegment(line[i - 1], line[i], box);
    if (!part) {
      open = false;
      continue;
    }
    if (!open) {
      parts.push([part.from]);
    }
    parts.at(-1).push(part.to);
    open = part.whole;
  }
  return parts;
}
