// The signed text of the QR code on the paper: a CWT (RFC 8392) in COSE_Sign1 (RFC 9052), Ed25519. As
// certificates/tokens.py makes and reads it.
import { fromBase43, toHex, toUtf8 } from "./bytes.js";
import { decode } from "./cbor.js";
import { isSignature } from "./crypto.js";
import { checkKeyTime } from "./documents.js";
import { altered, notRead, unknownIssuer, VerificationError } from "./errors.js";

const [ALG, KID, EDDSA] = [1, 4, -8];
const [ISS, EXP, NBF, OURS] = [1, 4, 5, -70_001];
const [NAME, CODE, COURSE, LEVEL, MODE, STATUS, OWN, YEAR, SCORE, DIGEST, CHECKED, HOURS, KIND] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
];
const MODES = { 0: "none", 1: "supervised", 3: "practice" };
const KINDS = ["language", "workplace", "rights", "orientation"];
const COSE_SIGN1 = 0xd2;

/** Returns {issuer, digest, facts, code, place} of a token whose signature fits. Throws a VerificationError; what it
 * knows until then stands in `made`. */
export function openToken(token, trust, made) {
  const { header, payload, signature, signed } = read(token);
  const key = trust.byId.get(toHex(header.get(KID)));
  if (!key) throw unknownIssuer("issuer-unknown");
  made.issuer = key.issuer;
  if (!isSignature(key.public, signature, signed)) throw altered("signature");
  let found;
  try {
    found = claimsOf(payload, key);
  } catch (error) {
    throw error instanceof VerificationError ? error : altered("claims");
  }
  checkKeyTime(key, found.facts.validFrom);
  return { ...found, issuer: key.issuer };
}

function read(token) {
  try {
    const data = fromBase43(token.slice("HS1:".length));
    const parts = decode(data[0] === COSE_SIGN1 ? data.subarray(1) : data);
    const [head, unprotected, payload, signature] = parts;
    const isOfBytes = [head, payload, signature].every((part) => part instanceof Uint8Array);
    if (parts.length !== 4 || !isOfBytes || !(unprotected instanceof Map) || unprotected.size > 0) throw new TypeError();
    const header = decode(head);
    if (!(header instanceof Map) || header.size !== 2 || header.get(ALG) !== EDDSA) throw new TypeError();
    if (!(header.get(KID) instanceof Uint8Array)) throw new TypeError();
    return { header, payload, signature, signed: structure(head, payload) };
  } catch {
    throw notRead("token");
  }
}

/** Writes what is signed (RFC 9052, 4.4): ["Signature1", header, no more data, claims]. */
function structure(head, payload) {
  const bytes = (data) => {
    const { length } = data;
    const size = length < 24 ? [0x40 | length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 255];
    return [...size, ...data];
  };
  return Uint8Array.from([0x84, 0x6a, ...toUtf8("Signature1"), ...bytes(head), 0x40, ...bytes(payload)]);
}

function claimsOf(payload, key) {
  const claims = decode(payload);
  const ours = claims.get(OURS);
  if (key.issuer.did.slice(key.issuer.did.lastIndexOf(":") + 1) !== claims.get(ISS)) throw altered("issuer-differs");
  const need = (name, kind) => {
    const value = ours.get(name);
    if (kind === "bytes" ? !(value instanceof Uint8Array) : typeof value !== kind) throw new TypeError();
    return value;
  };
  const [course, version, ...more] = need(COURSE, "string").split(" ");
  const kind = KINDS[need(KIND, "number")];
  if (version === undefined || more.length || kind === undefined || typeof claims.get(NBF) !== "number") {
    throw new TypeError();
  }
  const [year, index] = ours.get(STATUS) ?? [];
  const facts = {
    title: course, course, version, kind,
    validFrom: claims.get(NBF) * 1000,
    validUntil: claims.has(EXP) ? claims.get(EXP) * 1000 : null,
    awarded: null,
    passportName: need(NAME, "string"),
    ownName: ours.get(OWN) ?? null,
    yearOfBirth: ours.get(YEAR) ?? null,
    isNameChecked: ours.get(CHECKED) === 1,
    nameCheckedBy: null,
    country: null,
    language: null,
    level: ours.get(LEVEL) ?? null,
    skills: [],
    hours: ours.get(HOURS) ?? null,
    assessment: MODES[ours.get(MODE)] ?? null,
    score: ours.has(SCORE) ? String(ours.get(SCORE)) : null,
    outcomes: [],
  };
  return { facts, digest: toHex(need(DIGEST, "bytes")), code: need(CODE, "string"), place: { year, index } };
}
