// Signatures. Ed25519 and SHA-2 by one implementation in every browser, so that the answer depends on no browser and an
// office may serve the page without https, where browsers keep their own cryptography to themselves. RS256 and ES256,
// which only other issuers' tokens use, by the browser's own.
import { hashes, verify as verifyEd25519 } from "../../vendor/noble/ed25519.js";
import { sha256, sha512 } from "../../vendor/noble/sha2.js";
import { fromBase58, toUtf8 } from "./bytes.js";

hashes.sha512 = sha512;

export { sha256 };

/** Returns the 32 bytes of an Ed25519 Multikey (Controlled Identifiers 1.0, 2.2.2). Throws for anything else. */
export function fromMultikey(text) {
  const raw = text.startsWith("z") ? fromBase58(text.slice(1)) : new Uint8Array(0);
  if (raw.length !== 34 || raw[0] !== 0xed || raw[1] !== 0x01) throw new RangeError("no Ed25519 Multikey");
  return raw.slice(2);
}

/** Tells whether the signature over the data was made with the key. `zip215: false`: the strict rules of RFC 8032. */
export function isSignature(key, signature, data) {
  if (!(key instanceof Uint8Array) || signature.length !== 64) return false;
  try {
    return verifyEd25519(signature, data, key, { zip215: false });
  } catch {
    return false;
  }
}

const KINDS = {
  RS256: { kty: "RSA", import: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, use: { name: "RSASSA-PKCS1-v1_5" } },
  ES256: { kty: "EC", import: { name: "ECDSA", namedCurve: "P-256" }, use: { name: "ECDSA", hash: "SHA-256" } },
};

/** Tells whether the browser checks signatures of this kind; null when it cannot, or the key is of another kind. */
export async function isTokenSignature(algorithm, jwk, signature, signed) {
  const kind = Object.hasOwn(KINDS, algorithm) ? KINDS[algorithm] : null;
  if (!kind || !jwk || jwk.kty !== kind.kty || !globalThis.crypto?.subtle) return null;
  const { kty, n, e, crv, x, y } = jwk;
  try {
    const key = await crypto.subtle.importKey("jwk", { kty, n, e, crv, x, y }, kind.import, false, ["verify"]);
    if (kind.kty === "RSA" && key.algorithm.modulusLength < 2048) return null;
    return await crypto.subtle.verify(kind.use, key, signature, toUtf8(signed));
  } catch {
    return null;
  }
}
