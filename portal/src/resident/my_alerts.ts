/* What this browser has sent: the broker tells nobody who sent an alert, so its sender must remember. */
import type { Alert, Draft, Receipt } from "@neighbors/client";
import { kept } from "../session/kept";

export interface MyAlert {
  publicId: string;
  /** Of its newest message: what an update or a cancel refers to. */
  senderAlertId: string;
  alert: Draft<Alert>;
  sentAt: number; // ms
  revision: number;
  /** Why nobody sees it (yet); "" when all do. */
  notShown: string;
  cancelled: boolean;
}

export const myAlerts = kept<readonly MyAlert[]>("alerts", []);
const MOST = 100;

export function isMine(publicId: string): boolean {
  return myAlerts.value.some((mine) => mine.publicId === publicId);
}

export function mineOf(publicId: string): MyAlert | undefined {
  return myAlerts.value.find((mine) => mine.publicId === publicId);
}

/** After a receipt: a new one, or the next revision of one. */
export function rememberMine(alert: Draft<Alert>, receipt: Receipt): MyAlert {
  const mine: MyAlert = {
    publicId: receipt.publicId ?? "", senderAlertId: receipt.senderId ?? alert.senderAlertId ?? "", alert, sentAt: Date.now(),
    revision: receipt.revision ?? 1, notShown: receipt.notShown ?? "", cancelled: alert.msgType === "CANCEL",
  };
  const before = mineOf(mine.publicId);
  const whole = mine.cancelled && before ? { ...before, senderAlertId: mine.senderAlertId, cancelled: true } : mine;
  myAlerts.value = [whole, ...myAlerts.value.filter(({ publicId }) => publicId !== mine.publicId)].slice(0, MOST);
  return whole;
}
