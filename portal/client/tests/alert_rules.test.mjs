/* What an app is told of a text before it is sent is what the broker says of it: the broker's own cases, each by both. */
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { checkAlert } from "@neighbors/client";
import { Stack } from "../../tests/stack.mjs";
import { be, VAN } from "./people.mjs";

let stack;
before(async () => {
  stack = await Stack.start();
});
after(() => stack?.stop());

const more = [
  ["suspicious", "es", "Niño", "Niño pequeño"], ["suspicious", "", "Man", "Señor con ropa roja"], ["crime", "", "A", "ÿ"], ["crime", "", "A", "×÷"],
  ["other", "", "x".repeat(40), ""], ["other", "", "1234", "5678"], ["hazard", "", "﻿Tree", ""], ["fire", "ES", "¿?", ""],
];

test("each of the broker's cases, and some more, by both", async (t) => {
  const ann = await be(t, stack, "user/ann"), table = await readFile(new URL("../../../tests/unit/alert_rules.tsv", import.meta.url), "utf8");
  const cases = table.split("\n").filter((line) => line && !line.startsWith("#")).map((line) => line.split("\t")).concat(more);
  assert.ok(cases.length > 50);
  const verdicts = await Promise.all(cases.map(async ([category, language, headline, description]) => {
    const alert = { ...VAN, category, language, headline, description };
    const said = await ann.publish.alert(alert).then(() => "ok", ({ code, field, rule }) => `${code} ${field}: ${rule}`);
    const [first] = checkAlert(alert), told = first ? `${first.code} ${first.field}: ${first.rule}` : "ok";
    return { case: `${category} ${headline} | ${description}`, said, told };
  }));
  assert.deepEqual(verdicts.filter(({ said, told }) => said !== told), []);
  for (const [i, [, , , , verdict]] of cases.entries()) {
    const [field] = (verdict ?? "").split(" ");
    assert.ok(!verdict || (field === "ok" ? verdicts[i].told === "ok" : verdicts[i].told.includes(` ${field}: `)), verdicts[i].case);
  }
  assert.deepEqual(checkAlert({ msgType: "CANCEL" }), []);
});
