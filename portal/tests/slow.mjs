/* A slow network and a slow processor, for whoever asks for them (NEIGHBORS_SLOW=1 portal/tests/run): what travels between a browser
 * or an app and the broker comes late, in pieces that each take another time; pages compute so many times slower. */
import { connect, createServer } from "node:net";

/** How many times slower; 0: as fast as it goes. */
export const THROTTLED = process.env.NEIGHBORS_SLOW ? 6 : 0;
const LATE = 300, SELDOM = 0.1, VERY_LATE = 1500; // ms

function pause() {
  return Math.random() * (Math.random() < SELDOM ? VERY_LATE : LATE);
}

/** Hands on what comes, in its order, each piece at its own time. */
function carry(from, to) {
  let before = Promise.resolve();
  const later = (what) => {
    const until = new Promise((resolve) => { setTimeout(resolve, pause()); });
    before = before.then(() => until).then(what);
  };
  from.on("data", (piece) => later(() => to.writable && to.write(piece)));
  from.on("end", () => later(() => to.end()));
  from.on("error", () => to.destroy());
  from.on("close", () => later(() => to.destroy()));
}

/** A way to a port of this machine on which everything is late: { port, close() }. */
export async function slowWay(port) {
  const server = createServer((client) => {
    const broker = connect(port, "127.0.0.1");
    carry(client, broker);
    carry(broker, client);
  });
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  return { port: server.address().port, close: () => server.close() };
}
