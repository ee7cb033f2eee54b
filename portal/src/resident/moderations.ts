/* What became of the alerts that were sent from here, as moderators and agencies decided. */
import { effect } from "@preact/signals";
import type { Moderation } from "@neighbors/client";
import { kept } from "../session/kept";
import { neighbors } from "../session/connection";

/** The newest of each alert. */
export const moderations = kept<readonly Moderation[]>("moderations", []);

effect(() => neighbors.value?.on("moderation", (told) => {
  moderations.value = [told, ...moderations.peek().filter(({ publicId }) => publicId !== told.publicId)].slice(0, 100);
}));
