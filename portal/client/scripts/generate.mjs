/* Makes src/generated from the broker's own sources, so that nothing is said twice: the protobuf code and the plain types of
 * proto/neighbors.proto, and the words that a resident's alert is judged by. Part of each build. Needs protoc. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { writeMessages } from "./messages.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../../..");
const proto = join(root, "proto");
const out = resolve(here, "../src/generated");
const plugin = join(dirname(createRequire(import.meta.url).resolve("@bufbuild/protoc-gen-es/package.json")), "bin/protoc-gen-es");

mkdirSync(out, { recursive: true });
execFileSync("protoc", [`--plugin=protoc-gen-es=${plugin}`, `--es_out=${out}`, "--es_opt=target=ts,import_extension=js",
  `-I${proto}`, "neighbors.proto"], { stdio: "inherit" });

const described = join(out, "neighbors.bin");
execFileSync("protoc", [`--descriptor_set_out=${described}`, "--include_source_info", `-I${proto}`, "neighbors.proto"],
  { stdio: "inherit" });
writeFileSync(join(out, "messages.ts"), writeMessages(readFileSync(described)));
rmSync(described);
writeFileSync(join(out, "words.ts"), writeWords(readFileSync(join(root, "broker/kind/alert_words.c"), "utf8")));

/* The lists of alert_words.c: static const char *const NAME[] = {"a", "b"}; */
function writeWords(source) {
  const lists = [...source.matchAll(/static const char \*const (\w+)\[\] = \{([^}]*)\};/g)];
  if (lists.length !== 4) {
    throw new Error(`alert_words.c has ${lists.length} lists, not 4`);
  }
  const text = lists.map(([, name, body]) =>
    `export const ${name}: readonly string[] =\n  ${JSON.stringify([...body.matchAll(/"([^"]*)"/g)].map((m) => m[1]).join(" "))}.split(" ");\n`);
  return `// Made by scripts/generate.mjs from broker/kind/alert_words.c. Do not edit.\n\n${text.join("\n")}`;
}
