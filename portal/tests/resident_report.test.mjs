import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { accessible, clean, launch, PATIENCE, picture } from "./browser.mjs";
import { household, LIVELY, neighbor, PHONE, publish } from "./resident.mjs";
import { Stack } from "./stack.mjs";

let stack;
let browser;
let ann;
let ben;
before(async () => {
  stack = await Stack.start({ ...LIVELY, flags_enough: 1 });
  browser = await launch();
  ann = await household(stack, "ann");
  ben = await household(stack, "ben");
  for (const name of ["cara", "dan", "eve"]) {
    await household(stack, name);
  }
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

/** Waits until an alert with that headline is in force, as the broker tells everybody. */
async function inForce(headline) {
  for (const end = Date.now() + PATIENCE; ;) {
    const { features } = await (await fetch(`${stack.url}v1/feed?cells=${stack.leaf}`)).json();
    const told = features.map(({ properties }) => properties.headline);
    if (told.includes(headline)) {
      return;
    }
    assert.ok(Date.now() < end, `in force are ${told}, not ${headline}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("an alert is reported from a tap on the map, its words are held against the rules first, and changed and ended by its sender", async () => {
  const page = await neighbor(browser, stack, "user/ann", ann);
  await page.getByRole("region", { name: /Map/ }).click({ position: { x: 420, y: 340 } });
  await page.getByRole("link", { name: "Report something here" }).click();
  await page.getByRole("heading", { name: "What is it about?" }).waitFor();
  await accessible(page);
  await picture(page, "report-category");
  await page.getByRole("button", { name: /^Crime/ }).click();
  await page.getByText("describing what happened is required").waitFor();
  await page.getByText(/Cell 9qh1f/).first().waitFor();
  await page.getByLabel("In one line").fill("Suspicious man");
  await page.getByLabel("What happened").fill("A suspicious looking man");
  await page.getByText("says only what somebody looks like").waitFor();
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("alert").filter({ hasText: "Something is missing" }).waitFor();
  await accessible(page);
  await picture(page, "report-rules");
  await page.getByLabel("In one line").fill("Bicycle stolen from a garage");
  await page.getByLabel("What happened").fill("The lock was cut at noon; they went north in a white van");
  await page.getByLabel("How bad is it").selectOption("MODERATE");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByText("This is what your neighbors will see").waitFor();
  await accessible(page);
  await picture(page, "report-preview");
  await page.getByRole("button", { name: "Send to the neighborhood" }).click();
  await page.getByText("It is stored, and on its way").waitFor();
  await page.getByText(/Public id/).waitFor();
  await picture(page, "report-receipt");
  await inForce("Bicycle stolen from a garage");

  await page.getByRole("link", { name: "Mine" }).click();
  await page.getByRole("link", { name: "Bicycle stolen from a garage" }).waitFor();
  await accessible(page);
  await picture(page, "mine");
  await page.getByRole("link", { name: "Change it" }).click();
  await page.getByLabel("In one line").fill("Bicycle stolen, and found again");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("button", { name: "Send the change" }).click();
  await page.getByText("Revision 2").waitFor();
  await page.getByRole("link", { name: "Look at it" }).click();
  await page.getByRole("heading", { name: "Bicycle stolen, and found again" }).waitFor();
  await page.getByRole("button", { name: "It is over" }).click();
  await page.getByRole("status").filter({ hasText: "Ended" }).waitFor();
  clean(page);
});

test("what the broker alone refuses is told, and nothing that was written is lost", async () => {
  const page = await neighbor(browser, stack, "user/ann", ann);
  await page.getByRole("link", { name: "Report something" }).click();
  await page.getByRole("button", { name: /^Safety/ }).click();
  await page.getByLabel("In one line").fill("Street light out, corner of Tyler");
  await stack.neighbors("revoke", "user/ann");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByText("The broker does not let you in").waitFor();
  await page.getByRole("button", { name: "Send to the neighborhood" }).click();
  await page.getByRole("alert").filter({ hasText: /Not taken|did not/ }).waitFor();
  await page.getByRole("button", { name: "Change it" }).click();
  assert.equal(await page.getByLabel("In one line").inputValue(), "Street light out, corner of Tyler");
});

test("neighbors say that they saw it too, and flag what should not be there, by keyboard alone", async () => {
  const id = await publish(stack, "user/cara", "hazard", "A fallen wire across Tyler Avenue", "--description", "It sparks and blocks the street");
  const page = await neighbor(browser, stack, "user/ben", ben, PHONE);
  await page.getByRole("button", { name: /fallen wire/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "I saw it too" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/What did you see/).focus();
  await page.keyboard.type("Sparks at the pole");
  for (let i = 0; i < 6; i++) { // the focus goes round within the dialog, or to the browser's own
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog") !== null));
  }
  await accessible(page);
  await picture(page, "phone-witness");
  await dialog.getByRole("button", { name: "I saw it too" }).focus();
  await page.keyboard.press("Enter");
  await dialog.getByText("Thank you: it is counted.").waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "I saw it too");
  await stack.neighbors("witness", id, "--as", "user/dan");
  await stack.neighbors("witness", id, "--as", "user/eve");
  await page.getByText("Seen by others too").first().waitFor();

  await page.getByRole("button", { name: "Report abuse" }).focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("It is not true").focus();
  await page.keyboard.press("Space");
  await page.getByRole("dialog").getByRole("button", { name: "Report abuse" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("somebody will look at it").waitFor();
  clean(page);
});

test("the sender learns what a moderator did with it, and appeals", async () => {
  const dan = await stack.enroll("user/dan", "--household", "house-of-dan", "--at", stack.place, "--verified-since", "-30d");
  const page = await neighbor(browser, stack, "user/dan", dan);
  await page.getByRole("link", { name: "Report something" }).click();
  await page.getByRole("button", { name: /^Safety/ }).click();
  await page.getByLabel("In one line").fill("Broken railing at the school bridge");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("button", { name: "Send to the neighborhood" }).click();
  const id = await page.locator("code").first().textContent();
  await stack.neighbors("flag", id, "--as", "user/eve", "--reason", "false_report");
  await page.getByRole("link", { name: "Mine" }).click();
  await page.getByText("Held back after neighbors reported it").waitFor();
  await page.getByLabel("Why it should be shown").fill("I stood before it this morning");
  await page.getByRole("button", { name: "Appeal" }).click();
  await page.getByText("Your appeal is with a moderator.").waitFor();
  await picture(page, "mine-held");
  clean(page);
});
