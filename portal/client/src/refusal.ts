/* Why something was not done: the broker said no (Refusal), or could not be asked (Unreachable). */

/** The broker, or a rule that this library knows too, says no. `field` and `rule` are for the one who wrote it. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  /**
   * @param code reason code of MQTT 5: 0x87 not allowed, 0x97 over a limit, 0x99 not readable or against a rule, 0x83 other
   * @param field which part of the message ("description"); "" when the broker named none
   * @param rule what is asked of it, in words
   * @param retryAfter seconds after which trying again may help; undefined: it does not
   */
  constructor(readonly code: number, readonly field: string, readonly rule: string, readonly retryAfter?: number) {
    super(field ? `${field}: ${rule}` : rule);
  }
}

/** The broker was not reached, or did not answer in time. What was sent may have arrived: send it again as it is. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** Another connection of the same name and client id came. */
export const TAKEN_OVER = 0x8e;

const MEANINGS: ReadonlyMap<number, string> = new Map([
  [0x80, "the broker gives no reason"], [0x81, "malformed packet"], [0x82, "protocol error"],
  [0x83, "the broker cannot take this"], [0x84, "the broker does not speak this version of MQTT"],
  [0x85, "this client id is not valid"], [0x86, "not enrolled, revoked, or a void token"],
  [0x87, "not allowed: not enrolled, revoked, a void token, or not this role's to do"], [0x88, "the broker is not available"],
  [0x89, "the broker is busy"], [0x8a, "banned"], [0x8b, "the broker is shutting down"],
  [0x8d, "keep alive timeout"], [0x8e, "the same client id connected elsewhere"], [0x8f, "the broker cannot read this filter"],
  [0x90, "the broker cannot read this topic"], [0x93, "more at once than the broker takes"], [0x95, "larger than the broker takes"],
  [0x96, "too fast"], [0x97, "over a limit"], [0x99, "not readable, or against a rule"], [0x9a, "retained messages are not taken"],
  [0x9c, "use another server"], [0x9d, "the server moved"], [0x9f, "connecting too often"],
]);

/**
 * The refusal that an acknowledgement tells.
 * @param reason its reason string, "<field>: <rule>"; the code's meaning stands in for none
 * @param retryAfter seconds, as text, of the user property `retry-after`
 */
export function refusalOf(code: number, reason: string | undefined, retryAfter?: string): Refusal {
  const meaning = MEANINGS.get(code) ?? `refused with 0x${code.toString(16)}`;
  const [, field, rule] = /^([\w.[\]-]+): (.*)$/s.exec(reason ?? "") ?? [];
  const seconds = Number(retryAfter);
  const text = rule ?? (code === TAKEN_OVER ? meaning : reason || meaning);
  return new Refusal(code, field ?? "", text, seconds > 0 ? seconds : undefined);
}
