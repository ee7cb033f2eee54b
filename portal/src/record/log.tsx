/* The log itself, newest first, a page at a time. Each act can be checked: that it stands in what was signed. */
import { useState } from "preact/hooks";
import type { Leaf } from "@neighbors/client/record";
import { useTask } from "../common/task";
import { clock } from "../common/format";
import { actorOf, kindOf, titleOf } from "./acts";
import { isReadingOlder, prove, readOlder, type Proved } from "./reading";

const PAGE = 25;

function Check({ leaf }: { leaf: Leaf }) {
  const task = useTask<Proved>();
  if (task.result) {
    return <p class="proved" role="status">✓ Act {leaf.index} is in the signed record: {task.result.hashes} hashes lead to its root of {task.result.size} acts.</p>;
  }
  if (task.error !== undefined) {
    return <p class="wrong" role="alert">✗ {task.error instanceof Error ? task.error.message : "It could not be checked"}</p>;
  }
  return (
    <button class="button small" disabled={task.busy} onClick={() => void task.run(() => prove(leaf))} aria-label={`Check act ${leaf.index}`}>
      {task.busy ? "Checking…" : "Check"}
    </button>
  );
}

function Act({ leaf }: { leaf: Leaf }) {
  const { act } = leaf;
  const detail = [act.caseNumber && `case ${act.caseNumber}`, act.count > 0 && act.act === "DISCLOSURE" && `${act.count} residents`,
    act.subject && `concerning ${act.subject}`].filter(Boolean).join(", ");
  return (
    <li class={`act of-${kindOf(act)}`}>
      <p class="head"><strong>{titleOf(act)}</strong> <span class="quiet">{actorOf(act)}</span></p>
      {act.text && <p dir="auto">{act.text}</p>}
      {detail && <p class="quiet">{detail}</p>}
      <p class="quiet"><time dateTime={new Date(act.at).toISOString()}>{clock(act.at)}</time> · act {leaf.index}</p>
      <Check leaf={leaf} />
    </li>
  );
}

/** leaves: from the oldest to the newest. */
export function Log({ leaves, name, hasOlder }: { leaves: readonly Leaf[]; name: string; hasOlder: boolean }) {
  const [page, turn] = useState(0);
  const pages = Math.max(1, Math.ceil(leaves.length / PAGE));
  const at = Math.min(page, pages - 1);
  const end = leaves.length - at * PAGE;
  const shown = leaves.slice(Math.max(0, end - PAGE), end).reverse();
  return (
    <section class="record-log" aria-labelledby="log-title">
      <h2 id="log-title">The record of {name}</h2>
      {shown.length === 0 && <p class="quiet">Nothing stands in it.</p>}
      <ol reversed>{shown.map((leaf) => <Act key={leaf.index} leaf={leaf} />)}</ol>
      <nav class="row" aria-label="Pages of the record">
        <button class="button" disabled={at === 0} onClick={() => turn(at - 1)}>Newer</button>
        <span>{at + 1} of {pages}</span>
        <button class="button" disabled={at + 1 >= pages} onClick={() => turn(at + 1)}>Older</button>
        {at + 1 >= pages && hasOlder && <button class="button" disabled={isReadingOlder.value} onClick={() => void readOlder()}>Read further back</button>}
      </nav>
    </section>
  );
}
