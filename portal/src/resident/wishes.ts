/* What somebody wishes of alerts in this browser; the broker holds it with the session, it is remembered here to be shown. */
import type { DailyHours, LeastSeverity, Severity } from "@neighbors/client";
import { kept } from "../session/kept";

export interface Wishes {
  quiet: readonly DailyHours[];
  quietPasses: Severity;
  least: readonly LeastSeverity[];
  digestMinutes: number;
  language: string;
}

export const wishes = kept<Wishes>("wishes", { quiet: [], quietPasses: "EXTREME", least: [], digestMinutes: 0, language: "" });
