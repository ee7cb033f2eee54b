// A push service and its browsers, for test_push.py: decrypts each message (npm's http_ece) and checks the token of who sent
// it. Told by lines on stdin, tells by lines of JSON on stdout. What a path begins with says how it answers:
//   /ok/…      201              /gone/…   410                 /moved/…  a redirect to /ok/…
//   /busy/…    429 and Retry-After once, then 201             /ill/…    503 once, then 201
//   /silent/…  nothing until the line {"speak":true}, then 201 /never/…  400
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const https = require("node:https");
const readline = require("node:readline");
const ece = require("http_ece");

const [key, cert] = process.argv.slice(2);
const browsers = new Map(); // path -> keys
const tries = new Map(); // path -> how often it was asked
const waiting = [];
let silent = true;

function tell(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

// A new browser's subscription.
function subscribe(path) {
  const keys = crypto.createECDH("prime256v1");
  keys.generateKeys();
  const auth = crypto.randomBytes(16);
  browsers.set(path, { keys, auth });
  tell({
    endpoint: `https://127.0.0.1:${server.address().port}${path}`,
    p256dh: keys.getPublicKey("base64"),
    auth: auth.toString("base64"),
  });
}

// Whether the token is good, by the key that it came with, and what it claims (RFC 8292).
function check(header) {
  const [, token, point] = /^vapid t=([^,]+), k=([\w-]+)$/.exec(header ?? "") ?? [];
  if (!token) return { signed: false };
  const bytes = Buffer.from(point, "base64url");
  const jwk = { kty: "EC", crv: "P-256", x: bytes.subarray(1, 33).toString("base64url"), y: bytes.subarray(33).toString("base64url") };
  const [head, claims, signature] = token.split(".");
  const signed = crypto.verify(
    "sha256",
    Buffer.from(`${head}.${claims}`),
    { key: crypto.createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  return { signed, key: bytes.toString("base64"), claims: JSON.parse(Buffer.from(claims, "base64url")) };
}

function open(path, body) {
  const browser = browsers.get(path);
  const plain = ece.decrypt(body, { version: "aes128gcm", privateKey: browser.keys, authSecret: browser.auth.toString("base64url") });
  return JSON.parse(plain.toString("utf8"));
}

function answer(path, count, response) {
  const manner = path.split("/")[1];
  const first = count === 1;
  const say = (status, headers = {}) => response.writeHead(status, headers).end();
  if (manner === "gone") say(410);
  else if (manner === "never") say(400);
  else if (manner === "moved") say(307, { Location: path.replace("moved", "ok") });
  else if (manner === "busy" && first) say(429, { "Retry-After": "3" });
  else if (manner === "ill" && first) say(503);
  else if (manner === "silent" && silent) waiting.push(() => say(201));
  else say(201);
}

const server = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    const count = (tries.get(request.url) ?? 0) + 1;
    tries.set(request.url, count);
    const { ttl, urgency, topic, authorization } = request.headers;
    const got = { path: request.url, count, at: Date.now(), method: request.method, length: body.length, ttl, urgency, topic,
      encoding: request.headers["content-encoding"], ...check(authorization) };
    try {
      got.notice = open(request.url, body);
    } catch (error) {
      got.error = String(error);
    }
    tell(got);
    answer(request.url, count, response);
  });
});

server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const told = JSON.parse(line);
  if (told.subscribe) subscribe(told.subscribe);
  if (told.speak !== undefined) {
    silent = !told.speak;
    if (!silent) waiting.splice(0).forEach((say) => say());
  }
});
