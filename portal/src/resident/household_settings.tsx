/* What the household decides: what each camera shares, how long events are kept, who may ask for footage. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { INCIDENT_TYPES, MOTION_KINDS, Refusal, type DailyHours, type Draft, type FootageRule, type IncidentType, type MotionKind, type Settings, type Sharing } from "@neighbors/client";
import { broker, neighbors, PATIENT, state } from "../session/connection";
import { useTask } from "../common/task";
import { Trouble } from "../common/trouble";
import { words } from "../words";
import { agencies, agencyName, useAgencies } from "./agencies";
import { HoursEditor } from "./hours_editor";
import { readHousehold, ruleFor, timeZone, toggled, withRule, type Household } from "./household";

function Checks<Word extends string>({ legend, all, names, on, onToggle }: { legend: string; all: readonly Word[]; names: Record<Word, string>; on: readonly Word[]; onToggle(word: Word): void }) {
  return (
    <fieldset class="plain">
      <legend>{legend}</legend>
      <div class="row">
        {all.map((word) => <button key={word} type="button" class="chip" aria-pressed={on.includes(word)} onClick={() => onToggle(word)}>{names[word]}</button>)}
      </div>
    </fieldset>
  );
}

function RuleOfDevice({ name, rule, onRule }: { name: string; rule: Sharing; onRule(rule: Sharing): void }) {
  return (
    <div class="stack">
      <Checks<MotionKind> legend={words.settings.kinds(name)} all={MOTION_KINDS} names={words.kindNames} on={rule.kinds} onToggle={(kind) => onRule({ ...rule, kinds: toggled(rule.kinds, kind) })} />
      {rule.kinds.length > 0 && (
        <fieldset class="plain">
          <legend>{words.settings.hours}{rule.hours.length === 0 && `: ${words.settings.always}`}</legend>
          <HoursEditor hours={rule.hours} onChange={(hours: DailyHours[]) => onRule({ ...rule, hours })} />
        </fieldset>
      )}
    </div>
  );
}

function SharingEditor({ devices, rules, onRules }: { devices: readonly string[]; rules: readonly Sharing[]; onRules(rules: Sharing[]): void }) {
  const blank = (device: string): Sharing => ({ device, kinds: [], hours: [] });
  return (
    <section class="card">
      <h2>{words.settings.sharing}</h2>
      <p class="hint">{words.settings.sharingHint}</p>
      {devices.length === 0 && <p class="quiet">{words.settings.noDevices}</p>}
      {devices.map((device) => {
        const rule = ruleFor(rules, device);
        return (
          <div key={device} class="device">
            <label class="check"><input type="checkbox" checked={rule !== undefined} onChange={(event) => onRules(withRule(rules, device, event.currentTarget.checked ? blank(device) : undefined))} />
              <span>{words.settings.ownRule(device)}</span></label>
            {rule && <RuleOfDevice name={device} rule={rule} onRule={(changed) => onRules(withRule(rules, device, changed))} />}
          </div>
        );
      })}
      <RuleOfDevice name={words.settings.everyDevice} rule={ruleFor(rules, "") ?? blank("")}
        onRule={(changed) => onRules(withRule(rules, "", changed.kinds.length ? changed : undefined))} />
    </section>
  );
}

function FootageEditor({ rules, onRules }: { rules: readonly FootageRule[]; onRules(rules: FootageRule[]): void }) {
  const list = Array.isArray(agencies.value) ? agencies.value : [];
  useAgencies();
  const editor = (agency: string, rule: FootageRule) => (
    <Checks<IncidentType> legend={agency ? agencyName(agency) : words.settings.everyAgency} all={INCIDENT_TYPES} names={words.incidents} on={rule.incidents}
      onToggle={(incident) => onRules(withRule(rules, agency, { agency, incidents: toggled(rule.incidents, incident) }))} />
  );
  return (
    <section class="card">
      <h2>{words.settings.footage}</h2>
      <p class="hint">{words.settings.footageHint}</p>
      {editor("", ruleFor(rules, "") ?? { agency: "", incidents: [] })}
      {list.map(({ id, name }) => {
        const rule = ruleFor(rules, id);
        return (
          <div key={id} class="device">
            <label class="check"><input type="checkbox" checked={rule !== undefined}
              onChange={(event) => onRules(withRule(rules, id, event.currentTarget.checked ? { agency: id, incidents: [] } : undefined))} /><span>{words.settings.exceptionFor(name)}</span></label>
            {rule && editor(id, rule)}
          </div>
        );
      })}
    </section>
  );
}

const DAYS = [1, 3, 7, 14, 21, 30, 60, 90, 120, 180];

/** Only what was touched is sent: what is not given stays as it is. */
function Editor({ household }: { household: Household }) {
  const { settings, devices } = household;
  const touched = useSignal<Draft<Settings>>({});
  const task = useTask<unknown>();
  const now = { ...settings, ...touched.value } as Settings;
  const change = (changes: Draft<Settings>) => { touched.value = { ...touched.value, ...changes }; task.clear(); };
  const save = (event: Event) => {
    event.preventDefault();
    void task.run(async () => broker().publish.settings(touched.value, PATIENT));
  };
  return (
    <form class="stack" onSubmit={save}>
      <SharingEditor devices={devices} rules={now.sharing?.rules ?? []} onRules={(rules) => change({ sharing: { rules, timeZone: settings?.sharing?.timeZone || timeZone } })} />
      <section class="card">
        <label class="field"><span><h2>{words.settings.retention}</h2></span>
          <select value={now.retentionDays || 0} onChange={(event) => change({ retentionDays: Number(event.currentTarget.value) })}>
            {!settings?.retentionDays && <option value={0}>{words.settings.asDecided}</option>}
            {DAYS.map((days) => <option key={days} value={days}>{words.settings.days(days)}</option>)}
          </select></label>
      </section>
      <FootageEditor rules={now.footage?.rules ?? []} onRules={(rules) => change({ footage: { rules } })} />
      <Trouble error={task.error} />
      {task.result !== undefined && <p role="status" class="good">{words.settings.saved}</p>}
      <button class="button main" disabled={task.busy || Object.keys(touched.value).length === 0}>{task.busy ? words.sending : words.settings.saveHousehold}</button>
    </form>
  );
}

export function HouseholdSettings() {
  const read = useTask<Household>();
  const isConnected = state.value === "connected";
  useEffect(() => {
    const opened = neighbors.value;
    if (isConnected && opened && !read.result && !(read.error instanceof Refusal)) {
      void read.run(() => readHousehold(opened));
    }
  }, [isConnected, read.error]); // again when nobody answered in time
  if (read.result) {
    return <Editor household={read.result} />;
  }
  return read.error ? <div><p>{words.settings.loadFailed}</p><Trouble error={read.error} /></div> : <p class="quiet" role="status">{words.loading}</p>;
}
