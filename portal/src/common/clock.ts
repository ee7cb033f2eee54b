/* The time, as signals that change each second or each minute while somebody looks. */
import { signal } from "@preact/signals";

export const second = signal(Date.now());
/** Changes when another half minute began: for ages and remaining times. */
export const halfMinute = signal(Date.now());

setInterval(() => {
  if (document.hidden) {
    return;
  }
  const now = Date.now();
  second.value = now;
  if (Math.floor(now / 30_000) !== Math.floor(halfMinute.peek() / 30_000)) {
    halfMinute.value = now;
  }
}, 1000);
document.addEventListener("visibilitychange", () => {
  second.value = halfMinute.value = Date.now();
});
