/* Publishing: each kind of message with its topic and the name that it needs. */
import { webCrypto } from "#crypto";
import type { Publish } from "./api.js";
import type { Codec } from "./codec.js";
import type { Ack } from "./link.js";
import * as codecs from "./messages.js";
import type { Outbox } from "./outbox.js";
import { Refusal } from "./refusal.js";
import type { Draft, PublishOptions, Receipt } from "./types.js";

const PROTOBUF = "application/x-protobuf";

/** A name that nobody else gives: 1 to 64 printable ASCII characters. */
export function uniqueName(): string {
  return [...webCrypto.getRandomValues(new Uint8Array(15))].map((byte) => byte.toString(36).padStart(2, "0")).join("");
}

export function publisher(outbox: Outbox): Publish {
  const send = async (topic: string, contentType: string, payload: Uint8Array, options: PublishOptions | undefined, senderId?: string) =>
    receiptOf(await outbox.send({ topic: `nb/v1/${topic}`, contentType, payload }, options), senderId);

  const plain = <T>(topic: string, codec: Codec<T>) => async (draft: Draft<T>, options?: PublishOptions) =>
    send(topic, PROTOBUF, codec.encode(draft), options);

  const named = <T>(topic: string, codec: Codec<T>, name: keyof T & string) => async (draft: Draft<T>, options?: PublishOptions) => {
    const given = (draft as Record<string, unknown>)[name];
    const senderId = typeof given === "string" && given ? given : uniqueName();
    return send(topic, PROTOBUF, codec.encode({ ...draft, [name]: senderId }), options, senderId);
  };

  return {
    alert: named("alert", codecs.alertCodec, "senderAlertId"),
    witness: plain("witness", codecs.witnessCodec),
    flag: plain("flag", codecs.flagCodec),
    verdict: plain("verdict", codecs.verdictCodec),
    footageRequest: named("footage-request", codecs.footageRequestCodec, "senderRequestId"),
    resolve: plain("resolve", codecs.resolveCodec),
    tip: named("tip", codecs.tipCodec, "senderTipId"),
    reward: named("reward", codecs.rewardCodec, "senderRewardId"),
    settings: plain("settings", codecs.settingsCodec),
    household: plain("household", codecs.householdStepCodec),
    push: plain("push", codecs.pushSubscriptionCodec),
    forget: named("forget", codecs.forgetCodec, "forgetId"),
    cap: async (document, options) =>
      send("alert", "application/cap+xml", typeof document === "string" ? new TextEncoder().encode(document) : document, options),
  };
}

/* ---- receipts ---- */

function receiptOf(ack: Ack, senderId: string | undefined): Receipt {
  const all = new Map(ack.properties), receipt: Receipt = {
    refused: ack.properties.filter(([name]) => name === "refused").map(([, text]) => partRefusal(text)),
    properties: ack.properties,
  };
  const put = (key: "publicId" | "requestId" | "conversationId" | "pending" | "notShown", name: string) => {
    const value = all.get(name);
    if (value !== undefined) {
      receipt[key] = value;
    }
  };
  put("publicId", "public-id");
  put("requestId", "request-id");
  put("conversationId", "conversation-id");
  put("pending", "pending");
  put("notShown", "not-shown");
  if (all.has("revision")) {
    receipt.revision = Number(all.get("revision"));
  }
  if (all.has("left")) {
    receipt.left = Number(all.get("left"));
  }
  if (senderId !== undefined) {
    receipt.senderId = senderId;
  }
  return receipt;
}

/** "<seq> <code> <field>: <rule>" */
function partRefusal(text: string): Refusal {
  const [, code, field, rule] = /^\d+ (\d+) (.*?): (.*)$/s.exec(text) ?? [];
  return rule === undefined ? new Refusal(0x80, "", text) : new Refusal(Number(code), field ?? "", rule);
}
