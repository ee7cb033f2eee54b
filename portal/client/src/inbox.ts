/* What comes on the connection's own inbox, by topic. */
import type { Desk } from "./footage.js";
import type { Heartbeat } from "./generated/messages.js";
import {
  deletedCodec, footageCodec, footageRequestCodec, heartbeatCodec, householdCodeCodec, moderationCodec, refusedCodec, rewardCodec,
  tipCodec,
} from "./messages.js";
import type { Questions } from "./questions.js";
import { Refusal } from "./refusal.js";
import type { Events } from "./types.js";

type Tell = <Name extends keyof Events>(name: Name, event: Events[Name]) => void;
const TIPS = 512;

export class Inbox {
  readonly #questions: Questions;
  readonly #desk: Desk;
  readonly #tell: Tell;
  readonly #warn: (text: string) => void;
  /** Messages of conversations that came already. */
  #tips = new Set<string>();

  constructor(questions: Questions, desk: Desk, tell: Tell, warn: (text: string) => void) {
    this.#questions = questions;
    this.#desk = desk;
    this.#tell = tell;
    this.#warn = warn;
  }

  heartbeat(payload: Uint8Array): Heartbeat {
    return heartbeatCodec.decode(payload);
  }

  /** suffix: the topic behind nb/v1/inbox/. */
  take(suffix: string, payload: Uint8Array, correlation: Uint8Array | undefined): void {
    switch (suffix) {
      case "refused":
        return this.#refused(payload);
      case "footage-request":
        return this.#footageRequest(payload);
      case "footage":
        return this.#tell("footage", footageCodec.decode(payload));
      case "tip":
        return this.#tip(payload);
      case "reward":
        return this.#tell("reward", rewardCodec.decode(payload));
      case "deleted":
        return this.#tell("deleted", deletedCodec.decode(payload));
      case "reply/moderation":
        return this.#tell("moderation", moderationCodec.decode(payload));
      case "reply/household":
        return this.#tell("householdCode", householdCodeCodec.decode(payload));
      default:
        if (!this.#questions.take(correlation, payload) && !suffix.startsWith("reply/")) {
          this.#warn(`nothing is known of what comes on inbox/${suffix}`);
        }
    }
  }

  #refused(payload: Uint8Array): void {
    const { code, field, rule, retryAfterS, topic } = refusedCodec.decode(payload);
    this.#tell("refused", { refusal: new Refusal(code, field, rule, retryAfterS || undefined), about: "publish", topic });
  }

  #footageRequest(payload: Uint8Array): void {
    const request = footageRequestCodec.decode(payload);
    if (this.#desk.take(request)) {
      this.#tell("footageRequest", request);
    }
  }

  #tip(payload: Uint8Array): void {
    const tip = tipCodec.decode(payload);
    if (!this.#tips.has(tip.tipId)) {
      this.#tips.add(tip.tipId);
      if (this.#tips.size > TIPS) {
        this.#tips.delete(this.#tips.keys().next().value!);
      }
      this.#tell("tip", tip);
    }
  }
}
