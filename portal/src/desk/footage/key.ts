/* The agency's private key: chosen or pasted here, kept in this tab's memory alone, gone with it. It opens what residents sealed. */
import { personal } from "../../session/personal";

export const privateKey = personal<{ pem: string; name: string } | undefined>(() => undefined);

/** "": taken; else what is wrong. */
export function takeKey(pem: string, name: string): string {
  if (/-----BEGIN (ENCRYPTED|RSA|EC) PRIVATE KEY-----/.test(pem)) {
    return "A key in PKCS #8 without a pass phrase is needed: openssl pkcs8 -topk8 -nodes -in FILE";
  }
  if (!/-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END PRIVATE KEY-----/.test(pem)) {
    return "This is no private key in PEM.";
  }
  privateKey.value = { pem, name };
  return "";
}
