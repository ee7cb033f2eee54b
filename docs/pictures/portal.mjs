/* Takes the picture of the portal that the README shows, of a real installation with a little of everything in it:
 *     node docs/pictures/portal.mjs      (after portal/build; writes docs/pictures/portal.png) */
import { fileURLToPath } from "node:url";
import { launch } from "../../portal/tests/browser.mjs";
import { household, LIVELY, neighbor, publish } from "../../portal/tests/resident.mjs";
import { Stack } from "../../portal/tests/stack.mjs";

const stack = await Stack.start(LIVELY);
const browser = await launch();
try {
  const token = await stack.enroll("user/ann");
  for (const name of ["ben", "cara", "dan", "eve"]) {
    await household(stack, name);
  }
  await stack.enroll("agency/fire", "--name", "El Monte Fire", "--kind", "fire", "--second-officer", "no");
  await stack.enroll("device/cam-1", "--household", "house-of-ben", "--at", stack.place, "--share", "all", "--verified-since", "-30d");
  const page = await neighbor(browser, stack, "user/ann", token, { viewport: { width: 1100, height: 680 } });
  await publish(stack, "agency/fire", "fire", "Brush fire north of the freeway", "--at", "34.0840,-118.0250", "--radius", "700", "--severity", "severe",
    "--instruction", "Keep windows shut; let engines pass");
  await publish(stack, "user/eve", "lost_pet", "Lost dog: Kira, brown, red collar", "--at", "34.0705,-118.0290");
  const smoke = await publish(stack, "user/ben", "hazard", "Gas smell at the corner of Tyler", "--severity", "moderate", "--description",
    "Strong since noon, the hydrant is open and the street is closed");
  for (const name of ["cara", "dan", "eve"]) {
    await stack.neighbors("witness", smoke, "--as", `user/${name}`);
  }
  await stack.neighbors("publish", "motion", "--as", "device/cam-1", "--kind", "person");
  await page.getByRole("button", { name: /Gas smell/ }).getByText("Seen by others too").waitFor();
  await page.getByRole("button", { name: /A person/ }).waitFor();
  await page.getByRole("button", { name: /Brush fire/ }).waitFor();
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: fileURLToPath(new URL("portal.png", import.meta.url)) });
} finally {
  await browser.close();
  await stack.stop();
}
