import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { accessible, clean, launch, picture } from "./browser.mjs";
import { household, LIVELY, neighbor, PHONE } from "./resident.mjs";
import { Stack } from "./stack.mjs";

let stack;
let browser;
let ann;
before(async () => {
  stack = await Stack.start(LIVELY);
  browser = await launch();
  ann = await household(stack, "ann");
  await stack.enroll("agency/pd", "--name", "El Monte Police", "--officer", "lee");
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

test("a tip is a conversation; the reward's voucher comes to it, and its code stays in this browser", async () => {
  const page = await neighbor(browser, stack, "user/ann", ann, PHONE);
  await page.getByRole("link", { name: "Tips" }).click();
  await page.getByText("No conversation yet.").waitFor();
  await page.getByRole("link", { name: "Begin a tip" }).click();
  await page.getByLabel("To which agency").selectOption({ label: "El Monte Police" });
  await page.getByLabel("What you want to tell").fill("A grey van, three nights in a row, behind the pharmacy");
  await accessible(page);
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("heading", { name: "Conversation with El Monte Police" }).waitFor();
  const code = await page.locator(".claim-code code").textContent();
  assert.match(code, /^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/);
  const id = new URL(page.url()).hash.split("/").at(-1);

  await stack.neighbors("tip", "--as", "agency/pd", "--conversation", id, "--text", "Did you see the number plate?");
  await page.getByText("Did you see the number plate?").waitFor();
  await page.getByLabel("Your answer").fill("It began with 7K");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("listitem").filter({ hasText: "It began with 7K" }).waitFor();

  await stack.neighbors("reward", "stock", "--as", "agency/pd", "--programme", "cameras", "--stock", "3", "--reward", "A doorbell camera");
  await stack.neighbors("reward", "give", "--as", "agency/pd", "--programme", "cameras", "--conversation", id, "--case", "24-1187", "--claim-text", "At the desk, on weekdays");
  await page.getByRole("heading", { name: "A reward for your tip" }).waitFor();
  await page.getByText("A doorbell camera").waitFor();
  await accessible(page);
  await picture(page, "phone-tip");

  const [waiting] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save the voucher" }).click()]);
  const voucher = await readFile(await waiting.path(), "utf8");
  const { claim } = JSON.parse(Buffer.from(voucher.split(".")[1], "base64url").toString());
  assert.equal(claim, createHash("sha256").update(code).digest("hex"));

  await page.reload();
  await page.getByText(code).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Save for the household" }).waitFor(); // what comes above is there, and moves nothing any more
  await page.locator(".panel").getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("dialog").getByText("You have 1 tip code here").waitFor();
  await accessible(page);
  await page.getByRole("button", { name: "Remove all and sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.doesNotMatch(await page.evaluate(() => JSON.stringify(localStorage)), new RegExp(code));
  clean(page);
});
