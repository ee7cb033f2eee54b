/* Requests for footage as this browser has them. The client library holds them and sends the one answer that each gets; here they
 * are made a signal, and files become something that can be shared. */
import { computed, effect, signal } from "@preact/signals";
import type { HeldRequest } from "@neighbors/client";
import { neighbors } from "../session/connection";

const version = signal(0);

/** After something was decided or came. */
export function requestsChanged(): void {
  version.value++;
}

export const requests = computed<readonly HeldRequest[]>(() => {
  version.value;
  const held = neighbors.value?.footage.requests;
  return held ? [...held.values()].sort((a, b) => a.request.answerAt - b.request.answerAt) : [];
});

effect(() => neighbors.value?.on("footageRequest", requestsChanged));

/* The library sends at answerAt and drops at openUntil by itself: look again then. */
effect(() => {
  const now = Date.now();
  const next = requests.value.flatMap(({ request, sent }) => (sent ? [request.openUntil] : [request.answerAt, request.openUntil])).filter((at) => at > now);
  const wait = next.length ? Math.min(...next) - now + 1000 : 0;
  const timer = wait > 0 && wait < 86_400_000 ? setTimeout(requestsChanged, wait) : undefined;
  return () => clearTimeout(timer);
});
