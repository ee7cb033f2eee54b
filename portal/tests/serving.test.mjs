import { createServer } from "node:http";
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { clean, launch, open, picture } from "./browser.mjs";
import { begin, remembered, view } from "./first_view.mjs";
import { Stack } from "./stack.mjs";

const MOST = 500_000; // bytes of a first view
const TILE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwAEBQIA5b2RUgAAAABJRU5ErkJggg==", "base64");

let stack;
let browser;
let tiles;
before(async () => {
  tiles = createServer((request, response) => {
    tiles.asked.push({ path: request.url, referrer: request.headers.referer });
    response.writeHead(200, { "content-type": "image/png" }).end(TILE);
  });
  tiles.asked = [];
  await new Promise((resolve) => tiles.listen(0, "127.0.0.1", resolve));
  stack = await Stack.start({ portal_center: "34.0768,-118.0316" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
  tiles.close();
  tiles.closeAllConnections();
});

test("the first view of a stranger, and of a neighbor with an alert in force, are small, and ask nobody else", async () => {
  const stranger = await begin(browser, stack, "Sign in");
  const first = await view(stranger, stack);
  assert.ok(first.bytes > 10_000 && first.bytes <= MOST, `${first.bytes} bytes to sign in`);
  clean(stranger);

  const token = await stack.enroll("user/ann");
  await stack.enroll("agency/fire", "--name", "Fire", "--second-officer", "no", "--drill", "no");
  await stack.neighbors("publish", "alert", "--as", "agency/fire", "--category", "fire", "--at", stack.place, "--headline", "Smoke over Tyler",
    "--expires", "+2h");
  const neighbor = await begin(browser, stack, "Smoke over Tyler", remembered(stack, "user/ann", token));
  const feed = await view(neighbor, stack);
  assert.ok(feed.bytes > 10_000 && feed.bytes <= MOST, `${feed.bytes} bytes to the feed`);
  await picture(neighbor, "first-view");
  clean(neighbor);
});

test("everything that can be packed came packed", async () => {
  const page = await open(browser, stack.url);
  const answers = [];
  page.on("response", (answer) => answers.push(answer));
  const ground = page.waitForResponse(/\/ground\//);
  await page.goto(stack.url);
  await ground;
  const plain = [];
  for (const answer of answers) {
    const { "content-encoding": encoding, "content-type": type, "content-length": length } = await answer.allHeaders();
    if (/\/(assets|ground)\/|\/$/.test(answer.url()) && /javascript|css|html|json/.test(type) && encoding !== "gzip" && length > 200) {
      plain.push(answer.url());
    }
  }
  assert.deepEqual(plain, []);
  clean(page);
});

test("street tiles come from where the operator says, under the operator's words, and learn no address of ours", async () => {
  const { port } = tiles.address();
  const other = await Stack.start({ portal_tiles: `http://127.0.0.1:${port}/{z}/{x}/{y}.png`, portal_tiles_attribution: "Map by Mappers, https://map.example/about",
    portal_center: "34.0768,-118.0316", portal_name: "El Monte" });
  try {
    const page = await open(browser, other.url);
    await page.goto(other.url);
    await page.locator("img.leaflet-tile-loaded").first().waitFor({ state: "attached" });
    await page.getByText("Map by Mappers").waitFor();
    assert.equal(await page.getByRole("link", { name: "map.example" }).getAttribute("href"), "https://map.example/about");
    assert.deepEqual(page.troubles, []);
    assert.ok(page.strangers.length > 0 && page.strangers.every((address) => address.startsWith(`http://127.0.0.1:${port}/14/`)), page.strangers.join());
    assert.ok(tiles.asked.every(({ referrer }) => referrer === undefined));
  } finally {
    await other.stop();
  }
});

test("a page of somebody else cannot frame the portal, and a script of somebody else does not run in it", async () => {
  const page = await open(browser, stack.url);
  await page.goto(stack.url);
  const refused = await page.evaluate(async () => {
    const told = new Promise((resolve) => addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective), { once: true }));
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.head.append(script);
    return [await told, window.ran ?? false];
  });
  assert.deepEqual(refused, ["script-src-elem", false]);
  const { headers } = await fetch(stack.url);
  assert.match(headers.get("content-security-policy"), /frame-ancestors 'none'/);
});
