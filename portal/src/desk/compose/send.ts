/* Sends what was written. Its name is made once, so that pressing again after a lost answer sends nothing twice. */
import { Refusal, type Alert, type Draft } from "@neighbors/client";
import { reasonOf } from "../../common/trouble";
import { broker, refresh } from "../own";

export type Sent =
  | { done: true; revision: number; pending: boolean; notShown: string }
  | { done: false; why: string };

/** Printable, unlike any other: "desk-kf3x0-8c1d…". */
export function newSenderId(): string {
  const random = [...crypto.getRandomValues(new Uint8Array(9))].map((byte) => byte.toString(36).padStart(2, "0")).join("");
  return `desk-${Date.now().toString(36)}-${random}`;
}

export async function sendAlert(alert: Draft<Alert>): Promise<Sent> {
  try {
    const { revision = 0, pending, notShown = "" } = await broker().publish.alert(alert);
    void refresh();
    return { done: true, revision, pending: pending !== undefined, notShown };
  } catch (error) {
    return { done: false, why: error instanceof Refusal ? error.message : `${reasonOf(error)} Send again: it is sent once.` };
  }
}
