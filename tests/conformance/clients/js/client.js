// One story told with mqtt.js (libmosquitto.c beside it has the arguments); over WebSocket when PORT begins with "ws:".
const mqtt = require('mqtt')

const [command, port, version, clientId, username, password, qos, topic, last = ''] = process.argv.slice(2)
const five = version === '5'
const durable = command === 'follow' && last === 'durable'
const url = port.startsWith('ws:') ? `ws://127.0.0.1:${port.slice(3)}/mqtt` : `mqtt://127.0.0.1:${port}`
const client = mqtt.connect(url, {
  protocolVersion: Number(version),
  clientId,
  username,
  password,
  clean: !durable,
  reconnectPeriod: 0,
  keepalive: 30,
  ...(five && { properties: { sessionExpiryInterval: durable ? 60 : 0 } })
})

client.on('error', (error) => {
  console.log('error', error.message)
  process.exit(1)
})
client.on('connect', (connack) => {
  console.log('connected', 0, connack.sessionPresent ? 1 : 0)
  if (command === 'publish') {
    client.publish(topic, last, { qos: Number(qos) }, (error) => {
      console.log('acknowledged', error ? error.code ?? 128 : 0)
      client.end()
    })
  } else {
    client.subscribe(topic, { qos: Number(qos) }, (error, granted) => {
      console.log('subscribed', error ? 128 : granted[0].qos)
    })
  }
})
client.on('message', (name, payload, packet) => {
  console.log('message', packet.retain ? 1 : 0, packet.qos, name, payload.toString())
})
