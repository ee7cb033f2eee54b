/* What a resident can say of an alert: I saw it too; this should not be here; a tip to an agency. */
import { useSignal } from "@preact/signals";
import { FLAG_REASONS, type AlertItem, type FlagReason } from "@neighbors/client";
import { broker, PATIENT } from "../session/connection";
import { Dialog } from "../common/dialog";
import { useTask } from "../common/task";
import { Trouble } from "../common/trouble";
import { bytesOf } from "../common/text";
import { words } from "../words";
import { isMine, MyAlertActions } from "./my_alert_actions";
import { addressOfView } from "./view";

const REMARK_MOST = 360; // bytes

function Remark({ label, value, onText }: { label: string; value: string; onText(text: string): void }) {
  const left = REMARK_MOST - bytesOf(value);
  return (
    <label class="field">
      <span>{label}</span>
      <textarea rows={3} value={value} onInput={(event) => onText(event.currentTarget.value)} />
      <span class={left < 0 ? "wrong" : "hint"}>{words.alert.remarkLimit(left)}</span>
    </label>
  );
}

function Witness({ publicId, onClose }: { publicId: string; onClose(): void }) {
  const remark = useSignal("");
  const task = useTask<unknown>();
  const send = (event: Event) => {
    event.preventDefault();
    void task.run(async () => broker().publish.witness({ publicId, remark: remark.value.trim(), at: Date.now() }, PATIENT));
  };
  return (
    <Dialog title={words.alert.witness} onClose={onClose}>
      {task.result ? <p role="status">{words.alert.witnessed}</p> : (
        <form class="stack" onSubmit={send}>
          <p class="quiet">{words.alert.witnessHint}</p>
          <Remark label={words.alert.remark} value={remark.value} onText={(text) => { remark.value = text; }} />
          <Trouble error={task.error} />
          <button class="button main" disabled={task.busy || bytesOf(remark.value) > REMARK_MOST}>{task.busy ? words.sending : words.alert.witness}</button>
        </form>
      )}
    </Dialog>
  );
}

function Flag({ publicId, onClose }: { publicId: string; onClose(): void }) {
  const reason = useSignal<FlagReason>("UNSPECIFIED");
  const remark = useSignal("");
  const task = useTask<unknown>();
  const send = (event: Event) => {
    event.preventDefault();
    void task.run(async () => broker().publish.flag({ publicId, reason: reason.value, remark: remark.value.trim() }, PATIENT));
  };
  return (
    <Dialog title={words.alert.flagTitle} onClose={onClose}>
      {task.result ? <p role="status">{words.alert.flagged}</p> : (
        <form class="stack" onSubmit={send}>
          <fieldset class="plain">
            <legend>{words.alert.flagWhy}</legend>
            {FLAG_REASONS.map((one) => (
              <label key={one} class="check">
                <input type="radio" name="reason" checked={reason.value === one} onChange={() => { reason.value = one; }} />
                <span>{words.flagReasons[one]}</span>
              </label>
            ))}
          </fieldset>
          <Remark label={words.alert.flagRemark} value={remark.value} onText={(text) => { remark.value = text; }} />
          <Trouble error={task.error} />
          <button class="button main" disabled={task.busy || reason.value === "UNSPECIFIED" || bytesOf(remark.value) > REMARK_MOST}>
            {task.busy ? words.sending : words.alert.flag}
          </button>
        </form>
      )}
    </Dialog>
  );
}

/** When it ends while somebody writes, they go on: the broker decides. */
export function AlertActions({ item, ended }: { item: AlertItem; ended: boolean }) {
  const open = useSignal<"" | "witness" | "flag">("");
  const close = () => { open.value = ""; };
  if (isMine(item.key)) {
    return ended ? null : <MyAlertActions publicId={item.key} />;
  }
  return (
    <div class="row actions">
      {!ended && (
        <>
          <button class="button main" onClick={() => { open.value = "witness"; }}>{words.alert.witness}</button>
          <a class="button" href={addressOfView("tips", `new:${item.key}`)}>{words.alert.tip}</a>
          <button class="button" onClick={() => { open.value = "flag"; }}>{words.alert.flag}</button>
        </>
      )}
      {open.value === "witness" && <Witness publicId={item.key} onClose={close} />}
      {open.value === "flag" && <Flag publicId={item.key} onClose={close} />}
    </div>
  );
}
