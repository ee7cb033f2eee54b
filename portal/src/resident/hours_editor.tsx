/* Times of day that come again: each from, to, and on which days. */
import type { DailyHours } from "@neighbors/client";
import { words } from "../words";
import { timeZone } from "./household";

const EVERY_DAY = 0b1111111;
const MOST = 14;

function textOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

function minuteOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  return hours * 60 + minutes;
}

function OneRange({ range, onChange, onRemove }: { range: DailyHours; onChange(range: DailyHours): void; onRemove(): void }) {
  const days = range.weekdays || EVERY_DAY;
  return (
    <div class="hours">
      <div class="row">
        <label><span class="sr-only">{words.settings.onlyFrom}</span>
          <input type="time" required value={textOf(range.fromMinute)} onChange={(event) => onChange({ ...range, fromMinute: minuteOf(event.currentTarget.value) })} /></label>
        <label>{words.settings.to} <input type="time" required value={textOf(range.toMinute)} onChange={(event) => onChange({ ...range, toMinute: minuteOf(event.currentTarget.value) })} /></label>
        <button type="button" class="icon-button" aria-label={words.remove} onClick={onRemove}>×</button>
      </div>
      <div class="row days">
        {words.settings.weekdays.map((day, bit) => (
          <button key={day} type="button" class="chip" aria-pressed={(days & (1 << bit)) !== 0}
            onClick={() => { const next = days ^ (1 << bit); onChange({ ...range, weekdays: next === EVERY_DAY || next === 0 ? 0 : next }); }}>{day}</button>
        ))}
      </div>
    </div>
  );
}

export function HoursEditor({ hours, onChange }: { hours: readonly DailyHours[]; onChange(hours: DailyHours[]): void }) {
  return (
    <div class="stack">
      {hours.map((range, index) => (
        <OneRange key={index} range={range} onChange={(changed) => onChange(hours.map((old, i) => (i === index ? changed : old)))}
          onRemove={() => onChange(hours.filter((_, i) => i !== index))} />
      ))}
      {hours.length < MOST && (
        <button type="button" class="button small" onClick={() => onChange([...hours, { fromMinute: 22 * 60, toMinute: 6 * 60, weekdays: 0 }])}>{words.add}</button>
      )}
      {hours.length > 0 && <p class="hint">{words.settings.timeZone(timeZone)}</p>}
    </div>
  );
}
