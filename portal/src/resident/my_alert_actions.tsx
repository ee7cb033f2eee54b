/* What its sender can do with an alert: change it, or say that it is over. */
import { broker, PATIENT } from "../session/connection";
import { useTask } from "../common/task";
import { Trouble } from "../common/trouble";
import { words } from "../words";
import { mineOf, rememberMine } from "./my_alerts";
import { addressOfView } from "./view";

export { isMine } from "./my_alerts";

export function MyAlertActions({ publicId }: { publicId: string }) {
  const task = useTask<void>();
  const mine = mineOf(publicId);
  if (!mine || mine.cancelled) {
    return null;
  }
  const end = () => task.run(async () => {
    const cancel = { msgType: "CANCEL" as const, references: [mine.senderAlertId] };
    rememberMine(cancel, await broker().publish.alert(cancel, PATIENT));
  });
  return (
    <div class="row actions">
      <a class="button" href={addressOfView("report", publicId)}>{words.alert.update}</a>
      <button class="button danger" disabled={task.busy} onClick={end}>{task.busy ? words.sending : words.alert.cancelIt}</button>
      <Trouble error={task.error} />
    </div>
  );
}
