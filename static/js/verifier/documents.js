// Authenticates a signed document, as certificates/documents.py does: JSON with an eddsa-jcs-2022 proof, or a VC-JWT.
// An eddsa-rdfc-2022 proof beside it is looked at in all but its value: it signs the same document in another form,
// and the proof over the JSON itself covers every fact that is shown. Alone it is not enough here.
import { fromBase58, join, toUtf8 } from "./bytes.js";
import { isSignature, isTokenSignature, sha256 } from "./crypto.js";
import { altered, couldNotCheck, notRead, unknownIssuer } from "./errors.js";
import { instant } from "./facts.js";
import { canonical, isObject } from "./json.js";
import { checkContexts } from "./reading.js";

const MOST_PROOFS = 4;
const [JCS, RDFC] = ["eddsa-jcs-2022", "eddsa-rdfc-2022"];
const OPTIONS = [
  "type", "id", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue", "@context",
];

/** Returns the issuer whose trusted key signed the whole document. Throws a VerificationError. */
export async function authenticate(presented, trust) {
  checkContexts(presented.document, trust.contexts);
  if (presented.header) return authenticateJwt(presented, trust);
  const { document } = presented;
  const given = document.proof ?? [];
  const listed = Array.isArray(given) ? given : [given];
  if (listed.length === 0) throw notRead("no-proof");
  if (listed.length > MOST_PROOFS || !listed.every(isObject)) throw notRead("proof");
  const isKnown = (proof) => trust.keys.has(proof.verificationMethod) && proof.type === "DataIntegrityProof";
  const known = listed.filter(isKnown).map((proof) => [proof, trust.keys.get(proof.verificationMethod)]);
  const named = issuerId(document);
  if (known.length === 0) throw notKnown(named, trust);
  const { issuer } = known[0][1];
  if (known.some(([, key]) => key.issuer.did !== named)) throw altered("issuer-differs");
  if (known.length < listed.length && issuer.isOwn) throw altered("proof");
  checkProofs(without(document, "proof"), known, issuer.isOwn);
  return issuer;
}

export function without(document, name) {
  const found = Object.create(null);
  for (const [member, value] of Object.entries(document)) if (member !== name) found[member] = value;
  return found;
}

/** Returns SHA-256 of the RFC 8785 form without proofs: the rosette draws it. */
export function digestOf(document) {
  try {
    return sha256(toUtf8(canonical(without(document, "proof"))));
  } catch {
    throw notRead("not-json");
  }
}

function issuerId(document) {
  const named = isObject(document.issuer) ? document.issuer.id : document.issuer;
  if (typeof named !== "string") throw notRead("no-issuer");
  return named;
}

function notKnown(named, trust) {
  return trust.issuers.has(named) ? altered("key-unknown") : unknownIssuer("issuer-unknown");
}

function checkProofs(document, known, isOwn) {
  const bySuite = { [JCS]: [], [RDFC]: [] };
  for (const [proof, key] of known) {
    const suite = proof.cryptosuite;
    if (suite !== JCS && suite !== RDFC) throw couldNotCheck("suite");
    if (!Object.keys(proof).every((name) => OPTIONS.includes(name)) || proof.proofPurpose !== "assertionMethod") {
      throw couldNotCheck("proof-options");
    }
    if ("@context" in proof && canonical(proof["@context"]) !== canonical(document["@context"])) {
      throw altered("proof-context");
    }
    checkKeyTime(key, instant(proof.created));
    bySuite[suite].push([proof, key]);
  }
  for (const [proof, key] of bySuite[JCS]) checkSignature(key, proof, jcsHash(document, without(proof, "proofValue")));
  for (const [proof] of bySuite[RDFC]) {
    signatureOf(proof);
    // ours are made together, by one key at one time
    if (isOwn && bySuite[JCS].some(([other]) => !areTwins(proof, other))) throw altered("signature");
  }
  if (bySuite[JCS].length === 0) throw couldNotCheck("suite");
}

function areTwins(proof, other) {
  const names = ["id", "created", "verificationMethod"];
  return names.every((name) => (proof[name] ?? null) === (other[name] ?? null));
}

/** Returns the 64 bytes that an eddsa-jcs-2022 proof signs: hash of the options, then of the document (3.3.4). */
export function jcsHash(document, options) {
  try {
    return join(sha256(toUtf8(canonical(options))), sha256(toUtf8(canonical(document))));
  } catch {
    throw notRead("not-json");
  }
}

function checkSignature(key, proof, data) {
  if (!isSignature(key.public, signatureOf(proof), data)) throw altered("signature");
}

/** Returns the 64 bytes of a proof's value; base58 has one spelling for each. */
export function signatureOf(proof) {
  const text = proof.proofValue;
  try {
    if (typeof text !== "string" || !text.startsWith("z") || text.length > 100) throw new RangeError("no base58btc");
    const raw = fromBase58(text.slice(1));
    if (raw.length !== 64) throw new RangeError("a proof value has 64 bytes");
    return raw;
  } catch {
    throw altered("signature");
  }
}

export function checkKeyTime(key, created) {
  if (created === null) {
    if (key.from !== null || key.until !== null || key.compromisedFrom !== null) throw altered("key-time");
    return;
  }
  if (key.compromisedFrom !== null && created >= key.compromisedFrom) throw altered("key-compromised");
  if ((key.from !== null && created < key.from) || (key.until !== null && created >= key.until)) {
    throw altered("key-time");
  }
}

/** Checks a VC-JWT: the key by `kid` from our list, of the kind that list gives; claims equal to what they repeat. */
async function authenticateJwt({ document, header, claims, signed, signature }, trust) {
  if (!["EdDSA", "Ed25519", "RS256", "ES256"].includes(header.alg)) throw couldNotCheck("suite");
  if (!Object.keys(header).every((name) => ["alg", "kid", "typ", "cty"].includes(name))) {
    throw couldNotCheck("proof-options");
  }
  const named = issuerId(document);
  const key = typeof header.kid === "string" ? trust.keys.get(header.kid) : undefined;
  if (!key) throw notKnown(named, trust);
  if (key.issuer.did !== named) throw altered("issuer-differs");
  if (header.alg.startsWith("Ed")) {
    if (!isSignature(key.public, signature, toUtf8(signed))) throw altered("signature");
  } else {
    const fits = await isTokenSignature(header.alg, key.jwk, signature, signed);
    if (fits === null) throw couldNotCheck("suite");
    if (!fits) throw altered("signature");
  }
  const subject = document.credentialSubject;
  const repeated = { iss: named, jti: document.id, sub: isObject(subject) ? subject.id : null };
  for (const [name, value] of Object.entries(repeated)) {
    if (name in claims && claims[name] !== (value ?? null)) throw altered("claims");
  }
  for (const [name, member] of [["nbf", "validFrom"], ["exp", "validUntil"]]) {
    const said = instant(document[member]);
    if (name in claims && (said === null || claims[name] !== Math.trunc(said / 1000))) throw altered("claims");
  }
  checkKeyTime(key, instant(document.validFrom));
  return key.issuer;
}
