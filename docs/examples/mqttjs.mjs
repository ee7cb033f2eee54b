// The same with nothing but mqtt.js over a WebSocket: follows a place, publishes an alert, and reads what its PUBACK says.
//
//     node mqttjs.mjs ws://HOST:PORT/mqtt ROLE/ID TOKEN-FILE CELL METRES LAT,LON CATEGORY HEADLINE [DESCRIPTION]
import { readFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import mqtt from "mqtt";

const [url, username, tokenFile, cell, metres, place, category, headline, description = ""] = process.argv.slice(2);
const password = (await readFile(tokenFile, "utf8")).trim();
const [latE7, lonE7] = place.split(",").map((degrees) => Math.round(Number(degrees) * 1e7));
const senderAlertId = randomUUID(); // sent again under the same name it is the same alert

const client = mqtt.connect(url, { protocolVersion: 5, username, password, clientId: "mqttjs" });
client.on("error", (error) => {
  console.error("refused:", error.message);
  process.exit(1);
});
const shown = new Map(); // by public id, the revision
client.on("message", (topic, payload) => {
  const { alert } = JSON.parse(payload);
  if (alert?.state === "IN_FORCE" && alert.revision > (shown.get(alert.publicId) ?? 0)) { // else it comes again: we were away
    shown.set(alert.publicId, alert.revision);
    console.log(alert.category, alert.truth, alert.headline);
  }
});

client.on("connect", () => {
  client.subscribe(`nb/v1/json/near/${cell}/${metres}/#`, { qos: 1 }, () => {
    const alert = { senderAlertId, category, headline, description, place: { point: { latE7, lonE7 } } };
    client.publish("nb/v1/alert", JSON.stringify(alert), { qos: 1 }, (error, packet) => {
      if (error) { // its reason code is above 0x80; the reason string names field and rule
        console.error("refused:", error.code, packet?.properties?.reasonString ?? error.message);
        process.exit(1);
      }
      console.log("stored");
    });
  });
});
