import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { accessible, clean, launch, open, picture } from "./browser.mjs";
import { Stack } from "./stack.mjs";

let stack;
let browser;
let token;
before(async () => {
  stack = await Stack.start();
  token = await stack.enroll("agency/fire", "--officer", "lee", "--name", "El Monte Fire", "--second-officer", "no", "--at", stack.place, "--jurisdiction", stack.county);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

async function desk(options) {
  const page = await open(browser, stack.url, { viewport: { width: 1024, height: 768 }, ...options });
  await page.goto(stack.link("agency/fire", token));
  await page.getByRole("heading", { name: "New alert" }).waitFor();
  return page;
}

async function middle(page) {
  const { x, y, width, height } = await page.locator(".map-pane").boundingBox();
  return { x: x + width / 2, y: y + height / 2 };
}

/** Pulls a circle open from the middle of the map. */
async function drawCircle(page, far = 80) {
  await page.getByRole("button", { name: "Draw a circle" }).click();
  const { x, y } = await middle(page);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + far / 2, y);
  await page.mouse.move(x + far, y);
  await page.mouse.up();
}

function choose(page, group, name) {
  return page.getByRole("group", { name: group }).getByRole("radio", { name: new RegExp(`^${name}`) }).check();
}

test("an alert is drawn, shows what it reaches, and is sent after a last look", async () => {
  const page = await desk();
  await drawCircle(page);
  await page.getByText("Followers", { exact: true }).waitFor();
  await picture(page, "desk-circle");
  await choose(page, "Category", "Fire");
  await choose(page, "Severity", "Severe");
  await choose(page, "Urgency", "Immediate");
  await choose(page, "Certainty", "Observed");
  await page.getByLabel("Headline").fill("Brush fire along the river: leave now");
  await page.getByLabel("What to do").fill("Leave to the south on Peck Road.");
  await accessible(page);
  await picture(page, "desk-compose");
  await page.getByRole("button", { name: "Check and send" }).click();
  await page.getByRole("dialog").waitFor();
  await picture(page, "desk-summary");
  await page.getByRole("button", { name: "Send the alert" }).click();
  await page.getByText(/is out, as revision 1/).waitFor();
  await picture(page, "desk-sent");
  clean(page);
});
