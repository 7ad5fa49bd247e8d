// Bytes as texts: base43 of our QR codes, base58btc, base64url, hex, UTF-8. Only the one canonical spelling is read,
// so that no character can be changed unnoticed.

export const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$*+-./:";
const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** Reads what tokens.to_text of the server wrote: three characters are two bytes, lowest digit first. */
export function fromBase43(text) {
  const found = [];
  for (let start = 0; start < text.length; start += 3) {
    const part = text.slice(start, start + 3);
    let number = 0;
    for (const character of [...part].reverse()) {
      const value = ALPHABET.indexOf(character);
      if (value < 0) throw new RangeError("a character is not in the alphabet");
      number = number * ALPHABET.length + value;
    }
    if (part.length < 2 || number >= 2 ** (8 * (part.length - 1))) throw new RangeError("not written by us");
    if (part.length === 3) found.push(number >> 8);
    found.push(number & 255);
  }
  return Uint8Array.from(found);
}

export function fromBase58(text) {
  let number = 0n;
  for (const character of text) {
    const value = BASE58.indexOf(character);
    if (value < 0) throw new RangeError("a character is not in the alphabet");
    number = number * 58n + BigInt(value);
  }
  const found = [];
  for (; number > 0n; number >>= 8n) found.unshift(Number(number & 255n));
  const zeros = /^1*/.exec(text)[0].length;
  return Uint8Array.from([...new Array(zeros).fill(0), ...found]);
}

export function fromBase64url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw new RangeError("no base64url");
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const found = Uint8Array.from(raw, (character) => character.charCodeAt(0));
  if (toBase64url(found) !== text) throw new RangeError("another spelling of base64url");
  return found;
}

export function toBase64url(bytes) {
  let raw = "";
  for (const byte of bytes) raw += String.fromCharCode(byte);
  return btoa(raw).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Decodes UTF-8 and refuses what is none; a mark of byte order stays, for whoever reads to judge. */
export function fromUtf8(bytes) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

export function toUtf8(text) {
  return new TextEncoder().encode(text);
}

export function join(...parts) {
  const found = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    found.set(part, at);
    at += part.length;
  }
  return found;
}

export function isEqual(one, other) {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}
