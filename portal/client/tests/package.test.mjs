/* The package as npm would publish it, used as an app maker would. */
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Stack } from "../../tests/stack.mjs";
import { address, run } from "./people.mjs";

const here = fileURLToPath(new URL("..", import.meta.url)), modules = join(here, "../node_modules");
let stack, app, files;

before(async () => {
  stack = await Stack.start();
  app = await mkdtemp(join(tmpdir(), "neighbors-app-"));
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", app], { cwd: here });
  const [{ filename, files: packed }] = JSON.parse(stdout);
  files = packed.map(({ path }) => path);
  await mkdir(join(app, "node_modules/@neighbors/client"), { recursive: true });
  await run("tar", ["-xzf", join(app, filename), "--strip-components", "1", "-C", join(app, "node_modules/@neighbors/client")]);
  for (const name of await readdir(modules)) {  // what npm install would bring
    if (name !== "@neighbors" && !name.startsWith(".")) {
      await symlink(join(modules, name), join(app, "node_modules", name));
    }
  }
});
after(async () => {
  await stack?.stop();
  await rm(app, { recursive: true, force: true });
});

test("the package holds what its exports name, and nothing of the workshop", async () => {
  const told = JSON.parse(await readFile(join(here, "package.json"), "utf8"));
  assert.deepEqual([told.license, told.type], ["Apache-2.0", "module"]);
  for (const wanted of [...Object.values(told.exports).flatMap((one) => typeof one === "string" ? [one] : Object.values(one)), ...Object.values(told.imports["#crypto"])]) {
    assert.ok(files.includes(wanted.replace("./", "")), wanted);
  }
  assert.ok(["LICENSE", "README.md", "package.json"].every((name) => files.includes(name)));
  assert.deepEqual(files.filter((name) => !/^(dist\/[\w/]+\.(js|d\.ts)|LICENSE|README\.md|package\.json)$/.test(name)), []);
  assert.deepEqual(await readFile(join(here, "LICENSE"), "utf8"), await readFile(join(here, "../../LICENSE"), "utf8"));
  for (const version of Object.values(told.dependencies)) {
    assert.match(version, /^\d+\.\d+\.\d+$/);
  }
});

test("the README's example runs", async () => {
  const readme = await readFile(join(here, "README.md"), "utf8"), [, example] = /```js\n(.*?)```/s.exec(readme);
  const token = await stack.enroll("user/ann");
  const program = example.replace("wss://neighbors.example/mqtt", address(stack)).replace("the token that the operator handed out", token)
    .concat("\nawait neighbors.close();\n");
  await writeFile(join(app, "example.mjs"), program);
  const { stdout } = await run(process.execPath, ["example.mjs"], { cwd: app, timeout: 120_000 });
  assert.match(stdout, /published as [0-9a-f]+/);
  assert.match(stdout, /connection: closed/);
});

test("an app in TypeScript has the types, by either way of resolving modules", async () => {
  await writeFile(join(app, "app.ts"), `
import { connect, type Alert, type Draft, type Item, type Neighbors } from "@neighbors/client";
import { bounds } from "@neighbors/client/geo";
import { PublicRecord } from "@neighbors/client/record";
import { seal } from "@neighbors/client/seal";
export async function follow(): Promise<string[]> {
  const neighbors: Neighbors = await connect("wss://x/mqtt", { name: "user/a", token: "t", clientId: "c" });
  const headlines: string[] = [], draft: Draft<Alert> = { category: "fire", headline: "Smoke" };
  neighbors.follow({ cell: "9qh1f5", metres: 400 }, { item: (item: Item) => { if (item.kind === "alert") headlines.push(item.alert.headline); } });
  // @ts-expect-error: no such category
  await neighbors.publish.alert({ category: "burglary" });
  const { publicId } = await neighbors.publish.alert(draft);
  await seal(new Uint8Array(), "pem");
  return [...headlines, publicId ?? "", String(bounds("9q").north), String((await new PublicRecord("").head())?.size)];
}
`);
  for (const how of [["NodeNext", "NodeNext"], ["ESNext", "bundler"]]) {
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "ES2022", "--module", how[0], "--moduleResolution", how[1], "--lib", "ES2022,DOM", "app.ts"];
    await writeFile(join(app, "package.json"), JSON.stringify({ type: "module" }));
    await run(process.execPath, [join(modules, "typescript/bin/tsc"), ...options], { cwd: app }).catch(({ stdout }) => assert.fail(stdout));
  }
});
