import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createECDH, randomBytes } from "node:crypto";
import { accessible, clean, launch, picture } from "./browser.mjs";
import { household, LIVELY, neighbor, publish } from "./resident.mjs";
import { Stack } from "./stack.mjs";

let stack;
let browser;
let ann;
before(async () => {
  const folder = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
  const key = `${folder}/push.pem`;
  execFileSync("openssl", ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], { stdio: "ignore" });
  execFileSync("chmod", ["600", key]);
  stack = await Stack.start({ ...LIVELY, footage_households: 1, footage_release_s: 1, push_key_file: key, push_contact: "mailto:desk@neighbors.example",
    push_hosts: "127.0.0.1" });
  browser = await launch();
  ann = await household(stack, "ann");
  await stack.enroll("device/porch", "--household", "house-of-ann", "--at", stack.place, "--verified-since", "-30d");
  await stack.neighbors("publish", "motion", "--as", "device/porch", "--kind", "person", "--when", "-30m");
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", `${stack.folder}/pd.key`, "-out", `${stack.folder}/pd.pem`,
    "-days", "2", "-subj", "/CN=pd"], { stdio: "ignore" });
  await stack.enroll("agency/pd", "--name", "El Monte Police", "--officer", "lee", "--certificate", `${stack.folder}/pd.pem`);
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

/** A picture as a phone would have taken it. */
async function photo(page) {
  const base64 = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1600;
    const context = canvas.getContext("2d");
    for (let i = 0; i < 4000; i++) {
      context.fillStyle = `hsl(${(i * 37) % 360} 70% 50%)`;
      context.fillRect((i * 97) % 1600, (i * 61) % 1600, 60, 40);
    }
    return canvas.toDataURL("image/png").split(",")[1];
  });
  return { name: "porch.png", mimeType: "image/png", buffer: Buffer.from(base64, "base64") };
}

async function settings() {
  const parts = await stack.neighbors("export", "--as", "user/ann");
  return parts.map((part) => part.settings ?? part.part?.settings).find(Boolean) ?? parts;
}

test("a household decides what its cameras share, how long, and who may ask", async () => {
  const page = await neighbor(browser, stack, "user/ann", ann);
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByLabel("porch has a rule of its own").check();
  const porch = page.getByRole("group", { name: "porch shares" });
  await porch.getByRole("button", { name: "Persons" }).click();
  await porch.getByRole("button", { name: "Vehicles" }).click();
  await page.getByRole("group", { name: /^Hours/ }).getByRole("button", { name: "Add" }).click();
  await page.getByLabel("How long your own events are kept").selectOption("14");
  await page.getByRole("group", { name: "Every agency" }).getByRole("button", { name: "Burglary" }).click();
  await accessible(page);
  await picture(page, "settings");
  await page.getByRole("button", { name: "Save for the household" }).click();
  await page.getByText("Stored.").first().waitFor();
  const kept = JSON.stringify(await settings());
  assert.match(kept, /PERSON/);
  assert.match(kept, /BURGLARY/);
  await page.reload();
  await page.getByRole("checkbox", { name: "porch has a rule of its own", checked: true }).waitFor();
  assert.equal(await page.getByLabel("How long your own events are kept").inputValue(), "14");

  await page.getByLabel("Show only alerts at least so bad").selectOption("SEVERE");
  await page.getByLabel("Language of alerts that have several").fill("es");
  await page.getByRole("button", { name: "Save for this browser" }).click();
  await page.getByText("Stored.").waitFor();
  await page.getByLabel("Appearance").selectOption("dark");
  await picture(page, "settings-dark");
  clean(page);
});

test("a request for footage says what the agency learns; what is shared is sealed here, declined tells nothing, and can be taken back", async () => {
  await stack.neighbors("settings", "--as", "user/ann", "--footage", "burglary");
  const page = await neighbor(browser, stack, "user/ann", ann);
  await page.getByRole("link", { name: "Footage" }).click();
  const [asked] = await stack.neighbors("footage-request", "--as", "agency/pd", "--case", "24-1187", "--incident", "burglary", "--contact", "desk@police.example",
    "--sought", "A man with a ladder", "--at", stack.place, "--radius", "300", "--from", "-1h", "--to", "-1m", "--open", "400s");
  await page.getByRole("link", { name: /El Monte Police/ }).click();
  for (const words of ["A man with a ladder", "24-1187", "porch", "desk@police.example", "Nothing, unless you share"]) {
    await page.getByText(words).first().waitFor();
  }
  await page.getByLabel("Choose clips or pictures").setInputFiles([await photo(page), { ...(await photo(page)), name: "second.png" }]);
  const [first, second] = [page.getByRole("region", { name: "Clip clip-1" }), page.getByRole("region", { name: "Clip clip-2" })];
  await first.getByText(/picture of \d+ kB/).waitFor();
  await first.getByLabel("A note for the agency").fill("He went north");
  await accessible(page);
  await picture(page, "footage");
  await second.getByRole("button", { name: "Decline" }).click();
  await page.getByText("Declined: the same as saying nothing").waitFor();
  await first.getByRole("button", { name: "Share this clip" }).click();
  await page.getByText(/^Shared/).waitFor();
  await picture(page, "footage-shared");
  await page.addInitScript((ms) => { const { now } = Date; Date.now = () => now() + ms; }, 210_000); // the time when answers leave
  await page.reload();
  const received = await stack.neighbors("footage-received", "--as", "agency/pd", "--key", `${stack.folder}/pd.key`, "--count", "1", "--for", "60s");
  assert.match(JSON.stringify(received), /He went north/);
  assert.match(JSON.stringify(received), new RegExp(asked.request_id ?? "24-1187"));
  await page.getByRole("button", { name: "Withdraw" }).click();
  await page.getByText(/^Withdrawn/).waitFor();
  clean(page);
});

test("what is held is handed out, and deleted with a signed receipt", async () => {
  await stack.neighbors("settings", "--as", "user/ann", "--retention", "30");
  const page = await neighbor(browser, stack, "user/ann", ann);
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Save for the household" }).waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export everything" }).click()]);
  const { parts } = JSON.parse(await readFile(await file.path(), "utf8"));
  assert.equal(parts.flatMap(({ events }) => events).length, 1);
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await accessible(page);
  await page.getByRole("button", { name: "Yes, delete it for good" }).click();
  await page.getByText("Noted.").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Deleted: 1 event").waitFor();
  await page.getByText("The receipt's signature is the broker's.").waitFor();
  await picture(page, "deleted");

  clean(page);

  await page.getByRole("link", { name: "Alerts" }).click();
  await stack.neighbors("ca", "rotate-log-key"); // another key signs from now on; the one before gave its word for it
  await stack.command("kill", "neighborsd");
  await page.getByText(/connection lost/).waitFor();
  await stack.command("start", "neighborsd");
  await page.getByText("looked at").waitFor();
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByText("Deleted: 1 event").waitFor();
  await page.getByText("The receipt's signature is the broker's.").waitFor();
  assert.deepEqual(page.strangers, []);
});

/* No browser of a test has a push service; what it would give is made here, and the broker judges it. */
const subscribe = ({ p256dh, auth }) => {
  const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
  const keys = { p256dh: bytes(p256dh), auth: bytes(auth) };
  let held = null;
  const made = { endpoint: "https://127.0.0.1/push/1", getKey: (name) => keys[name], unsubscribe: async () => { held = null; return true; } };
  PushManager.prototype.subscribe = async () => { held = made; return made; };
  PushManager.prototype.getSubscription = async () => held;
};

test("notices in the background are asked for by a tap, shown by the service worker, and open the portal at the alert", async () => {
  const id = await publish(stack, "user/ann", "hazard", "A fallen wire across Tyler", "--description", "It sparks and blocks the street");
  const page = await neighbor(browser, stack, "user/ann", ann, { permissions: ["notifications"] });
  await page.reload(); // what the broker says of itself comes behind everything else that the page waits for then
  const curve = createECDH("prime256v1");
  curve.generateKeys();
  await page.evaluate(subscribe, { p256dh: curve.getPublicKey("base64"), auth: randomBytes(16).toString("base64") });
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.getByText("Notices are on.").waitFor();

  const shown = () => page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(({ title, body }) => `${title}: ${body}`));
  const worker = page.context().serviceWorkers()[0];
  const tell = (notice) => worker.evaluate(async (text) => {
    const event = new PushEvent("push", { data: text });
    const done = [];
    event.waitUntil = (work) => done.push(work);
    self.clients.matchAll = async () => []; // nobody looks at the portal
    self.dispatchEvent(event);
    await Promise.all(done);
  }, JSON.stringify({ version: 1, publicId: id, ...notice }));
  await tell({ revision: 2, state: "IN_FORCE", category: "hazard", severity: "SEVERE", truth: "CONFIRMED", headline: "A fallen wire across Tyler" });
  assert.deepEqual(await shown(), ["Severe · Hazard: A fallen wire across Tyler\nConfirmed · A resident"]);
  await tell({ revision: 1, state: "IN_FORCE", category: "hazard", headline: "An older state" });
  assert.equal((await shown()).length, 1);
  await tell({ revision: 3, state: "ENDED" });
  assert.deepEqual(await shown(), []);

  /* A device that was away gets two at once, and is slow to show the first. */
  await worker.evaluate(async (texts) => {
    const show = self.registration.showNotification.bind(self.registration), done = [];
    let go;
    const slow = new Promise((resolve) => { go = resolve; });
    self.registration.showNotification = async (...words) => { await slow; return show(...words); };
    for (const data of texts) {
      const event = new PushEvent("push", { data });
      event.waitUntil = (work) => done.push(work);
      self.dispatchEvent(event);
    }
    for (let i = 0; i < 20; i++) { // time enough for the second, were it not to wait
      await caches.open("neighbors-shown");
    }
    go();
    await Promise.all(done);
    self.registration.showNotification = show;
  }, [{ revision: 4, state: "IN_FORCE", category: "hazard", headline: "It fell again" }, { revision: 5, state: "ENDED" }].map((notice) =>
    JSON.stringify({ version: 1, publicId: id, ...notice })));
  assert.deepEqual(await shown(), []);

  await page.getByRole("button", { name: "Turn off" }).click();
  await page.getByText("Notices are off.").waitFor();
  await page.evaluate((publicId) => navigator.serviceWorker.dispatchEvent(new MessageEvent("message", { data: { open: publicId } })), id);
  await page.getByRole("heading", { name: "A fallen wire across Tyler" }).waitFor();
  clean(page);
});
