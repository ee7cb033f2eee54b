/* What is lost and made again: the connection, the broker, the app itself. */
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, connect as dial } from "node:net";
import mqtt from "mqtt";
import { connect, MemoryStorage, open, Unreachable } from "@neighbors/client";
import { Stack } from "../../tests/stack.mjs";
import { address, be, events, following, Gathered, heard, NEAR, VAN } from "./people.mjs";

let stack;
before(async () => {
  stack = await Stack.start({ heartbeat_ms: 500, cursor_save_ms: 100 });
});
after(() => stack?.stop());

test("the broker is killed and comes again: nothing is missed, nothing comes twice", async (t) => {
  const ann = await be(t, stack, "user/ann"), ben = await be(t, stack, "user/ben");
  const states = events(ann, "state"), away = events(ben, "state"), { items, place } = await following(ann);
  const before = await ben.publish.alert(VAN), ending = await ben.publish.alert({ ...VAN, category: "hazard" });
  await items.first(({ key }) => key === ending.publicId);

  await stack.command("kill", "neighborsd");
  await Promise.all([states.first((state) => state === "away"), away.first((state) => state === "away")]);
  assert.equal(place.stale, true);
  await assert.rejects(ben.publish.alert(VAN, { whileAway: "reject" }), { name: "Unreachable" });
  await assert.rejects(ben.publish.alert(VAN, { timeout: 100 }), { name: "Unreachable", message: /in time/ });
  const waiting = ben.publish.alert({ ...VAN, headline: "While the broker was away" });
  const end = ben.publish.alert({ msgType: "CANCEL", references: [ending.senderId] });
  await stack.command("start", "neighborsd");

  const { publicId } = await waiting;
  await end;
  await items.first(({ key }) => key === publicId);
  await items.first(({ key, alert }) => key === ending.publicId && alert.state === "ENDED");
  await heard(ann);
  assert.equal(items.all.filter(({ key }) => key === before.publicId).length, 1);
  assert.equal(items.all.filter(({ key }) => key === publicId).length, 1);
  assert.equal(place.stale, false);
  assert.ok(states.all.includes("connected"));
});

/** The port of a way to the broker on which what it answers to CONNECT comes late: together with what it says then, up to `word`. */
async function slowWay(t, word) {
  const server = createServer((client) => {
    const broker = dial(stack.http, "127.0.0.1");
    let held = Buffer.alloc(0);
    client.pipe(broker);
    broker.on("data", (data) => {
      held = Buffer.concat([held, data]);
      if (held.subarray(-4).equals(Buffer.from("\r\n\r\n")) || held.includes(word)) {
        client.write(held);
        held = Buffer.alloc(0);
        if (data.includes(word)) {
          broker.removeAllListeners("data").pipe(client);
        }
      }
    });
    for (const [one, other] of [[client, broker], [broker, client]]) {
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
    }
  });
  t.after(() => server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server.address().port;
}

test("an app that starts anew goes on where it was, and knows what is new", async (t) => {
  const storage = new MemoryStorage(), ben = await be(t, stack, "user/ben");
  const first = await be(t, stack, "user/cara", { storage });
  const { items } = await following(first);
  const known = await ben.publish.alert(VAN), ending = await ben.publish.alert({ ...VAN, category: "hazard" });
  await items.first(({ key }) => key === known.publicId);
  await items.first(({ key }) => key === ending.publicId);
  await heard(first);
  await first.close();
  const fresh = await ben.publish.alert({ ...VAN, headline: "While cara was away" });
  await ben.publish.alert({ msgType: "CANCEL", references: [ending.senderId] });

  const again = await following(await be(t, stack, "user/cara", { storage }));
  const shown = await again.items.first(({ key }) => key === known.publicId);
  assert.deepEqual([shown.retained, shown.fresh], [true, false]);
  assert.equal((await again.items.first(({ key }) => key === fresh.publicId)).fresh, true);
  await again.items.first(({ key, alert }) => key === ending.publicId && alert.state === "ENDED");
});

test("what is told before the new run says what it follows is not lost", async (t) => {
  const storage = new MemoryStorage(), ben = await be(t, stack, "user/ben");
  const first = await be(t, stack, "user/finn", { storage }), { items } = await following(first);
  const ending = await ben.publish.alert({ ...VAN, category: "hazard" });
  await items.first(({ key }) => key === ending.publicId);
  await heard(first);
  await first.close();
  await ben.publish.alert({ msgType: "CANCEL", references: [ending.senderId] });

  const way = await slowWay(t, `/hazard/${ending.publicId}`), who = { name: "user/finn", token: stack.tokens.get("user/finn"), clientId: "phone" };
  const second = await connect(`ws://127.0.0.1:${way}/mqtt`, who, { storage });
  t.after(() => second.close());
  const again = await following(second);
  const end = await again.items.first(({ key }) => key === ending.publicId);
  assert.deepEqual([end.alert.state, end.fresh], ["ENDED", true]);
  assert.equal((await heard(second)).missed, false);
  assert.equal(again.items.all.filter(({ key }) => key === ending.publicId).length, 1);
});

test("what an earlier run followed is followed no more", async (t) => {
  const storage = new MemoryStorage(), ben = await be(t, stack, "user/ben");
  const first = await be(t, stack, "user/dora", { storage });
  await following(first);
  await first.close();
  const second = await be(t, stack, "user/dora", { storage }), { items } = await following(second, { cell: NEAR.cell, metres: 400 });
  const { publicId } = await ben.publish.alert(VAN);
  await items.first(({ key }) => key === publicId);
  await second.close();

  const later = await ben.publish.alert({ ...VAN, category: "safety" });
  const session = mqtt.connect(address(stack), {
    protocolVersion: 5, clientId: "phone", clean: false, username: "user/dora", password: stack.tokens.get("user/dora"), reconnectPeriod: 0,
  });
  t.after(() => session.end(true));
  const came = new Gathered();
  session.on("message", (topic) => came.add(topic));
  await came.first((topic) => topic.endsWith(later.publicId));
  await came.first((topic) => topic === "nb/v1/inbox/heartbeat");
  assert.deepEqual([...new Set(came.all.filter((topic) => topic.includes("/near/")).map((topic) => topic.split("/")[4]))], ["400"]);
});

test("who is not let in is told why, and does not ask again", async (t) => {
  const who = { name: "user/nobody", token: "no token", clientId: "phone" };
  await assert.rejects(connect(address(stack), who, { storage: new MemoryStorage() }), (error) => {
    assert.deepEqual([error.name, error.code], ["Refusal", 0x87]);
    assert.match(error.message, /enrolled/);
    return true;
  });
  const refused = new Gathered(), person = open(address(stack), who, { storage: new MemoryStorage() });
  t.after(() => person.close());
  person.on("refused", refused.add);
  assert.equal((await refused.first()).about, "connection");
  assert.equal(person.state, "refused");
  await assert.rejects(person.publish.alert(VAN), { code: 0x87 });
  await assert.rejects(person.follow(NEAR, { item() {} }).ready, { code: 0x87 });
});

test("a revoked resident is out at once", async (t) => {
  const eve = await be(t, stack, "user/eve"), states = events(eve, "state"), refused = events(eve, "refused");
  await following(eve);
  await stack.neighbors("revoke", "user/eve");
  await states.first((state) => state === "refused");
  assert.equal((await refused.first()).refusal.code, 0x87);
});

test("two apps of one name do not fight: the older one is told and stays out", async (t) => {
  const one = await be(t, stack, "user/fay"), refused = events(one, "refused");
  const other = await be(t, stack, "user/fay");
  assert.match((await refused.first()).refusal.message, /elsewhere/);
  assert.deepEqual([one.state, other.state], ["refused", "connected"]);
});

test("without a broker connect() gives up, open() goes on trying", async (t) => {
  const who = { name: "user/ann", token: "t", clientId: "phone" }, nowhere = "ws://127.0.0.1:9/mqtt";
  await assert.rejects(connect(nowhere, who, { storage: new MemoryStorage(), timeout: 300 }), Unreachable);
  const person = open(nowhere, who, { storage: new MemoryStorage() });
  assert.equal(person.state, "connecting");
  const sent = person.publish.alert(VAN);
  await person.close();
  await assert.rejects(sent, { name: "Unreachable", message: /closed/ });
  await assert.rejects(person.publish.alert(VAN), { name: "Unreachable", message: /closed/ });
});

test("a connection on which no heartbeat comes counts as lost", async (t) => {
  const gus = await be(t, stack, "user/gus", { silence: 100 }), states = events(gus, "state");
  await states.first((state) => state === "away");
  await states.first((state, i) => state === "connected");
});
