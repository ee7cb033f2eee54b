import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { accessible, clean, launch, open, picture } from "./browser.mjs";
import { atHome, desk, drawCircle, enter, officers } from "./desk_people.mjs";
import { Stack } from "./stack.mjs";
import { connect, decode, encode } from "../client/dist/index.js";

const POLICE = "agency/police", CASE = "24-1187";
/** The smallest PNG. */
const PIXEL = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="), (c) => c.charCodeAt(0));
let stack;
let browser;
let tokens;
let key;
const residents = [];

/** Households whose cameras saw something, and who may be asked for it; each with its app. */
async function households(names) {
  for (const name of names) {
    const token = await stack.enroll(`user/${name}`, "--household", name, "--at", stack.place, "--verified-since", "-30d");
    await stack.enroll(`device/${name}-door`, "--household", name, "--at", stack.place);
    await stack.neighbors("publish", "motion", "--as", `device/${name}-door`, "--kind", "person", "--when", "-10m");
    const app = await connect(`ws://127.0.0.1:${stack.http}/mqtt`, { name: `user/${name}`, token, clientId: "phone" });
    await app.publish.settings({ footage: { rules: [{ incidents: ["BURGLARY"] }] } });
    residents.push(app);
  }
}

before(async () => {
  stack = await Stack.start({ footage_households: 2, footage_release_s: 1, tree_head_s: 1 });
  const [certificate, keyFile] = await stack.command("certificate", "police");
  key = await readFile(keyFile, "utf8");
  tokens = await officers(stack, POLICE, ["lee"], "--certificate", certificate);
  await households(["ann", "ben"]);
  browser = await launch();
});
after(async () => {
  await Promise.all(residents.map((app) => app.close()));
  await browser?.close();
  await stack?.stop();
});

async function rewards(page) {
  await enter(page, "Rewards");
  await page.getByRole("button", { name: "New programme" }).click();
  await page.getByLabel("Name").fill("cameras-2026");
  await page.getByLabel("What each is").fill("A doorbell camera");
  await page.getByLabel("How many in all").fill("20");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("article", { name: "cameras-2026" }).waitFor();
}

test("footage is asked for within the limits, which are told while one draws and types", async () => {
  const page = await desk(browser, stack, POLICE, tokens.lee);
  const asked = new Promise((resolve) => residents[0].on("footageRequest", resolve));
  await enter(page, "Footage");
  await page.getByRole("button", { name: "Ask for footage" }).click();
  await page.getByRole("button", { name: "Type it" }).click();
  const radius = page.getByLabel("Radius in metres");
  await radius.fill("900");
  await page.getByText("Too large: at most 0.5 square miles in whole cells.").first().waitFor();
  const { latitude, longitude } = decode(encode(34.0768, -118.0316, 7)); // a small circle there touches one cell
  await radius.fill("25");
  await page.getByLabel("Middle (latitude, longitude)").fill(`${latitude.toFixed(5)}, ${longitude.toFixed(5)}`);
  await page.getByLabel("Middle (latitude, longitude)").press("Tab");
  await page.getByText("Too small: at least 0.025 square miles in whole cells.").first().waitFor();
  await radius.fill("300");
  const cells = await stack.neighbors("geo", "cover", "--circle", `${latitude.toFixed(5)},${longitude.toFixed(5)},300`, "--min", "7", "--max", "7");
  await page.waitForFunction((count) => document.querySelectorAll(".reached-cell").length === count, cells.length);
  await page.getByLabel("Footage from").fill("2026-01-01T00:00");
  await page.getByText("Not older than 45 days.").first().waitFor();
  await page.getByText("At most 12 hours after the beginning.").waitFor();
  await page.getByLabel("Footage from").fill(await page.evaluate(() => {
    const at = new Date(Date.now() - 3_600_000 - new Date().getTimezoneOffset() * 60_000);
    return at.toISOString().slice(0, 16);
  }));
  await page.getByLabel("Case number").fill(CASE);
  await page.getByLabel("Incident").selectOption("BURGLARY");
  await page.getByLabel("What is sought").fill("A man with a ladder, who left over the wall");
  await page.getByLabel("Contact").fill("desk@police.example");
  await accessible(page);
  await picture(page, "desk-footage-ask");
  await page.getByRole("button", { name: "Check and ask" }).click();
  await page.getByRole("dialog").waitFor();
  await picture(page, "desk-footage-summary");
  await page.getByRole("button", { name: "Ask residents" }).click();
  await page.getByText(/The request is sent/).waitFor();
  assert.equal((await asked).caseNumber, CASE);
  await page.getByLabel("Case number").fill(CASE);
  await page.getByText("1 of 2 requests of this case sent.").waitFor();
  await page.getByRole("button", { name: "Back to the requests" }).click();
  await page.getByRole("article", { name: `Request of case ${CASE}` }).waitFor();
  clean(page);
});

test("what residents share is opened in the browser by a key that never leaves it", async (t) => {
  const { now } = Date;
  Date.now = () => now() + 210_000; // to the residents' apps it is the time when answers leave
  t.after(() => { Date.now = now; });
  const shared = new Promise((resolve) => residents[1].on("footageRequest", (request) => request.caseNumber === "24-2" && resolve(request)));
  await stack.neighbors("footage-request", "--as", POLICE, "--case", "24-2", "--incident", "burglary", "--contact", "desk@police.example",
    "--sought", "A man with a ladder, who left over the wall", "--at", stack.place, "--radius", "300", "--from", "-1h", "--to", "-1m", "--open", "400s");
  const { requestId } = await shared;
  await residents[1].footage.share(requestId, { clipId: "c1", note: "He went north", device: "door", still: PIXEL });
  await residents[1].footage.share(requestId, { clipId: "c2", note: "And came back" });
  Date.now = now;
  const page = await desk(browser, stack, POLICE, tokens.lee);
  const sent = [];
  page.on("request", (request) => sent.push(request.postData() ?? ""));
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(String(payload))));
  await enter(page, "Footage");
  const request = page.getByRole("article", { name: "Request of case 24-2" });
  await request.getByText("2 answers").waitFor();
  await request.getByText("Choose the key to open it.").first().waitFor();
  await page.getByLabel("Private key file (PEM)").setInputFiles({ name: "note.txt", mimeType: "text/plain", buffer: Buffer.from("hello") });
  await page.getByText("This is no private key in PEM.").waitFor();
  await page.getByLabel("Private key file (PEM)").setInputFiles({ name: "police.key", mimeType: "application/x-pem-file", buffer: Buffer.from(key) });
  await request.getByText("He went north").waitFor();
  await request.getByText("And came back").waitFor();
  const image = request.getByRole("img", { name: /Picture of answer/ });
  await page.waitForFunction(() => document.querySelector(".clip-picture img")?.naturalWidth === 1);
  assert.match(await image.getAttribute("src"), /^blob:/);
  const [download] = await Promise.all([page.waitForEvent("download"), request.getByRole("link", { name: "Download" }).click()]);
  assert.deepEqual(new Uint8Array(await readFile(await download.path())), PIXEL);
  await accessible(page);
  await picture(page, "desk-answers");
  const secret = key.split("\n")[1];
  assert.ok(!sent.some((text) => text.includes(secret)), "the key was not sent");
  assert.ok(!(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).includes(secret), "the key was not kept");
  await page.getByRole("button", { name: "Forget the key" }).click();
  await request.getByText("He went north").waitFor({ state: "detached" });
  clean(page);
});

test("a case has its tips: a conversation, a reward out of the stock, and its end", async () => {
  const page = await desk(browser, stack, POLICE, tokens.lee);
  await rewards(page);
  const told = new Promise((resolve) => residents[0].on("tip", (tip) => tip.fromAgency && resolve(tip)));
  const granted = new Promise((resolve) => residents[0].on("reward", resolve));
  await residents[0].publish.tip({ agency: "police", caseNumber: CASE, text: "A grey van, three nights in a row", claimHash: new Uint8Array(32) });
  await enter(page, "Cases");
  await page.getByRole("button", { name: new RegExp(`Case ${CASE}`) }).click();
  const tip = page.getByRole("article", { name: /^Conversation/ });
  await tip.getByText("A grey van, three nights in a row").waitFor();
  await tip.getByLabel("Reply").fill("Which way did it go?");
  await tip.getByRole("button", { name: "Send the reply" }).click();
  assert.equal((await told).text, "Which way did it go?");
  await tip.getByRole("listitem").filter({ hasText: "Which way did it go?" }).waitFor();
  await tip.getByRole("button", { name: "Grant a reward" }).click();
  await page.getByLabel("How to claim it").fill("At the front desk");
  await page.getByRole("button", { name: "Grant it" }).click();
  assert.equal((await granted).claimText, "At the front desk");
  await tip.getByText(/Granted: A doorbell camera/).waitFor();
  await page.getByText(/reward: A doorbell camera|footage.request: A man with a ladder/).first().waitFor();
  await accessible(page);
  await picture(page, "desk-case");
  await enter(page, "Rewards");
  const programme = page.getByRole("article", { name: "cameras-2026" });
  await programme.getByText("19", { exact: true }).waitFor();
  await programme.getByRole("button", { name: "Take a voucher in" }).click();
  await page.getByLabel("Number of the voucher").fill("1");
  await page.getByRole("button", { name: "Take it in" }).click();
  await page.getByText("Voucher 1 of cameras-2026 was taken in.").waitFor();
  await accessible(page);
  await picture(page, "desk-rewards");
  await enter(page, "Cases");
  const ended = new Promise((resolve) => residents[0].on("footageRequest", (request) => request.ended && resolve(request)));
  await page.getByRole("button", { name: "Close the case" }).click();
  await page.getByRole("radio", { name: "Solved", exact: true }).check();
  await page.getByRole("dialog").getByRole("button", { name: "Close the case" }).click();
  await page.getByText("Closed: Solved").waitFor();
  await ended;
  await page.reload();
  await enter(page, "Cases");
  await page.getByRole("button", { name: new RegExp(`Case ${CASE}`) }).click();
  await page.getByText("Which way did it go?").waitFor();
  clean(page);
});

test("who is told to come again later comes again: many desks may be behind one address", async () => {
  const page = await open(browser, stack.url);
  const told = [];
  for (const what of ["portal", "agencies", "log/head", "log/leaves"]) {
    await page.route(new RegExp(`/v1/${what}`), (route) => {
      told.push(what);
      return route.fulfill({ status: 429, headers: { "retry-after": "1" }, body: "{}" });
    }, { times: 1 });
  }
  await page.goto(stack.link(POLICE, tokens.lee));
  await atHome(page);
  await enter(page, "Cases");
  await page.getByRole("button", { name: new RegExp(`Case ${CASE}`) }).click();
  await page.getByText(/reward: A doorbell camera/).first().waitFor();
  assert.deepEqual(told.sort(), ["agencies", "log/head", "log/leaves", "portal"]);
  page.troubles = page.troubles.filter((text) => !/status of 429/.test(text));
  clean(page);
});
