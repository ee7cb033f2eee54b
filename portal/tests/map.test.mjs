import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { clean, launch, open, picture } from "./browser.mjs";
import { servePage } from "./pages.mjs";

let page;
let browser;
before(async () => {
  page = await servePage("items.html");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await page?.close();
});

/** A map with so many items. */
async function map(count, options) {
  const tab = await open(browser, page.url, options);
  await tab.goto(`${page.url}?count=${count}`);
  await tab.waitForFunction(() => window.items);
  return tab;
}

/** How many pixels of the canvases above the ground are drawn on. */
const inked = (tab) => tab.evaluate(() => [...document.querySelectorAll(".leaflet-overlay-pane canvas")].reduce((sum, canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return sum + data.filter((value, index) => index % 4 === 3 && value > 0).length;
}, 0));

const drawn = (tab) => tab.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

test("ten thousand items are drawn, each under the pointer that finds it; what is dropped or filtered is gone", async () => {
  const tab = await map(10_000);
  await drawn(tab);
  await picture(tab, "map-items");
  const full = await inked(tab);
  assert.ok(full > 50_000, `${full} pixels`);
  const found = await tab.evaluate(() => {
    const { map, layer, more } = window.items;
    const item = { ...more(1, false)[0], id: "mine", ...{ latitude: map.getCenter().lat, longitude: map.getCenter().lng }, activity: undefined,
      alert: { category: "fire", severity: "EXTREME" } };
    layer.put([item]);
    const at = map.latLngToContainerPoint([item.latitude, item.longitude]);
    const hit = layer.at(at)?.id;
    map.fire("click", { containerPoint: at, latlng: map.getCenter(), originalEvent: new MouseEvent("click") });
    layer.show(({ id }) => id !== "mine");
    const hidden = layer.at(at)?.id;
    layer.show(() => true);
    layer.drop(["mine", "never there"]);
    return { hit, hidden, after: layer.at(at)?.id, size: layer.size };
  });
  assert.equal(found.hit, "mine");
  assert.notEqual(found.hidden, "mine");
  assert.notEqual(found.after, "mine");
  assert.equal(found.size, 10_001);
  assert.deepEqual(await tab.evaluate(() => window.items.happened), ["mine"]);
  await tab.evaluate(() => window.items.layer.clear());
  await tab.waitForFunction(() => window.items.layer.size === 0);
  const isEmpty = async () => (await inked(tab)) === 0;
  while (!(await isEmpty())) {
    await drawn(tab);
  }
  clean(tab);
});

test("what is new shows with the next picture, also where nothing may move", async () => {
  for (const reducedMotion of ["reduce", "no-preference"]) {
    const tab = await map(0, { reducedMotion });
    await drawn(tab);
    assert.equal(await inked(tab), 0);
    await tab.evaluate(() => window.items.more(50, true));
    await drawn(tab);
    assert.ok((await inked(tab)) > 500);
    clean(tab);
  }
});

test("the ground has land, water, names and cells, near and far, in light and dark", async () => {
  const tab = await map(0);
  const looks = [["home", 34.0768, -118.0316, 14], ["county", 34.0, -118.2, 10], ["coast", 33.98, -118.46, 12], ["country", 39, -98, 4], ["europe", 50, 10, 6]];
  for (const [name, latitude, longitude, zoom] of looks) {
    await tab.evaluate((view) => window.items.map.setView([view[1], view[2]], view[3], { animate: false }), [name, latitude, longitude, zoom]);
    await tab.waitForFunction(() => {
      const canvas = document.querySelector(".leaflet-ground-pane canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size > 10; // land, water, lines and names, with their edges
    });
    await picture(tab, `ground-${name}`);
  }
  await tab.emulateMedia({ colorScheme: "dark" });
  await drawn(tab);
  await picture(tab, "ground-dark");
  clean(tab);
});
