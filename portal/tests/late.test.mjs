/* What a slow network does: answers that come late, in another order, or after somebody has gone on. Each answer here comes when the
 * test says so. */
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { connect, MemoryStorage } from "../client/dist/index.js";
import { answered, clean, launch, open, PATIENCE } from "./browser.mjs";
import { desk, enter, officers } from "./desk_people.mjs";
import { followToo, household, LIVELY, neighbor, publish } from "./resident.mjs";
import { Stack } from "./stack.mjs";

const FIRE = "agency/fire";
let stack;
let browser;
let ann;
let tokens;
let fire;
before(async () => {
  stack = await Stack.start(LIVELY);
  browser = await launch();
  ann = await household(stack, "ann");
  await household(stack, "ben");
  tokens = await officers(stack, FIRE, ["lee"], "--second-officer", "no");
  fire = await connect(`ws://127.0.0.1:${stack.http}/mqtt`, { name: FIRE, token: tokens.lee, clientId: "app" }, { storage: new MemoryStorage() });
});
after(async () => {
  await fire?.close();
  await browser?.close();
  await stack?.stop();
});

const PUBACK = 4;

/** Bytes of the MQTT packet that they begin with; Infinity: its length has not come whole. */
function sizeOf(bytes) {
  let length = 0;
  for (let i = 1; i < bytes.length; i++) {
    length += (bytes[i] & 127) * 128 ** (i - 1);
    if (bytes[i] < 128) {
      return i + 1 + length;
    }
  }
  return Infinity;
}

/** Has the broker's packets go through the test, from the next connection on. hold(isHeld): those alone wait of whose kind it says
 * so, until release(). */
async function throughTest(page) {
  let isHeld = () => false;
  const waiting = [];
  await page.routeWebSocket(/\/mqtt$/, (socket) => {
    const broker = socket.connectToServer();
    let bytes = Buffer.alloc(0);
    broker.onMessage((message) => { // one message may have several packets
      bytes = Buffer.concat([bytes, message]);
      for (let size = sizeOf(bytes); size <= bytes.length; size = sizeOf(bytes)) {
        const packet = bytes.subarray(0, size);
        bytes = bytes.subarray(size);
        if (isHeld(packet[0] >> 4)) {
          waiting.push(() => socket.send(packet));
        } else {
          socket.send(packet);
        }
      }
    });
  });
  return {
    waiting,
    hold: (held = () => true) => { isHeld = held; },
    release() {
      isHeld = () => false;
      waiting.splice(0).forEach((send) => send());
    },
    /** Until something waits. */
    async held() {
      for (const end = Date.now() + PATIENCE; waiting.length === 0; await new Promise((resolve) => { setTimeout(resolve, 20); })) {
        assert.ok(Date.now() < end, "the broker said nothing of what is held");
      }
    },
  };
}

/** Ann, who is at home here, and whose broker the test holds. */
async function held(options) {
  const page = await neighbor(browser, stack, "user/ann", ann, options);
  const broker = await throughTest(page);
  await page.reload();
  await page.getByText("looked at").waitFor();
  return { page, broker };
}

test("silence is claimed of a place when the broker follows it, and an alert is called gone when all was told", async () => {
  const { page, broker } = await held();
  broker.hold();
  await followToo(page, "School", "34.2, -118.3");
  await page.getByRole("link", { name: "Alerts" }).first().click();
  await page.getByText("Connected; checking that nothing is missing").waitFor();
  await page.evaluate(() => { location.hash = "#/neighborhood/alert/nothing"; });
  await page.getByRole("status").filter({ hasText: "Loading" }).waitFor();
  broker.release();
  await page.getByText("This alert is not in force").waitFor();
  await page.getByRole("link", { name: "← Alerts" }).click();
  await page.getByText("looked at").waitFor();
  clean(page);
});

test("what was not seen yet is still new when the page is loaded again", async () => {
  const { page, broker } = await held();
  await page.getByRole("link", { name: "Settings" }).click();
  await publish(stack, "user/ben", "safety", "Street light out at the bridge");
  await page.getByRole("navigation", { name: "Your pages" }).getByText(/new/).waitFor({ state: "attached" });
  broker.hold();
  await page.reload();
  await page.getByText("Save for this browser").waitFor();
  await broker.held();
  broker.release();
  await page.getByRole("navigation", { name: "Your pages" }).getByText(/new/).waitFor({ state: "attached" });
  clean(page);
});

test("an alert whose area leaves one place is in force in the other", async () => {
  const { page } = await held();
  await followToo(page, "East", "34.0768, -118.0000", "400");
  const area = (radiusM) => ({ place: { circle: { center: { latE7: 340768000, lonE7: -1180316000 }, radiusM } } });
  const alert = { category: "fire", severity: "SEVERE", urgency: "IMMEDIATE", certainty: "OBSERVED", headline: "Smoke east of the river", expires: Date.now() + 3_600_000 };
  const { publicId } = await fire.publish.alert({ ...alert, ...area(6000) });
  await page.getByRole("link", { name: "Alerts" }).first().click();
  await page.getByRole("button", { name: "East", exact: true }).click();
  const row = page.getByRole("button", { name: /Smoke east/ });
  await row.waitFor();
  await fire.publish.alert({ ...alert, ...area(300), msgType: "UPDATE", publicId, headline: "Smoke east of the river, less" });
  await row.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "All places" }).click();
  await page.getByRole("button", { name: /Smoke east of the river, less/ }).click();
  await page.getByText(/revision 2/i).waitFor();
  assert.equal(await page.getByText("Ended").count(), 0);
  clean(page);
});

test("an agency's answer that comes before the tip's own is not lost", async () => {
  const { page, broker } = await held();
  const came = new Promise((resolve) => { fire.on("tip", resolve); });
  await page.getByRole("link", { name: "Tips" }).click();
  await page.getByRole("link", { name: "Begin a tip" }).click();
  await page.getByLabel("To which agency").selectOption({ label: "El Monte Fire" });
  await page.getByLabel("What you want to tell").fill("Somebody opens the hydrant each night");
  broker.hold((kind) => kind === PUBACK);
  await page.getByRole("button", { name: "Send" }).click();
  const { conversationId } = await came;
  await fire.publish.tip({ conversationId, text: "At what time?" });
  await page.waitForFunction(() => JSON.stringify(localStorage).includes("At what time?"));
  broker.release();
  await page.getByRole("heading", { name: "Conversation with El Monte Fire" }).waitFor();
  await page.getByRole("listitem").filter({ hasText: "At what time?" }).waitFor();
  await page.getByRole("listitem").filter({ hasText: "opens the hydrant" }).waitFor();
  await page.locator(".claim-code code").waitFor();
  clean(page);
});

test("whose tip is stored late stays where they went meanwhile", async () => {
  const { page, broker } = await held();
  await page.getByRole("link", { name: "Tips" }).click();
  await page.getByRole("link", { name: "Begin a tip" }).click();
  await page.getByLabel("To which agency").selectOption({ label: "El Monte Fire" });
  await page.getByLabel("What you want to tell").fill("The gate of the school is open");
  broker.hold((kind) => kind === PUBACK);
  await page.getByRole("button", { name: "Send" }).click();
  await broker.held();
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Save for the household" }).waitFor();
  broker.release();
  await page.waitForFunction(() => localStorage.getItem("neighbors.tips.user/ann")?.includes("The gate of the school"));
  await page.getByRole("button", { name: "Save for the household" }).waitFor();
  assert.match(page.url(), /settings$/);
  clean(page);
});

test("what a household changes while it saves is not said to be stored, and can be saved after it", async () => {
  const { page, broker } = await held();
  await page.getByRole("link", { name: "Settings" }).click();
  const days = page.getByLabel("How long your own events are kept"), save = page.getByRole("button", { name: /^(Save for the household|Sending)/ });
  await days.selectOption("14");
  broker.hold((kind) => kind === PUBACK);
  await save.click();
  await broker.held();
  await days.selectOption("30");
  assert.ok(await save.isDisabled());
  broker.release();
  await page.getByRole("button", { name: "Save for the household" }).and(page.locator(":enabled")).waitFor();
  assert.equal(await page.getByText("Stored.").count(), 0);
  await page.getByRole("button", { name: "Save for the household" }).click();
  await page.getByText("Stored.").waitFor();
  const parts = await stack.neighbors("export", "--as", "user/ann");
  assert.match(JSON.stringify(parts), /"retention_?[dD]ays": ?30/);
  clean(page);
});

test("where the browser is counts for nothing when a place was chosen before it said so", async () => {
  const page = await open(browser, stack.url);
  await page.goto(stack.link("user/ann", ann));
  await page.evaluate(() => {
    navigator.geolocation.getCurrentPosition = (found) => { window.found = () => found({ coords: { latitude: 34.2, longitude: -118.3 } }); };
  });
  await page.getByRole("button", { name: "Use where I am" }).click();
  await page.getByLabel("Coordinates").fill(stack.place);
  await page.getByText(`Cell ${stack.leaf}`).first().waitFor();
  await page.evaluate(() => window.found());
  await page.getByLabel("Name").fill("Home"); // drawn anew
  await page.getByText(`Cell ${stack.leaf}`).first().waitFor();
  clean(page);
});

test("what one chose hides nothing from the next who signs in", async () => {
  const { page } = await held();
  await followToo(page, "School", "34.2, -118.3");
  await page.getByRole("link", { name: "Alerts" }).first().click();
  await page.getByRole("button", { name: "School", exact: true }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  const ben = await household(stack, "ben");
  await page.getByLabel("Name").fill("user/ben");
  await page.getByLabel("Token").fill(ben);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel("Coordinates").fill(stack.place);
  await page.getByRole("button", { name: "Follow this place" }).click();
  await publish(stack, "user/ann", "lost_pet", "A grey parrot flew away");
  await page.getByRole("button", { name: /A grey parrot/ }).waitFor();
  clean(page);
});

test("a report whose answer was lost is the same report when it is sent again", async () => {
  const page = await neighbor(browser, stack, "user/ann", ann);
  const broker = await throughTest(page);
  await page.clock.install();
  await page.reload();
  await page.getByText("looked at").waitFor();
  await page.getByRole("link", { name: "Report something" }).click();
  await page.getByRole("button", { name: /^Hazard/ }).click();
  await page.getByLabel("In one line").fill("Open manhole at the canal");
  await page.getByRole("button", { name: "Preview" }).click();
  broker.hold((kind) => kind === PUBACK);
  await page.getByRole("button", { name: "Send to the neighborhood" }).click();
  await broker.held();
  broker.waiting.splice(0); // it never comes
  await page.clock.fastForward(21_000);
  await page.getByRole("alert").filter({ hasText: "did not answer" }).waitFor();
  broker.release();
  await page.getByRole("button", { name: "Send to the neighborhood" }).click();
  await page.getByText("Public id").waitFor();
  const { features } = await (await fetch(`${stack.url}v1/feed?cells=${stack.leaf}`)).json();
  assert.equal(features.filter(({ properties }) => properties.headline === "Open manhole at the canal").length, 1);
});

test("an act that is done after its window was closed closes no other", async () => {
  for (const headline of ["First of two fires", "Second of two fires"]) {
    await fire.publish.alert({ category: "fire", severity: "MINOR", urgency: "EXPECTED", certainty: "OBSERVED", headline, expires: Date.now() + 3_600_000,
      place: { circle: { center: { latE7: 340768000, lonE7: -1180316000 }, radiusM: 300 } } });
  }
  const page = await desk(browser, stack, FIRE, tokens.lee);
  const broker = await throughTest(page);
  await page.reload();
  await enter(page, "In force");
  const end = (name) => page.getByRole("article", { name }).getByRole("button", { name: "Cancel alert" }).click();
  await end("First of two fires");
  broker.hold((kind) => kind === PUBACK);
  await page.getByRole("dialog").getByRole("button", { name: "End it now" }).click();
  await broker.held();
  await page.keyboard.press("Escape");
  await end("Second of two fires");
  broker.release();
  await page.getByText("“First of two fires” has ended").waitFor();
  await page.getByRole("article", { name: "First of two fires" }).waitFor({ state: "detached" });
  await page.getByRole("dialog").getByText("Second of two fires").waitFor();
  clean(page);
});

test("a map that an officer has taken in hand stays where it is when the list of agencies comes", async () => {
  const page = await open(browser, stack.url, { viewport: { width: 1024, height: 768 } });
  const tell = await answered(page, "**/v1/agencies");
  await page.goto(stack.link(FIRE, tokens.lee));
  const scale = page.locator(".leaflet-control-scale-line").first();
  const before = await scale.textContent();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await scale.filter({ hasNotText: before }).waitFor();
  const looked = await scale.textContent();
  tell();
  await page.locator("path.jurisdiction").waitFor({ state: "attached" });
  assert.equal(await scale.textContent(), looked);
  clean(page);
});

test("the ground that was asked for by a map that is gone is drawn on the next", async () => {
  const page = await open(browser, stack.url);
  await page.route("**/v1/agencies", (route) => route.fulfill({ json: { type: "FeatureCollection", features: [] } })); // so that no map goes elsewhere
  const tell = await answered(page, "**/ground/world.json");
  const asked = page.waitForRequest("**/ground/world.json");
  await page.goto(stack.url);
  await asked;
  await page.getByRole("link", { name: "Public record" }).click();
  await page.getByRole("heading", { name: "The public record" }).waitFor();
  await page.locator(".leaflet-ground-pane canvas").waitFor();
  tell();
  await page.waitForFunction(() => {
    const canvas = document.querySelector(".leaflet-ground-pane canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size > 10; // not water and net alone
  });
  clean(page);
});
