// The same job as somebody would write it well with what npm has: events in from Mosquitto, a geohash, the log and the
// channel in Redis (pipelined: what came while the last pipeline ran goes in the next), then out to the feed.
// node pipeline.js MQTT_PORT REDIS_PORT
'use strict';
const mqtt = require('mqtt');
const Redis = require('ioredis');
const geohash = require('ngeohash');

const [mqttPort, redisPort] = process.argv.slice(2).map(Number);
const redis = new Redis(redisPort, '127.0.0.1');
const client = mqtt.connect(`mqtt://127.0.0.1:${mqttPort}`, {
  protocolVersion: 5, clientId: 'pipeline', clean: true, properties: { receiveMaximum: 65535 },
});

let waiting = [];
let storing = false;

async function store() {
  storing = true;
  while (waiting.length) {
    const events = waiting;
    waiting = [];
    const pipeline = redis.pipeline();
    for (const { event, cell } of events) {
      const record = JSON.stringify(event);
      pipeline.xadd(`log:${event.device}`, '*', 'e', record);
      pipeline.xadd(`channel:${cell}`, '*', 'e', record);
    }
    for (const [error] of await pipeline.exec()) {
      if (error) throw error;
    }
    for (const { event, cell } of events) {
      client.publish(`feed/${cell}`, JSON.stringify({ tag: event.tag, kind: event.kind, at: event.at, cell }), { qos: 1 });
    }
  }
  storing = false;
}

client.on('message', (topic, payload) => {
  const event = JSON.parse(payload);
  waiting.push({ event, cell: geohash.encode(event.lat, event.lon, 5) });
  if (!storing) {
    storing = true;
    setImmediate(store);
  }
});
client.on('connect', () => client.subscribe('home/#', { qos: 1 }, () => console.log('ready')));
