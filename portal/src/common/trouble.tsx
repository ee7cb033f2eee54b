/* Why something was not done, told where it was asked for. */
import { Refusal, Unreachable } from "@neighbors/client";
import { words } from "../words";

/** What went wrong, for people. */
export function reasonOf(error: unknown): string {
  if (error instanceof Refusal) {
    return error.retryAfter ? words.refusal.later(error.message, error.retryAfter) : words.refusal.said(error.message);
  }
  return error instanceof Unreachable ? words.refusal.unreachable : words.refusal.other(error instanceof Error ? error.message : String(error));
}

/** The field that a refusal names ("description"), or "". */
export function fieldOf(error: unknown): string {
  return error instanceof Refusal ? error.field : "";
}

export function Trouble({ error }: { error: unknown }) {
  return error === undefined ? null : <p class="wrong" role="alert">{reasonOf(error)}</p>;
}
