/* WebCrypto as browsers have it; in Node 18 it is not global yet, and crypto_node.ts stands in for this (see "imports" of
 * package.json). */
export const webCrypto: Crypto = globalThis.crypto;
