// Follows a place with our own client library: each state of an alert once, none missed.
//
//     node follow.mjs ws://HOST:PORT/mqtt ROLE/ID TOKEN-FILE LAT,LON METRES
import { readFile } from "node:fs/promises";
import { connect, snap } from "@neighbors/client";

const [url, name, tokenFile, place, metres] = process.argv.slice(2);
const token = (await readFile(tokenFile, "utf8")).trim();
const [latitude, longitude] = place.split(",").map(Number);

const neighbors = await connect(url, { name, token, clientId: "follow-mjs" });
neighbors.on("state", (state) => console.log("connection:", state));

const near = { cell: snap(latitude, longitude), metres: Number(metres) }; // the position itself never leaves the device
const following = neighbors.follow(near, {
  item(item) {
    if (item.kind === "activity") {
      console.log("seen near by:", item.activity.kind);
    } else if (item.alert.state === "ENDED") {
      console.log("over:", item.key);
    } else {
      console.log(item.alert.category, item.alert.truth, item.alert.headline);
    }
  },
  gap: ({ from, to }) => console.log("not kept any more:", new Date(from), "to", new Date(to)),
});
await following.ready;
console.log("all heard");
