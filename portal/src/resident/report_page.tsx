/* Reporting something: what kind, where and what; how it will look; the broker's receipt. */
import { useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import { CATEGORIES, Refusal, type Alert, type Category, type Draft, type Receipt, type Severity } from "@neighbors/client";
import { snap } from "@neighbors/client/geo";
import { AlertSymbol } from "../map/symbol";
import { broker, PATIENT } from "../session/connection";
import { span } from "../common/format";
import { useLetters } from "../common/letter";
import { useTask, type Task } from "../common/task";
import { bytesOf } from "../common/text";
import { Trouble } from "../common/trouble";
import { words } from "../words";
import { SeverityWord, TruthBadge } from "./alert_badges";
import { picked } from "./choice";
import { severityOrder } from "./filters";
import { mineOf, rememberMine, type MyAlert } from "./my_alerts";
import { PlacePicker } from "./place_picker";
import { places } from "./places";
import { alertOf, byField, DESCRIPTION_MOST, draftOf, emptyDraft, HEADLINE_MOST, needsDescription, wrongs, type ReportDraft } from "./report_draft";
import { addressOfView, show, viewId } from "./view";

type Change = (change: Partial<ReportDraft>) => void;

function Categories({ onCategory }: { onCategory(category: Category): void }) {
  return (
    <fieldset class="plain">
      <legend><h2>{words.report.categoryFirst}</h2></legend>
      <div class="category-grid">
        {CATEGORIES.map((category) => (
          <button key={category} type="button" class="category-choice" onClick={() => onCategory(category)}>
            <AlertSymbol category={category} severity="UNKNOWN" size={32} />
            <span><strong>{words.categories[category]}</strong><span class="hint">{words.categoryHints[category]}</span></span>
          </button>
        ))}
      </div>
    </fieldset>
  );
}

function Rules({ category }: { category: Category }) {
  const rules = [words.report.ruleUrgent, ...(needsDescription(category) ? [words.report.ruleNeedsDescription] : []), words.report.ruleDone, words.report.ruleLooks, words.report.ruleNames];
  return (
    <section class="rules" aria-label={words.report.rules}>
      <h2>{words.report.rules}</h2>
      <ul>{rules.map((rule) => <li key={rule}>{rule}</li>)}</ul>
    </section>
  );
}

interface LineProps {
  label: string;
  value: string;
  most: number;
  rows: number;
  hint?: string;
  wrong: string | undefined;
  onText(text: string): void;
}

/** A text with its limit; the reason why it would be refused is shown once something was written. */
function Line({ label, value, most, rows, hint, wrong, onText }: LineProps) {
  const id = useId();
  const common = { id, value, "aria-describedby": `${id}-hint`, "aria-invalid": wrong !== undefined };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {rows === 1 ? <input {...common} onInput={(event) => onText(event.currentTarget.value)} />
        : <textarea {...common} rows={rows} onInput={(event) => onText(event.currentTarget.value)} />}
      <span id={`${id}-hint`}>
        {wrong && <span class="wrong">{wrong} </span>}
        {!wrong && hint && <span class="hint">{hint} </span>}
        {bytesOf(value) > most / 2 && <span class="hint">{words.report.limit(most - bytesOf(value))}</span>}
      </span>
    </div>
  );
}

function Choices({ draft, onChange }: { draft: ReportDraft; onChange: Change }) {
  return (
    <div class="two">
      <label class="field">
        <span>{words.report.severity}</span>
        <select value={draft.severity} onChange={(event) => onChange({ severity: event.currentTarget.value as Severity })}>
          {severityOrder.map((one) => <option key={one} value={one}>{words.severities[one]}</option>)}
        </select>
      </label>
      <label class="field">
        <span>{words.report.expires}</span>
        <select value={draft.hours} onChange={(event) => onChange({ hours: Number(event.currentTarget.value) })}>
          {[0, 1, 2, 6, 24, 72, 168].map((hours) => <option key={hours} value={hours}>{hours ? words.report.forHours(span(hours * 3_600_000)) : words.report.usual}</option>)}
        </select>
      </label>
    </div>
  );
}

interface FormProps {
  draft: ReportDraft;
  found: ReadonlyMap<string, string>;
  /** Whether what is missing is shown already. */
  isTried: boolean;
  onChange: Change;
  onPreview(): void;
}

function ReportForm({ draft, found, isTried, onChange, onPreview }: FormProps) {
  const wrongOf = (field: string, value: string) => (isTried || value.trim() ? found.get(field) : undefined);
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); onPreview(); }}>
      <div class="chosen-category">
        <AlertSymbol category={draft.category} severity={draft.severity} size={36} />
        <strong>{words.categories[draft.category]}</strong>
        <button type="button" class="button" onClick={() => onChange({ category: "UNSPECIFIED" })}>{words.report.change}</button>
      </div>
      <Rules category={draft.category} />
      <PlacePicker cell={draft.cell} onCell={(cell) => onChange({ cell })} />
      {isTried && found.get("place") && <p class="wrong">{words.place.noCell}</p>}
      <p class="hint">{words.report.cellHint}</p>
      <Line label={words.report.headline} value={draft.headline} most={HEADLINE_MOST} rows={1} hint={words.report.headlineHint}
        wrong={wrongOf("headline", draft.headline)} onText={(headline) => onChange({ headline })} />
      <Line label={words.report.description} value={draft.description} most={DESCRIPTION_MOST} rows={4}
        wrong={wrongOf("description", draft.description || (draft.headline && needsDescription(draft.category) ? draft.headline : ""))} onText={(description) => onChange({ description })} />
      <Line label={words.report.instruction} value={draft.instruction} most={DESCRIPTION_MOST} rows={2}
        wrong={wrongOf("instruction", draft.instruction)} onText={(instruction) => onChange({ instruction })} />
      <Choices draft={draft} onChange={onChange} />
      {isTried && found.size > 0 && <p class="wrong" role="alert">{words.report.fields} {found.get("")}</p>}
      <button class="button main">{words.report.preview}</button>
    </form>
  );
}

function Preview({ draft, isUpdate, task, onEdit, onSend }: { draft: ReportDraft; isUpdate: boolean; task: Task<Receipt>; onEdit(): void; onSend(): void }) {
  return (
    <section class="stack">
      <h2>{words.report.previewTitle}</h2>
      <article class="card preview">
        <div class="alert-head">
          <AlertSymbol category={draft.category} severity={draft.severity} size={48} />
          <div>
            <p class="row-top"><SeverityWord severity={draft.severity} /><span>{words.categories[draft.category]}</span><TruthBadge truth="UNVERIFIED" /></p>
            <h3>{draft.headline}</h3>
          </div>
        </div>
        {draft.description && <p class="prose">{draft.description}</p>}
        {draft.instruction && <p class="prose"><strong>{words.alert.toDo}:</strong> {draft.instruction}</p>}
        <p class="quiet">{words.alert.resident} · {words.place.cell} {draft.cell}</p>
      </article>
      <Trouble error={task.error} />
      <div class="row">
        <button class="button main" disabled={task.busy} onClick={onSend}>{task.busy ? words.sending : isUpdate ? words.report.sendUpdate : words.report.sendIt}</button>
        <button class="button" disabled={task.busy} onClick={onEdit}>{words.report.edit}</button>
      </div>
    </section>
  );
}

function Sent({ mine, onAnother }: { mine: MyAlert; onAnother(): void }) {
  return (
    <section class="card" role="status">
      <h2>{words.report.receipt}</h2>
      <p>{mine.notShown ? words.report.notShown(mine.notShown) : words.report.receiptText}</p>
      <p class="quiet">{words.alert.publicId} <code>{mine.publicId}</code> · {words.alert.revision} {mine.revision}</p>
      <div class="row">
        <a class="button main" href={addressOfView("alert", mine.publicId)}>{words.report.openIt}</a>
        <button class="button" onClick={onAnother}>{words.report.another}</button>
      </div>
    </section>
  );
}

function cellOfMine(mine: MyAlert): string {
  const point = mine.alert.place?.point;
  return point?.latE7 !== undefined && point.lonE7 !== undefined ? snap(point.latE7 / 1e7, point.lonE7 / 1e7) : "";
}

function Report({ before }: { before: MyAlert | undefined }) {
  const draft = useSignal(before ? draftOf(before, cellOfMine(before)) : emptyDraft(picked.peek() || places.peek()[0]?.cell || ""));
  const isTried = useSignal(false);
  const isPreview = useSignal(false);
  const refusedFields = useSignal<ReadonlyMap<string, string>>(new Map());
  const task = useTask<Receipt>();
  const letters = useLetters<Draft<Alert>>();
  const sent = useSignal<MyAlert | undefined>(undefined);
  const found = new Map([...refusedFields.value, ...wrongs(draft.value, before)]);
  useEffect(() => {
    picked.value = draft.value.cell;
    return () => { picked.value = ""; };
  }, []);
  const change: Change = (changes) => {
    draft.value = { ...draft.value, ...changes };
    refusedFields.value = new Map();
  };
  const send = () => task.run(async () => {
    const alert = letters.of(draft.value, (senderAlertId) => ({ senderAlertId, ...alertOf(draft.value, before) }));
    try {
      const receipt = await broker().publish.alert(alert, PATIENT);
      letters.answered();
      sent.value = rememberMine(alert, receipt);
      return receipt;
    } catch (error) {
      const fields = error instanceof Refusal ? byField([error]) : new Map<string, string>();
      if (fields.size && !fields.has("")) {
        refusedFields.value = fields; // told where it was written
        isPreview.value = false;
      }
      throw error;
    }
  });
  if (sent.value) {
    return <Sent mine={sent.value} onAnother={() => { sent.value = undefined; isPreview.value = isTried.value = false; draft.value = emptyDraft(draft.value.cell); show("report"); }} />;
  }
  if (draft.value.category === "UNSPECIFIED") {
    return <Categories onCategory={(category) => change({ category })} />;
  }
  if (isPreview.value) {
    return <Preview draft={draft.value} isUpdate={before !== undefined} task={task} onEdit={() => { isPreview.value = false; }} onSend={send} />;
  }
  return <ReportForm draft={draft.value} found={found} isTried={isTried.value} onChange={change}
    onPreview={() => { isTried.value = true; isPreview.value = found.size === 0; }} />;
}

export function ReportPage() {
  const before = mineOf(viewId.value);
  return (
    <>
      <a class="back-link" href={addressOfView("feed")}>← {words.tabs.feed}</a>
      <h1>{before ? words.report.updateTitle : words.report.title}</h1>
      <Report key={viewId.value} before={before} />
    </>
  );
}
