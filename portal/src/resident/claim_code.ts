/* The code by which a tipster claims a reward: 100 random bits in four groups, as `neighbors tip` makes them. The broker and the
 * agency have its SHA-256 alone. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** "7K2QX-..." */
export function makeClaimCode(): string {
  const digits = [...crypto.getRandomValues(new Uint8Array(20))].map((byte) => alphabet[byte % 32]).join("");
  return digits.replace(/.{5}(?=.)/g, "$&-");
}

export async function hashOfClaim(code: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code)));
}
