/* An agency's first alert is a drill: a test that the agency itself gets back. Until then nothing else is taken. */
import { useEffect } from "preact/hooks";
import { snap } from "@neighbors/client/geo";
import { personal } from "../../session/personal";
import { broker, own, refresh } from "../own";
import { centerOf, type Shape } from "../shape";
import { change, draft } from "./draft";

/** The test is out, and was not heard yet. */
const waits = personal(() => false);
const METRES = 8000;

/** Undefined: not known yet. */
export function isDrilled(): boolean | undefined {
  return own.value?.drilled;
}

/** Listens for tests at the area, so that the one to be sent comes back. Resolves when the broker follows. */
export async function listenFor(area: Shape): Promise<void> {
  const { latitude, longitude } = centerOf(area);
  const following = broker().follow({ cell: snap(latitude, longitude), metres: METRES, class: "test" }, {
    item: async () => { // maybe another agency's
      await refresh();
      if (isDrilled()) {
        waits.value = false;
        following.stop();
      }
    },
  });
  await following.ready;
  waits.value = true;
}

export function DrillNotice() {
  const drilled = isDrilled();
  useEffect(() => {
    if (drilled === false && draft.value.status !== "TEST") {
      change({ status: "TEST" });
    }
  }, [drilled]);
  if (drilled !== false) {
    return null;
  }
  return (
    <section class="notice" aria-label="Drill">
      <h2>First a drill</h2>
      <p>Your agency's first alert is a test. It reaches nobody but those who follow tests, and this desk listens for it: when it
        has come back, your agency may alert.</p>
      <p role="status">{waits.value ? "The test is out; waiting for it to come back…" : "Draw an area, write a headline, and send it as a test."}</p>
    </section>
  );
}
