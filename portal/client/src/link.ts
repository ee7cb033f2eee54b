/* One MQTT 5 connection, from CONNECT until it ends, on mqtt.js. It is never made again: whoever holds it makes another. */
import mqtt from "mqtt";
import type { IConnackPacket, IPublishPacket, MqttClient, Packet } from "mqtt";
import { type Refusal, refusalOf, Unreachable } from "./refusal.js";
import type { Credentials } from "./types.js";

const KEEP_ALIVE_S = 30;
/** So long the broker keeps what is in the inbox of one that is away. */
const SESSION_S = 7 * 86400;
const REFUSED = 0x80, CLOSE_MS = 2000;

export type Pair = readonly [string, string];

/** What a PUBACK or SUBACK says. */
export interface Ack {
  code: number;
  reason: string;  // the reason string; "": none
  refusal: Refusal | undefined;
  properties: Pair[];
}
export interface SubscribeAck extends Ack {
  /** Of each filter, in their order; 0x80 and more: refused. */
  codes: number[];
}

export interface Outgoing {
  topic: string;
  payload: Uint8Array;
  contentType: string;
  responseTopic?: string;
  correlation?: Uint8Array;
}

export interface Incoming {
  topic: string;
  payload: Uint8Array;
  retained: boolean;
  correlation: Uint8Array | undefined;
}

export interface LinkHandlers {
  /** It is up. present: the broker kept this session's subscriptions and what it missed. */
  up(present: boolean): void;
  message(message: Incoming): void;
  /** It ended, or never came to be; nothing comes behind it. refusal: what the broker said, if it said anything. */
  down(refusal: Refusal | undefined): void;
}

export class Link {
  readonly #client: MqttClient;
  readonly #handlers: LinkHandlers;
  #over = false;
  #said: Refusal | undefined;
  #acks = new Map<number, Packet>();
  /** Of the broker: bytes of a packet, and how many PUBLISHes may wait for their PUBACK. */
  maximumPacket = Infinity;
  receiveMaximum = 65535;

  /** clean: what the broker has of this client's session goes. */
  constructor(url: string, who: Credentials, timeout: number, clean: boolean, handlers: LinkHandlers) {
    this.#handlers = handlers;
    this.#client = mqtt.connect(url, {
      protocolVersion: 5,
      clientId: who.clientId,
      username: who.name,
      password: who.token,
      clean,
      keepalive: KEEP_ALIVE_S,
      connectTimeout: timeout,
      reconnectPeriod: 0,
      resubscribe: false,
      timerVariant: "native",  // a worker made of a blob would be against a strict content security policy
      properties: { sessionExpiryInterval: SESSION_S },
    });
    this.#client.on("connect", (packet) => this.#up(packet));
    this.#client.on("message", (topic, payload, packet) => this.#message(topic, payload, packet));
    this.#client.on("packetreceive", (packet) => this.#packet(packet));
    this.#client.on("error", () => this.drop());
    this.#client.on("close", () => this.#down());
  }

  /** Resolves with the broker's answer; rejects with Unreachable when the connection ended first. */
  publish(message: Outgoing): Promise<Ack> {
    const properties = {
      contentType: message.contentType,
      ...(message.responseTopic && { responseTopic: message.responseTopic }),
      ...(message.correlation && { correlationData: bufferOf(message.correlation) }),
    };
    return new Promise((resolve, reject) => {
      this.#client.publish(message.topic, bufferOf(message.payload), { qos: 1, properties }, (error, packet) => {
        const id = packet?.messageId ?? -1, ack = this.#acks.get(id);
        this.#acks.delete(id);
        if (ack?.cmd === "puback") {
          resolve(ackOf(ack.reasonCode ?? 0, ack.properties));
        } else {
          reject(new Unreachable(error ? "the connection was lost" : "the broker gave no answer"));
        }
      });
    });
  }

  /** since: "<channel>:<cursor>" of each channel that is known. Rejects like publish(). */
  subscribe(filters: readonly string[], since: readonly string[]): Promise<SubscribeAck> {
    const options = { qos: 1 as const, ...(since.length && { properties: { userProperties: { since: [...since] } } }) };
    return new Promise((resolve, reject) => {
      this.#client.subscribe([...filters], options, (error, _, packet) => {
        if (packet?.cmd !== "suback") {
          reject(new Unreachable(error ? "the connection was lost" : "the broker gave no answer"));
          return;
        }
        const codes = packet.granted.map(Number);
        resolve({ ...ackOf(codes.find((code) => code >= REFUSED) ?? 0, packet.properties), codes });
      });
    });
  }

  unsubscribe(filters: readonly string[]): void {
    if (filters.length) {
      this.#client.unsubscribe([...filters]);
    }
  }

  /** Leaves in good order: with DISCONNECT, when there is a connection. Never takes long: mqtt.js may wait for acknowledgements. */
  close(): Promise<void> {
    this.#down();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#client.end(true);
        resolve();
      }, CLOSE_MS);
      this.#client.end(!this.#client.connected, {}, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Ends it as if the network were gone. */
  drop(): void {
    this.#client.end(true);
    this.#down();
  }

  #up(packet: IConnackPacket): void {
    this.maximumPacket = packet.properties?.maximumPacketSize ?? this.maximumPacket;
    this.receiveMaximum = packet.properties?.receiveMaximum ?? this.receiveMaximum;
    if (!this.#over) {
      this.#handlers.up(packet.sessionPresent);
    }
  }

  #message(topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    if (!this.#over) {
      this.#handlers.message({ topic, payload, retained: packet.retain, correlation: packet.properties?.correlationData });
    }
  }

  /** Acknowledgements are noted before mqtt.js handles them: it hands on neither their reason string nor their properties. */
  #packet(packet: Packet): void {
    if (packet.cmd === "puback" && packet.messageId !== undefined) {
      this.#acks.set(packet.messageId, packet);
    }
    if ((packet.cmd === "connack" || packet.cmd === "disconnect") && (packet.reasonCode ?? 0) >= REFUSED) {
      this.#said = ackOf(packet.reasonCode ?? 0, packet.properties).refusal;
    }
  }

  #down(): void {
    if (!this.#over) {
      this.#over = true;
      this.#handlers.down(this.#said);
    }
  }
}

interface AckProperties {
  reasonString?: string;
  userProperties?: Record<string, string | string[]> | undefined;
}

function ackOf(code: number, properties: AckProperties | undefined): Ack {
  const pairs = Object.entries(properties?.userProperties ?? {})
    .flatMap(([name, values]) => [values].flat().map((value): Pair => [name, value]));
  const after = pairs.find(([name]) => name === "retry-after")?.[1];
  return { code, reason: properties?.reasonString ?? "", properties: pairs, refusal: code >= REFUSED ? refusalOf(code, properties?.reasonString, after) : undefined };
}

/** mqtt.js asks for Buffer, of which it brings its own to browsers, and takes any Uint8Array. */
function bufferOf(bytes: Uint8Array): Buffer {
  return bytes as Buffer;
}
