/* Residents and agencies of a test, and waiting for what comes to them. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import mqtt from "mqtt";
import { connect, MemoryStorage } from "@neighbors/client";

export const run = promisify(execFile);

export const PATIENCE = 30_000;
export const HERE = { latitude: 34.0768, longitude: -118.0316 };
export const NEAR = { cell: "9qh1f5", metres: 1600 };
export const POINT = { point: { latE7: 340768000, lonE7: -1180316000 } };
export const AWAY = { point: { latE7: 343000000, lonE7: -1184500000 } };

export const VAN = {
  category: "crime", headline: "Break-in", description: "He broke a window and drove off north in a grey van", place: POINT,
};

export function address(stack) {
  return `ws://127.0.0.1:${stack.http}/mqtt`;
}

/** Enrols somebody, connects, and closes after the test `t`. */
export async function be(t, stack, name, { storage = new MemoryStorage(), clientId = "phone", enrol = [], ...options } = {}) {
  stack.tokens ??= new Map();
  if (!stack.tokens.has(name)) {
    stack.tokens.set(name, await stack.enroll(name, ...enrol));
  }
  const person = await connect(address(stack), { name, token: stack.tokens.get(name), clientId }, { storage, ...options });
  t.after(() => person.close());
  return person;
}

/** Gathers what comes, and waits for what fits. */
export class Gathered {
  all = [];
  #waiting = new Set();
  add = (one) => {
    this.all.push(one);
    this.#waiting.forEach((look) => look());
  };

  /** The first that fits, whether it came already or comes yet. */
  first(fits = () => true, what = String(fits)) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`did not come in ${PATIENCE} ms, of ${this.all.length} that did: ${what}`));
      }, PATIENCE);
      const look = () => {
        const found = this.all.find(fits);
        if (found !== undefined) {
          clearTimeout(timer);
          this.#waiting.delete(look);
          resolve(found);
        }
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** Follows, and gathers the items. */
export async function following(person, near = NEAR) {
  const items = new Gathered(), gaps = new Gathered();
  const place = person.follow(near, { item: items.add, gap: gaps.add });
  await place.ready;
  return { place, items, gaps };
}

/** Waits for what nothing tells of. */
export async function until(isSo, what) {
  for (const end = performance.now() + PATIENCE; !isSo(); await new Promise((resolve) => { setTimeout(resolve, 20); })) {
    if (performance.now() > end) {
      throw new Error(`${what}: not so far`);
    }
  }
}

/** Gathers an event. */
export function events(person, name) {
  const gathered = new Gathered();
  person.on(name, gathered.add);
  return gathered;
}

/** The next heartbeat by which everything was told. */
export function heard(person) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no heartbeat came")), PATIENCE);
    const leave = person.on("heartbeat", (beat) => {
      if (!beat.stale) {
        clearTimeout(timer);
        leave();
        resolve(beat);
      }
    });
  });
}

/** Publishes JSON with a connection of its own, as a device does. */
export async function says(stack, name, topic, message) {
  const session = await mqtt.connectAsync(address(stack), {
    protocolVersion: 5, clientId: `says-${topic}`, username: name, password: stack.tokens.get(name), reconnectPeriod: 0,
  });
  await session.publishAsync(`nb/v1/${topic}`, JSON.stringify(message), { qos: 1, properties: { contentType: "application/json" } });
  await session.endAsync();
}

/** A key and its certificate by openssl, as PEM. kind: "rsa:2048" or a curve. */
export async function certificate(kind, name = "pd") {
  const folder = await mkdtemp(join(tmpdir(), "neighbors-key-")), key = join(folder, "key"), pem = join(folder, "pem");
  const make = kind.startsWith("rsa") ? ["-newkey", kind] : ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${kind}`];
  await run("openssl", ["req", "-x509", ...make, "-nodes", "-keyout", key, "-out", pem, "-days", "2", "-subj", `/CN=${name}`]);
  return { folder, keyFile: key, certificateFile: pem, key: await readFile(key, "utf8"), certificate: await readFile(pem, "utf8") };
}
