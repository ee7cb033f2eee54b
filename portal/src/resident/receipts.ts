/* The broker's word that something was deleted; it comes when nothing is left on disk, maybe long after it was asked for. */
import { effect, signal } from "@preact/signals";
import type { Deleted } from "@neighbors/client";
import { neighbors } from "../session/connection";

export const receipts = signal<readonly Deleted[]>([]);

effect(() => {
  receipts.value = [];
  return neighbors.value?.on("deleted", (receipt) => { receipts.value = [receipt, ...receipts.peek()]; });
});
