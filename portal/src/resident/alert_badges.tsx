/* How true and how bad an alert is, in words, with shapes that need no colour. */
import type { Severity, Truth } from "@neighbors/client";
import { words } from "../words";

const marks: Record<Truth, string> = {
  UNSPECIFIED: "M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zm0 1.800a3.700 3.700 0 1 1 0 7.400 3.700 3.700 0 0 1 0-7.400z",
  UNVERIFIED: "M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zm0 1.800a3.700 3.700 0 1 1 0 7.400 3.700 3.700 0 0 1 0-7.400z",
  CORROBORATED: "M6 3a5 5 0 1 0 0 10A5 5 0 0 0 6 3zm4.500.200a6.500 6.500 0 0 1 0 9.600A5 5 0 0 0 10.500 3.200z",
  CONFIRMED: "M6.400 12.700 2 8.300l1.600-1.600 2.800 2.800 6-6L14 5.100z",
  REFUTED: "M4.200 2.600 8 6.400l3.800-3.800 1.600 1.600L9.600 8l3.800 3.800-1.600 1.600L8 9.600l-3.800 3.800-1.600-1.600L6.400 8 2.600 4.200z",
};

export function TruthBadge({ truth }: { truth: Truth }) {
  return (
    <span class={`mark truth-${truth.toLowerCase()}`} title={words.truthHints[truth]}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path fill-rule="evenodd" d={marks[truth]} /></svg>
      {words.truths[truth]}
    </span>
  );
}

export function SeverityWord({ severity }: { severity: Severity }) {
  return severity === "UNKNOWN" || severity === "UNSPECIFIED" ? null : <span class={`severity severity-${severity.toLowerCase()}`}>{words.severities[severity]}</span>;
}
