/* Light, dark, or as the system is. */
import { useSignal } from "@preact/signals";
import { words } from "../words";
import { theme, wear, type Theme } from "../common/theme_choice";

export function Appearance() {
  const now = useSignal(theme());
  return (
    <section class="card">
      <label class="field"><span>{words.settings.appearance}</span>
        <select value={now.value} onChange={(event) => { now.value = event.currentTarget.value as Theme; wear(now.value); }}>
          {(Object.keys(words.settings.themes) as Theme[]).map((one) => <option key={one} value={one}>{words.settings.themes[one]}</option>)}
        </select></label>
    </section>
  );
}
