/* Following places: what comes, once, in order, and what proves that nothing was missed. */
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Stack } from "../../tests/stack.mjs";
import { be, events, following, heard, NEAR, POINT, VAN } from "./people.mjs";

let stack;
before(async () => {
  stack = await Stack.start({ heartbeat_ms: 500 });
});
after(() => stack?.stop());

test("a follower sees an alert, its update and its end, each once", async (t) => {
  const ann = await be(t, stack, "user/ann"), ben = await be(t, stack, "user/ben");
  const { place, items } = await following(ann);
  const receipt = await ben.publish.alert(VAN);
  assert.equal(receipt.revision, 1);
  const first = await items.first(({ key }) => key === receipt.publicId);
  assert.equal(first.alert.headline, "Break-in");
  assert.equal(first.alert.state, "IN_FORCE");
  assert.equal(first.alert.senderKind, "USER");
  assert.equal(first.cell, "9qh1f5");
  assert.deepEqual([first.retained, first.fresh], [false, true]);
  assert.ok(place.alerts.has(receipt.publicId));

  await ben.publish.alert({ ...VAN, msgType: "UPDATE", references: [receipt.senderId], headline: "The van came back" });
  await items.first(({ alert }) => alert?.revision === 2 && alert.headline === "The van came back");
  await ben.publish.alert({ msgType: "CANCEL", references: [receipt.senderId] });
  await items.first(({ alert }) => alert?.state === "ENDED");
  await heard(ann);
  assert.deepEqual(items.all.map(({ alert }) => [alert.revision, alert.state]).slice(0, 2), [[1, "IN_FORCE"], [2, "IN_FORCE"]]);
  assert.equal(items.all.length, 3);
  assert.equal(place.alerts.size, 0);
});

test("who comes later gets what is in force first", async (t) => {
  const ben = await be(t, stack, "user/ben"), { publicId, senderId } = await ben.publish.alert(VAN);
  const { items } = await following(await be(t, stack, "user/cara"));
  const item = await items.first(({ key }) => key === publicId);
  assert.equal(item.retained, true);
  await ben.publish.alert({ msgType: "CANCEL", references: [senderId] });
  await items.first(({ alert }) => alert.state === "ENDED");
});

test("who stops following and follows again at once is told what is in force", async (t) => {
  const { publicId } = await (await be(t, stack, "user/ben")).publish.alert(VAN), cara = await be(t, stack, "user/cara");
  const before = await following(cara);
  await before.items.first(({ key }) => key === publicId);
  before.place.stop();
  const { items } = await following(cara);
  await items.first(({ key }) => key === publicId);
});

test("an alert that concerns several places comes to each, as one object", async (t) => {
  const ann = await be(t, stack, "user/ann"), ben = await be(t, stack, "user/ben");
  const one = await following(ann), other = await following(ann, { cell: NEAR.cell, metres: 3200 });
  const again = await following(ann);
  const { publicId } = await ben.publish.alert({ ...VAN, category: "safety", place: POINT });
  const [a, b, c] = await Promise.all([one, other, again].map(({ items }) => items.first(({ key }) => key === publicId)));
  assert.equal(a, b);
  assert.equal(b, c);
  one.place.stop();
  const { publicId: second } = await ben.publish.alert({ ...VAN, category: "hazard" });
  await again.items.first(({ key }) => key === second);
  assert.equal(one.items.all.filter(({ key }) => key === second).length, 0);
});

test("heartbeats say up to when everything was heard", async (t) => {
  const ann = await be(t, stack, "user/ann"), { place } = await following(ann);
  const beat = await heard(ann);
  assert.deepEqual([beat.stale, beat.missed], [false, false]);
  assert.equal(place.lastHeard, beat.asOf);
  assert.equal(place.stale, false);
  await ann.close();
  assert.equal(place.stale, true);
});

test("a place that may not be followed is refused, with the reason", async (t) => {
  const ann = await be(t, stack, "user/ann"), refused = events(ann, "refused");
  await assert.rejects(following(ann, { cell: "9qh1f5", metres: 1234 }), { name: "Refusal", code: 0x8f });
  const { about, near, refusal } = await refused.first();
  assert.deepEqual([about, near.metres], ["place", 1234]);
  assert.match(refusal.message, /metres|radius/);
  await following(ann);  // the others are followed all the same
});

test("the past comes in pages", async (t) => {
  const ben = await be(t, stack, "user/ben"), { publicId } = await ben.publish.alert(VAN);
  let page = "", found = [];
  do {
    const answer = await ben.history({ nearCell: NEAR.cell, metres: NEAR.metres, limit: 2, page });
    found = found.concat(answer.items);
    page = answer.next;
  } while (page);
  assert.ok(found.some(({ alert }) => alert?.publicId === publicId));
});
