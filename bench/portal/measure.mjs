/* One round of what the portal has to reach, in headless Chromium against a real installation: a line of JSON.
 *   node bench/portal/measure.mjs */
import { launch, open } from "../../portal/tests/browser.mjs";
import { begin, remembered, view } from "../../portal/tests/first_view.mjs";
import { servePage } from "../../portal/tests/pages.mjs";
import { Stack } from "../../portal/tests/stack.mjs";

const ITEMS = 10_000;
const ALERTS = 5;

/** Pictures a second, while the map is moved and zoomed and 50 items a second come. Counted by the page, over all of it. */
async function pictures(browser) {
  const page = await servePage("items.html");
  const tab = await open(browser, page.url, { reducedMotion: "no-preference" });
  await tab.goto(`${page.url}?count=${ITEMS}`);
  await tab.waitForFunction(() => window.items && performance.getEntriesByName("map drawn").length > 0);
  const result = await tab.evaluate(async () => {
    const { map, more } = window.items;
    const gaps = [];
    let last = performance.now();
    let goesOn = true;
    const began = last;
    const tick = () => {
      const now = performance.now();
      gaps.push(now - last);
      last = now;
      if (goesOn) {
        requestAnimationFrame(tick);
      }
    };
    requestAnimationFrame(tick);
    const coming = setInterval(() => more(5, true), 100);
    const done = (what) => new Promise((resolve) => map.once(what, resolve));
    for (let i = 0; i < 8; i++) {
      const moved = done("moveend");
      map.panBy([i % 2 ? 400 : -400, i % 3 ? 150 : -300], { animate: true, duration: 0.5 });
      await moved;
      const zoomed = done("zoomend");
      map.setZoom(14 + (i % 2 ? 1 : -1));
      await zoomed;
    }
    goesOn = false;
    clearInterval(coming);
    gaps.sort((a, b) => a - b);
    return { rate: (gaps.length * 1000) / (performance.now() - began), p95: gaps[Math.floor(gaps.length * 0.95)] };
  });
  await tab.context().close();
  await page.close();
  return result;
}

/** From an alert's WebSocket message to the picture that shows its headline, ms each. */
async function shown(browser, stack, token) {
  const took = [];
  for (let number = 0; number < ALERTS; number++) {
    const headline = `Alert ${number} of ${Math.random().toString(36).slice(2)}`;
    const page = await begin(browser, stack, headline, remembered(stack, "user/ann", token));
    await page.goto(stack.url, { waitUntil: "networkidle" });
    await page.getByText("looked at").waitFor();
    await stack.neighbors("publish", "alert", "--as", "agency/fire", "--category", "fire", "--at", stack.place, "--headline", headline, "--expires", "+1h");
    await page.waitForFunction(() => window.view.received && window.view.shown);
    took.push(await page.evaluate(() => window.view.shown - window.view.received));
    await page.context().close();
  }
  return took;
}

async function first(browser, stack, text, storage) {
  const page = await begin(browser, stack, text, storage);
  const result = await view(page, stack);
  await page.context().close();
  return result;
}

const stack = await Stack.start({ portal_center: "34.0768,-118.0316", heartbeat_ms: 500 });
const browser = await launch();
try {
  const token = await stack.enroll("user/ann");
  await stack.enroll("agency/fire", "--name", "Fire", "--second-officer", "no", "--drill", "no");
  await stack.neighbors("publish", "alert", "--as", "agency/fire", "--category", "fire", "--at", stack.place, "--headline", "Smoke over Tyler", "--expires", "+2h");
  await first(browser, stack, "Sign in"); // the browser itself has begun
  console.log(JSON.stringify({
    signIn: await first(browser, stack, "Sign in"),
    feed: await first(browser, stack, "Smoke over Tyler", remembered(stack, "user/ann", token)),
    shown: await shown(browser, stack, token),
    items: await pictures(browser),
  }));
} finally {
  await browser.close();
  await stack.stop();
}
