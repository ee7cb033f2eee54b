/* What the tests of the desk share: an agency with two officers, and hands on the page. */
import { open } from "./browser.mjs";

/** Enrols the agency with these officers; their tokens by name. */
export async function officers(stack, agency, names, ...options) {
  const tokens = {};
  for (const name of names) {
    tokens[name] = await stack.enroll(agency, "--officer", name, "--name", "El Monte Fire", "--at", stack.place, "--jurisdiction", stack.county, ...options);
  }
  return tokens;
}

/** A tablet at which somebody is signed in. */
export async function desk(browser, stack, agency, token, options) {
  const page = await open(browser, stack.url, { viewport: { width: 1024, height: 768 }, ...options });
  await page.goto(stack.link(agency, token));
  await page.getByRole("heading", { name: "New alert" }).waitFor();
  return page;
}

export function choose(page, group, name) {
  return page.getByRole("group", { name: group }).getByRole("radio", { name: new RegExp(`^${name}`) }).check();
}

export async function enter(page, name) {
  await page.getByRole("navigation", { name: "Desk" }).getByRole("link", { name: new RegExp(`^${name}`) }).click();
}

/** The map looks where the agency is. */
export function atHome(page) {
  return page.locator("path.jurisdiction").first().waitFor({ state: "attached" });
}

/** Pulls a circle open from the middle of the map. */
export async function drawCircle(page, far = 80) {
  await atHome(page);
  await page.getByRole("button", { name: "Draw a circle" }).click();
  const { x, y, width, height } = await page.locator(".map-pane").boundingBox();
  const middle = { x: x + width / 2, y: y + height / 2 };
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.down();
  await page.mouse.move(middle.x + far / 2, middle.y);
  await page.mouse.move(middle.x + far, middle.y);
  await page.mouse.up();
}

/** What every alert needs beside its area. */
export async function write(page, headline, severity = "Severe") {
  await choose(page, "Category", "Fire");
  await choose(page, "Severity", severity);
  await choose(page, "Urgency", "Immediate");
  await choose(page, "Certainty", "Observed");
  await page.getByLabel("Headline", { exact: true }).fill(headline);
}
