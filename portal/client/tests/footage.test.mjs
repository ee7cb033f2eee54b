/* A request for footage, from the agency to the owner's decision and back: the answer leaves at its time and in its size, opens
 * with the agency's key alone, and can be taken back. */
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { MemoryStorage, Unreachable } from "@neighbors/client";
import { open } from "@neighbors/client/seal";
import { Stack } from "../../tests/stack.mjs";
import { footageAnswerCodec } from "../dist/messages.js";
import { be, certificate, events, Gathered, HERE, says, until } from "./people.mjs";

const HOME = ["--at", `${HERE.latitude},${HERE.longitude}`, "--verified-since", "-30d"];
const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 1, 2, 3);
let stack, desk;

before(async () => {
  stack = await Stack.start({ heartbeat_ms: 500, footage_households: 2, footage_release_s: 1 });
  stack.tokens = new Map();
  desk = await certificate("rsa:2048");
  for (const house of ["ann", "ben"]) {
    stack.tokens.set(`device/cam-${house}`, await stack.enroll(`device/cam-${house}`, "--household", house, ...HOME));
    stack.tokens.set(`user/${house}`, await stack.enroll(`user/${house}`, "--household", house, ...HOME));
    await says(stack, `device/cam-${house}`, "motion",
      { events: [{ phase: "PULSE", kind: "PERSON", at: `${Date.now() - 1_800_000}`, activityId: "a" }] });
    await says(stack, `user/${house}`, "settings", { footage: { rules: [{ incidents: ["BURGLARY"] }] } });
  }
});
after(async () => {
  await stack?.stop();
  await rm(desk.folder, { recursive: true });
});

const request = (openFor) => ({
  caseNumber: "24-1187", incident: "BURGLARY", sought: "A white van that left the alley", contact: "desk@police.example",
  place: { circle: { center: { latE7: HERE.latitude * 1e7, lonE7: HERE.longitude * 1e7 }, radiusM: 300 } },
  from: Date.now() - 3_600_000, to: Date.now() - 60_000, openUntil: Date.now() + openFor,
});
const owners = (t, storages) => Promise.all(["user/ann", "user/ben"].map((name, i) => be(t, stack, name, { storage: storages[i] })));
/** From now on it is so many ms later, for whoever asks what time it is. */
function later(t, ms) {
  const { now } = Date;
  Date.now = () => now() + ms;
  t.after(() => { Date.now = now; });
}
const police = (t) => be(t, stack, "agency/pd", { enrol: ["--name", "El Monte Police", "--certificate", desk.certificateFile, "--officer", "lee"] });

test("an owner shares, a neighbor stays silent: both answer once, alike; the agency opens what was shared, and learns of its end", async (t) => {
  const storages = [new MemoryStorage(), new MemoryStorage()], pd = await police(t), footage = events(pd, "footage");
  const [ann, ben] = await owners(t, storages);
  const asked = [ann, ben].map((owner) => events(owner, "footageRequest")), { requestId } = await pd.publish.footageRequest(request(240_000));
  const [told] = await Promise.all(asked.map((requests) => requests.first((one) => one.requestId === requestId)));
  assert.deepEqual([told.agencyName, told.devices], ["El Monte Police", ["cam-ann"]]);
  assert.ok(told.answerAt > Date.now());

  await ann.footage.share(requestId, { clipId: "clip-1", note: "He went north", still: JPEG, device: "cam-ann" });
  await ann.footage.decline(requestId, "clip-2");
  assert.deepEqual([...ann.footage.requests.get(requestId).decisions], [["clip-1", "SHARE"], ["clip-2", "DECLINE"]]);
  assert.equal(ann.footage.requests.get(requestId).sent, false);
  await Promise.all([ann.close(), ben.close()]);  // the apps go before the time comes; what was decided is in their storage

  later(t, told.answerAt - Date.now() + 1000);
  const [again, silent] = await owners(t, storages), ends = events(silent, "footageRequest");
  const shared = await footage.first((one) => one.requestId === requestId && !one.withdrawn);
  const clip = JSON.parse(new TextDecoder().decode(await open(shared.sealed, desk.key, desk.certificate)));
  assert.deepEqual([clip.note, clip.requestId, clip.caseNumber, clip.mediaType], ["He went north", requestId, "24-1187", "image/jpeg"]);
  assert.deepEqual(new Uint8Array(Buffer.from(clip.still, "base64")), JPEG);
  assert.equal(clip.purpose, "the investigation of case 24-1187, nothing else");
  assert.ok(Math.abs(Number(clip.deleteBy) - shared.deleteBy) === 0);
  for (const owner of [again, silent]) {
    await until(() => owner.footage.requests.get(requestId).sent, "the answer left");
  }

  await again.footage.withdraw(requestId, "clip-1");
  const back = await footage.first((one) => one.withdrawn);
  assert.deepEqual([back.clipId, back.sealed.length], [shared.clipId, 0]);

  await pd.publish.resolve({ caseNumber: "24-1187", outcome: "SOLVED" });
  await ends.first((one) => one.ended);
  assert.equal(silent.footage.requests.size, 0);
});

test("what does not go into an answer is said before it is sealed away", async (t) => {
  const pd = await police(t), ann = await be(t, stack, "user/ann", { clientId: "tablet" }), requests = events(ann, "footageRequest");
  const { requestId } = await pd.publish.footageRequest({ ...request(240_000), caseNumber: "24-2" });
  await requests.first((one) => one.requestId === requestId);
  const refused = (clip, field) => assert.rejects(ann.footage.share(requestId, { clipId: "a", ...clip }), { name: "Refusal", field });
  await refused({ still: new Uint8Array(30_001) }, "still");
  await refused({ still: Uint8Array.of(1, 2, 3) }, "still");
  await refused({ clipId: "no name" }, "clip_id");
  await assert.rejects(ann.footage.decline("nothing", "a"), { field: "request_id" });
  for (let i = 0; i < 8; i++) {
    await ann.footage.decline(requestId, `clip-${i}`);
  }
  await assert.rejects(ann.footage.decline(requestId, "clip-8"), { field: "clips" });
});

const taken = (requestId) => ({ ...request(60_000), requestId, answerAt: Date.now(), agencyCertificate: der(desk.certificate), senderRequestId: "",
  agencyName: "", devices: [], ended: false });
/** What an answer that was sent says of each clip. */
const decided = ({ payload }) => footageAnswerCodec.decode(payload).clips.map(({ clipId, decision }) => [clipId, decision]);

test("what is decided while the answer is on its way follows it, once", async (t) => {
  const { Desk } = await import("../dist/footage.js"), sent = new Gathered(), arrive = [];
  const outbox = { send: (message) => new Promise((resolve) => { arrive.push(() => resolve({ code: 0, properties: [] })); sent.add(message); }) };
  const phone = new Desk(new MemoryStorage(), "x", outbox, assert.fail, true);
  t.after(() => phone.close());
  phone.take(taken("one"));
  await sent.first();
  await phone.share("one", { clipId: "a", note: "He went north" });
  arrive[0]();
  await sent.first(() => sent.all.length === 2, "the answer with what was shared");
  assert.deepEqual(sent.all.map(decided), [[], [["a", "SHARE"]]]);
  const back = phone.withdraw("one", "a");
  arrive[1]();
  await sent.first(() => sent.all.length === 3, "the answer that takes it back");
  arrive[2]();
  await back;
  assert.deepEqual(decided(sent.all[2]), [["a", "WITHDRAW"]]);
  assert.equal(sent.all.length, 3);
});

test("what was taken back while the broker was away leaves when the app runs again", async (t) => {
  const { Desk } = await import("../dist/footage.js"), storage = new MemoryStorage(), sent = new Gathered();
  const away = { send: async (message) => { if (sent.all.length) { throw new Unreachable("away"); } sent.add(message); } };
  const phone = new Desk(storage, "x", away, assert.fail, true);
  phone.take(taken("one"));
  await sent.first();
  await new Promise(setImmediate);
  await assert.rejects(phone.withdraw("one", "a"), { name: "Unreachable" });
  phone.close();
  const later = new Gathered(), again = new Desk(storage, "x", { send: async (message) => later.add(message) }, assert.fail, true);
  t.after(() => again.close());
  assert.deepEqual(decided(await later.first(() => true, "the answer that takes it back")), [["a", "WITHDRAW"]]);
});

test("every answer is as long as every other", async () => {
  const { Desk } = await import("../dist/footage.js"), sent = new Gathered();
  const outbox = { send: async (message) => (sent.add(message), { code: 0, properties: [] }) };
  const desk1 = new Desk(new MemoryStorage(), "x", outbox, assert.fail, true);
  for (const requestId of ["one", "two"]) {
    desk1.take({ ...request(60_000), requestId, answerAt: Date.now() + (requestId === "one" ? 0 : 5000), agencyCertificate: der(desk.certificate),
      senderRequestId: "", agencyName: "", devices: [], ended: false });
  }
  await desk1.share("two", { clipId: "a", note: "x".repeat(4000), still: Uint8Array.from({ length: 30_000 }, (_, i) => [0xff, 0xd8, 0xff][i] ?? i) });
  await sent.first(() => sent.all.length === 2);
  assert.deepEqual(sent.all.map(({ payload }) => payload.length), [65536, 65536]);
  desk1.close();
});

const der = (pem) => new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64"));
