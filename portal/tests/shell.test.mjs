import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { accessible, answered, clean, launch, open, PATIENCE, picture } from "./browser.mjs";
import { household, LIVELY, neighbor, PHONE, publish } from "./resident.mjs";
import { Stack } from "./stack.mjs";

let stack;
let browser;
before(async () => {
  stack = await Stack.start(LIVELY);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

test("who opens the portal finds its rooms, and how to sign in", async () => {
  const page = await open(browser, stack.url);
  await page.goto(stack.url);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await accessible(page);
  await picture(page, "sign-in");
  await page.getByRole("link", { name: "Public record" }).click();
  await page.getByRole("heading", { name: "The public record" }).waitFor();
  clean(page);
});

test("a link signs in, and its token leaves the address", async () => {
  const page = await open(browser, stack.url);
  await page.goto(stack.link("user/ann", await stack.enroll("user/ann")));
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  assert.equal(page.url(), `${stack.url}#/neighborhood`);
  await page.reload();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  clean(page);
});

test("two pages of one browser are two clients, and neither takes the session from the other", async () => {
  const page = await neighbor(browser, stack, "user/eve", await household(stack, "eve"));
  const other = await page.context().newPage();
  await other.goto(stack.url);
  await other.getByText("looked at").waitFor({ timeout: PATIENCE });
  await household(stack, "fay");
  await publish(stack, "user/fay", "safety", "Street light out");
  for (const each of [page, other]) {
    await each.getByText("Street light out").first().waitFor({ timeout: PATIENCE });
  }
  clean(page);
});

test("a map looks where the operator says, also when that is told late and the page has grown meanwhile", async () => {
  const page = await open(browser, stack.url);
  const tell = await answered(page, "**/v1/portal",
    (route) => route.fulfill({ json: { name: "El Monte", look: { latitude: 34.0768, longitude: -118.0316, zoom: 14 }, tiles: null } }));
  await page.goto(stack.url);
  const scale = page.locator(".leaflet-control-scale-line").first();
  await scale.filter({ hasText: "500 km" }).waitFor();
  await page.setViewportSize({ width: 1093, height: 731 });
  await page.waitForFunction(() => {
    const { width, height } = document.querySelector(".map-pane").getBoundingClientRect();
    const canvas = document.querySelector(".leaflet-ground-pane canvas").getBoundingClientRect();
    return Math.abs(canvas.width / canvas.height - width / height) < 0.05;
  });
  tell();
  await scale.filter({ hasText: /^(300|500) m$/ }).waitFor();
  clean(page);
});

test("whose token is not good is told so, and does not wait", async () => {
  const page = await open(browser, stack.url, PHONE);
  await page.goto(stack.link("user/ann", "not-a-token"));
  await page.getByText(/does not let you in/).waitFor();
  await accessible(page);
  await picture(page, "refused");
  clean(page);
});
