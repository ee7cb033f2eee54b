import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { accessible, clean, launch, open, PATIENCE, picture } from "./browser.mjs";
import { Stack } from "./stack.mjs";

let stack;
let browser;

/** Sends an alert of an agency, and waits until its act was signed. */
async function alert(who, headline) {
  await stack.neighbors("publish", "alert", "--as", who, "--category", "fire", "--severity", "severe", "--at", stack.place, "--headline", headline,
    "--description", `${headline}, keep away`, "--expires", "+2h");
  const end = Date.now() + PATIENCE;
  const isSigned = async () => (await (await fetch(`${stack.url}v1/log/leaves`)).text()).includes(headline);
  while (!(await isSigned())) {
    assert.ok(Date.now() < end, "the broker did not sign the act");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

before(async () => {
  stack = await Stack.start({ tree_head_s: 1 });
  await stack.enroll("agency/fire", "--name", "El Monte Fire", "--second-officer", "no", "--drill", "no", "--at", stack.place,
    "--jurisdiction", stack.county);
  await stack.enroll("agency/police", "--name", "El Monte Police", "--second-officer", "no", "--drill", "no", "--jurisdiction", stack.county);
  await alert("agency/fire", "Smoke over Tyler Avenue");
  await alert("agency/police", "Road closed at Valley Boulevard");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

/** The room; it may be read when the record was. */
async function opened(options) {
  const page = await open(browser, stack.url, options);
  await page.goto(`${stack.url}#/record`);
  await page.getByRole("heading", { name: "Nothing was rewritten" }).waitFor();
  return page;
}

const actOf = (page, headline) => page.getByRole("listitem").filter({ hasText: headline }).last();

test("whoever comes sees what agencies did, on the map, as a chart, and each act proved", async () => {
  const page = await opened();
  await page.getByText("computed anew in this browser").waitFor();
  await page.getByRole("img", { name: /all agencies: Alerts 2/ }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll("path.jurisdiction").length === 2);
  await picture(page, "record");
  await page.emulateMedia({ colorScheme: "dark" });
  await picture(page, "record-dark");
  const act = actOf(page, "Smoke over Tyler Avenue");
  await act.getByRole("button", { name: /Check act/ }).click();
  await act.getByText(/is in the signed record/).waitFor();
  await page.getByText("As a table").click();
  await page.getByRole("columnheader", { name: "Alerts" }).waitFor();
  await accessible(page);
  await picture(page, "record-checked");
  clean(page);
});

test("one agency's acts alone", async () => {
  const page = await opened();
  await page.getByRole("button", { name: /El Monte Fire/ }).click();
  await page.getByRole("heading", { name: "The record of El Monte Fire" }).waitFor();
  await page.getByRole("img", { name: /El Monte Fire: Alerts 1/ }).waitFor();
  assert.equal(await page.getByText("Road closed at Valley Boulevard").count(), 0);
  await accessible(page);
  clean(page);
});

test("on a phone", async () => {
  const page = await opened({ viewport: { width: 390, height: 844 }, hasTouch: true });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await accessible(page);
  await picture(page, "record-phone");
  clean(page);
});

test("what came since is said; a record that was rewritten is noticed, and stays so", async () => {
  const page = await opened();
  await alert("agency/fire", "Water main broke on Garvey");
  await page.reload();
  await page.getByText("came since, none was changed").waitFor();
  await actOf(page, "Water main broke on Garvey").waitFor();
  assert.equal(await stack.command("rewrite", "Garvey", "Harvey"), 1);
  await page.reload();
  await page.getByRole("alert").getByRole("heading", { name: "The record is not what it was" }).waitFor();
  await page.getByText("Water main broke on Harvey").waitFor(); // what it shows now is shown, below the alarm
  const act = actOf(page, "Harvey");
  await act.getByRole("button", { name: /Check act/ }).click();
  await act.getByText(/is not in the tree that was signed/).waitFor();
  await accessible(page);
  await picture(page, "record-rewritten");
  await stack.command("rewrite", "Harvey", "Garvey");
  clean(page);
});

test("a record that is younger than the one remembered was rolled back", async () => {
  const page = await opened();
  const forward = await page.evaluate(async () => (await fetch("/v1/log/head")).json());
  await page.route("**/v1/log/head", (route) => route.fulfill({ json: { ...forward, size: forward.size - 1 } }));
  await page.reload();
  await page.getByRole("alert").waitFor();
  clean(page);
});
