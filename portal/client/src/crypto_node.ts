/* WebCrypto of Node. */
import { webcrypto } from "node:crypto";

export const webCrypto = webcrypto as unknown as Crypto;
