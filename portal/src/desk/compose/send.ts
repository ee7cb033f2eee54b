/* Sends what was written. It bears its name already, so that pressing again after a lost answer sends nothing twice. */
import { Refusal, type Alert, type Draft } from "@neighbors/client";
import { reasonOf } from "../../common/trouble";
import { broker, refresh } from "../own";

export type Sent =
  | { done: true; revision: number; pending: boolean; notShown: string }
  | { done: false; why: string };

export async function sendAlert(alert: Draft<Alert>): Promise<Sent> {
  try {
    const { revision = 0, pending, notShown = "" } = await broker().publish.alert(alert);
    void refresh();
    return { done: true, revision, pending: pending !== undefined, notShown };
  } catch (error) {
    return { done: false, why: error instanceof Refusal ? error.message : `${reasonOf(error)} Send again: it is sent once.` };
  }
}
