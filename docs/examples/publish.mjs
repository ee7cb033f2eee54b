// Publishes an alert with our own client library, and says why when it is refused.
//
//     node publish.mjs ws://HOST:PORT/mqtt ROLE/ID TOKEN-FILE LAT,LON CATEGORY HEADLINE [DESCRIPTION]
import { readFile } from "node:fs/promises";
import { checkAlert, connect, Refusal } from "@neighbors/client";

const [url, name, tokenFile, place, category, headline, description = ""] = process.argv.slice(2);
const token = (await readFile(tokenFile, "utf8")).trim();
const [latE7, lonE7] = place.split(",").map((degrees) => Math.round(Number(degrees) * 1e7));
const alert = { category, headline, description, place: { point: { latE7, lonE7 } } };

const faults = checkAlert(alert); // what the broker would refuse, told before anything is sent
if (faults.length > 0) {
  console.error("refused:", faults);
  process.exit(1);
}
const neighbors = await connect(url, { name, token, clientId: "publish-mjs" });
try {
  const { publicId } = await neighbors.publish.alert(alert);
  console.log("stored as", publicId);
} catch (error) {
  if (!(error instanceof Refusal)) {
    throw error;
  }
  console.error("refused:", error.field, error.rule, error.retryAfter);
  process.exitCode = 1;
}
await neighbors.close();
