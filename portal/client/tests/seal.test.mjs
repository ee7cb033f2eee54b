/* The seal, against openssl and the broker's own: what one side seals the other opens. */
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isCertificate, open, seal } from "@neighbors/client/seal";
import { certificate, run } from "./people.mjs";

const text = new TextEncoder().encode("A still picture, perhaps. ".repeat(400));
const kinds = ["rsa:2048", "P-256", "P-384"], keys = new Map();
before(async () => {
  for (const kind of kinds) {
    keys.set(kind, await certificate(kind));
  }
});
after(() => Promise.all([...keys.values()].map(({ folder }) => rm(folder, { recursive: true }))));

const der = (pem) => new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64"));

for (const kind of kinds) {
  test(`${kind}: what is sealed here openssl opens`, async () => {
    const { certificate, folder, keyFile } = keys.get(kind), sealed = join(folder, "sealed"), opened = join(folder, "opened");
    for (const form of [certificate, der(certificate)]) {
      await writeFile(sealed, await seal(text, form));
      await run("openssl", ["cms", "-decrypt", "-inform", "DER", "-in", sealed, "-inkey", keyFile, "-out", opened]);
      assert.deepEqual(new Uint8Array(await readFile(opened)), text);
    }
    const { stdout } = await run("openssl", ["cms", "-cmsout", "-print", "-inform", "DER", "-in", sealed]);
    assert.match(stdout, /aes-256-cbc/);
    assert.match(stdout, kind.startsWith("rsa") ? /rsaesOaep/ : /dhSinglePass-stdDH/);
  });

  test(`${kind}: what openssl seals is opened here`, async () => {
    const { certificate, certificateFile, folder, key } = keys.get(kind), plain = join(folder, "plain"), sealed = join(folder, "theirs");
    const oaep = kind.startsWith("rsa") ? ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"] : [];
    await writeFile(plain, text);
    await run("openssl", ["cms", "-encrypt", "-binary", "-aes256", "-outform", "DER", "-in", plain, "-out", sealed,
      "-recip", certificateFile, ...oaep]);
    assert.deepEqual(await open(new Uint8Array(await readFile(sealed)), key, certificate), text);
  });
}

test("another key does not open it, and what is broken is told apart", async () => {
  const [rsa, curve] = [keys.get("rsa:2048"), keys.get("P-256")], sealed = await seal(text, rsa.certificate);
  const other = await certificate("rsa:2048");
  await assert.rejects(open(sealed, other.key, rsa.certificate), { name: "SealError", message: /does not open/ });
  await rm(other.folder, { recursive: true });
  const changed = sealed.slice();
  changed[changed.length - 40] ^= 1;
  await assert.rejects(async () => assert.deepEqual(await open(changed, rsa.key, rsa.certificate), text));
  await assert.rejects(open(text, rsa.key, rsa.certificate), /not something sealed/);
  await assert.rejects(open(sealed, "no key", rsa.certificate), /PRIVATE KEY/);
  await assert.rejects(seal(text, "no certificate"), { name: "SealError" });
  assert.deepEqual([isCertificate(curve.certificate), isCertificate(curve.key), isCertificate("")], [true, false, false]);
});

test("what is sealed is DER of definite length, as the broker wants it", async () => {
  const sealed = await seal(new Uint8Array(5000), keys.get("P-256").certificate);
  assert.equal(sealed[0], 0x30);
  assert.notEqual(sealed[1], 0x80);
  assert.equal(sealed.length, 4 + (sealed[2] << 8 | sealed[3]));
});
