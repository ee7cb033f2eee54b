/* Orders in which things may come that a real broker shows seldom: which filters are asked for, by a link whose answers wait. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { MemoryStorage } from "@neighbors/client";
import { Subscriptions } from "../dist/subscriptions.js";

const PLACE = "nb/v1/near/9qh1f5/1600/#";

/** A link that notes what is asked, and answers when told. */
class Link {
  asked = [];
  #answers = [];
  subscribe(filters) {
    this.asked.push(["+", ...filters]);
    return new Promise((resolve) => this.#answers.push(() => resolve({ code: 0, reason: "", properties: [], codes: filters.map(() => 1) })));
  }
  unsubscribe(filters) {
    filters.length && this.asked.push(["-", ...filters]);
  }
  async answer() {
    this.#answers.shift()?.();
    await new Promise(setImmediate);
  }
}

function made(storage = new MemoryStorage()) {
  const followed = [];
  return { followed, subscriptions: new Subscriptions(storage, "x", { since: () => [], answered: (filter) => followed.push(filter), lost() {} }) };
}

test("what an earlier run left, and comes before it is wanted again, is asked for all the same", async () => {
  const { followed, subscriptions } = made(), link = new Link();
  subscriptions.up(link, true);
  subscriptions.refuse(PLACE);
  subscriptions.want(PLACE);
  await link.answer();
  await link.answer();
  assert.deepEqual(link.asked.slice(1), [["-", PLACE], ["+", PLACE]]);
  assert.ok(followed.includes(PLACE));
});

test("what is followed goes in one SUBSCRIBE, and with the session that was kept it is not asked for again", async () => {
  const { subscriptions } = made(), link = new Link(), again = new Link(), anew = new Link();
  subscriptions.want(PLACE);
  subscriptions.want(`${PLACE}x`);
  subscriptions.up(link, false);
  assert.deepEqual(link.asked, [["+", PLACE, `${PLACE}x`, "nb/v1/inbox/#", "nb/v1/info"]]);
  await link.answer();
  subscriptions.down();
  subscriptions.drop(`${PLACE}x`);
  subscriptions.up(again, true);
  assert.deepEqual(again.asked, [["-", `${PLACE}x`], ["+", "nb/v1/inbox/#", "nb/v1/info"]]);
  subscriptions.down();
  subscriptions.up(anew, false);
  assert.deepEqual([...anew.asked[0]].sort(), ["+", "nb/v1/inbox/#", "nb/v1/info", PLACE]);
});

test("an answer that comes too late for its connection counts for nothing", async () => {
  const { followed, subscriptions } = made(), link = new Link(), next = new Link();
  subscriptions.up(link, false);
  subscriptions.down();
  subscriptions.up(next, false);
  await link.answer();
  assert.deepEqual(followed, []);
  await next.answer();
  assert.deepEqual(followed, ["nb/v1/inbox/#", "nb/v1/info"]);
});

test("what was asked for and not answered is asked for again, also with the session that was kept", async () => {
  const { subscriptions } = made(), link = new Link(), next = new Link();
  subscriptions.want(PLACE);
  subscriptions.up(link, false);
  subscriptions.down();
  subscriptions.up(next, true);
  assert.deepEqual(next.asked, [["+", PLACE, "nb/v1/inbox/#", "nb/v1/info"]]);
});

test("what is dropped and at once wanted again is asked for anew, also while its first SUBSCRIBE waits for its answer", async () => {
  const { followed, subscriptions } = made(), link = new Link();
  subscriptions.up(link, false);
  await link.answer();
  for (const isAnswered of [true, false]) {
    subscriptions.want(PLACE);
    await (isAnswered ? link.answer() : new Promise(setImmediate));
    subscriptions.drop(PLACE);
    subscriptions.want(PLACE);
    await new Promise(setImmediate);
    await link.answer();
    await link.answer();
    assert.deepEqual(link.asked.splice(1), [["+", PLACE], ["-", PLACE], ["+", PLACE]]);
    subscriptions.drop(PLACE);
    await new Promise(setImmediate);
    link.asked.splice(1);
  }
  assert.equal(followed.filter((filter) => filter === PLACE).length, 4);
});
