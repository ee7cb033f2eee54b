/* Publishing: receipts, refusals that say field and rule, repeats, and what others say to it. */
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { checkAlert } from "@neighbors/client";
import { checkDeleted } from "@neighbors/client/record";
import { Stack } from "../../tests/stack.mjs";
import { be, events, following, heard, VAN, until } from "./people.mjs";

let stack;
before(async () => {
  stack = await Stack.start({ heartbeat_ms: 500, resident_alerts_hour: 12, merge_minutes: 0 });
});
after(() => stack?.stop());

const POLICE = ["--name", "El Monte Police", "--officer", "lee"];

test("what is refused names field and rule", async (t) => {
  const ann = await be(t, stack, "user/ann");
  await assert.rejects(ann.publish.alert({ ...VAN, description: "A young man" }), (error) => {
    assert.deepEqual([error.name, error.code, error.field], ["Refusal", 0x99, "description"]);
    assert.match(error.rule, /looks like/);
    return true;
  });
  await assert.rejects(ann.publish.verdict({ publicId: "x", decision: "CONFIRMED" }), { name: "Refusal", code: 0x87 });
  await assert.rejects(ann.publish.alert({ ...VAN, category: "burglary" }), { name: "Refusal", field: "category" });
  await assert.rejects(ann.publish.alert({ ...VAN, expires: 0.5 }), { name: "Refusal", field: "expires" });
  await assert.rejects(ann.publish.alert({ ...VAN, description: "x".repeat(2_000_000) }), { name: "Refusal", code: 0x95 });
});

test("the same message again is a repeat; other bytes under its name are refused", async (t) => {
  const ann = await be(t, stack, "user/ann"), alert = { ...VAN, senderAlertId: "the-van" };
  const [one, two] = [await ann.publish.alert(alert), await ann.publish.alert(alert)];
  assert.deepEqual([one.publicId, one.revision], [two.publicId, two.revision]);
  await assert.rejects(ann.publish.alert({ ...alert, headline: "Other" }), { field: "sender_alert_id" });
});

test("over a limit it says when to come again", async (t) => {
  const zoe = await be(t, stack, "user/zoe");
  const sent = Array.from({ length: 14 }, (_, i) => zoe.publish.alert({ ...VAN, headline: `Van ${i}` }));
  const refused = (await Promise.allSettled(sent)).filter(({ status }) => status === "rejected");
  assert.equal(refused.length, 2);
  assert.equal(refused[0].reason.code, 0x97);
  assert.ok(refused[0].reason.retryAfter > 0);
});

test("others witness and flag, an agency confirms, and each revision says so", async (t) => {
  const ann = await be(t, stack, "user/ann"), moderated = events(ann, "moderation");
  const ben = await be(t, stack, "user/ben", { enrol: ["--household", "bens", "--at", "34.0768,-118.0316", "--verified-since", "-30d"] });
  const police = await be(t, stack, "agency/police", { enrol: POLICE });
  const { items } = await following(await be(t, stack, "user/cara"));
  const { publicId } = await ann.publish.alert({ ...VAN, category: "suspicious" });
  await items.first(({ key }) => key === publicId);
  await ben.publish.witness({ publicId, remark: "I saw it too" });
  await ben.publish.flag({ publicId, reason: "SPAM" });
  await police.publish.verdict({ publicId, decision: "CONFIRMED", reason: "A patrol saw it" });
  const confirmed = await items.first(({ key, alert }) => key === publicId && alert.truth === "CONFIRMED");
  assert.ok(confirmed.alert.revision > 1);
  assert.equal((await moderated.first()).decision, "confirmed");
});

test("an agency publishes in our form and in CAP", async (t) => {
  const police = await be(t, stack, "agency/police", { enrol: POLICE });
  const { items } = await following(await be(t, stack, "user/cara"));
  const own = await police.publish.alert({ ...VAN, severity: "MODERATE", urgency: "IMMEDIATE", certainty: "OBSERVED",
    expires: Date.now() + 3_600_000, caseNumber: "24-7" });
  const shown = await items.first(({ key }) => key === own.publicId);
  assert.deepEqual([shown.alert.senderKind, shown.alert.senderName], ["AGENCY", "El Monte Police"]);
  const receipt = await police.publish.cap(capDocument());
  assert.equal((await items.first(({ key }) => key === receipt.publicId)).alert.headline, "Gas leak on Tyler Avenue");
  await assert.rejects(police.publish.cap("<alert/>"), { name: "Refusal" });
});

test("a tip is a conversation, and earns a reward", async (t) => {
  const ann = await be(t, stack, "user/ann"), heardByAnn = events(ann, "tip"), rewards = events(ann, "reward");
  const police = await be(t, stack, "agency/police", { enrol: POLICE }), tips = events(police, "tip");
  await heard(police);
  const { conversationId } = await ann.publish.tip({ agency: "police", text: "A grey van, three nights in a row", claimHash: new Uint8Array(32) });
  const told = await tips.first((tip) => tip.conversationId === conversationId);
  assert.equal(told.text, "A grey van, three nights in a row");
  await police.publish.tip({ conversationId, text: "Which colour were the plates?" });
  assert.equal((await heardByAnn.first(({ fromAgency }) => fromAgency)).text, "Which colour were the plates?");
  const stocked = await police.publish.reward({ programme: "cameras", reward: "A doorbell camera", stock: 2 });
  assert.equal(stocked.left, 2);
  const granted = await police.publish.reward({ programme: "cameras", conversationId, caseNumber: "24-7", claimText: "At the front desk" });
  assert.equal(granted.left, 1);
  const reward = await rewards.first();
  assert.deepEqual([reward.reward, reward.number, reward.voucher.split(".").length], ["A doorbell camera", 1, 3]);
});

test("what is held about a household is handed out, and deleted with a signed receipt", async (t) => {
  const hal = await be(t, stack, "user/hal", { enrol: ["--household", "hals", "--at", "34.0768,-118.0316"] });
  const deleted = events(hal, "deleted");
  await hal.publish.settings({ retentionDays: 7, footage: { rules: [{ incidents: ["BURGLARY"] }] } });
  const part = await hal.export();
  assert.deepEqual([part.household, part.settings.retentionDays], ["hals", 7]);
  assert.deepEqual(part.settings.footage.rules[0].incidents, ["BURGLARY"]);
  const { senderId } = await hal.publish.forget({ alerts: true });
  const receipt = await deleted.first(({ forgetId }) => forgetId === senderId);
  await until(() => hal.info, "what the broker says of itself");
  const key = new Uint8Array(hal.info.logPublicKey);
  assert.equal(checkDeleted(receipt, key), true);
  assert.equal(checkDeleted({ ...receipt, events: receipt.events + 1 }, key), false);
});

test("what an app is told before sending is what the broker says", async (t) => {
  const resident = await be(t, stack, "user/ida"), texts = [
    { headline: "" }, { category: undefined }, { place: undefined }, { headline: "x".repeat(361) }, { description: "x".repeat(4097) },
    { instruction: "y".repeat(4097) }, { web: "ftp://example" }, { expires: Date.now() + 40 * 86_400_000 }, { expires: Date.now() - 1000 },
    { caseNumber: "1" }, { rewardOffer: "much" }, { place: { circle: { center: VAN.place.point, radiusM: 9000 } } },
  ];
  for (const text of texts) {
    const alert = { ...VAN, ...text }, [first] = checkAlert(alert);
    await assert.rejects(resident.publish.alert(alert), (error) => {
      assert.deepEqual([first?.code, first?.field, first?.rule], [error.code, error.field, error.rule], JSON.stringify(text).slice(0, 80));
      return true;
    });
  }
  assert.deepEqual(checkAlert(VAN), []);
});

function capDocument() {
  const time = (ms) => new Date(ms).toISOString().replace(/\.\d+Z/, "-00:00");
  return `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>gas-1</identifier><sender>police@example</sender>
<sent>${time(Date.now())}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><category>Safety</category><event>Gas leak</event><urgency>Immediate</urgency><severity>Moderate</severity>
<certainty>Observed</certainty><expires>${time(Date.now() + 3_600_000)}</expires><headline>Gas leak on Tyler Avenue</headline>
<area><areaDesc>Tyler Avenue</areaDesc><circle>34.0768,-118.0316 0.5</circle></area></info></alert>`;
}
