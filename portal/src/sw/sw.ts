/* The service worker: shows a notice for each push message while the portal is closed, takes it away when the alert ended, and
 * opens the portal at the alert. It keeps which revision of an alert was shown, and nothing else. It imports nothing at run time,
 * so that every browser takes it. */
import { noticeWords } from "./notice_words";

declare const self: ServiceWorkerGlobalScope;

/** What a push message bears (PushNotice in proto/neighbors.proto); what is empty is left out. */
interface Notice {
  publicId: string;
  revision: number;
  state?: string;
  category?: string;
  severity?: string;
  truth?: string;
  headline?: string;
  senderName?: string;
}

const SHOWN = "neighbors-shown";

function read(event: PushEvent): Notice | undefined {
  try {
    const { publicId, revision, ...rest } = event.data?.json() as Partial<Notice>;
    return publicId && revision ? { publicId, revision, ...rest } : undefined;
  } catch {
    return undefined;
  }
}

/* ---- what was shown ---- */

function addressOf(publicId: string): string {
  return new URL(`./shown/${encodeURIComponent(publicId)}`, self.registration.scope).href;
}

/** False: it was shown already, or something newer was. */
async function isNews({ publicId, revision }: Notice): Promise<boolean> {
  const cache = await caches.open(SHOWN);
  const known = await cache.match(addressOf(publicId));
  if (known && Number(await known.text()) >= revision) {
    return false;
  }
  await cache.put(addressOf(publicId), new Response(String(revision)));
  return true;
}

/* ---- notices ---- */

async function takeAway(publicId: string): Promise<void> {
  const notices = await self.registration.getNotifications({ tag: publicId });
  notices.forEach((notice) => notice.close());
}

async function isLookedAt(): Promise<boolean> {
  const windows = await self.clients.matchAll({ type: "window" });
  return windows.some(({ visibilityState }) => visibilityState === "visible");
}

async function tell(notice: Notice): Promise<void> {
  if (!(await isNews(notice))) {
    return;
  }
  if (notice.state === "ENDED" || (await isLookedAt())) {
    await takeAway(notice.publicId); // whoever looks at the portal sees it there
    return;
  }
  await self.registration.showNotification(noticeWords.title(notice.severity, notice.category), {
    body: noticeWords.body(notice.headline, notice.truth, notice.senderName),
    tag: notice.publicId,
    icon: "./icon.svg",
    requireInteraction: notice.severity === "EXTREME",
    data: { publicId: notice.publicId },
  });
}

/* A device that was without a network gets many at once: one after the other, or an end could come before what it ends. */
let told = Promise.resolve();

self.addEventListener("push", (event) => {
  const notice = read(event);
  if (notice) {
    told = told.catch(() => {}).then(() => tell(notice));
    event.waitUntil(told);
  }
});

/* ---- the portal ---- */

async function openAt(publicId: string): Promise<void> {
  const address = new URL(`./#/neighborhood/alert/${encodeURIComponent(publicId)}`, self.registration.scope).href;
  const [window] = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (window) {
    await window.focus();
    window.postMessage({ open: publicId });
  } else {
    await self.clients.openWindow(address);
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { publicId } = event.notification.data as { publicId?: string };
  if (publicId) {
    event.waitUntil(openAt(publicId));
  }
});

self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
