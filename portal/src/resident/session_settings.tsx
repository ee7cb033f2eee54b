/* How alerts come to this browser: quiet hours, the least severity, together or at once, in which language. The broker holds them
 * with this browser's session; they are remembered here to be shown. */
import { useSignal } from "@preact/signals";
import { CATEGORIES, type Category, type LeastSeverity, type Severity } from "@neighbors/client";
import { broker, PATIENT } from "../session/connection";
import { span } from "../common/format";
import { useTask } from "../common/task";
import { Trouble } from "../common/trouble";
import { words } from "../words";
import { severityOrder } from "./filters";
import { HoursEditor } from "./hours_editor";
import { timeZone } from "./household";
import { wishes, type Wishes } from "./wishes";

function leastFor(least: readonly LeastSeverity[], category: Category): Severity {
  return least.find((one) => one.category === category)?.severity ?? "UNKNOWN";
}

function withLeast(least: readonly LeastSeverity[], category: Category, severity: Severity): LeastSeverity[] {
  const others = least.filter((one) => one.category !== category);
  return severity === "UNKNOWN" && (category === "UNSPECIFIED" || leastFor(others, "UNSPECIFIED") === "UNKNOWN") ? others : [...others, { category, severity }];
}

function SeveritySelect({ label, value, onSeverity }: { label: string; value: Severity; onSeverity(severity: Severity): void }) {
  return (
    <label class="field"><span>{label}</span>
      <select value={value} onChange={(event) => onSeverity(event.currentTarget.value as Severity)}>
        {severityOrder.map((one) => <option key={one} value={one}>{one === "UNKNOWN" ? words.filter.leastAny : words.severities[one]}</option>)}
      </select></label>
  );
}

function Quiet({ now, onChange }: { now: Wishes; onChange(change: Partial<Wishes>): void }) {
  return (
    <fieldset class="plain">
      <legend>{words.settings.quiet}</legend>
      <HoursEditor hours={now.quiet} onChange={(quiet) => onChange({ quiet })} />
      {now.quiet.length > 0 && <SeveritySelect label={words.settings.quietHint} value={now.quietPasses} onSeverity={(quietPasses) => onChange({ quietPasses })} />}
    </fieldset>
  );
}

export function SessionSettings() {
  const now = useSignal(wishes.peek());
  const task = useTask<unknown>();
  const change = (changes: Partial<Wishes>) => { now.value = { ...now.value, ...changes }; task.clear(); };
  const save = (event: Event) => {
    event.preventDefault();
    const sent = now.value, { quiet, least, ...rest } = sent;
    void task.run(async () => {
      const receipt = await broker().publish.settings({ ...rest, quiet: [...quiet], least: [...least], timeZone }, PATIENT);
      wishes.value = sent;
      return receipt;
    });
  };
  return (
    <form class="card" onSubmit={save}>
      <Quiet now={now.value} onChange={change} />
      <SeveritySelect label={words.settings.least} value={leastFor(now.value.least, "UNSPECIFIED")} onSeverity={(severity) => change({ least: withLeast(now.value.least, "UNSPECIFIED", severity) })} />
      <details>
        <summary>{words.settings.perCategory}</summary>
        <div class="two">
          {CATEGORIES.map((category) => (
            <SeveritySelect key={category} label={words.categories[category]} value={leastFor(now.value.least, category)}
              onSeverity={(severity) => change({ least: withLeast(now.value.least, category, severity) })} />
          ))}
        </div>
      </details>
      <label class="field"><span>{words.settings.digest}</span>
        <select value={now.value.digestMinutes} onChange={(event) => change({ digestMinutes: Number(event.currentTarget.value) })}>
          {[0, 5, 15, 30, 60, 240, 1440].map((minutes) => <option key={minutes} value={minutes}>{minutes ? words.settings.each(span(minutes * 60_000)) : words.settings.atOnce}</option>)}
        </select></label>
      <label class="field"><span>{words.settings.language}</span>
        <input value={now.value.language} maxLength={35} onInput={(event) => change({ language: event.currentTarget.value.trim() })} />
        <span class="hint">{words.settings.languageHint}</span></label>
      <Trouble error={task.error} />
      {task.result !== undefined && <p role="status" class="good">{words.settings.saved}</p>}
      <button class="button main" disabled={task.busy}>{task.busy ? words.sending : words.settings.saveSession}</button>
    </form>
  );
}
