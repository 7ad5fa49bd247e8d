// The part of CBOR (RFC 8949) that our QR codes use: integers, bytes, texts, arrays, maps; the canonical form only
// (4.2.1), as certificates/cbor.py reads it.
import { fromUtf8 } from "./bytes.js";

const MOST_LEVELS = 4;

/** Reads one value that fills the bytes; a map becomes a Map. Throws for anything but the canonical form. */
export function decode(data) {
  const [value, end] = read(data, 0, MOST_LEVELS);
  if (end !== data.length) throw new RangeError("more than one value");
  return value;
}

function read(data, start, levels) {
  if (levels < 0) throw new RangeError("nested too deep");
  const [kind, number, at] = readHead(data, start);
  if (kind === 0) return [number, at];
  if (kind === 1) return [-1 - number, at];
  if (number > data.length - at) throw new RangeError("cut off");
  if (kind === 2) return [data.slice(at, at + number), at + number];
  if (kind === 3) return [fromUtf8(data.subarray(at, at + number)), at + number];
  if (kind === 4) return readArray(data, at, number, levels);
  if (kind === 5) return readMap(data, at, number, levels);
  throw new RangeError("this kind of value is not read");
}

function readArray(data, start, length, levels) {
  const found = [];
  let at = start;
  for (let element = 0; element < length; element++) {
    const [value, end] = read(data, at, levels - 1);
    found.push(value);
    at = end;
  }
  return [found, at];
}

function readMap(data, start, length, levels) {
  const found = new Map();
  let at = start;
  let before = null;
  for (let member = 0; member < length; member++) {
    const kind = data[at] >> 5;
    if (kind > 1 && kind !== 3) throw new RangeError("names are numbers or texts");
    const [name, end] = read(data, at, 0);
    const written = data.subarray(at, end);
    if (before !== null && !isBefore(before, written)) throw new RangeError("names are not in order");
    before = written;
    const [value, next] = read(data, end, levels - 1);
    found.set(name, value);
    at = next;
  }
  return [found, at];
}

function isBefore(one, other) {
  for (let place = 0; place < Math.min(one.length, other.length); place++) {
    if (one[place] !== other[place]) return one[place] < other[place];
  }
  return one.length < other.length;
}

function readHead(data, at) {
  if (at >= data.length) throw new RangeError("cut off");
  const kind = data[at] >> 5;
  const short = data[at] & 31;
  if (short < 24) return [kind, short, at + 1];
  if (short > 27) throw new RangeError("lengths must be known");
  const size = 2 ** (short - 24);
  if (at + 1 + size > data.length) throw new RangeError("cut off");
  let number = 0;
  for (const byte of data.subarray(at + 1, at + 1 + size)) number = number * 256 + byte;
  const least = size === 1 ? 24 : 2 ** (4 * size);
  if (number < least) throw new RangeError("the number could be written shorter");
  // larger ones stand in no code of ours, and would not be exact
  if (number > Number.MAX_SAFE_INTEGER) throw new RangeError("the number is too large");
  return [kind, number, at + 1 + size];
}
