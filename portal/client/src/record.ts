/* The public record of what agencies and moderation did, read over HTTP and believed in nothing: a head counts when the record's
 * key signed it and it goes on with the one remembered, an act when a proof shows it in the tree of that head. In a module of its
 * own: who only follows a neighborhood does not load it. */
import { ed25519 } from "@noble/curves/ed25519";
import { sha256 } from "@noble/hashes/sha2";
import type { Deleted, LogLeaf, TreeHead } from "./generated/messages.js";
import { checkConsistency, checkInclusion, equal, leafHash } from "./merkle.js";
import { deletedCodec, logLeafCodec, treeHeadCodec } from "./messages.js";
import type { Storage } from "./storage.js";

export { checkConsistency, checkInclusion, leafHash, rootOf } from "./merkle.js";

/** The record, or what was told of it, is not what it was or claims to be. The text is for the reader. */
export class RecordFault extends Error {
  override readonly name = "RecordFault";
}

/** Whether the key signed this head (Ed25519 over the message without its signature). */
export function checkHead(head: TreeHead, publicKey: Uint8Array): boolean {
  return equal(head.keyId, sha256(publicKey)) && signed(treeHeadCodec.encode({ ...head, signature: new Uint8Array() }), head.signature, publicKey);
}

/** Whether the key signed this receipt of what was deleted. Of one that may have been replaced since, ask PublicRecord.checkDeleted. */
export function checkDeleted(receipt: Deleted, publicKey: Uint8Array): boolean {
  return signed(deletedCodec.encode({ ...receipt, signature: new Uint8Array() }), receipt.signature, publicKey);
}

function signed(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}

/** One act as it stands in the tree. */
export interface Leaf {
  index: number;
  act: LogLeaf;
  bytes: Uint8Array;  // what its hash is of
}

export interface RecordOptions {
  /** Ed25519, 32 bytes, as the operator made it known (or Info tells it). Left out: the one that the first answer names. */
  key?: Uint8Array;
  /** Where the newest head is remembered, so that a record that was rewritten since is noticed. Left out: in this object alone. */
  storage?: Storage;
  fetch?: typeof fetch;
}

/** Too many questions at once, or a store that is away: asked again when the broker says, so many times. */
const BUSY: readonly number[] = [429, 503], TRIES = 4, LONGEST_WAIT_S = 10;

interface Kept {
  head: TreeHead;
  key: Uint8Array;
  since: Uint8Array; // the key that was trusted first; its words led to `key`
}

/** The record of one broker. */
export class PublicRecord {
  readonly #address: string;
  readonly #storage: Storage | undefined;
  readonly #fetch: typeof fetch;
  #key: Uint8Array | undefined;
  #since: Uint8Array | undefined;
  #before: Kept | undefined;

  /** address: "https://neighbors.example"; "" for the page's own. */
  constructor(address: string, options: RecordOptions = {}) {
    this.#address = address.replace(/\/$/, "");
    this.#storage = options.storage;
    this.#fetch = options.fetch ?? ((...asked) => fetch(...asked));
    this.#before = this.#recall();
    this.#key = options.key ?? this.#before?.key;
    this.#since = options.key ?? this.#before?.since;
  }

  /** The key that heads are held against; undefined before the first head. One that was replaced leads to the next. */
  get key(): Uint8Array | undefined {
    return this.#key;
  }

  /** The newest head that was found good, now or by an earlier run on this storage; undefined: none was. */
  get remembered(): TreeHead | undefined {
    return this.#before?.head;
  }

  /** The newest head, checked and remembered. Throws a RecordFault when it is not good; undefined: none was signed yet. */
  async head(): Promise<TreeHead | undefined> {
    const told = await this.#ask("head");
    if (told === undefined) {
      return undefined;
    }
    const head: TreeHead = {
      size: numberOf(told.size), at: numberOf(told.at), rootHash: bytesOf(told.root_hash), keyId: bytesOf(told.key_id),
      signature: bytesOf(told.signature),
    };
    const known = this.#key ?? (told.public_key === undefined ? undefined : bytesOf(told.public_key));
    if (!known) {
      throw new RecordFault("nobody said by which key the record is signed");
    }
    const key = checkHead(head, known) ? known : successorOf(known, told);
    if (!key || !checkHead(head, key)) {
      throw new RecordFault("the head is not signed by the record's key");
    }
    await this.#goesOn(head);
    this.#key = key;
    this.#since ??= key;
    this.#keep({ head, key, since: this.#since });
    return head;
  }

  /** Whether the record's key signed this receipt of what was deleted: the one in use, or one before it. A key that was given or
   *  is remembered vouches for those that came after it, never for those before; who knows none believes the broker which there were. */
  async checkDeleted(receipt: Deleted): Promise<boolean> {
    if (this.#key && checkDeleted(receipt, this.#key)) {
      return true;
    }
    const told = await this.#ask("keys"), keys = told ? successionOf(told) : [];
    const count = this.#since ? keys.findIndex((key) => equal(key, this.#since!)) + 1 : keys.length;
    return keys.slice(0, count).some((key) => checkDeleted(receipt, key));
  }

  /** Acts from `from` on, up to 512 at once, of those that the head covers. Not proved yet: see prove(). */
  async leaves(from: number, count = 512): Promise<Leaf[]> {
    const told = await this.#ask(`leaves?from=${from}&count=${count}`);
    const list: unknown = told?.leaves;
    if (!Array.isArray(list)) {
      throw new RecordFault("the leaves cannot be read");
    }
    return list.map((one: { leaf?: unknown } | null, i) => {
      if (!one) {
        throw new RecordFault(`leaf ${from + i} was dropped: nothing stands in its place`);
      }
      const bytes = bytesOf(one.leaf), act = logLeafCodec.decode(bytes);
      if (act.index !== from + i) {
        throw new RecordFault(`in the place of leaf ${from + i} stands one that was leaf ${act.index}`);
      }
      return { index: act.index, act, bytes };
    });
  }

  /** Proves that the act stands in the tree of that head; gives back the proof's hashes. Throws a RecordFault when it does not. */
  async prove(leaf: Leaf, head: TreeHead): Promise<Uint8Array[]> {
    const path = await this.#path(`proof?leaf=${leaf.index}&size=${head.size}`);
    if (!checkInclusion(leafHash(leaf.bytes), leaf.index, head.size, path, head.rootHash)) {
      throw new RecordFault(`leaf ${leaf.index} is not in the tree that was signed`);
    }
    return path;
  }

  async #goesOn(head: TreeHead): Promise<void> {
    const before = this.#before?.head;
    if (!before) {
      return;
    }
    if (head.size < before.size) {
      throw new RecordFault(`the record was rolled back: it had ${before.size} leaves, now ${head.size}`);
    }
    const path = head.size === before.size || before.size === 0 ? []
      : await this.#path(`consistency?from=${before.size}&to=${head.size}`);
    if (!checkConsistency(before.size, before.rootHash, head.size, head.rootHash, path)) {
      throw new RecordFault(`the record was rewritten: it does not go on with the ${before.size} leaves remembered`);
    }
  }

  async #path(what: string): Promise<Uint8Array[]> {
    const path: unknown = (await this.#ask(what))?.path;
    if (!Array.isArray(path)) {
      throw new RecordFault("no proof is given");
    }
    return path.map(bytesOf);
  }

  /** undefined: there is no such thing (404). */
  async #ask(what: string): Promise<Record<string, unknown> | undefined> {
    let answer = await this.#fetch(`${this.#address}/v1/log/${what}`);
    for (let tries = 1; BUSY.includes(answer.status) && tries < TRIES; tries++) {
      const seconds = Number(answer.headers.get("retry-after")) || tries;
      await new Promise((resolve) => setTimeout(resolve, Math.min(seconds, LONGEST_WAIT_S) * 1000));
      answer = await this.#fetch(`${this.#address}/v1/log/${what}`);
    }
    if (answer.status === 404) {
      return undefined;
    }
    if (!answer.ok) {
      throw new Error(`the record cannot be read now: ${answer.status}`);
    }
    return (await answer.json()) as Record<string, unknown>;
  }

  #recall(): Kept | undefined {
    try {
      const kept = JSON.parse(this.#storage?.getItem(this.#name) ?? "null") as { head: string; key: string; since?: string } | null;
      return kept ? { head: treeHeadCodec.decode(bytesOf(kept.head)), key: bytesOf(kept.key), since: bytesOf(kept.since ?? kept.key) } : undefined;
    } catch {
      return undefined;
    }
  }

  #keep(kept: Kept): void {
    const { head, key, since } = kept;
    this.#before = kept;
    this.#storage?.setItem(this.#name, JSON.stringify({ head: textOf(treeHeadCodec.encode(head)), key: textOf(key), since: textOf(since) }));
  }

  get #name(): string {
    return `neighbors/record/${this.#address}`;
  }
}

/** What a key that was replaced has signed of the one that came next, and how many such words are followed. */
const SUCCEEDED_BY = new TextEncoder().encode("neighbors log key, succeeded by:\n"), FORMER_MOST = 32;

/** The key told, when the known one leads to it. */
function successorOf(known: Uint8Array, told: Record<string, unknown>): Uint8Array | undefined {
  const keys = successionOf(told);
  return keys.some((key) => equal(key, known)) ? keys[0] : undefined;
}

/** The key told and those before it, the newest first, as far as each has signed the one that came next. */
function successionOf(told: Record<string, unknown>): Uint8Array[] {
  if (told.public_key === undefined || !Array.isArray(told.former_keys)) {
    return [];
  }
  const keys = [bytesOf(told.public_key)];
  for (const former of told.former_keys.slice(0, FORMER_MOST) as ({ public_key?: unknown; signature?: unknown } | null)[]) {
    const before = bytesOf(former?.public_key), next = keys.at(-1)!;
    if (!signed(new Uint8Array([...SUCCEEDED_BY, ...next]), bytesOf(former?.signature), before)) {
      break;
    }
    keys.push(before);
  }
  return keys;
}

function numberOf(value: unknown): number {
  if (!Number.isSafeInteger(value)) {
    throw new RecordFault("a number cannot be read");
  }
  return value as number;
}

/** base64url without padding, as the broker writes bytes over HTTP. */
function bytesOf(text: unknown): Uint8Array {
  if (typeof text !== "string" || !/^[A-Za-z0-9_-]*$/.test(text)) {
    throw new RecordFault("bytes cannot be read");
  }
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}

function textOf(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
