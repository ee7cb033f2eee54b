/* Sends what was written. Its name is made once, so that pressing again after a lost answer sends nothing twice. */
import type { Alert, Draft } from "@neighbors/client";
import type { Identity } from "../../session/identity";

export type Sent =
  | { done: true; publicId: string; revision: number; pending: boolean; notShown: string }
  | { done: false; field: string; rule: string };

interface Answer {
  public_id?: string;
  revision?: number;
  pending?: boolean;
  not_shown?: string;
  field?: string;
  rule?: string;
  text?: string;
}

/** Printable, unlike any other: "desk-kf3x0-8c1d…". */
export function newSenderId(): string {
  return `desk-${Date.now().toString(36)}-${crypto.randomUUID().slice(0, 18)}`;
}

export async function sendAlert(who: Identity, alert: Draft<Alert>): Promise<Sent> {
  try {
    const response = await fetch("/v1/alerts", {
      method: "POST", body: JSON.stringify(alert),
      headers: { "content-type": "application/json", authorization: `Bearer ${who.token}` },
    });
    const answer = (await response.json()) as Answer;
    if (!response.ok) {
      return { done: false, field: answer.field ?? "", rule: answer.rule ?? answer.text ?? `the broker answered ${response.status}` };
    }
    return {
      done: true, publicId: answer.public_id ?? "", revision: answer.revision ?? 0, pending: answer.pending ?? false,
      notShown: answer.not_shown ?? "",
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : "no answer";
    return { done: false, field: "", rule: `The broker could not be reached (${why}). Send again: it is sent once.` };
  }
}
