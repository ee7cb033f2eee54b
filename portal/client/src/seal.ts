/* Sealing to an agency's certificate, and opening with its key: CMS EnvelopedData (RFC 5652) in DER, AES-256 in CBC mode, the
 * content key by RSA-OAEP with SHA-256 (RFC 3560) or by ECDH (RFC 5753). What this seals `openssl cms -decrypt` opens, and what
 * the broker's tools seal this opens. In a module of its own: pkijs is loaded by who needs it. */
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";
import { webCrypto } from "#crypto";

export class SealError extends Error {
  override readonly name = "SealError";
}

const engine = new pkijs.CryptoEngine({ name: "neighbors", crypto: webCrypto });
const RSA = "1.2.840.113549.1.1.1", EC = "1.2.840.10045.2.1";

/**
 * Seals bytes to a certificate: PEM text, or DER as a footage request bears it. SealError when nothing can be sealed to its key
 * (neither RSA nor EC).
 */
export async function seal(bytes: Uint8Array, certificate: string | Uint8Array): Promise<Uint8Array> {
  const to = certificateOf(certificate), algorithm = to.subjectPublicKeyInfo.algorithm.algorithmId;
  if (algorithm !== RSA && algorithm !== EC) {
    throw new SealError("nothing can be sealed to its key: RSA or EC is needed");
  }
  const enveloped = new pkijs.EnvelopedData();
  enveloped.policy = { disableSplit: true };  // else the content is in pieces, which DER does not allow
  enveloped.addRecipientByCertificate(to, { oaepHashAlgorithm: "SHA-256", kdfAlgorithm: "SHA-256", kekEncryptionLength: 256 }, 0, engine);
  await enveloped.encrypt({ name: "AES-CBC", length: 256 } as Algorithm, copied(bytes), engine);
  const content = new pkijs.ContentInfo({ contentType: pkijs.ContentInfo.ENVELOPED_DATA, content: enveloped.toSchema() });
  return new Uint8Array(content.toSchema().toBER());
}

/**
 * Opens what was sealed to the certificate. key: PKCS #8 as PEM text or DER, or a CryptoKey that may decrypt (RSA-OAEP, SHA-256)
 * or derive bits (ECDH). SealError when it does not open with it.
 */
export async function open(sealed: Uint8Array, key: string | Uint8Array | CryptoKey, certificate: string | Uint8Array): Promise<Uint8Array> {
  const enveloped = envelopedOf(sealed), to = certificateOf(certificate);
  const recipientPrivateKey = typeof key === "string" || key instanceof Uint8Array ? keyOf(key) : key;
  enveloped.recipientInfos.forEach(withoutKeyingMaterial);
  for (let i = 0; i < enveloped.recipientInfos.length; i++) {
    try {
      const parameters = { recipientCertificate: to, recipientPrivateKey: recipientPrivateKey as BufferSource };
      return new Uint8Array(await enveloped.decrypt(i, parameters, engine));
    } catch {
      // It may be sealed to another of its recipients.
    }
  }
  throw new SealError("does not open with this key");
}

/** openssl leaves out the user keying material, and pkijs would derive the key from an empty one: what is false it leaves out. */
function withoutKeyingMaterial({ value }: pkijs.RecipientInfo): void {
  if (value instanceof pkijs.KeyAgreeRecipientInfo && !value.ukm) {
    Object.assign(value, { ukm: false });
  }
}

/** True when a text is a certificate to which something can be sealed. */
export function isCertificate(pem: string): boolean {
  try {
    return [RSA, EC].includes(certificateOf(pem).subjectPublicKeyInfo.algorithm.algorithmId);
  } catch {
    return false;
  }
}

function certificateOf(certificate: string | Uint8Array): pkijs.Certificate {
  try {
    return pkijs.Certificate.fromBER(copied(typeof certificate === "string" ? derOf(certificate, "CERTIFICATE") : certificate));
  } catch {
    throw new SealError("no certificate");
  }
}

function keyOf(key: string | Uint8Array): ArrayBuffer {
  return copied(typeof key === "string" ? derOf(key, "PRIVATE KEY") : key);
}

function envelopedOf(sealed: Uint8Array): pkijs.EnvelopedData {
  try {
    const content = pkijs.ContentInfo.fromBER(copied(sealed));
    if (content.contentType !== pkijs.ContentInfo.ENVELOPED_DATA) {
      throw new SealError("another content");
    }
    return new pkijs.EnvelopedData({ schema: content.content as asn1js.Sequence });
  } catch {
    throw new SealError("not something sealed (CMS EnvelopedData, DER)");
  }
}

/** The first such block of a PEM text. */
function derOf(pem: string, label: string): Uint8Array {
  const [, body] = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(pem) ?? [];
  if (body === undefined) {
    throw new SealError(`no ${label} in PEM without a pass phrase`);
  }
  return Uint8Array.from(atob(body.replace(/\s/g, "")), (letter) => letter.charCodeAt(0));
}

function copied(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}
