/* A long list of which only what can be seen is in the page. Rows have heights that are known beforehand (rem), so that ten
 * thousand cost as much as twenty. Arrow keys, Home and End move through it. */
import { type ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

export interface WindowListProps<Row> {
  label: string;
  rows: readonly Row[];
  keyOf(row: Row): string;
  /** rem */
  heightOf(row: Row): number;
  children(row: Row): ComponentChildren;
  /** The row that is to be scrolled to, when it changes. */
  shownKey?: string;
  /** Rows that are in sight now. */
  onSight?(rows: readonly Row[]): void;
}

const MARGIN = 600; // px above and below that are drawn too

function remInPixels(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}

function scrollerOf(element: HTMLElement): HTMLElement {
  return element.closest<HTMLElement>("[data-scroller]") ?? document.documentElement;
}

/** The first index whose offset is above `value`, less one. */
function indexAt(offsets: Float64Array, value: number): number {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= value) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/** Where the scroller looks within the list, px. */
function useSight(list: { current: HTMLUListElement | null }): [top: number, bottom: number] {
  const [sight, setSight] = useState<[number, number]>([0, 1200]);
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) {
      return;
    }
    const scroller = scrollerOf(element);
    const look = () => {
      const top = scroller.getBoundingClientRect().top - element.getBoundingClientRect().top;
      setSight((old) => (Math.abs(old[0] - top) < 1 && old[1] - old[0] === scroller.clientHeight ? old : [top, top + scroller.clientHeight]));
    };
    look();
    const resized = new ResizeObserver(look);
    resized.observe(scroller);
    resized.observe(element);
    scroller.addEventListener("scroll", look, { passive: true });
    return () => {
      resized.disconnect();
      scroller.removeEventListener("scroll", look);
    };
  }, []);
  return sight;
}

export function WindowList<Row>({ label, rows, keyOf, heightOf, children, shownKey, onSight }: WindowListProps<Row>) {
  const list = useRef<HTMLUListElement>(null);
  const wanted = useRef(-1);
  const [held, setHeld] = useState(-1);
  const [top, bottom] = useSight(list);
  const rem = remInPixels();
  const offsets = useMemo(() => {
    const sums = new Float64Array(rows.length + 1);
    rows.forEach((row, i) => { sums[i + 1] = (sums[i] ?? 0) + heightOf(row) * rem; });
    return sums;
  }, [rows, rem]);
  const height = offsets[rows.length] ?? 0;
  const first = Math.min(indexAt(offsets, Math.max(0, top - MARGIN)), Math.max(0, rows.length - 1));
  const last = Math.min(rows.length, indexAt(offsets, Math.max(0, bottom + MARGIN)) + 1);

  const focusRow = (index: number) => {
    const element = list.current;
    if (!element || index < 0 || index >= rows.length) {
      return;
    }
    wanted.current = index;
    bringIntoSight(element, offsets[index] ?? 0, offsets[index + 1] ?? 0);
    setHeld(index);
  };
  useLayoutEffect(() => {
    if (wanted.current >= 0) {
      list.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"] > *`)?.focus({ preventScroll: true });
      wanted.current = -1;
    }
  });
  useLayoutEffect(() => {
    const index = shownKey ? rows.findIndex((row) => keyOf(row) === shownKey) : -1;
    if (index >= 0 && list.current) {
      bringIntoSight(list.current, offsets[index] ?? 0, offsets[index + 1] ?? 0);
    }
  }, [shownKey]);
  useLayoutEffect(() => {
    onSight?.(rows.filter((_, i) => i >= first && i < last && (offsets[i + 1] ?? 0) > top && (offsets[i] ?? 0) < bottom));
  }, [rows, top, bottom]);

  const onKeyDown = (event: KeyboardEvent) => {
    const row = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-index]") : null;
    const index = Number(row?.dataset["index"] ?? -1);
    const next = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (row && next !== undefined) {
      event.preventDefault();
      focusRow(next);
    }
  };
  const indexes = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  if (held >= 0 && held < rows.length && !indexes.includes(held)) {
    indexes.push(held); // what has the focus stays in the page
  }
  return (
    <ul ref={list} class="window-list" aria-label={label} style={{ height: `${height}px` }} onKeyDown={onKeyDown}
      onFocusIn={(event) => setHeld(Number((event.target as HTMLElement).closest<HTMLElement>("[data-index]")?.dataset["index"] ?? -1))}
      onFocusOut={() => setHeld(-1)}>
      {indexes.map((index) => {
        const row = rows[index];
        return row === undefined ? null : (
          <li key={keyOf(row)} data-index={index} aria-setsize={rows.length} aria-posinset={index + 1}
            style={{ transform: `translateY(${offsets[index] ?? 0}px)`, height: `${(offsets[index + 1] ?? 0) - (offsets[index] ?? 0)}px` }}>
            {children(row)}
          </li>
        );
      })}
    </ul>
  );
}

function bringIntoSight(list: HTMLElement, top: number, bottom: number): void {
  const scroller = scrollerOf(list);
  const sticky = scroller.querySelector<HTMLElement>("[data-sticky]")?.offsetHeight ?? 0;
  const start = list.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop;
  if (start + top - sticky < scroller.scrollTop) {
    scroller.scrollTop = start + top - sticky;
  } else if (start + bottom > scroller.scrollTop + scroller.clientHeight) {
    scroller.scrollTop = start + bottom - scroller.clientHeight;
  }
}
