/* What the tests of the resident's room share: somebody who is signed in and follows the neighborhood. */
import { open } from "./browser.mjs";

export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
export const LIVELY = { heartbeat_ms: 500, release_delay_ms: 100, release_households: 1, release_hysteresis: 0, release_verified_days: 0 };

export async function neighbor(browser, stack, who, token, options) {
  const page = await open(browser, stack.url, options);
  await page.goto(stack.link(who, token));
  await page.getByRole("heading", { name: "Follow a place" }).waitFor();
  await page.getByLabel("Coordinates").fill(stack.place);
  await page.getByText(`Cell ${stack.leaf}`).first().waitFor();
  await page.getByRole("button", { name: "Follow this place" }).click();
  await page.getByText("looked at").waitFor();
  return page;
}

/** Follows one more place: "34.2, -118.3", and how far around it. */
export async function followToo(page, name, at, metres) {
  await page.getByRole("link", { name: "Your places" }).click();
  await page.getByRole("button", { name: "Add a place" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Coordinates").fill(at);
  if (metres) {
    await page.getByLabel("How far around it").selectOption(metres);
  }
  await page.getByRole("button", { name: "Follow this place" }).click();
}

/** Enrols a resident with a household that has long been known to be real; the token. */
export function household(stack, name) {
  return stack.enroll(`user/${name}`, "--household", `house-of-${name}`, "--at", stack.place, "--verified-since", "-30d");
}

/** Publishes an alert as somebody else; its public id. */
export async function publish(stack, who, category, headline, ...more) {
  const [receipt] = await stack.neighbors("publish", "alert", "--as", who, "--category", category, "--headline", headline, "--at", stack.place, ...more);
  return receipt.public_id;
}
