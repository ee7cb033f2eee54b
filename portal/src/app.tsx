/* The shell: a bar with the rooms, and the room that the address names. Each room is loaded when it is first entered. */
import { type FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { addressOf, room, type Room } from "./route";
import { identity, wishToLeave } from "./session/identity";

const titles: Record<Room, string> = { neighborhood: "Neighborhood", desk: "Agency desk", record: "Public record" };
const load: Record<Room, () => Promise<FunctionComponent>> = {
  neighborhood: async () => (await import("./resident/resident")).Resident,
  desk: async () => (await import("./desk/desk")).Desk,
  record: async () => (await import("./record/record")).PublicRecord,
};

/** The name of a room; where there is little room, without the words that stand before the last. */
function Title({ name }: { name: Room }) {
  const words = titles[name].split(" ");
  const last = words.pop();
  return (
    <>
      {words.length > 0 && <span class="further">{words.join(" ")} </span>}
      <span class="last">{last}</span>
    </>
  );
}

function Bar() {
  const who = identity.value;
  return (
    <header class="bar">
      <a class="brand" href={addressOf("neighborhood")}>
        <img src="./icon.svg" alt="" />
        <span>Neighbors</span>
      </a>
      <nav class="rooms" aria-label="Rooms">
        {(Object.keys(titles) as Room[]).map((name) => (
          <a key={name} href={addressOf(name)} aria-current={room.value === name ? "page" : undefined}><Title name={name} /></a>
        ))}
      </nav>
      {who && <button class="button" onClick={wishToLeave} title={`Signed in as ${who.name}`}>Sign out</button>}
    </header>
  );
}

/** What stands where a room will be. */
function Waiting({ failed }: { failed: boolean }) {
  return failed ? (
    <div class="card trouble" role="alert">
      <p>This page could not be loaded: the server cannot be reached, or has a new version of it.</p>
      <button class="button" onClick={() => location.reload()}>Try again</button>
    </div>
  ) : (
    <p class="quiet" role="status">Loading…</p>
  );
}

export function App() {
  const name = room.value;
  const [shown, setShown] = useState<{ name: Room; Component: FunctionComponent }>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let wanted = true;
    document.title = `${titles[name]} · Neighbors`;
    setFailed(false);
    load[name]().then(
      (Component) => wanted && setShown({ name, Component }),
      () => wanted && setFailed(true),
    );
    return () => {
      wanted = false;
    };
  }, [name]);
  return (
    <div class="shell">
      <Bar />
      <main class="room">{shown?.name === name ? <shown.Component /> : <Waiting failed={failed} />}</main>
    </div>
  );
}
