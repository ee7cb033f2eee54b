/* What of the feed is shown. */
import { CATEGORIES, type Category, type Severity } from "@neighbors/client";
import { words } from "../words";
import { filters, isFiltered, severityOrder, showEverything } from "./filters";

function toggled(categories: readonly Category[], category: Category): readonly Category[] {
  return categories.includes(category) ? categories.filter((one) => one !== category) : [...categories, category];
}

export function FilterPanel() {
  const now = filters.value;
  return (
    <div class="card filter-panel">
      <fieldset class="plain">
        <legend>{words.filter.categories}</legend>
        <div class="row">
          {CATEGORIES.map((category) => (
            <button key={category} type="button" class="chip" aria-pressed={now.categories.includes(category)}
              onClick={() => { filters.value = { ...now, categories: toggled(now.categories, category) }; }}>
              {words.categories[category]}
            </button>
          ))}
        </div>
      </fieldset>
      <label class="field">
        <span>{words.filter.least}</span>
        <select value={now.least} onChange={(event) => { filters.value = { ...now, least: event.currentTarget.value as Severity }; }}>
          {severityOrder.map((severity) => (
            <option key={severity} value={severity}>{severity === "UNKNOWN" ? words.filter.leastAny : words.severities[severity]}</option>
          ))}
        </select>
      </label>
      <label class="check">
        <input type="checkbox" checked={now.activity} onChange={(event) => { filters.value = { ...now, activity: event.currentTarget.checked }; }} />
        <span>{words.filter.activity}</span>
      </label>
      {isFiltered.value && <button type="button" class="button" onClick={showEverything}>{words.filter.reset}</button>}
    </div>
  );
}
