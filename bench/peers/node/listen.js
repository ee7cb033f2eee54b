// What somebody would write to follow a home's broker with npm's client: every message parsed, the kinds counted.
// node listen.js MQTT_PORT TOPIC…
'use strict';
const mqtt = require('mqtt');

const [port, ...topics] = process.argv.slice(2);
const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { clientId: 'listener', clean: true });
const counts = new Map();
let messages = 0;

client.on('message', (topic, payload) => {
  messages += 1;
  const text = payload.toString();
  const kind = text.startsWith('{') ? JSON.parse(text).type : text;
  counts.set(kind, (counts.get(kind) || 0) + 1);
});
client.on('connect', () => client.subscribe(topics, { qos: 1 }, () => console.log('ready')));
process.on('SIGUSR1', () => console.log(`messages ${messages}`));
process.on('SIGTERM', () => process.exit(0));
