/* The Merkle tree of the public record: hashes and the checks of proofs, as RFC 9162 (Certificate Transparency 2.0), section 2.1,
 * says them. Pure. Sizes are below 2^53, so that halves are taken by division: JavaScript's bits end at 32. */
import { sha256 } from "@noble/hashes/sha2";

/** SHA-256(0x00 || leaf) */
export function leafHash(leaf: Uint8Array): Uint8Array {
  return sha256.create().update(Uint8Array.of(0)).update(leaf).digest();
}

/** SHA-256(0x01 || left || right) */
function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256.create().update(Uint8Array.of(1)).update(left).update(right).digest();
}

/** The root of the tree of these leaves' hashes (MTH of section 2.1.1). */
export function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  const peaks: { size: number; hash: Uint8Array }[] = [];
  for (const hash of hashes) {
    let peak = { size: 1, hash };
    while (peaks.at(-1)?.size === peak.size) {
      peak = { size: peak.size * 2, hash: nodeHash(peaks.pop()!.hash, peak.hash) };
    }
    peaks.push(peak);
  }
  return peaks.length ? peaks.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right)) : sha256(new Uint8Array());
}

const isOdd = (n: number) => n % 2 === 1;
const half = (n: number) => Math.floor(n / 2);

/** Section 2.1.3.2: whether the leaf with that hash is the one at `index` of the tree of `size` leaves with that root. */
export function checkInclusion(
  hash: Uint8Array, index: number, size: number, path: readonly Uint8Array[], root: Uint8Array,
): boolean {
  if (!(index >= 0 && index < size)) {
    return false;
  }
  let fn = index, sn = size - 1, r = hash;
  for (const p of path) {
    if (sn === 0) {
      return false;
    }
    if (isOdd(fn) || fn === sn) {
      r = nodeHash(p, r);
      for (; !isOdd(fn) && fn > 0; sn = half(sn)) {
        fn = half(fn);
      }
    } else {
      r = nodeHash(r, p);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && equal(r, root);
}

/** Section 2.1.4.2: whether the tree of `to` leaves goes on with that of `from`. From 0 every tree goes on. */
export function checkConsistency(
  from: number, fromRoot: Uint8Array, to: number, toRoot: Uint8Array, path: readonly Uint8Array[],
): boolean {
  if (from === 0 || from === to) {
    return path.length === 0 && (from === 0 || equal(fromRoot, toRoot));
  }
  const whole = Number.isInteger(Math.log2(from));  // its root is the first hash then, and was left out
  if (from > to || (!whole && path.length === 0)) {
    return false;
  }
  let fn = from - 1, sn = to - 1;
  for (; isOdd(fn); sn = half(sn)) {
    fn = half(fn);
  }
  let fr = whole ? fromRoot : path[0]!, sr = fr;
  for (const c of whole ? path : path.slice(1)) {
    if (sn === 0) {
      return false;
    }
    if (isOdd(fn) || fn === sn) {
      fr = nodeHash(c, fr);
      sr = nodeHash(c, sr);
      for (; !isOdd(fn) && fn > 0; sn = half(sn)) {
        fn = half(fn);
      }
    } else {
      sr = nodeHash(sr, c);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && equal(fr, fromRoot) && equal(sr, toRoot);
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
