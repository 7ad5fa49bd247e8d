// Whom we believe: the keys, issuers and lists of the signed list on this device. Never what a document says.
import { fromBase64url, toHex } from "./bytes.js";
import { fromMultikey, sha256 } from "./crypto.js";
import { expired, listOld, notYetValid, revoked, standingNotKnown, suspended } from "./errors.js";
import { instant } from "./facts.js";
import { inflate } from "./inflate.js";

/** Clocks of issuers and verifiers differ. */
export const SKEW = 5 * 60_000;
const LENGTH = 131_072;
const MOST = (LENGTH / 8) * 16;

export class Trust {
  constructor(bundle) {
    this.keys = new Map();
    this.byId = new Map();
    this.issuers = new Map();
    this.contexts = new Set(bundle.contexts);
    this.lists = new Map(Object.entries(bundle.statusLists));
    this.suspended = new Set(bundle.suspended.map((one) => `${one.year}/${one.index} ${one.issuer}`));
    this.bits = new Map();
    // did:web:<host>[:<prefix>]:centres:<slug>: whoever shares all but the end is of the publisher's installation
    const house = bundle.publisher.did.split(":").slice(0, -1).join(":");
    for (const one of bundle.issuers) {
      const issuer = { did: one.did, name: one.name, country: one.country, demo: one.demo === true, listedBy: one.listedBy ?? null };
      issuer.listedUntil = instant(one.listedUntil ?? null);
      issuer.isOwn = one.did.split(":").slice(0, -1).join(":") === house;
      this.issuers.set(one.did, issuer);
      for (const key of one.keys) this.add(key, issuer);
    }
  }

  add(key, issuer) {
    const trusted = {
      method: key.method,
      issuer,
      public: null,
      jwk: key.publicKeyJwk ?? null,
      from: instant(key.from),
      until: instant(key.until),
      compromisedFrom: instant(key.compromisedFrom),
    };
    if (typeof key.publicKeyMultibase === "string") {
      try {
        trusted.public = fromMultikey(key.publicKeyMultibase);
        // whoever shows another's key as well does not get what that one signed
        const id = toHex(sha256(trusted.public).subarray(0, 8));
        if (!this.byId.has(id)) this.byId.set(id, trusted);
      } catch {
        // a key of another kind: it signs what we do not check
      }
    }
    this.keys.set(key.method, trusted);
  }

  /** Throws what is said against a place in the list at an address; `purpose` as the credential has it. */
  async checkPlace(url, issuer, purpose, index, at) {
    const listed = this.lists.get(url);
    if (!listed) throw standingNotKnown("list-missing");
    if (listed.issuer !== issuer || (listed.statusPurpose ?? "revocation") !== purpose) {
      throw standingNotKnown("list-not-usable");
    }
    let isSet;
    let until;
    try {
      checkTime(instant(listed.validFrom), null, at);
      until = instant(listed.validUntil);
      isSet = await this.isSet(url, listed, index);
    } catch {
      throw standingNotKnown("list-not-usable");
    }
    // what was taken back stays taken back, however old the list (standing._tell)
    if (until !== null && at >= until && !(isSet && purpose === "revocation")) throw standingNotKnown("list-old");
    if (isSet) throw purpose === "suspension" ? suspended() : revoked();
    if (this.suspended.has(`${listed.year}/${index} ${issuer}`)) throw suspended();
  }

  /** Throws what is said against a place in an issuer's list of a year: what a QR code names. */
  async checkPlaceOfYear(issuer, year, index, at) {
    for (const [url, listed] of this.lists) {
      if (listed.issuer === issuer && listed.year === year) {
        await this.checkPlace(url, issuer, listed.statusPurpose ?? "revocation", index, at);
        return;
      }
    }
    throw standingNotKnown("list-missing");
  }

  async isSet(url, listed, index) {
    if (!this.bits.has(url)) this.bits.set(url, await unpack(listed.encodedList));
    const bits = this.bits.get(url);
    if (index >= bits.length * 8) throw new RangeError("outside the list");
    return (bits[index >> 3] & (0x80 >> (index & 7))) !== 0;
  }
}

/** Returns the bits of a Bitstring Status List: multibase u, base64url, gzip; at least 131,072 of them. */
async function unpack(encoded) {
  if (!encoded.startsWith("u")) throw new RangeError("a list starts with u");
  const bits = await inflate(fromBase64url(encoded.slice(1)), "gzip", MOST + 1);
  if (bits.length < LENGTH / 8 || bits.length > MOST) throw new RangeError("the list has a wrong length");
  return bits;
}

/** Throws when the trust list that names the issuer is past its time: a new bundle does not make it new. */
export function checkListed(issuer, at) {
  if (issuer.listedUntil !== null && at >= issuer.listedUntil) throw listOld();
}

export function checkTime(from, until, at) {
  if (from === null || at + SKEW < from) throw notYetValid();
  if (until !== null && at >= until) throw expired();
}
