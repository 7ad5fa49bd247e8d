// JSON as a verifier must read it: JSON.parse would let a member stand twice and round large numbers. And its canonical
// form (RFC 8785), which is what was signed.
import { notRead } from "./errors.js";

const MOST_LEVELS = 20;
const MOST_VALUES = 5000;
const MOST_DIGITS = 4300;
const STRING = /"(?:[^"\\]|\\.)*"/gs;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** Parses JSON within the limits; an object is expected. Throws a VerificationError. */
export function parse(text) {
  let depth = 0;
  for (const bracket of text.replace(STRING, "").matchAll(/[[\]{}]/g)) {
    depth += "[{".includes(bracket[0]) ? 1 : -1;
    if (depth > MOST_LEVELS) throw notRead("too-deep");
  }
  const reader = new Reader(text);
  let value;
  try {
    value = reader.whole();
  } catch {
    throw notRead("not-json");
  }
  if (!isObject(value)) throw notRead("not-json");
  if (reader.values > MOST_VALUES) throw notRead("too-many");
  return value;
}

/** Parses a large JSON text whose size was looked at: the signed list, which is no stranger's. Throws. */
export function parseLarge(text) {
  const value = new Reader(text).whole();
  if (!isObject(value)) throw new SyntaxError("no object");
  return value;
}

/** Objects have no prototype here: a member may be called __proto__ and is a member like any other. */
export function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.values = 0;
  }

  whole() {
    const value = this.value();
    this.space();
    if (this.at !== this.text.length) throw new SyntaxError("something stands behind the value");
    return value;
  }

  space() {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at++;
  }

  value() {
    this.space();
    this.values++;
    const first = this.text[this.at];
    if (first === "{") return this.object();
    if (first === "[") return this.array();
    if (first === '"') return this.string();
    for (const [word, value] of [["true", true], ["false", false], ["null", null]]) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  object() {
    const found = Object.create(null);
    this.at++;
    this.space();
    if (this.take("}")) return found;
    do {
      this.space();
      const name = this.string();
      this.space();
      this.need(":");
      if (name in found) throw new SyntaxError("a member stands twice");
      found[name] = this.value();
      this.space();
    } while (this.take(","));
    this.need("}");
    return found;
  }

  array() {
    const found = [];
    this.at++;
    this.space();
    if (this.take("]")) return found;
    do {
      found.push(this.value());
      this.space();
    } while (this.take(","));
    this.need("]");
    return found;
  }

  string() {
    this.need('"');
    let found = "";
    for (;;) {
      const character = this.text[this.at++];
      if (character === undefined || character < " ") throw new SyntaxError("a text does not end");
      if (character === '"') return found;
      found += character === "\\" ? this.escape() : character;
    }
  }

  escape() {
    const character = this.text[this.at++];
    if (character !== "u") {
      if (!Object.hasOwn(ESCAPES, character ?? "x")) throw new SyntaxError("an escape is not known");
      return ESCAPES[character];
    }
    const digits = this.text.slice(this.at, this.at + 4);
    if (!/^[0-9A-Fa-f]{4}$/.test(digits)) throw new SyntaxError("an escape is cut off");
    this.at += 4;
    return String.fromCharCode(parseInt(digits, 16));
  }

  number() {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (!match) throw new SyntaxError("no value");
    this.at += match[0].length;
    if (match[1] !== undefined || match[2] !== undefined) return Number(match[0]);
    if (match[0].length > MOST_DIGITS) throw new SyntaxError("a number is too long");
    const number = Number(match[0]);
    return Number.isSafeInteger(number) ? number : BigInt(match[0]);
  }

  take(character) {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  need(character) {
    if (!this.take(character)) throw new SyntaxError(`${character} is missing`);
  }
}

/** Returns the RFC 8785 form. Throws RangeError for what that form cannot hold. */
export function canonical(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new RangeError("the number is too large");
    return JSON.stringify(value);
  }
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object") throw new RangeError("the number is too large");
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${text(name)}:${canonical(value[name])}`).join(",")}}`;
}

function text(value) {
  if (/\p{Surrogate}/u.test(value)) throw new RangeError("half a character");
  return JSON.stringify(value);
}
