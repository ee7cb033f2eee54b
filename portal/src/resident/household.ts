/* What the household decided, as the broker holds it: read by the same export that hands everything out. */
import type { FootageRule, Neighbors, Settings, Sharing } from "@neighbors/client";

export interface Household {
  /** Ids of its cameras and sensors. */
  devices: readonly string[];
  settings: Settings | undefined;
}

/** Parts that are looked through for devices and settings, before the rest is left. */
const PARTS_MOST = 20;

/** Asks for no event, so that it is short. */
export async function readHousehold(broker: Neighbors): Promise<Household> {
  const devices = new Set<string>();
  let settings: Settings | undefined;
  let page = "";
  for (let part = 0; part < PARTS_MOST; part++) {
    const { principals, settings: told, last, next } = await broker.export({ from: Date.now(), page });
    principals.filter(({ name, revoked }) => name.startsWith("device/") && !revoked).forEach(({ name }) => devices.add(name.slice("device/".length)));
    settings = told ?? settings;
    page = next;
    if (last) {
      break;
    }
  }
  return { devices: [...devices].sort(), settings };
}

export const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The rule of a device, or of all that have none (""); undefined: it has none. */
export function ruleFor<Rule extends Sharing | FootageRule>(rules: readonly Rule[], name: string): Rule | undefined {
  return rules.find((rule) => ("device" in rule ? rule.device : rule.agency) === name);
}

/** The rules with that one in the place of the one that was, or without it. */
export function withRule<Rule extends Sharing | FootageRule>(rules: readonly Rule[], name: string, rule: Rule | undefined): Rule[] {
  const others = rules.filter((one) => ("device" in one ? one.device : one.agency) !== name);
  return rule ? [...others, rule] : others;
}

/** A list with or without one of its members. */
export function toggled<T>(list: readonly T[], member: T): T[] {
  return list.includes(member) ? list.filter((one) => one !== member) : [...list, member];
}
