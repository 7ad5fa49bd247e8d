// The signed list that a device without a network checks with (certificates/bundle.py): is it the publisher's, how old
// is it, may another take its place?
import { checkKeyTime, jcsHash, signatureOf, without } from "./documents.js";
import { fromMultikey, isSignature } from "./crypto.js";
import { toHex } from "./bytes.js";
import { instant } from "./facts.js";
import { isObject, parseLarge } from "./json.js";
import { SKEW, Trust } from "./trust.js";

const TYPE = "HeadstartVerifierBundle";
const FORMAT = 1;
const DAY = 86_400_000;
const MOST_BYTES = 30_000_000;

/** Says why a list is not taken: "not-theirs", "older", "unreadable". */
export class ListError extends Error {}

export class List {
  /** Reads a list from its JSON text. Throws ListError unless a key that the list itself gives its publisher, in use
   * on that day, has signed it, and `isTheirs(keys)` knows one of the keys that signed. */
  constructor(text, isTheirs) {
    try {
      if (text.length > MOST_BYTES) throw new RangeError("too large");
      this.bundle = parseLarge(text);
      if (this.bundle.type !== TYPE || this.bundle.format !== FORMAT) throw new TypeError("another kind of list");
      this.text = text;
      this.made = instant(this.bundle.made);
      this.publisher = this.bundle.publisher;
      this.trust = new Trust(this.bundle);
      for (const days of [this.bundle.staleAfterDays, this.bundle.refuseAfterDays]) {
        if (!Number.isInteger(days) || days < 1) throw new TypeError("no number of days");
      }
    } catch {
      throw new ListError("unreadable");
    }
    const signed = this.signedBy();
    if (!signed.some(({ key, created }) => isInUse(key, created)) || !isTheirs(signed.map(({ hex }) => hex))) {
      throw new ListError("not-theirs");
    }
  }

  /** Returns the publisher's keys whose proof fits. */
  signedBy() {
    const given = this.bundle.proof;
    const proofs = Array.isArray(given) ? given.slice(0, 4) : [given];
    const document = without(this.bundle, "proof");
    const found = [];
    for (const proof of proofs) {
      const key = isObject(proof) ? this.trust.keys.get(proof.verificationMethod) : undefined;
      if (!key || key.issuer.did !== this.publisher.did || key.public === null) continue;
      if (proof.type !== "DataIntegrityProof" || proof.cryptosuite !== "eddsa-jcs-2022") continue;
      if (proof.proofPurpose !== "assertionMethod" || proof.created !== this.bundle.made) continue;
      try {
        if (!isSignature(key.public, signatureOf(proof), jcsHash(document, without(proof, "proofValue")))) continue;
        found.push({ key, created: instant(proof.created), hex: toHex(key.public) });
      } catch {
        // a proof that cannot be read signs nothing
      }
    }
    return found;
  }

  /** Returns the publisher's keys that are not known to be in other hands: they may sign the next list, also when
   * their own time is over, so that a device that was away for a while finds the way to the new key. */
  publisherKeys() {
    const keys = [...this.trust.keys.values()];
    const theirs = keys.filter((key) => key.issuer.did === this.publisher.did && key.compromisedFrom === null);
    return new Set(theirs.filter((key) => key.public).map((key) => toHex(key.public)));
  }

  /** Reads the list that shall take this one's place. Throws ListError: not of the same publisher, or older. */
  successor(text) {
    const keys = this.publisherKeys();
    const next = new List(text, (signed) => signed.some((hex) => keys.has(hex)));
    if (next.publisher.did !== this.publisher.did) throw new ListError("not-theirs");
    if (next.made < this.made) throw new ListError("older");
    return next;
  }

  /** Says how old the list is: "fresh", "stale" (nothing counts as not taken back), "refused"; "clock": the device's
   * clock stands before the day when the list was made. */
  ageAt(at) {
    if (at + SKEW < this.made) return "clock";
    if (at >= this.made + this.bundle.refuseAfterDays * DAY) return "refused";
    return at >= this.made + this.bundle.staleAfterDays * DAY ? "stale" : "fresh";
  }
}

function isInUse(key, created) {
  try {
    checkKeyTime(key, created);
    return true;
  } catch {
    return false;
  }
}

/** Returns a test for the first list: one of these Multikeys, which stand in the page itself, must have signed. */
export function pinned(multikeys) {
  const keys = new Set(multikeys.map((text) => toHex(fromMultikey(text))));
  return (signed) => signed.some((hex) => keys.has(hex));
}
