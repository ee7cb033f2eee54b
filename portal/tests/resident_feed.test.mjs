import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { accessible, clean, launch, open, picture } from "./browser.mjs";
import { household, LIVELY, neighbor as settle, PHONE, publish as send } from "./resident.mjs";
import { Stack } from "./stack.mjs";


let stack;
let browser;
let token;
before(async () => {
  stack = await Stack.start(LIVELY);
  browser = await launch();
  token = await stack.enroll("user/ann");
  for (const name of ["ben", "cara", "dan"]) {
    await household(stack, name);
  }
  await stack.enroll("agency/fire", "--name", "El Monte Fire", "--officer", "lee", "--second-officer", "no");
  await stack.enroll("device/cam-1", "--household", "house-of-ben", "--at", stack.place, "--share", "all", "--verified-since", "-30d");
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

const neighbor = (options) => settle(browser, stack, "user/ann", token, options);
const publish = (...words) => send(stack, ...words);

test("a place is followed by its leaf cell alone, and silence is proved", async () => {
  const page = await neighbor();
  await page.getByText("Nothing happened").waitFor();
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  assert.match(kept, new RegExp(stack.leaf));
  assert.doesNotMatch(kept, /34\.0768|118\.0316/);
  await accessible(page);
  await picture(page, "feed-quiet");
  await page.reload();
  await page.getByRole("button", { name: "Home" }).waitFor();
  clean(page);
});

test("alerts and activity come as they happen; an alert shows its truth, and goes with a word", async () => {
  const page = await neighbor();
  const id = await publish("user/ben", "hazard", "Gas smell at the corner of Tyler", "--severity", "severe", "--description",
    "Strong since noon, the hydrant is open and the street is closed", "--id", "gas-1");
  const row = page.getByRole("button", { name: /Gas smell/ });
  await row.waitFor();
  for (const word of ["Severe", "Hazard", "Unverified", "New", "right here", "ends in"]) {
    await row.getByText(word).waitFor();
  }
  await stack.neighbors("publish", "motion", "--as", "device/cam-1", "--kind", "person");
  await page.getByRole("button", { name: /A person/ }).waitFor();
  await picture(page, "feed");
  await accessible(page);
  await picture(page, "feed-dark");
  await stack.neighbors("verdict", id, "--as", "agency/fire", "--decision", "confirmed");
  await row.getByText("Confirmed").waitFor();
  await row.click();
  await page.getByRole("heading", { name: /Gas smell/ }).waitFor();
  await page.getByText("An agency says that it is so.").waitFor();
  await page.getByText("the hydrant is open").waitFor();
  await page.emulateMedia({ colorScheme: "light" });
  await picture(page, "alert");
  await accessible(page);
  await stack.neighbors("publish", "alert", "--as", "user/ben", "--cancel", "gas-1");
  await page.getByRole("status").filter({ hasText: "Ended" }).waitFor();
  await page.getByRole("link", { name: "← Alerts" }).click();
  await row.getByText("Ended").waitFor();
  clean(page);
});

test("an extreme alert is announced at once, others politely; an agency's alert shows what to do and where more is", async () => {
  const page = await neighbor();
  await publish("agency/fire", "fire", "Brush fire above the river", "--severity", "extreme", "--radius", "900", "--instruction", "Leave by Tyler Avenue",
    "--web", "https://fire.example/brush", "--case", "F-17", "--reward", "Up to $500", "--expires", "2h", "--urgency", "immediate");
  await page.getByTestId("urgent").filter({ hasText: "Extreme alert: Brush fire" }).waitFor({ state: "attached" });
  await publish("user/cara", "safety", "Street light out at the school", "--severity", "minor");
  await page.getByTestId("polite").filter({ hasText: "Street light out" }).waitFor({ state: "attached" });
  await page.getByRole("button", { name: /Brush fire/ }).click();
  const link = page.getByRole("link", { name: "https://fire.example/brush" });
  assert.equal(await link.getAttribute("rel"), "noopener noreferrer");
  for (const words of ["Leave by Tyler Avenue", "F-17", "Up to $500", "Act at once", "El Monte Fire", "covers this place"]) {
    await page.getByText(words).first().waitFor();
  }
  await picture(page, "alert-agency");
  clean(page);
});

test("filters by category and severity; one place of several", async () => {
  const page = await neighbor();
  await page.getByRole("button", { name: /Street light/ }).waitFor();
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByRole("button", { name: "Fire", exact: true }).click();
  await page.getByRole("button", { name: /Street light/ }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: /Brush fire/ }).waitFor();
  await accessible(page);
  await page.getByRole("button", { name: "Fire", exact: true }).click();
  await page.getByLabel("At least").selectOption("MODERATE");
  await page.getByRole("button", { name: /Street light/ }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Show everything" }).click();
  await page.getByRole("button", { name: /Street light/ }).waitFor();

  await page.getByRole("link", { name: "Your places" }).click();
  await page.getByRole("button", { name: "Add a place" }).click();
  await page.getByLabel("Name").fill("School");
  await page.getByLabel("Coordinates").fill("34.2, -118.3");
  await page.getByLabel("How far around it").selectOption("400");
  await picture(page, "place");
  await accessible(page);
  await page.getByRole("button", { name: "Follow this place" }).click();
  await page.getByRole("link", { name: "Alerts" }).first().click();
  await page.getByRole("button", { name: "School", exact: true }).click();
  await page.getByText("Nothing is shown here now.").waitFor();
  await page.getByRole("button", { name: "All places" }).click();
  await page.getByRole("button", { name: /Brush fire/ }).getByText("Home:").waitFor();
  clean(page);
});

test("a text runs from the side of its language, and says which that is", async () => {
  const page = await neighbor();
  await publish("user/dan", "weather", "تحذير: فيضانات مفاجئة", "--language", "ar", "--description", "ابتعدوا عن النهر.");
  const headline = page.locator(".row-headline", { hasText: "فيضانات" });
  const told = (text) => text.evaluate((element) => [getComputedStyle(element).direction, element.lang]);
  assert.deepEqual(await told(headline), ["rtl", "ar"]);
  await headline.click();
  assert.deepEqual(await told(page.getByText("ابتعدوا")), ["rtl", "ar"]);
  await accessible(page);
  await picture(page, "alert-from-right");
  clean(page);
});

test("a place is chosen by tapping the map, or by where the browser is", async () => {
  const page = await open(browser, stack.url, { permissions: ["geolocation"], geolocation: { latitude: 34.0768, longitude: -118.0316 } });
  await page.goto(stack.link("user/ann", token));
  await page.getByRole("button", { name: "Use where I am" }).click();
  await page.getByText(`Cell ${stack.leaf}`).first().waitFor();
  await page.getByRole("region", { name: /Map/ }).click({ position: { x: 200, y: 120 } });
  await page.waitForFunction((leaf) => !document.querySelector(".cell-line strong")?.textContent?.includes(leaf), stack.leaf);
  await page.getByText(/Cell [0-9b-hjkmnp-z]{6}/).first().waitFor();
  clean(page);
});

test("what was lost is told in plain words, and what came meanwhile is shown", async () => {
  const page = await neighbor();
  await stack.command("kill", "neighborsd");
  await page.getByText(/Nothing new since .*, connection lost/).waitFor();
  await picture(page, "feed-away");
  await stack.command("start", "neighborsd");
  await publish("user/dan", "lost_pet", "Grey cat with a red collar ran away");
  await page.getByRole("button", { name: /Grey cat/ }).waitFor();
  await page.getByText("Up to date").waitFor();
  assert.deepEqual(page.strangers, []);
});

test("by keyboard alone, on a phone", async () => {
  const page = await neighbor(PHONE);
  await page.getByRole("button", { name: /Brush fire/ }).waitFor();
  await page.waitForFunction(() => { // the map, which has zoomed to the place, shows it too
    const canvas = document.querySelector(".item-canvas");
    return canvas?.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0);
  });
  await page.getByRole("button", { name: /Brush fire/ }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Home");
  assert.match(await page.evaluate(() => document.activeElement.textContent), /Brush fire/);
  await accessible(page);
  await picture(page, "phone-feed");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /Brush fire/ }).waitFor();
  await accessible(page);
  await picture(page, "phone-alert");
  clean(page);
});
