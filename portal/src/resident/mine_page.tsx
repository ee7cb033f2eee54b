/* The alerts that this browser sent, what became of them, and what can be done about it. */
import { useSignal } from "@preact/signals";
import type { Moderation } from "@neighbors/client";
import { AlertSymbol } from "../map/symbol";
import { broker, PATIENT } from "../session/connection";
import { age, clock } from "../common/format";
import { halfMinute } from "../common/clock";
import { useTask } from "../common/task";
import { Trouble } from "../common/trouble";
import { words } from "../words";
import { TruthBadge } from "./alert_badges";
import { entryOf } from "./feed";
import { MyAlertActions } from "./my_alert_actions";
import { myAlerts, type MyAlert } from "./my_alerts";
import { addressOfView } from "./view";
import { moderations } from "./moderations";

function Appeal({ publicId }: { publicId: string }) {
  const why = useSignal("");
  const task = useTask<unknown>();
  const send = (event: Event) => {
    event.preventDefault();
    void task.run(async () => broker().publish.flag({ publicId, reason: "OTHER", remark: why.value }, PATIENT));
  };
  return task.result ? <p role="status">{words.mine.appealed}</p> : (
    <form class="stack" onSubmit={send}>
      <label class="field"><span>{words.mine.appealWhy}</span><input value={why.value} maxLength={200} onInput={(event) => { why.value = event.currentTarget.value; }} /></label>
      <Trouble error={task.error} />
      <button class="button" disabled={task.busy || !why.value.trim()}>{words.mine.appeal}</button>
    </form>
  );
}

function Became({ told }: { told: Moderation }) {
  return (
    <div class="stack">
      <p><strong>{words.mine.moderation[told.decision] ?? told.decision}</strong> <span class="quiet">{clock(told.at)}{told.reason && `: ${told.reason}`}</span></p>
      {told.decision === "held" && <Appeal publicId={told.publicId} />}
    </div>
  );
}

function MineRow({ mine }: { mine: MyAlert }) {
  const entry = entryOf(mine.publicId);
  const alert = entry?.item.kind === "alert" ? entry.item.alert : undefined;
  const told = moderations.value.find(({ publicId }) => publicId === mine.publicId);
  return (
    <li class="card">
      <div class="alert-head">
        <AlertSymbol category={alert?.category ?? mine.alert.category ?? "other"} severity={alert?.severity ?? mine.alert.severity ?? "UNKNOWN"} size={36} />
        <div>
          <p class="row-top"><span>{words.mine.sent(age(mine.sentAt, halfMinute.value))}</span>{alert && <TruthBadge truth={alert.truth} />}</p>
          <h2><a class="plain-link" href={addressOfView("alert", mine.publicId)}>{mine.alert.headline}</a></h2>
        </div>
      </div>
      {mine.cancelled && <p class="quiet">{words.mine.cancelled}</p>}
      {mine.notShown && !mine.cancelled && <p class="quiet">{words.report.notShown(mine.notShown)}</p>}
      {told && <Became told={told} />}
      <MyAlertActions publicId={mine.publicId} />
    </li>
  );
}

export function MinePage() {
  return (
    <>
      <h1>{words.mine.title}</h1>
      <p class="quiet">{words.mine.hint}</p>
      {myAlerts.value.length ? <ul class="plain-list">{myAlerts.value.map((mine) => <MineRow key={mine.publicId} mine={mine} />)}</ul> : <p class="empty quiet">{words.mine.none}</p>}
      <a class="button main" href={addressOfView("report")}>{words.feed.report}</a>
    </>
  );
}
