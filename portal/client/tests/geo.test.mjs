/* Cells, circles and distances, against the broker's own geo/ by the command line. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  bounds, circleOutline, coverCircle, decode, degrees, distance, distanceToBox, encode, isCell, neighbors, position, RADII, snap,
} from "@neighbors/client";
import { run } from "./people.mjs";

const program = fileURLToPath(new URL("../../../build/neighbors", import.meta.url));
const geo = async (...words) => (await run(program, ["geo", ...words.map(String)])).stdout.trim().split("\n");

const places = [[34.0768, -118.0316], [0, 0], [90, 180], [-90, -180], [-33.9, 151.2], [64.1, -21.9], [0.001, 179.999], [71, -179.9999]]
  .map(([latitude, longitude]) => ({ latitude, longitude }));

test("a position is snapped to its leaf cell, as the broker's", async () => {
  for (const { latitude, longitude } of places) {
    for (const precision of [1, 5, 6, 12]) {
      assert.deepEqual([encode(latitude, longitude, precision)], await geo("encode", `${latitude},${longitude}`, "--precision", precision));
    }
  }
  assert.equal(snap(34.0768, -118.0316), "9qh1f5");
});

test("a cell's neighbors are the broker's, across the antimeridian and at the poles", async () => {
  for (const { latitude, longitude } of places) {
    const cell = snap(latitude, longitude);
    assert.deepEqual(neighbors(cell).sort(), (await geo("neighbors", cell)).sort(), cell);
  }
});

test("bounds and middle hold the position", () => {
  for (const { latitude, longitude } of places) {
    const cell = encode(latitude, longitude, 7), { south, west, north, east } = bounds(cell), middle = decode(cell);
    assert.ok(south <= latitude && latitude <= north && west <= longitude && longitude <= east, cell);
    assert.equal(encode(middle.latitude, middle.longitude, 7), cell);
  }
});

test("distances are the broker's to the metre", async () => {
  const [a, ...rest] = places;
  for (const b of rest) {
    const [told] = await geo("distance", `${a.latitude},${a.longitude}`, `${b.latitude},${b.longitude}`);
    assert.ok(Math.abs(parseFloat(told) - distance(a, b)) < 1, `${told}, not ${distance(a, b)}`);
  }
});

test("the cells that a circle touches are the broker's", async () => {
  const circles = [[34.0768, -118.0316, 1600, 6], [0, 0, 900, 6], [64.1, -21.9, 3200, 6], [0.001, 179.999, 1600, 6], [34, -118, 8000, 5]];
  for (const [latitude, longitude, metres, precision] of circles) {
    const theirs = await geo("cover", "--circle", `${latitude},${longitude},${metres}`, "--min", precision, "--max", precision, "--cells", 4096);
    assert.deepEqual(coverCircle({ latitude, longitude }, metres, precision).sort(), theirs.sort());
  }
  assert.throws(() => coverCircle(places[0], 500_000, 6), RangeError);
  assert.ok(coverCircle({ latitude: 89.99, longitude: 0 }, 20_000, 4).length > 32);
});

test("the outline of a circle is as far as it says", () => {
  for (const center of places) {
    for (const point of circleOutline(center, 1600)) {
      assert.ok(Math.abs(distance(center, point) - 1600) < 0.01);
    }
  }
});

test("how far a box is, is how far its nearest point is", () => {
  for (const from of places) {
    for (const cell of ["9qh1f5", "s00000", "xbpbpb", "d", "zzz"]) {
      const box = bounds(cell), width = (box.east - box.west) / 200, height = (box.north - box.south) / 200;
      let nearest = Infinity;
      for (let i = 0; i <= 200; i++) {
        for (let j = 0; j <= 200; j += i === 0 || i === 200 ? 1 : 200) {
          nearest = Math.min(nearest, distance(from, { latitude: box.south + i * height, longitude: box.west + j * width }),
            distance(from, { latitude: box.south + j * height, longitude: box.west + i * width }));
        }
      }
      const inside = encode(from.latitude, from.longitude, cell.length) === cell, told = distanceToBox(from, box);
      assert.ok(inside ? told === 0 : told <= nearest + 0.01 && told > nearest - 30_000, `${JSON.stringify(from)} ${cell}: ${told}, not ${nearest}`);
    }
  }
});

test("what is none is refused", () => {
  assert.throws(() => snap(91, 0), RangeError);
  assert.throws(() => snap(0, Number.NaN), RangeError);
  assert.throws(() => encode(0, 0, 13), RangeError);
  assert.throws(() => bounds("9qa"), RangeError);
  assert.deepEqual([isCell("9qh1f5"), isCell("9QH1"), isCell(""), isCell("a")], [true, false, false, false]);
  assert.deepEqual(RADII, [400, 800, 1600, 3200, 8000]);
  assert.deepEqual(degrees(position({ latitude: 34.0768, longitude: -118.0316 })), { latitude: 34.0768, longitude: -118.0316 });
});
