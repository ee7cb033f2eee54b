/* What is asked and answered on the inbox, by MQTT's request and response. A question whose answer was lost with the connection
 * is asked again: it changes nothing. */
import { Unreachable, type Refusal } from "./refusal.js";
import type { Outbox } from "./outbox.js";

interface Asked {
  /** The broker has it, so the outbox has it no more. */
  accepted: boolean;
  again(): void;
  answer(payload: Uint8Array): void;
  fail(why: Refusal | Unreachable): void;
}

export class Questions {
  readonly #outbox: Outbox;
  readonly #timeout: number;
  #serial = 0;
  #open = new Map<string, Asked>();

  constructor(outbox: Outbox, timeout: number) {
    this.#outbox = outbox;
    this.#timeout = timeout;
  }

  /** The payload of the answer. topic: behind nb/v1/. Rejects with a Refusal, or Unreachable when the time was up. */
  ask(topic: string, payload: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const name = `${topic}-${++this.#serial}`;
      const timer = setTimeout(() => asked.fail(new Unreachable("the broker gave no answer in time")), this.#timeout);
      const leave = () => {
        clearTimeout(timer);
        this.#open.delete(name);
      };
      const send = () => {
        this.#outbox.send({
          topic: `nb/v1/${topic}`, contentType: "application/x-protobuf", payload,
          responseTopic: `nb/v1/inbox/reply/${topic}`, correlation: new TextEncoder().encode(name),
        }).then(() => (asked.accepted = true), asked.fail);
      };
      const asked: Asked = {
        accepted: false,
        again: () => {
          asked.accepted = false;
          send();
        },
        answer: (answer) => {
          leave();
          resolve(answer);
        },
        fail: (why) => {
          leave();
          reject(why);
        },
      };
      this.#open.set(name, asked);
      send();
    });
  }

  /** False: nobody asked that. */
  take(correlation: Uint8Array | undefined, payload: Uint8Array): boolean {
    const asked = correlation && this.#open.get(new TextDecoder().decode(correlation));
    asked?.answer(payload);
    return asked !== undefined;
  }

  /** There is a connection again. */
  askAgain(): void {
    for (const asked of this.#open.values()) {
      if (asked.accepted) {
        asked.again();
      }
    }
  }

  close(why: Refusal | Unreachable): void {
    for (const asked of [...this.#open.values()]) {
      asked.fail(why);
    }
  }
}
