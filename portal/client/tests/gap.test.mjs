/* What is not kept any more: it is told, and what may have ended unheard is settled by the next proof. */
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { MemoryStorage, open } from "@neighbors/client";
import { Stack } from "../../tests/stack.mjs";
import { be, following, Gathered, heard, VAN } from "./people.mjs";

let stack;
before(async () => {
  stack = await Stack.start({ heartbeat_ms: 500 });
});
after(() => stack?.stop());

test("a cursor that the broker cannot read is told as a gap since the last proof", async (t) => {
  const storage = new MemoryStorage(), first = await be(t, stack, "user/ann", { storage }), { place } = await following(first);
  await heard(first);
  const { lastHeard } = place;
  await first.close();
  const name = "neighbors/user/ann/phone/had", kept = JSON.parse(storage.getItem(name));
  assert.ok(Object.keys(kept.channels).length > 0);
  storage.setItem(name, JSON.stringify({ ...kept, channels: Object.fromEntries(Object.keys(kept.channels).map((one) => [one, "of another broker"])) }));
  const { gaps, items } = await following(await be(t, stack, "user/ann", { storage }));
  const gap = await gaps.first();
  assert.deepEqual([gap.from >= lastHeard, gap.to >= gap.from], [true, true]);
  const ben = await be(t, stack, "user/ben"), { publicId } = await ben.publish.alert(VAN);
  await items.first(({ key }) => key === publicId);  // what comes now comes all the same
});

test("after a gap, what is not told again by the next proof has ended", async () => {
  const { Place } = await import("../dist/place.js"), items = new Gathered(), gaps = new Gathered();
  const place = new Place({ cell: "9qh1f5", metres: 1600 });
  place.listeners.add({ item: items.add, gap: gaps.add });
  const alert = (key, revision = 1) => ({ kind: "alert", key, channel: "9qh1c", alert: { publicId: key, revision, state: "IN_FORCE" } });
  place.take(alert("stays"));
  place.take(alert("went"));
  place.take({ ...alert("elsewhere"), channel: "9qh1f" });
  place.gap({ channel: "9qh1c", gap: { from: 1, to: 2 } });
  assert.deepEqual(gaps.all, [{ from: 1, to: 2 }]);
  assert.equal(place.take(alert("stays")), false);
  place.settleDoubts(3);
  assert.deepEqual(items.all.slice(3).map(({ key, alert: { state } }) => [key, state]), [["went", "ENDED"]]);
  assert.deepEqual([...place.alerts.keys()], ["stays", "elsewhere"]);
  assert.equal(place.take({ ...alert("went"), alert: { publicId: "went", revision: 1, state: "ENDED" } }), false);
  assert.equal(place.take(alert("went", 2)), true);
  assert.equal(place.take(alert("went", 1)), false);
});

test("who is away asks again after pauses that grow", async (t) => {
  const asked = new Gathered(), server = createServer((socket) => {
    asked.add(Date.now());
    socket.destroy();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const person = open(`ws://127.0.0.1:${server.address().port}/mqtt`, { name: "user/ann", token: "t", clientId: "c" }, { storage: new MemoryStorage() });
  t.after(() => person.close());
  await asked.first(() => asked.all.length === 4);
  const pauses = asked.all.slice(1).map((at, i) => at - asked.all[i]);
  pauses.forEach((pause, i) => assert.ok(pause >= 240 * 2 ** i, `pause ${i}: ${pause} ms`));
});
