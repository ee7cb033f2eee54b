/* What somebody's first view of the portal takes: bytes as they travelled, and times as the page's own clock has them. */
import { open } from "./browser.mjs";

/** Where somebody who was here before is signed in and follows a place; the pages' files are not kept. */
export function remembered(stack, name, token) {
  return {
    "neighbors.identity": JSON.stringify({ name, token, clientId: `view-${Math.random().toString(36).slice(2)}` }),
    [`neighbors.places.${name}`]: JSON.stringify([{ id: "home", name: "Home", cell: stack.leaf, metres: 1600 }]),
  };
}

/** In the page, before all of it: notes when a text is first in the document (`shown`, the picture after), and when a WebSocket
 * message with it came (`received`). */
function watch(text) {
  const wanted = new TextEncoder().encode(text);
  const has = (bytes) => {
    for (let at = 0; at + wanted.length <= bytes.length; at++) {
      if (wanted.every((byte, index) => bytes[at + index] === byte)) {
        return true;
      }
    }
    return false;
  };
  window.view = {};
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...words) {
      super(...words);
      this.addEventListener("message", ({ data }) => {
        if (data instanceof ArrayBuffer && !window.view.received && has(new Uint8Array(data))) {
          window.view.received = performance.now();
        }
      });
    }
  };
  const look = new MutationObserver(() => {
    if (document.body?.textContent.includes(text)) {
      look.disconnect();
      requestAnimationFrame(() => setTimeout(() => { window.view.shown = performance.now(); })); // the picture is made in between
    }
  });
  look.observe(document, { childList: true, subtree: true, characterData: true });
}

/** A page of somebody who never was here, but for what `storage` holds; `text` is waited for. */
export async function begin(browser, stack, text, storage = {}) {
  const page = await open(browser, stack.url);
  page.bytes = 0;
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  session.on("Network.loadingFinished", ({ encodedDataLength }) => { page.bytes += encodedDataLength; });
  await page.addInitScript(watch, text);
  await page.addInitScript((items) => Object.entries(items).forEach(([name, value]) => localStorage.setItem(name, value)), storage);
  return page;
}

/** Opens it; { bytes, paint, map, shown }: times in ms from the beginning of the navigation. */
export async function view(page, stack) {
  await page.goto(stack.url, { waitUntil: "networkidle" });
  await page.waitForFunction(() => window.view.shown && performance.getEntriesByName("map drawn").length > 0);
  const times = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    map: performance.getEntriesByName("map drawn")[0].startTime,
    shown: window.view.shown,
  }));
  return { bytes: page.bytes, ...times };
}
