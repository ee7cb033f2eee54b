/* Writes the plain types of a schema: interfaces with the schema's own comments, numbers for 64-bit integers, words for
 * enums, Uint8Array for bytes. src/codec.ts makes such objects of protobuf and protobuf of them. */
import { fromBinary } from "@bufbuild/protobuf";
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type as Type, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const SCALARS = new Map([[Type.STRING, "string"], [Type.BOOL, "boolean"], [Type.BYTES, "Uint8Array"]]);
const MESSAGE = 4, FIELD = 2, NESTED_ENUM = 4, ENUM_VALUE = 2;  // path elements of descriptor.proto

export function writeMessages(bytes) {
  const file = fromBinary(FileDescriptorSetSchema, bytes).file[0];
  const comments = new Map(file.sourceCodeInfo.location.map((place) => [place.path.join("."), place]));
  return [
    "// Made by scripts/generate.mjs from proto/neighbors.proto. Do not edit.",
    "//",
    "// Times are milliseconds since 1970 UTC, coordinates 1e-7 degree, distances metres; 0, \"\" and UNSPECIFIED mean \"not told\".",
    "",
    ...file.messageType.flatMap((message, i) => writeMessage(message, i, comments)),
  ].join("\n");
}

function writeMessage(message, index, comments) {
  const path = `${MESSAGE}.${index}`;
  if (message.enumType.length) {
    return writeEnum(message, path, comments);
  }
  const fields = message.field
    .map((field, i) => ({ field, comment: comments.get(`${path}.${FIELD}.${i}`) }))
    .filter(({ field }) => field.name !== "version");
  return [
    ...block(comments.get(path), ""),
    `export interface ${message.name} {`,
    ...fields.flatMap(({ field, comment }) => [
      ...block(comment, "  "),
      `  ${field.jsonName}${optional(field) ? "?" : ""}: ${typeOf(field)};`,
    ]),
    "}", "",
  ];
}

/* A message that holds nothing but an enum is that enum: its words, and their list. */
function writeEnum(message, path, comments) {
  const values = message.enumType[0].value;
  return [
    ...block(comments.get(path), ""),
    `export type ${message.name} =`,
    ...values.flatMap((value, i) => {
      const told = trailing(comments.get(`${path}.${NESTED_ENUM}.0.${ENUM_VALUE}.${i}`));
      return `  | ${JSON.stringify(value.name)}${i === values.length - 1 ? ";" : ""}${told ? `  // ${told}` : ""}`;
    }),
    `export const ${constant(message.name)}: readonly ${message.name}[] = [`,
    `  ${values.filter((value) => value.number).map((value) => JSON.stringify(value.name)).join(", ")},`,
    "];", "",
  ];
}

/* "MsgType" -> "MSG_TYPES"; "Category" -> "CATEGORIES". */
function constant(name) {
  const upper = name.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
  return upper.endsWith("Y") ? `${upper.slice(0, -1)}IES` : upper.endsWith("S") ? `${upper}ES` : `${upper}S`;
}

function optional(field) {
  return field.label !== FieldDescriptorProto_Label.REPEATED && (field.type === Type.MESSAGE || field.oneofIndex !== undefined && Object.hasOwn(field, "oneofIndex"));
}

function typeOf(field) {
  const name = field.typeName.split(".").at(-1);
  const one = field.type === Type.MESSAGE ? name : field.type === Type.ENUM ? field.typeName.split(".").at(-2)
    : SCALARS.get(field.type) ?? "number";
  return field.label === FieldDescriptorProto_Label.REPEATED ? `${one}[]` : one;
}

function trailing(place) {
  return place?.trailingComments.trim().replace(/\s*\n\s*/g, " ") ?? "";
}

function block(place, indent) {
  const text = [place?.leadingComments.trim(), trailing(place)].filter(Boolean).join("\n");
  if (!text) {
    return [];
  }
  const lines = text.split("\n").map((line) => line.trim());
  return lines.length === 1 ? [`${indent}/** ${lines[0]} */`]
    : [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`];
}
