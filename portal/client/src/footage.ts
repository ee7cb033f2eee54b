/* The owner's answers to requests for footage. Each request gets one answer of one size at its answerAt, whatever was decided;
 * who decides later sends the whole answer anew. So the line tells nothing of who shares, declines or never looked. */
import { create, toJsonString } from "@bufbuild/protobuf";
import type { FootageDesk } from "./api.js";
import { fromBase64, toBase64 } from "./base64.js";
import type { ClipAnswer, FootageAnswer, FootageRequest } from "./generated/messages.js";
import { SealedClipSchema } from "./generated/neighbors_pb.js";
import { footageAnswerCodec, footageRequestCodec } from "./messages.js";
import type { Outbox } from "./outbox.js";
import { Refusal } from "./refusal.js";
import type { Storage } from "./storage.js";
import type { ClipToShare, HeldRequest } from "./types.js";

/** Bytes of every answer; what it may hold of that (proto/neighbors.proto). */
const ANSWER_BYTES = 65536, SEALED_BYTES = 45056, CLIPS = 8, STILL_BYTES = 30000;
const USUAL_CONSENT_MS = 30 * 86_400_000, RETRY_MS = 5_000;
const BAD_PAYLOAD = 0x99;

interface Held {
  request: FootageRequest;
  clips: Map<string, ClipAnswer>;
  /** An answer has left. */
  sent: boolean;
  /** The clips as they are now have not left. */
  due: boolean;
  sending?: Promise<void> | undefined;
  timer?: ReturnType<typeof setTimeout>;
}

export class Desk implements FootageDesk {
  readonly #storage: Storage;
  readonly #name: string;
  readonly #outbox: Outbox;
  readonly #warn: (text: string) => void;
  readonly #answers: boolean;
  readonly #held: Map<string, Held>;
  #closed = false;

  constructor(storage: Storage, name: string, outbox: Outbox, warn: (text: string) => void, answers: boolean) {
    this.#storage = storage;
    this.#name = name;
    this.#outbox = outbox;
    this.#warn = warn;
    this.#answers = answers;
    this.#held = read(storage, name, warn);
    this.#held.forEach((held) => this.#arm(held));
  }

  get requests(): ReadonlyMap<string, HeldRequest> {
    return new Map([...this.#held].map(([id, { request, clips, sent }]) => {
      const decisions = new Map([...clips].map(([clip, { decision }]) => [clip, decision as "SHARE" | "DECLINE" | "WITHDRAW"]));
      return [id, { request, decisions, sent }];
    }));
  }

  /** One that came, or that ended. False: it is here already. */
  take(request: FootageRequest): boolean {
    const held = this.#held.get(request.requestId);
    if (request.ended) {
      this.#forget(request.requestId);
      return held !== undefined;
    }
    if (held) {
      return false;
    }
    const taken: Held = { request, clips: new Map(), sent: false, due: true };
    this.#held.set(request.requestId, taken);
    this.#save();
    this.#arm(taken);
    return true;
  }

  async share(requestId: string, clip: ClipToShare): Promise<void> {
    const { request } = this.#find(requestId);
    const deleteBy = clip.deleteBy ?? Date.now() + USUAL_CONSENT_MS;
    const { seal } = await import("./seal.js");  // only who shares needs it
    const sealed = await seal(plainClip(request, clip, deleteBy), request.agencyCertificate);
    await this.#put(requestId, { clipId: clip.clipId, decision: "SHARE", sealed, deleteBy });
  }

  decline(requestId: string, clipId: string): Promise<void> {
    return this.#put(requestId, { clipId, decision: "DECLINE", sealed: new Uint8Array(), deleteBy: 0 });
  }

  withdraw(requestId: string, clipId: string): Promise<void> {
    return this.#put(requestId, { clipId, decision: "WITHDRAW", sealed: new Uint8Array(), deleteBy: 0 });
  }

  close(): void {
    this.#closed = true;
    this.#held.forEach(({ timer }) => clearTimeout(timer));
  }

  #find(requestId: string): Held {
    const held = this.#held.get(requestId);
    if (!held) {
      throw new Refusal(BAD_PAYLOAD, "request_id", "no request that takes answers");
    }
    return held;
  }

  /** In the place of what was said of this recording, or behind the others. */
  async #put(requestId: string, clip: ClipAnswer): Promise<void> {
    const held = this.#find(requestId), clips = new Map(held.clips).set(clip.clipId, clip);
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(clip.clipId)) {
      throw new Refusal(BAD_PAYLOAD, "clip_id", "1 to 64 of A-Za-z0-9._-");
    }
    const sealed = [...clips.values()].reduce((sum, one) => sum + one.sealed.length, 0);
    if (clips.size > CLIPS || sealed > SEALED_BYTES) {
      throw new Refusal(BAD_PAYLOAD, "clips", "at most 8 recordings and 45 kB sealed: share a smaller picture, or a reference");
    }
    held.clips = clips;
    held.due = true;
    this.#save();
    if (held.sent) {
      await this.#send(held).catch((error: unknown) => {
        this.#arm(held, RETRY_MS);  // whatever its owner does now: it was decided
        throw error;
      });
    }
  }

  /** Sets the clock for the answer of this request, not before `pause` is over (ms), and for its end. */
  #arm(held: Held, pause = 0): void {
    const { requestId, answerAt, openUntil } = held.request, now = Date.now();
    clearTimeout(held.timer);
    if (this.#closed || this.#held.get(requestId) !== held) {
      return;
    }
    if (now > openUntil) {
      this.#forget(requestId);
    } else if (!held.due || !this.#answers) {
      held.timer = setTimeout(() => this.#forget(requestId), openUntil - now + 1);
    } else {
      held.timer = setTimeout(() => this.#answer(held), Math.max(pause, answerAt - now));
    }
  }

  #answer(held: Held): void {
    this.#send(held).catch((error: unknown) => {
      if (error instanceof Refusal) {
        this.#warn(`the answer to a footage request was refused: ${error.message}`);
      }
      this.#arm(held, RETRY_MS);
    });
  }

  /** Once the broker has it, or refused it, it counts as sent. One at a time: what is decided while one is on its way follows it. */
  #send(held: Held): Promise<void> {
    return held.due ? (held.sending ??= this.#sendAll(held)) : Promise.resolve();
  }

  async #sendAll(held: Held): Promise<void> {
    let refusal: Refusal | undefined;
    try {
      while (held.due) {
        refusal = await this.#sendNow(held);
      }
    } finally {
      held.sending = undefined;
    }
    this.#arm(held);
    if (refusal) {
      throw refusal;
    }
  }

  /** Sends the clips as they are now; the refusal, if it was refused. */
  async #sendNow(held: Held): Promise<Refusal | undefined> {
    const { clips } = held, payload = padded({ requestId: held.request.requestId, clips: [...clips.values()] });
    const refusal = await this.#outbox.send({ topic: "nb/v1/footage-answer", contentType: "application/x-protobuf", payload }).then(
      () => undefined, (error: unknown) => {
        if (error instanceof Refusal && !this.#closed) {
          return error;
        }
        throw error;
      });
    held.sent = true;
    held.due = held.clips !== clips;
    this.#save();
    return refusal;
  }

  #forget(requestId: string): void {
    clearTimeout(this.#held.get(requestId)?.timer);
    this.#held.delete(requestId);
    this.#save();
  }

  #save(): void {
    const kept = [...this.#held.values()].map(({ request, clips, sent, due }) => ({
      request: toBase64(footageRequestCodec.encode(request)),
      answer: toBase64(footageAnswerCodec.encode({ requestId: request.requestId, clips: [...clips.values()] })),
      sent, due,
    }));
    try {
      this.#storage.setItem(this.#name, JSON.stringify(kept));
    } catch {
      this.#warn("what was decided on footage requests cannot be kept: it is lost when the app ends");
    }
  }
}

/** The answer as long as every other. */
function padded(answer: { requestId: string; clips: ClipAnswer[] }): Uint8Array {
  const PADDING_HEAD = 4;  // tag, and a length of 16384 to 2097151
  const bare = footageAnswerCodec.encode(answer).length;
  return footageAnswerCodec.encode({ ...answer, padding: new Uint8Array(ANSWER_BYTES - bare - PADDING_HEAD) });
}

/** A SealedClip in JSON. */
function plainClip(request: FootageRequest, clip: ClipToShare, deleteBy: number): Uint8Array {
  const still = clip.still ?? new Uint8Array();
  const mediaType = still.length ? mediaTypeOf(still) : "";
  if (still.length > STILL_BYTES || mediaType === undefined) {
    throw new Refusal(BAD_PAYLOAD, "still", "JPEG or PNG of at most 30 kB");
  }
  return new TextEncoder().encode(toJsonString(SealedClipSchema, create(SealedClipSchema, {
    version: 1,
    requestId: request.requestId,
    caseNumber: request.caseNumber,
    purpose: clip.purpose ?? `the investigation of case ${request.caseNumber}, nothing else`,
    deleteBy: BigInt(deleteBy),
    device: clip.device ?? "",
    from: BigInt(clip.from ?? 0),
    to: BigInt(clip.to ?? 0),
    note: clip.note ?? "",
    reference: clip.reference ?? "",
    mediaType,
    still,
  })));
}

function mediaTypeOf(still: Uint8Array): string | undefined {
  const begins = (...bytes: number[]) => bytes.every((byte, i) => still[i] === byte);
  return begins(0xff, 0xd8, 0xff) ? "image/jpeg" : begins(0x89, 0x50, 0x4e, 0x47) ? "image/png" : undefined;
}

function read(storage: Storage, name: string, warn: (text: string) => void): Map<string, Held> {
  const held = new Map<string, Held>();
  try {
    const kept = JSON.parse(storage.getItem(name) ?? "[]") as { request: string; answer: string; sent: boolean; due?: boolean }[];
    for (const one of kept) {
      const request = footageRequestCodec.decode(fromBase64(one.request));
      const answer: FootageAnswer = footageAnswerCodec.decode(fromBase64(one.answer));
      held.set(request.requestId, { request, clips: new Map(answer.clips.map((clip) => [clip.clipId, clip])), sent: one.sent, due: one.due ?? !one.sent });
    }
  } catch {
    warn("what was kept of footage requests cannot be read: they are asked for again");
  }
  return held;
}
