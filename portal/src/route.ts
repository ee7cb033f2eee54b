/* Which room is shown: the part of the address behind "#", so that no server ever hears of it. */
import { signal } from "@preact/signals";

export const rooms = ["neighborhood", "desk", "record"] as const;
export type Room = (typeof rooms)[number];

function current(): Room {
  if (/^#\/sign-in\?.*\bname=agency(%2F|\/)/i.test(location.hash)) { // a link that session/identity.ts is about to take
    return "desk";
  }
  const name = location.hash.replace(/^#\/?/, "").split(/[/?&]/)[0];
  return rooms.find((room) => room === name) ?? "neighborhood";
}

export const room = signal<Room>(current());
addEventListener("hashchange", () => {
  room.value = current();
});

/** The address of a room, for a link. */
export function addressOf(name: Room): string {
  return `#/${name}`;
}
