/* Headless Chromium of this machine, and what the tests ask of every page: that nothing on it went wrong, that it asked nobody
 * but our own server, that it is accessible; and pictures of it in build/portal-pictures. */
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { THROTTLED } from "./slow.mjs";

export const PATIENCE = 30_000;
const pictures = fileURLToPath(new URL("../../build/portal-pictures/", import.meta.url));
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Without a graphics card: one that is imitated in software draws ten times slower than the browser itself. */
export function launch() {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"], timeout: 4 * PATIENCE });
}

/** A page of its own context. `troubles` gathers what went wrong on it; `strangers` what it asked of others than `origin`. */
export async function open(browser, origin, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  if (THROTTLED) {
    await (await context.newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: THROTTLED });
  }
  page.troubles = [];
  page.strangers = [];
  page.on("pageerror", (error) => page.troubles.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.troubles.push(message.text()));
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    if (host !== new URL(origin).host && protocol !== "data:" && protocol !== "blob:") {
      page.strangers.push(request.url());
    }
  });
  return page;
}

/** Has an address answered when the test says so, by calling what it gives. */
export async function answered(page, address, how = (route) => route.continue()) {
  let tell;
  const told = new Promise((resolve) => { tell = resolve; });
  await page.route(address, async (route) => {
    await told;
    await how(route);
  });
  return tell;
}

export async function picture(page, name) {
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}${name}.png` });
}

/* In the dark the same elements have other colours. */
const RULES = {
  light: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
  dark: { type: "rule", values: ["color-contrast", "link-in-text-block"] },
};

/** Holds the page against WCAG 2.2 A and AA, in light and in dark. */
export async function accessible(page) {
  if (!(await page.evaluate(() => "axe" in globalThis))) {
    await page.evaluate(await readFile(axe, "utf8")); // evaluated, not added: the content security policy forbids other scripts
  }
  for (const [colorScheme, runOnly] of Object.entries(RULES)) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate((options) => globalThis.axe.run(document, options), { runOnly, resultTypes: ["violations"] });
    assert.deepEqual(violations.map(({ id, nodes }) => `${colorScheme}: ${id}: ${nodes.map((node) => node.html).join(" ")}`), []);
  }
}

/** Nothing went wrong on the page, and nobody else was asked. */
export function clean(page) {
  assert.deepEqual(page.troubles, []);
  assert.deepEqual(page.strangers, []);
}
