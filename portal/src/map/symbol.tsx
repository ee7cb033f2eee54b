/* A symbol of the map in a list. Decoration: what it says is said beside it in words. */
import { dotOf, glyphOf, lookOf, lowered, SIDE, type Category, type MotionKind, type Severity } from "./symbols";
import "./symbol.css";

export function AlertSymbol({ category, severity, size = SIDE }: { category: Category; severity: Severity; size?: number }) {
  const { shape, color } = lookOf(severity);
  return (
    <svg class={`symbol of-${color}`} viewBox={`0 0 ${SIDE} ${SIDE}`} width={size} height={size} aria-hidden="true">
      <path class="shape" d={shape} />
      <path class="glyph" fill-rule="evenodd" transform={`translate(0 ${lowered(severity)})`} d={glyphOf(category)} />
    </svg>
  );
}

export function ActivitySymbol({ kind, size = SIDE }: { kind: MotionKind; size?: number }) {
  return (
    <svg class="symbol of-activity" viewBox={`0 0 ${SIDE} ${SIDE}`} width={size} height={size} aria-hidden="true">
      <path class="shape" d={dotOf(kind)} />
    </svg>
  );
}
