/* Conversations with agencies, kept in this browser: the agency and the broker know them by a number, not who speaks. The code of
 * each, by which a reward is claimed, is nowhere else. */
import { effect, signal } from "@preact/signals";
import type { Neighbors, Reward, Tip } from "@neighbors/client";
import { kept } from "../session/kept";
import { neighbors, PATIENT } from "../session/connection";
import { warnBeforeLeaving } from "../session/identity";
import { hashOfClaim, makeClaimCode } from "./claim_code";

export interface Said {
  id: string;
  fromAgency: boolean;
  /** undefined: sealed, and not for this page. */
  text?: string;
  at: number; // ms
}

export type Voucher = Pick<Reward, "number" | "programme" | "reward" | "claimText" | "claimUntil" | "voucher" | "agencyName">;

export interface Conversation {
  id: string;
  agency: string;
  about: string;
  code: string;
  said: readonly Said[];
  vouchers: readonly Voucher[];
  isNew: boolean;
}

export const conversations = kept<readonly Conversation[]>("tips", []);
/** The conversation whose page is open: what comes there is not new. */
export const opened = signal("");

function change(id: string, how: (conversation: Conversation) => Conversation): void {
  conversations.value = conversations.peek().map((one) => (one.id === id ? how(one) : one));
}

export function forgetConversation(id: string): void {
  conversations.value = conversations.peek().filter((one) => one.id !== id);
}

export function markRead(id: string): void {
  if (conversations.peek().some((one) => one.id === id && one.isNew)) {
    change(id, (one) => ({ ...one, isNew: false }));
  }
}

/** One that began elsewhere, in another browser of the same person: without a code here. */
function known(id: string, agency: string): void {
  if (!conversations.peek().some((one) => one.id === id)) {
    conversations.value = [{ id, agency, about: "", code: "", said: [], vouchers: [], isNew: false }, ...conversations.peek()];
  }
}

function heard(tip: Tip): void {
  known(tip.conversationId, tip.agency);
  const said: Said = { id: tip.tipId, fromAgency: tip.fromAgency, at: tip.at, ...(tip.sealed.length === 0 && { text: tip.text }) };
  change(tip.conversationId, (one) => (one.said.some(({ id }) => id === said.id) ? one
    : { ...one, said: [...one.said, said], isNew: tip.fromAgency && opened.peek() !== one.id }));
}

function rewarded({ conversationId, number, programme, reward, claimText, claimUntil, voucher, agencyName }: Reward): void {
  known(conversationId, agencyName);
  change(conversationId, (one) => (one.vouchers.some((held) => held.voucher === voucher) ? one
    : { ...one, vouchers: [...one.vouchers, { number, programme, reward, claimText, claimUntil, voucher, agencyName }], isNew: opened.peek() !== one.id }));
}

effect(() => {
  const broker = neighbors.value;
  const leave = broker && [broker.on("tip", heard), broker.on("reward", rewarded)];
  return () => leave?.forEach((end) => end());
});

export interface NewTip {
  agency: string;
  about: string;
  caseNumber: string;
  text: string;
}

/** The code is kept before the tip leaves: a tip whose answer is lost has one all the same. */
const waitingCodes = kept<Readonly<Record<string, string>>>("tip-codes", {});

/** Begins a conversation; its id. */
export async function beginTip(to: Neighbors, tip: NewTip): Promise<string> {
  const draft = JSON.stringify(tip);
  const code = waitingCodes.peek()[draft] ?? makeClaimCode();
  waitingCodes.value = { ...waitingCodes.peek(), [draft]: code };
  const claimHash = await hashOfClaim(code);
  const senderTipId = [...claimHash].map((byte) => byte.toString(16).padStart(2, "0")).join(""); // sent again it is the same tip
  const { conversationId = "" } = await to.publish.tip({ ...tip, senderTipId, claimHash }, PATIENT);
  const first: Said = { id: senderTipId, fromAgency: false, text: tip.text, at: Date.now() };
  const heard = conversations.peek().find(({ id }) => id === conversationId); // what came of it before this answer did
  const begun = { said: [], vouchers: [], isNew: false, ...heard, id: conversationId, agency: tip.agency, about: tip.about, code };
  conversations.value = [{ ...begun, said: [first, ...begun.said] }, ...conversations.peek().filter(({ id }) => id !== conversationId)];
  waitingCodes.value = Object.fromEntries(Object.entries(waitingCodes.peek()).filter(([kept]) => kept !== draft));
  return conversationId;
}

export interface Reply {
  senderTipId: string;
  conversationId: string;
  text: string;
}

export async function goOn(to: Neighbors, id: string, reply: Reply): Promise<void> {
  await to.publish.tip(reply, PATIENT);
  change(id, (one) => ({ ...one, said: [...one.said, { id: reply.senderTipId, fromAgency: false, text: reply.text, at: Date.now() }] }));
}

/* Codes are nowhere else: whoever leaves is told so first. */
warnBeforeLeaving(() => (conversations.peek().some(({ code }) => code) ? "#/neighborhood/settings" : undefined));
