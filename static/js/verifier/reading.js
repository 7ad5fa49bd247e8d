// Reads what a stranger hands in, as certificates/reading.py does: bytes or text to one plain JSON document, or a
// refusal. Every limit is here: size, depth, duplicate members, keywords and addresses as member names, contexts.
import { fromBase64url, fromUtf8 } from "./bytes.js";
import { couldNotCheck, notRead } from "./errors.js";
import { inflate } from "./inflate.js";
import { isObject, parse } from "./json.js";

const MOST_BYTES = 200_000;
const MOST_PDF = 2_000_000;
const MOST_PNG = 8_000_000;
const MOST_STREAMS = 500;
const CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2";
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const CLAIMS = ["iss", "jti", "nbf", "sub", "exp", "iat"];
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";
const ENDS = new RegExp(`^${SPACE}|${SPACE}$`, "g");

const TOKEN = "HS1:";
const MOST_TOKEN = 2_300;

/** Returns the signed text of a QR code, alone or in the fragment of a scanned address; null: it is something else. */
export function findToken(data) {
  if (data.length > MOST_TOKEN) return null;
  const text = strip(typeof data === "string" ? data : latin(data));
  if (text.startsWith(TOKEN)) return text;
  const mark = text.indexOf(`#${TOKEN}`);
  return mark >= 0 && /^https?:\/\//.test(text) ? text.slice(mark + 1) : null;
}

/** Reads a credential: {document}, for a JWT also header, claims, signed, signature. Throws a VerificationError. */
export async function read(data) {
  let given = data;
  if (typeof given !== "string" && latin(given.subarray(0, 5)) === "%PDF-") given = await attached(given);
  else if (isPng(given)) given = await bakedInPng(given);
  let text = textOf(given);
  if (text.startsWith("<")) text = bakedInSvg(text);
  if (JWT.test(text)) return readJwt(text);
  const document = parse(text);
  checkTerms(document);
  return { document };
}

export function isPng(data) {
  return typeof data !== "string" && latin(data.subarray(0, 8)) === "\x89PNG\r\n\x1a\n";
}

function latin(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

function strip(text) {
  return text.replace(ENDS, "");
}

function textOf(data) {
  if (data.length > MOST_BYTES) throw notRead("too-big");
  let text = data;
  if (typeof data !== "string") {
    try {
      text = fromUtf8(data).replace(/^\ufeff/, "");
    } catch {
      throw notRead("not-text");
    }
  }
  text = strip(text).replace(/^\ufeff/, "");
  if (!text) throw notRead("empty");
  return text;
}

/** Returns the credential attached to a PDF. No PDF is parsed: its streams are unpacked one by one, with a limit. */
async function attached(data) {
  if (data.length > MOST_PDF) throw notRead("too-big");
  const text = latin(data);
  let end = 0;
  for (let number = 0; number < MOST_STREAMS; number++) {
    const start = text.indexOf("stream", end);
    end = start < 0 ? -1 : text.indexOf("endstream", start + 6);
    if (end < 0) break;
    const from = start + 6 + /^[\r\n]*/.exec(text.slice(start + 6, Math.min(end, start + 4096)))[0].length;
    const found = await unpacked(data, text, from, end);
    if (found !== null) return found;
    end += "endstream".length;
  }
  throw notRead("no-attachment");
}

/** Unpacks one stream when it begins like JSON. Before "endstream" stands an end of line, which is no part of it. */
async function unpacked(data, text, from, end) {
  for (const line of ["\r\n", "\n", "\r", ""]) {
    if (!text.startsWith(line, end - line.length)) continue;
    const packed = data.subarray(from, end - line.length);
    try {
      const found = await inflate(packed, "deflate", MOST_BYTES + 1, (first) => /^\s*\{/.test(latin(first)));
      if (found === null) return null;
      if (latin(found).includes('"@context"')) return found;
    } catch {
      // packed in another way: a font, a picture
    }
  }
  return null;
}

/** Returns the credential in a baked SVG (Open Badges 3.0, 5.3.2.2). Searched as text: no XML is ever parsed. */
function bakedInSvg(text) {
  const start = text.indexOf("<openbadges:credential");
  const opened = start < 0 ? -1 : text.indexOf(">", start);
  const closed = opened < 0 ? -1 : text.indexOf("</openbadges:credential>", opened);
  if (closed < 0) throw notRead("not-json");
  const attribute = /\bverify\s*=\s*"([^"]*)"/.exec(text.slice(start, opened));
  if (attribute) return textOf(attribute[1]);
  return textOf(strip(text.slice(opened + 1, closed)).replace(/^<!\[CDATA\[/, "").replace(/\]\]>$/, ""));
}

/** Returns the credential in a baked PNG (Open Badges 3.0, 5.3.1): an iTXt chunk with its keyword. */
async function bakedInPng(data) {
  if (data.length > MOST_PNG) throw notRead("too-big");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 8, chunk = 0; at + 12 <= data.length && chunk < MOST_STREAMS; chunk++) {
    const length = view.getUint32(at);
    const kind = latin(data.subarray(at + 4, at + 8));
    const body = data.subarray(at + 8, at + 8 + length);
    if (body.length < length || kind === "IEND") break;
    if (kind === "iTXt") {
      const found = await keptIn(body);
      if (found !== null) return found;
    }
    at += 12 + length;
  }
  throw notRead("not-json");
}

async function keptIn(body) {
  const keyword = body.indexOf(0);
  if (keyword < 0 || latin(body.subarray(0, Math.min(keyword, 80))) !== "openbadgecredential") return null;
  const language = body.indexOf(0, keyword + 3);
  const translated = language < 0 ? -1 : body.indexOf(0, language + 1);
  if (translated < 0) return null;
  const kept = body.subarray(translated + 1);
  if (body[keyword + 1] === 0) return kept;
  try {
    return await inflate(kept, "deflate", MOST_BYTES + 1);
  } catch {
    throw notRead("not-json");
  }
}

/** Refuses a document whose JSON could say something else than its RDF (CERTIFICATES 3.4). */
function checkTerms(document) {
  const named = document["@context"];
  if (!Array.isArray(named) || named[0] !== CREDENTIALS_V2) throw notRead("context");
  checkMembers(document, true);
}

function checkMembers(value, mayHaveContext) {
  if (Array.isArray(value)) {
    for (const inner of value) checkMembers(inner, mayHaveContext);
  } else if (isObject(value)) {
    for (const [name, inner] of Object.entries(value)) {
      if (name === "@context") {
        if (!mayHaveContext || !areAddresses(inner)) throw notRead("context");
      } else if (name === "" || name.includes("@") || name.includes(":")) {
        throw notRead("term");
      } else {
        checkMembers(inner, name === "proof" || name === "endorsement");
      }
    }
  }
}

function areAddresses(value) {
  return Array.isArray(value) && value.length > 0 && value.length <= 10 && value.every((one) => typeof one === "string");
}

/** Refuses a context that is not pinned, wherever it is named. */
export function checkContexts(value, pinned) {
  if (Array.isArray(value)) for (const inner of value) checkContexts(inner, pinned);
  else if (isObject(value)) {
    for (const address of value["@context"] ?? []) if (!pinned.has(address)) throw couldNotCheck("context");
    for (const inner of Object.values(value)) checkContexts(inner, pinned);
  }
}

function readJwt(text) {
  const [head, body, tail] = text.split(".");
  const decoded = (part) => {
    try {
      return fromBase64url(part);
    } catch {
      throw notRead("not-json");
    }
  };
  const header = parse(textOf(decoded(head)));
  const claims = parse(textOf(decoded(body)));
  const document = Object.create(null);
  for (const [name, value] of Object.entries(claims)) if (!CLAIMS.includes(name)) document[name] = value;
  checkTerms(document);
  if ("proof" in document) throw notRead("term");
  return { document, header, claims, signed: `${head}.${body}`, signature: decoded(tail) };
}
