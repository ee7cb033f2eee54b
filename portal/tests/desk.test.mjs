import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { accessible, answered, clean, launch, picture } from "./browser.mjs";
import { atHome, choose, desk, drawCircle, enter, officers, write } from "./desk_people.mjs";
import { Stack } from "./stack.mjs";

const FIRE = "agency/fire";
let stack;
let browser;
let tokens;
before(async () => {
  stack = await Stack.start();
  tokens = await officers(stack, FIRE, ["lee", "kim"]);
  await stack.enroll("user/sue", "--household", "sue", "--at", stack.place, "--verified-since", "-30d");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

async function send(page, word = "Send the alert") {
  await page.getByRole("button", { name: "Check and send" }).click();
  await page.getByRole("dialog").getByRole("button", { name: word }).click();
}

/** What the refused preview of an area outside leaves in the browser's console. */
function withoutRefusals(page) {
  page.troubles = page.troubles.filter((text) => !/status of 4(03|22)/.test(text));
  return page;
}

test("an alert is drawn, shows what it reaches, and is sent after a last look", async () => {
  const page = await desk(browser, stack, FIRE, tokens.lee);
  await drawCircle(page);
  await page.getByText("Followers", { exact: true }).waitFor();
  await page.locator(".reached-cell").first().waitFor({ state: "attached" }); // the cells are on the map
  await write(page, "Brush fire along the river: leave now");
  await page.getByLabel("What to do").fill("Leave to the south on Peck Road.");
  await page.getByText("As a CAP 1.2 document").click();
  await page.getByLabel("CAP document").getByText("Brush fire along the river: leave now").waitFor();
  await accessible(page);
  await picture(page, "desk-compose");
  await page.getByRole("button", { name: "Check and send" }).click();
  await page.getByRole("dialog").waitFor();
  await accessible(page);
  await picture(page, "desk-summary");
  await page.getByRole("button", { name: "Send the alert" }).click();
  await page.getByText(/is out, as revision 1/).waitFor();
  const [told] = await stack.neighbors("watch", "--as", "user/sue", "--at", stack.place, "--count", "1");
  assert.equal(told.alert?.headline ?? told.headline, "Brush fire along the river: leave now");
  clean(page);
});

test("the same without a pointer: coordinates, arrow keys, corners", async () => {
  const page = await desk(browser, stack, FIRE, tokens.lee);
  await page.getByRole("button", { name: "Type it" }).press("Enter");
  await page.getByLabel("Radius in metres").fill("400");
  await page.getByLabel("Middle (latitude, longitude)").fill(stack.place.replace(",", ", "));
  await page.getByLabel("Middle (latitude, longitude)").press("Tab");
  await page.getByText("0.50 km²").waitFor();
  await page.getByRole("button", { name: "Middle of the circle" }).press("ArrowUp");
  await page.waitForFunction(() => document.querySelector("input[inputmode=text]").value.startsWith("34.07689"));
  await page.getByRole("button", { name: "50 metres north" }).press("Enter");
  await page.waitForFunction(() => document.querySelector("input[inputmode=text]").value.startsWith("34.07734"));
  await page.getByRole("button", { name: "Clear" }).press("Enter");
  await page.getByRole("button", { name: "Draw a polygon" }).click();
  const { x, y } = await page.locator(".map-pane").boundingBox();
  for (const [right, down] of [[120, 250], [300, 250], [300, 400], [120, 400]]) {
    await page.mouse.click(x + right, y + down);
  }
  await page.getByRole("button", { name: "Close the polygon" }).click();
  await page.getByRole("button", { name: "Corner 4 of 4" }).press("Delete");
  await page.getByRole("button", { name: "Corner 3 of 3" }).press("Shift+ArrowRight");
  await page.getByLabel("Corner 1", { exact: true }).waitFor();
  await page.getByText("Followers", { exact: true }).waitFor();
  await accessible(page);
  await picture(page, "desk-polygon");
  await page.getByLabel("Corner 1", { exact: true }).fill("35.9, -120.5");
  await page.getByLabel("Corner 1", { exact: true }).press("Tab");
  await page.getByText("reaches beyond the jurisdiction").waitFor();
  await picture(page, "desk-outside");
  await page.getByRole("button", { name: "Check and send" }).click();
  assert.equal(await page.getByRole("dialog").count(), 0, "nothing is sent that the broker would refuse");
  clean(withoutRefusals(page));
});

test("an alert is updated and ended from the list, by a colleague too", async () => {
  const page = await desk(browser, stack, FIRE, tokens.kim);
  await drawCircle(page);
  await write(page, "Gas leak on Tyler", "Moderate");
  await send(page);
  await page.getByText(/is out, as revision 1/).waitFor();
  const colleague = await desk(browser, stack, FIRE, tokens.lee);
  await enter(colleague, "In force");
  const card = colleague.getByRole("article", { name: "Gas leak on Tyler" });
  await card.waitFor();
  await accessible(colleague);
  await picture(colleague, "desk-in-force");
  await card.getByRole("button", { name: "Update" }).click();
  await colleague.getByText("becomes revision 2").waitFor();
  await colleague.getByLabel("Headline", { exact: true }).fill("Gas leak on Tyler, larger");
  await colleague.getByText("Followers", { exact: true }).waitFor();
  await send(colleague, "Send the update");
  await colleague.getByText(/is out, as revision 2/).waitFor();
  await enter(colleague, "In force");
  const larger = colleague.getByRole("article", { name: "Gas leak on Tyler, larger" });
  await larger.getByText("revision 2").waitFor();
  await larger.getByRole("button", { name: "Cancel alert" }).click();
  await picture(colleague, "desk-cancel");
  await colleague.getByRole("button", { name: "End it now" }).click();
  await colleague.getByText(/has ended/).waitFor();
  await larger.waitFor({ state: "detached" });
  clean(page);
  clean(colleague);
});

test("an area of several parts stays when its alert is updated", async () => {
  const square = (lat, lon) => [[lat, lon], [lat, lon + 0.01], [lat + 0.01, lon + 0.01], [lat + 0.01, lon], [lat, lon]].map(([a, o]) =>
    ({ latE7: Math.round(a * 1e7), lonE7: Math.round(o * 1e7) }));
  const polygons = [square(34.07, -118.04), square(34.09, -118.06)].map((points) => ({ rings: [{ points }] }));
  const answer = await fetch(`${stack.url}v1/alerts`, { method: "POST", headers: { authorization: `Bearer ${tokens.lee}`, "content-type": "application/json" },
    body: JSON.stringify({ senderAlertId: "parts", category: "hazard", headline: "Two streets without water", place: { polygons: { polygons } },
      expires: Date.now() + 3_600_000, severity: "MINOR", urgency: "EXPECTED", certainty: "OBSERVED" }) });
  assert.equal(answer.status, 201);
  const page = await desk(browser, stack, FIRE, tokens.kim);
  await enter(page, "In force");
  await page.getByRole("article", { name: "Two streets without water" }).getByRole("button", { name: "Update" }).click();
  await page.getByText("Its area has several parts").waitFor();
  await page.getByText("Followers", { exact: true }).waitFor();
  await send(page, "Send the update");
  await page.getByText(/is out, as revision 2/).waitFor();
  const { public_id: id } = await answer.json();
  const document = await (await fetch(`${stack.url}v1/cap/${id}`)).text();
  assert.equal(document.match(/<polygon>/g)?.length, 2);
  clean(page);
});

test("an Extreme alert is asked for twice, and waits for a second officer", async () => {
  const page = await desk(browser, stack, FIRE, tokens.lee);
  await drawCircle(page);
  await write(page, "Dam failure: leave the valley", "Extreme");
  await page.getByText("A second officer must approve it").waitFor();
  await page.getByRole("button", { name: "Check and send" }).click();
  const sure = page.getByRole("dialog").getByRole("button", { name: "Send the alert" });
  assert.ok(await sure.isDisabled());
  await page.getByRole("checkbox", { name: /I checked the area and the words/ }).check();
  await picture(page, "desk-extreme");
  await sure.click();
  await page.getByText(/waits for a second officer/).waitFor();
  await enter(page, "To approve");
  await page.getByText("You sent it: another officer has to approve it.").waitFor();
  const colleague = await desk(browser, stack, FIRE, tokens.kim);
  await enter(colleague, "To approve");
  await colleague.getByRole("button", { name: "Approve …" }).click();
  await accessible(colleague);
  await picture(colleague, "desk-approve");
  await colleague.getByRole("button", { name: "Approve revision 1" }).click();
  await colleague.getByText(/is approved and out/).waitFor();
  await enter(colleague, "In force");
  await colleague.getByRole("article", { name: "Dam failure: leave the valley" }).waitFor();
  clean(page);
  clean(colleague);
});

test("an agency's first alert is a drill, which the desk hears", async () => {
  const { ada } = await officers(stack, "agency/young", ["ada"], "--drill", "yes");
  const page = await desk(browser, stack, "agency/young", ada);
  await page.getByRole("heading", { name: "First a drill" }).waitFor();
  await page.getByRole("radio", { name: /^Test/, checked: true }).waitFor(); // it is checked when this was drawn
  await drawCircle(page);
  await write(page, "Drill of the desk");
  await accessible(page);
  await picture(page, "desk-drill");
  await send(page, "Send as test");
  await page.getByRole("heading", { name: "First a drill" }).waitFor({ state: "detached" });
  await drawCircle(page);
  await page.getByText("Followers", { exact: true }).waitFor();
  clean(page);
});

test("reports are looked for around the agency's office, however late it is known where that is", async () => {
  await stack.neighbors("publish", "alert", "--as", "user/sue", "--category", "safety", "--at", stack.place, "--headline", "Loose dog on Peck Road");
  const page = await desk(browser, stack, FIRE, tokens.lee);
  const tell = await answered(page, "**/v1/agencies");
  await page.reload();
  await page.getByRole("heading", { name: "New alert" }).waitFor();
  await enter(page, "Reports");
  await page.getByText("Finding out where your office is …").waitFor();
  tell();
  await page.getByRole("article", { name: "Loose dog on Peck Road" }).waitFor();
  await page.getByText("Within 8 km of 1 place.").waitFor();
  clean(page);
});

test("residents' reports are confirmed or refuted", async () => {
  await stack.neighbors("publish", "alert", "--as", "user/sue", "--category", "safety", "--at", stack.place, "--headline", "Street light out");
  const page = await desk(browser, stack, FIRE, tokens.lee);
  await enter(page, "Reports");
  const report = page.getByRole("article", { name: "Street light out" });
  await report.getByRole("button", { name: "Confirm …" }).click();
  await page.getByLabel("Why").fill("The crew is there");
  await page.getByRole("dialog").getByRole("button", { name: "Confirm" }).click();
  await report.getByText(/A resident, confirmed/).waitFor();
  await accessible(page);
  await picture(page, "desk-reports");
  clean(page);
});

test("the desk fits a phone, and is dark where the phone is", async () => {
  const page = await desk(browser, stack, FIRE, tokens.lee, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: "dark" });
  await atHome(page);
  await page.getByRole("button", { name: "Draw a circle" }).tap();
  const { x, y, width, height } = await page.locator(".map-pane").boundingBox();
  await page.touchscreen.tap(x + width / 2, y + height / 2);
  await page.getByLabel("Radius in metres").waitFor();
  assert.equal(await page.getByLabel("Radius in metres").inputValue(), "300");
  await page.getByText("Followers", { exact: true }).waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing stands out at the side");
  await picture(page, "desk-phone");
  await accessible(page);
  clean(page);
});
