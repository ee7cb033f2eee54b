/* Acts over time: a row of bars for each kind over one axis of time, and the same as a table. */
import type { LogLeaf } from "@neighbors/client";
import { countsOf, kindHints, kinds, kindTitles, type Kind } from "./acts";
import { bucketsOf, type Bucket } from "./buckets";

const WIDTH = 360;
const ROW = 34;
const LABEL = 118;
const TOTAL = 30;
const AXIS = 20;
const DAY = 24 * 3_600_000;

const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const both = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

function Row({ kind, index, list, most, total }: { kind: Kind; index: number; list: Bucket[]; most: number; total: number }) {
  const top = index * ROW;
  const step = (WIDTH - LABEL - TOTAL) / list.length;
  const room = ROW - 10;
  return (
    <g class={`bars of-${kind}`}>
      <text class="label" x={0} y={top + ROW - 8}>{kindTitles[kind]}</text>
      <line x1={LABEL} x2={WIDTH - TOTAL} y1={top + ROW - 4} y2={top + ROW - 4} />
      {list.map(({ counts }, at) => {
        const height = counts[kind] ? Math.max(3, (counts[kind] / most) * room) : 0;
        return height ? (
          <rect key={at} x={LABEL + at * step + 0.5} width={Math.max(1.5, step - 1)} y={top + ROW - 4 - height} height={height} rx={1} />
        ) : null;
      })}
      <text class="total" x={WIDTH} y={top + ROW - 8} text-anchor="end">{total}</text>
    </g>
  );
}

function Axis({ list, length, top }: { list: Bucket[]; length: number; top: number }) {
  const name = (at: number) => (length < DAY ? (list.length * length > DAY ? both : hours) : days).format(at);
  const first = list[0]?.from ?? 0;
  return (
    <g class="axis">
      <text x={LABEL} y={top + 14}>{name(first)}</text>
      <text x={WIDTH - TOTAL} y={top + 14} text-anchor="end">now</text>
    </g>
  );
}

function Table({ list, length, shown }: { list: Bucket[]; length: number; shown: Kind[] }) {
  const some = list.filter(({ counts }) => shown.some((kind) => counts[kind] > 0));
  return (
    <div class="scrolled" tabIndex={0} role="region" aria-label="Acts over time as a table">
      <table>
        <thead>
          <tr><th scope="col">{length < DAY ? "From" : "Since"}</th>{shown.map((kind) => <th key={kind} scope="col">{kindTitles[kind]}</th>)}</tr>
        </thead>
        <tbody>
          {some.map(({ from, counts }) => (
            <tr key={from}>
              <th scope="row">{(length < DAY ? both : days).format(from)}</th>
              {shown.map((kind) => <td key={kind}>{counts[kind]}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** name: whose acts they are. */
export function ActsChart({ acts, name, now }: { acts: readonly LogLeaf[]; name: string; now: number }) {
  const { length, list } = bucketsOf(acts, now);
  const totals = countsOf(acts);
  const shown = [...kinds];
  const most = Math.max(1, ...list.flatMap(({ counts }) => shown.map((kind) => counts[kind])));
  const height = shown.length * ROW;
  return (
    <figure class="record-chart">
      <figcaption><h2>What {name} did</h2></figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${height + AXIS}`} role="img"
        aria-label={`${name}: ${shown.map((kind) => `${kindTitles[kind]} ${totals[kind]}`).join(", ")}. The table below has them over time.`}>
        {shown.map((kind, index) => <Row key={kind} {...{ kind, index, list, most }} total={totals[kind]} />)}
        <Axis {...{ list, length }} top={height} />
      </svg>
      <details>
        <summary>As a table, and what is counted</summary>
        <Table {...{ list, length, shown }} />
        <dl class="hints">{shown.map((kind) => <div key={kind}><dt>{kindTitles[kind]}</dt><dd>{kindHints[kind]}</dd></div>)}</dl>
      </details>
    </figure>
  );
}
