/* Notices while the portal is closed: this browser's push subscription, told to the broker anew at each visit, and removed by
 * whoever turns them off or signs out. Permission is asked for by a tap alone. */
import { effect, signal } from "@preact/signals";
import { broker, info, PATIENT, state } from "../session/connection";
import { beforeLeaving } from "../session/identity";
import { places } from "./places";
import { show } from "./view";
import { wishes } from "./wishes";

/** missing: this browser cannot; none: the operator does not; denied: forbidden in the browser's settings. */
export type Notices = "on" | "off" | "denied" | "missing" | "none";
export const notices = signal<Notices>("off");

function canShow(): boolean {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

async function subscription(): Promise<PushSubscription | undefined> {
  const registration = canShow() ? await navigator.serviceWorker.getRegistration() : undefined;
  return (await registration?.pushManager.getSubscription()) ?? undefined;
}

function keyOf(subscribed: PushSubscription, name: PushEncryptionKeyName): Uint8Array {
  return new Uint8Array(subscribed.getKey(name) ?? new ArrayBuffer(0));
}

/** The cells, and what is wished of alerts: never a name, never a point. */
async function tellBroker(subscribed: PushSubscription): Promise<void> {
  await broker().publish.push({
    endpoint: subscribed.endpoint, p256dh: keyOf(subscribed, "p256dh"), auth: keyOf(subscribed, "auth"),
    places: places.peek().map(({ cell, metres }) => ({ cell, metres })), least: [...wishes.peek().least], language: wishes.peek().language,
  }, PATIENT);
}

/* Each looks at a state of its own: the newest counts. */
let looks = 0;

async function look(): Promise<void> {
  const mine = ++looks, found = await seen();
  if (mine === looks) {
    notices.value = found;
  }
}

async function seen(): Promise<Notices> {
  if (!canShow()) {
    return "missing";
  }
  if (info.peek()?.pushPublicKey.length === 0) {
    return "none";
  }
  return Notification.permission === "denied" ? "denied" : (await subscription()) ? "on" : "off";
}

/** Asks for permission, subscribes, tells the broker. Throws why not. */
export async function turnOn(): Promise<void> {
  const key = info.peek()?.pushPublicKey;
  if (!key?.length || (await Notification.requestPermission()) !== "granted") {
    return look();
  }
  await navigator.serviceWorker.register("./sw.js");
  const { pushManager } = await navigator.serviceWorker.ready;
  const subscribed = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: new Uint8Array(key) });
  await tellBroker(subscribed);
  await look();
}

export async function turnOff(): Promise<void> {
  const subscribed = await subscription();
  if (subscribed) {
    await broker().publish.push({ endpoint: subscribed.endpoint, remove: true }, PATIENT);
    await subscribed.unsubscribe();
  }
  await look();
}

/* Anew at each visit, once the broker has said whether there are any, and when places or wishes change: it forgets who does not
 * come. */
effect(() => {
  const isWanted = state.value === "connected" && info.value !== undefined && places.value.length > 0 && wishes.value !== undefined;
  void look().then(async () => {
    const subscribed = isWanted && notices.peek() === "on" ? await subscription() : undefined;
    if (subscribed) {
      await tellBroker(subscribed);
    }
  }).catch((why: unknown) => console.warn(`notices were not renewed: ${String(why)}`));
});

beforeLeaving(async () => {
  if (notices.peek() === "on") {
    await turnOff();
  }
});

/* The service worker asks an open portal to show an alert. */
navigator.serviceWorker?.addEventListener("message", ({ data }: MessageEvent<{ open?: string }>) => data.open && show("alert", data.open));
