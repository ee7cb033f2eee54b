/* What is held about the household: handed out, deleted, forgotten by this browser. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Deleted, ExportPart, Neighbors } from "@neighbors/client";
import { checkDeleted, PublicRecord } from "@neighbors/client/record";
import { broker, neighbors, PATIENT, state } from "../session/connection";
import { identity, signOut } from "../session/identity";
import { Dialog } from "../common/dialog";
import { download } from "../common/download";
import { useTask } from "../common/task";
import { Trouble } from "../common/trouble";
import { words } from "../words";
import { receipts } from "./receipts";
import { conversations } from "./tips";

/* Bytes as base64, as in the JSON of the schema. */
function readable(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? btoa(String.fromCharCode(...value)) : value;
}

/** All parts as one file; how many events are in it. */
async function exportAll(from: Neighbors, onPart: (number: number) => void): Promise<number> {
  const parts: ExportPart[] = [];
  let page = "";
  for (;;) {
    onPart(parts.length + 1);
    const part = await from.export({ page });
    parts.push(part);
    page = part.next;
    if (part.last) {
      break;
    }
  }
  download(`neighbors-${identity.value?.name.replace("/", "-") ?? "export"}.json`, JSON.stringify({ parts }, readable, 1), "application/json");
  return parts.reduce((sum, { events }) => sum + events.length, 0);
}

function ExportCard() {
  const part = useSignal(0);
  const task = useTask<number>();
  const start = () => task.run(async () => exportAll(broker(), (number) => { part.value = number; }));
  return (
    <section class="card">
      <h2>{words.settings.exportTitle}</h2>
      <p class="hint">{words.settings.exportHint}</p>
      <Trouble error={task.error} />
      {task.result !== undefined && <p role="status" class="good">{words.settings.exported(task.result)}</p>}
      <button class="button" disabled={task.busy} onClick={start}>{task.busy ? words.settings.exporting(part.value) : words.settings.exportIt}</button>
    </section>
  );
}

type What = "events" | "alerts" | "account";

/* By the key that the broker tells now, or one that it replaced: a receipt may come long after it was signed. */
async function isSigned(receipt: Deleted): Promise<boolean> {
  const key = neighbors.peek()?.info?.logPublicKey;
  return (key?.length && checkDeleted(receipt, key)) || new PublicRecord("").checkDeleted(receipt);
}

function ReceiptCard({ receipt }: { receipt: Deleted }) {
  const good = useSignal<boolean>();
  const now = state.value;
  useEffect(() => {
    if (good.peek() === undefined) {
      isSigned(receipt).then((is) => { good.value = is; }, () => {}); // who cannot be asked now is asked when the connection is back
    }
  }, [now]);
  return (
    <div class="card" role="status">
      <p><strong>{words.settings.deleted(receipt.events, receipt.alerts)}</strong></p>
      {good.value === undefined ? <p class="quiet">{words.settings.receiptUnchecked}</p>
        : <p class={good.value ? "good" : "wrong"}>{good.value ? words.settings.receiptGood : words.settings.receiptBad}</p>}
      {receipt.backupDays > 0 && <p class="quiet">{words.settings.backups(receipt.backupDays)}</p>}
      <button class="button" onClick={() => download(`deleted-${receipt.forgetId}.json`, JSON.stringify(receipt, readable, 1), "application/json")}>{words.settings.saveReceipt}</button>
    </div>
  );
}

function Sure({ what, onClose }: { what: What; onClose(): void }) {
  const task = useTask<unknown>();
  const labels: Record<What, string> = { events: words.settings.deleteEvents, alerts: words.settings.deleteAlerts, account: words.settings.deleteAccount };
  const forget = () => task.run(async () => broker().publish.forget(what === "events" ? {} : { [what]: true }, PATIENT));
  return (
    <Dialog title={words.settings.deleteTitle} onClose={onClose}>
      {task.result !== undefined ? <p role="status">{words.settings.deleting}</p> : (
        <>
          <p><strong>{labels[what]}</strong></p>
          <p>{words.settings.deleteHint}</p>
          <Trouble error={task.error} />
          <button class="button danger" disabled={task.busy} onClick={forget}>{task.busy ? words.sending : words.settings.deleteSure}</button>
        </>
      )}
    </Dialog>
  );
}

function DeleteCard() {
  const what = useSignal<What>("events");
  const isAsking = useSignal(false);
  return (
    <section class="card">
      <h2>{words.settings.deleteTitle}</h2>
      <p class="hint">{words.settings.deleteHint}</p>
      <label class="field"><span>{words.settings.deleteWhat}</span>
        <select value={what.value} onChange={(event) => { what.value = event.currentTarget.value as What; }}>
          <option value="events">{words.settings.deleteEvents}</option>
          <option value="alerts">{words.settings.deleteAlerts}</option>
          <option value="account">{words.settings.deleteAccount}</option>
        </select></label>
      <button class="button danger" onClick={() => { isAsking.value = true; }}>{words.settings.deleteIt}</button>
      {isAsking.value && <Sure what={what.value} onClose={() => { isAsking.value = false; }} />}
      {receipts.value.map((receipt) => <ReceiptCard key={receipt.forgetId + receipt.at} receipt={receipt} />)}
    </section>
  );
}

function SignOutCard() {
  const isAsking = useSignal(false);
  const codes = conversations.value.filter(({ code }) => code).length;
  return (
    <section class="card">
      <h2>{words.settings.signOut}</h2>
      <p class="hint">{words.settings.signOutHint}</p>
      <button class="button" onClick={() => { isAsking.value = true; }}>{words.settings.signOut}</button>
      {isAsking.value && (
        <Dialog title={words.settings.signOut} onClose={() => { isAsking.value = false; }}>
          {codes > 0 && <p class="wrong">{words.settings.signOutCodes(codes)}</p>}
          <p>{words.settings.signOutHint}</p>
          <button class="button danger" onClick={() => void signOut()}>{words.settings.signOutSure}</button>
        </Dialog>
      )}
    </section>
  );
}

export function MyData() {
  return <><ExportCard /><DeleteCard /><SignOutCard /></>;
}
