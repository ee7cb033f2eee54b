/* The public record: proofs of a real broker hold, and whatever is changed on the way is noticed. */
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { MemoryStorage } from "@neighbors/client";
import { checkConsistency, checkHead, checkInclusion, leafHash, PublicRecord, rootOf } from "@neighbors/client/record";
import { Stack } from "../../tests/stack.mjs";
import { be, events, PATIENCE, VAN, until } from "./people.mjs";

let stack;
before(async () => {
  stack = await Stack.start({ tree_head_s: 1, agency_alerts_hour: 1000 });
});
after(() => stack?.stop());

const address = () => stack.url.replace(/\/$/, "");

/** The record once it has that many leaves. */
async function grown(record, size) {
  for (const until = Date.now() + PATIENCE; ;) {
    const head = await record.head();
    if (head?.size >= size) {
      return head;
    }
    assert.ok(Date.now() < until, `the record has ${head?.size} leaves, not ${size}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test("acts are proved in the signed tree, and it goes on with the head remembered", async (t) => {
  const police = await be(t, stack, "agency/police", { enrol: ["--name", "El Monte Police"] }), storage = new MemoryStorage();
  const publish = (i) => police.publish.alert({ ...VAN, headline: `Van ${i}`, expires: Date.now() + 3_600_000 });
  const { publicId } = await publish(0);
  await until(() => police.info, "what the broker says of itself");
  const record = new PublicRecord(address(), { key: police.info.logPublicKey, storage });
  await grown(record, 2);
  for (let i = 1; i < 6; i++) {
    await publish(i);
  }
  const later = new PublicRecord(address(), { storage }), head = await grown(later, 7);  // by the remembered head, whose key it is
  assert.deepEqual(later.key, police.info.logPublicKey);
  assert.equal(checkHead(head, police.info.logPublicKey), true);
  const leaves = await later.leaves(0);
  assert.equal(leaves.length, head.size);
  assert.ok(leaves.some(({ act }) => act.act === "ALERT" && act.publicId === publicId && act.agency === "agency/police"));
  for (const leaf of leaves) {
    await later.prove(leaf, head);
  }
  assert.deepEqual(rootOf(leaves.map(({ bytes }) => leafHash(bytes))), head.rootHash);
});

test("a key that was replaced leads to the next, and its receipts stay good", async (t) => {
  const storage = new MemoryStorage(), before = new PublicRecord(address(), { storage });
  await before.head();
  const hal = await be(t, stack, "user/hal", { enrol: ["--household", "hals", "--at", stack.place] });
  const deleted = events(hal, "deleted");
  await hal.publish.forget({ alerts: true });
  const receipt = await deleted.first();
  assert.equal(await before.checkDeleted(receipt), true);
  await stack.neighbors("ca", "rotate-log-key");
  await stack.command("kill", "neighborsd");
  await stack.command("start", "neighborsd");
  const { former_keys: [{ signature }] } = await (await fetch(`${address()}/v1/log/head`)).json();
  const record = new PublicRecord(address(), { storage });
  for (const until = Date.now() + PATIENCE; ;) {
    await record.head();
    if (Buffer.compare(record.key, before.key) !== 0) {
      break;
    }
    assert.ok(Date.now() < until, "the new key signs no head");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const told = (formers, options = { key: before.key }) => new PublicRecord(address(), {
    ...options,
    fetch: async (url) => {
      const body = await (await fetch(url)).json();
      return new Response(JSON.stringify({ ...body, former_keys: formers(body.former_keys) }));
    },
  });
  const none = () => [], changed = ([one]) => [{ ...one, signature: `${signature[0] === "A" ? "B" : "A"}${signature.slice(1)}` }];
  assert.ok(await told((formers) => formers).head());
  await assert.rejects(told(none).head(), { message: /not signed by the record's key/ });
  await assert.rejects(told(changed).head(), { message: /not signed by the record's key/ });

  const knows = [record, new PublicRecord(address(), { storage }), new PublicRecord(address(), { key: before.key }), new PublicRecord(address())];
  for (const one of knows) { // it followed the words; remembers that it did; follows them; believes the broker
    assert.equal(await one.checkDeleted(receipt), true);
    assert.equal(await one.checkDeleted({ ...receipt, events: receipt.events + 1 }), false);
  }
  assert.equal(await new PublicRecord(address(), { key: record.key }).checkDeleted(receipt), false); // it gave no word for one before
  for (const formers of [none, changed]) {
    assert.equal(await told(formers, {}).checkDeleted(receipt), false);
  }
});

test("what is changed on the way is a fault", async () => {
  const honest = new PublicRecord(address()), head = await honest.head(), [leaf] = await honest.leaves(1, 1);
  const lying = (change) => async (url) => {
    const answer = await fetch(url), body = change(await answer.json(), String(url));
    return new Response(JSON.stringify(body), { status: answer.status });
  };
  const withHead = (more) => new PublicRecord(address(), { fetch: lying((body) => ({ ...body, ...more })) }).head();
  await assert.rejects(withHead({ size: head.size + 1 }), { name: "RecordFault", message: /not signed/ });
  await assert.rejects(withHead({ root_hash: "A".repeat(43) }), { name: "RecordFault" });
  const other = new PublicRecord(address(), { key: new Uint8Array(32) });
  await assert.rejects(other.head(), { name: "RecordFault" });
  const changed = leaf.bytes.slice();
  changed[changed.length - 1] ^= 1;
  await assert.rejects(honest.prove({ ...leaf, bytes: changed }, head), { message: /not in the tree/ });
  await assert.rejects(honest.prove({ ...leaf, index: 0 }, head), { message: /not in the tree/ });
  const moved = new PublicRecord(address(), { fetch: lying((body) => ({ ...body, leaves: body.leaves?.reverse() })) });
  await assert.rejects(moved.leaves(0), { message: /stands one that was leaf/ });
});

test("a record that was rolled back or rewritten is noticed", async () => {
  const storage = new MemoryStorage(), record = new PublicRecord(address(), { storage }), head = await record.head();
  const [name] = Object.values({ name: `neighbors/record/${address()}` }), kept = JSON.parse(storage.getItem(name));
  const { TreeHeadSchema } = await import("../dist/generated/neighbors_pb.js"), { create, toBinary } = await import("@bufbuild/protobuf");
  const remember = (more) => {
    const bytes = toBinary(TreeHeadSchema, create(TreeHeadSchema, { version: 1, ...head, size: BigInt(head.size), at: BigInt(head.at), ...more }));
    storage.setItem(name, JSON.stringify({ ...kept, head: Buffer.from(bytes).toString("base64url") }));
    return new PublicRecord(address(), { storage }).head();
  };
  await assert.rejects(remember({ size: BigInt(head.size + 5) }), { message: /rolled back/ });
  await assert.rejects(remember({ size: BigInt(head.size - 1), rootHash: new Uint8Array(32) }), { message: /rewritten/ });
  await assert.rejects(remember({ rootHash: new Uint8Array(32) }), { message: /rewritten/ });
  assert.equal((await remember({})).size >= head.size, true);
});

/* RFC 9162, 2.1, by its own recursive words, for every leaf and size up to 33: what the checks say of right and wrong proofs. */
const hash = (...parts) => new Uint8Array(createHash("sha256").update(Buffer.concat(parts)).digest());
const split = (n) => 2 ** Math.floor(Math.log2(n - 1));
const mth = (d) => d.length === 0 ? hash() : d.length === 1 ? hash(Uint8Array.of(0), d[0])
  : hash(Uint8Array.of(1), mth(d.slice(0, split(d.length))), mth(d.slice(split(d.length))));
const path = (m, d) => d.length === 1 ? [] : m < split(d.length) ? [...path(m, d.slice(0, split(d.length))), mth(d.slice(split(d.length)))]
  : [...path(m - split(d.length), d.slice(split(d.length))), mth(d.slice(0, split(d.length)))];
const subproof = (m, d, b) => m === d.length ? (b ? [] : [mth(d)])
  : m <= split(d.length) ? [...subproof(m, d.slice(0, split(d.length)), b), mth(d.slice(split(d.length)))]
    : [...subproof(m - split(d.length), d.slice(split(d.length)), false), mth(d.slice(0, split(d.length)))];

test("proofs as RFC 9162 defines them hold, and no others", () => {
  const leaves = Array.from({ length: 33 }, (_, i) => Uint8Array.of(i, i * 7));
  for (let n = 1; n <= leaves.length; n++) {
    const d = leaves.slice(0, n), root = mth(d);
    assert.deepEqual(rootOf(d.map(leafHash)), root);
    for (let m = 0; m < n; m++) {
      const proof = path(m, d), at = leafHash(d[m]);
      assert.equal(checkInclusion(at, m, n, proof, root), true, `leaf ${m} of ${n}`);
      assert.equal(checkInclusion(at, m, n, [...proof, root], root), false);
      assert.equal(checkInclusion(leafHash(d[(m + 1) % n]), m, n, proof, root), n === 1);
      assert.equal(checkInclusion(at, n, n, proof, root), false);
      if (m > 0) {
        const older = mth(d.slice(0, m)), grows = subproof(m, d, true);
        assert.equal(checkConsistency(m, older, n, root, grows), true, `${m} to ${n}`);
        assert.equal(checkConsistency(m, root, n, root, grows), false);
        assert.equal(checkConsistency(m, older, n, older, grows), false);
        assert.equal(checkConsistency(m, older, n, root, grows.slice(1)), false);
      }
    }
  }
  assert.deepEqual([checkConsistency(0, mth([]), 5, mth(leaves.slice(0, 5)), []), checkConsistency(3, mth([]), 2, mth([]), [])], [true, false]);
});
