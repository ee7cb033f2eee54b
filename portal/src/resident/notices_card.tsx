/* The switch for notices in the background. */
import { info } from "../session/connection";
import { useTask } from "../common/task";
import { Trouble } from "../common/trouble";
import { words } from "../words";
import { notices, turnOff, turnOn } from "./notices";
import { places } from "./places";

export function NoticesCard() {
  const task = useTask<void>();
  const now = notices.value;
  return (
    <section class="card">
      <h2>{words.settings.notices}</h2>
      <p class="hint">{words.settings.noticesHint}</p>
      <p role="status"><strong>{words.settings.noticesAre[now]}</strong></p>
      <Trouble error={task.error} />
      {now === "off" && <button class="button" disabled={task.busy || !info.value || places.value.length === 0} onClick={() => void task.run(turnOn)}>{words.settings.noticesOn}</button>}
      {now === "on" && <button class="button" disabled={task.busy} onClick={() => void task.run(turnOff)}>{words.settings.noticesOff}</button>}
    </section>
  );
}
