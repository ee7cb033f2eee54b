/* Between the protobuf of the wire and the plain objects of generated/messages.ts: 64-bit numbers as numbers (the schema keeps
 * them below 2^53), enums as their words, each oneof as fields of which at most one is there. */
import { create, type DescField, type DescMessage, fromBinary, type Message, type MessageInitShape, ScalarType, toBinary }
  from "@bufbuild/protobuf";
import type { DescEnum } from "@bufbuild/protobuf";
import { Refusal } from "./refusal.js";
import type { Draft } from "./types.js";

const BAD_PAYLOAD = 0x99;
type Fields = Record<string, unknown>;

/** Reads and writes one message of the schema. */
export interface Codec<T> {
  /** Throws what protobuf throws when the bytes are no such message. */
  decode(bytes: Uint8Array): T;
  /** Throws a Refusal that names the field when the draft cannot be such a message. */
  encode(draft: Draft<T>): Uint8Array;
}

export function codec<T>(schema: DescMessage): Codec<T> {
  return {
    decode: (bytes) => plainOf(schema, fromBinary(schema, bytes)) as T,
    encode: (draft) => {
      try {
        return toBinary(schema, create(schema, initOf(schema, { ...(draft as Fields), version: 1 }, "")));
      } catch (error) {
        throw error instanceof Refusal ? error : new Refusal(BAD_PAYLOAD, "", String(error instanceof Error ? error.message : error));
      }
    },
  };
}

/* ---- protobuf to plain ---- */

function plainOf(schema: DescMessage, message: Message): Fields {
  const from = message as Message & Fields, out: Fields = {};
  for (const field of schema.fields) {
    if (field.localName === "version") {
      continue;
    }
    const chosen = field.oneof && (from[field.oneof.localName] as { case?: string; value?: unknown });
    const value = chosen ? (chosen.case === field.localName ? chosen.value : undefined) : from[field.localName];
    if (value !== undefined) {
      out[field.localName] = field.fieldKind === "list" ? (value as unknown[]).map((one) => plainValue(field, one))
        : plainValue(field, value);
    }
  }
  return out;
}

function plainValue(field: DescField, value: unknown): unknown {
  if (field.message) {
    return plainOf(field.message, value as Message);
  }
  if (field.enum) {
    return field.enum.value[value as number]?.name ?? "UNSPECIFIED";  // a word of a newer schema is not told
  }
  // Bytes are copied: they would hold the whole packet in memory, and in Node they are a Buffer.
  return typeof value === "bigint" ? Number(value) : value instanceof Uint8Array ? new Uint8Array(value) : value;
}

/* ---- plain to protobuf ---- */

function initOf(schema: DescMessage, from: Fields, path: string): MessageInitShape<DescMessage> {
  const out: Fields = {};
  for (const field of schema.fields) {
    const value = from[field.localName], name = `${path}${field.name}`;
    if (value === undefined || value === null) {
      continue;
    }
    const made = field.fieldKind === "list" ? (value as unknown[]).map((one, i) => initValue(field, one, `${name}[${i}]`))
      : initValue(field, value, name);
    if (field.oneof) {
      out[field.oneof.localName] = { case: field.localName, value: made };
    } else {
      out[field.localName] = made;
    }
  }
  return out as MessageInitShape<DescMessage>;
}

function initValue(field: DescField, value: unknown, name: string): unknown {
  if (field.message) {
    return initOf(field.message, value as Fields, `${name}.`);
  }
  if (field.enum) {
    return numberOf(field.enum, value, name);
  }
  if (!is64Bit(field)) {
    return value;
  }
  if (!Number.isSafeInteger(value)) {
    throw new Refusal(BAD_PAYLOAD, name, "not a whole number below 2^53");
  }
  return BigInt(value as number);
}

function numberOf(words: DescEnum, value: unknown, name: string): number {
  const known = words.values.find((one) => one.name === value);
  if (!known) {
    throw new Refusal(BAD_PAYLOAD, name, "not one of its words");
  }
  return known.number;
}

function is64Bit(field: DescField): boolean {
  const kinds: readonly (ScalarType | undefined)[] = [ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64];
  return kinds.includes(field.fieldKind === "scalar" || field.fieldKind === "list" ? field.scalar : undefined);
}
