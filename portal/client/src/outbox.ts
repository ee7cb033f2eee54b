/* What waits to be sent, or for its acknowledgement. A message keeps its bytes through every retry, so that the broker knows a
 * repeat for what it is; when the connection is lost, what was not acknowledged goes to the front again, in its order. */
import { type Ack, type Link, type Outgoing } from "./link.js";
import { Refusal, Unreachable } from "./refusal.js";
import type { PublishOptions } from "./types.js";

const TOO_LARGE = 0x95;
/** What mqtt.js adds to topic and payload, generously. */
const PACKET_ROOM = 512;

interface Waiting {
  message: Outgoing;
  options: PublishOptions;
  sent: boolean;
  timer?: ReturnType<typeof setTimeout>;
  resolve(ack: Ack): void;
  reject(error: Refusal | Unreachable): void;
}

export class Outbox {
  readonly #timeout: number;
  #waiting: Waiting[] = [];
  #link: Link | undefined;
  #closed: Refusal | Unreachable | undefined;

  /** timeout: ms that the broker has for an acknowledgement. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** Resolves with an acknowledgement that is no refusal. */
  send(message: Outgoing, options: PublishOptions = {}): Promise<Ack> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(this.#closed);
        return;
      }
      if (!this.#link && options.whileAway === "reject") {
        reject(new Unreachable("the broker cannot be reached now"));
        return;
      }
      const waiting: Waiting = { message, options, sent: false, resolve, reject };
      this.#waiting.push(waiting);
      if (options.timeout !== undefined) {
        this.#expireIn(options.timeout, waiting);
      }
      this.#pump();
    });
  }

  /** There is a connection. */
  up(link: Link): void {
    this.#link = link;
    this.#pump();
  }

  /** There is none any more. */
  down(): void {
    this.#link = undefined;
    for (const waiting of this.#waiting) {
      waiting.sent = false;
      if (waiting.options.timeout === undefined) {
        clearTimeout(waiting.timer);
      }
    }
    for (const waiting of this.#waiting.filter(({ options }) => options.whileAway === "reject")) {
      this.#leave(waiting).reject(new Unreachable("the connection was lost before the broker had it"));
    }
  }

  /** Rejects everything, now and from now on. */
  close(why: Refusal | Unreachable): void {
    this.#link = undefined;
    this.#closed = why;
    for (const waiting of [...this.#waiting]) {
      this.#leave(waiting).reject(why);
    }
  }

  #pump(): void {
    const link = this.#link;
    let room = link ? link.receiveMaximum - this.#waiting.filter(({ sent }) => sent).length : 0;
    for (const waiting of [...this.#waiting]) {
      if (link && !waiting.sent && room-- > 0) {
        this.#send(link, waiting);
      }
    }
  }

  #send(link: Link, waiting: Waiting): void {
    const { payload, topic } = waiting.message;
    if (payload.length + topic.length + PACKET_ROOM > link.maximumPacket) {
      this.#leave(waiting).reject(new Refusal(TOO_LARGE, "", `larger than the broker takes (${link.maximumPacket} bytes)`));
      return;
    }
    waiting.sent = true;
    if (waiting.options.timeout === undefined) {
      this.#expireIn(this.#timeout, waiting);
    }
    link.publish(waiting.message).then((ack) => {
      if (ack.refusal) {
        this.#leave(waiting).reject(ack.refusal);
      } else {
        this.#leave(waiting).resolve(ack);
      }
      this.#pump();
    }, () => {});  // lost: down() is told of it, and whoever comes after sends it again
  }

  #expireIn(ms: number, waiting: Waiting): void {
    waiting.timer = setTimeout(
      () => this.#leave(waiting).reject(new Unreachable("the broker gave no answer in time")), ms);
  }

  #leave(waiting: Waiting): Waiting {
    clearTimeout(waiting.timer);
    this.#waiting = this.#waiting.filter((one) => one !== waiting);
    return waiting;
  }
}
