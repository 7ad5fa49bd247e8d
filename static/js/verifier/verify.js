// The answer: a state, four separate answers, the signed facts. The same as certificates/verify.py gives, from the list
// on this device instead of the register.
import { toHex } from "./bytes.js";
import { authenticate, digestOf } from "./documents.js";
import { expired, notRead, standingNotKnown, timeNotKnown, VerificationError } from "./errors.js";
import { readFacts } from "./facts.js";
import { isObject } from "./json.js";
import { findToken, read } from "./reading.js";
import { openToken } from "./tokens.js";
import { checkListed, checkTime } from "./trust.js";

export const QUESTIONS = ["genuine", "issuer", "time", "standing"];
/** Which state wins when several things are wrong. */
const RANK = [
  "altered", "unknown", "revoked", "replaced", "suspended", "expired", "not-yet-valid", "could-not-check", "valid",
];
const GOOD = { time: "in-time", standing: "stands" };

class Verdict {
  constructor(at) {
    this.at = at;
    this.state = "valid";
    this.reason = "valid";
    this.answers = {};
    this.facts = this.issuer = this.digest = this.code = null;
  }

  answer(question, said, reason) {
    this.answers[question] = { question, said, reason };
  }

  note(error) {
    // what is no error of ours must not look like an answer
    if (!(error instanceof VerificationError)) throw error;
    this.answer(error.question, error.said, error.reason);
    if (RANK.indexOf(error.state) < RANK.indexOf(this.state)) {
      this.state = error.state;
      this.reason = error.reason;
    }
  }

  /** Ends early: nothing of an unproven document is shown, not even its facts. */
  refuse(error) {
    this.note(error);
    this.facts = this.code = null;
    if (error.question === "genuine" && error.state === "altered") this.issuer = null;
    return this.done("not-checked");
  }

  done(rest = null) {
    for (const question of QUESTIONS) {
      if (!(question in this.answers)) this.answer(question, rest ? "unknown" : "yes", rest ?? GOOD[question]);
    }
    return this;
  }
}

/** Checks a certificate: text or bytes. Never throws for what was handed in. `list` is a List of list.js. */
export async function verify(data, list, at = Date.now()) {
  const verdict = new Verdict(at);
  const age = list.ageAt(at);
  if (age === "refused") return verdict.refuse(notRead("bundle-refused"));
  const { trust } = list;
  let standing;
  try {
    const token = findToken(data);
    if (token === null) {
      const presented = await read(data);
      verdict.issuer = await authenticate(presented, trust);
      verdict.digest = toHex(digestOf(presented.document));
      verdict.facts = readFacts(presented.document);
      standing = (then) => checkStanding(presented.document, verdict.issuer, trust, then);
    } else {
      const opened = openToken(token, trust, verdict);
      Object.assign(verdict, { digest: opened.digest, facts: opened.facts, code: opened.code });
      const { year, index } = opened.place;
      standing = (then) => checkPlace(opened.issuer, year, index, trust, then);
    }
    verdict.answer("issuer", "yes", verdict.issuer?.listedBy ? "issuer-listed" : "issuer-known");
    verdict.answer("genuine", "yes", "signature-fits");
  } catch (error) {
    return verdict.refuse(error);
  }
  // the list was made at a time that is past, whatever the clock of this device says
  const then = Math.max(at, list.made);
  await noting(verdict, () => checkListed(verdict.issuer, then));
  await noting(verdict, () => standing(then));
  if (!("standing" in verdict.answers) && age !== "fresh") {
    verdict.note(standingNotKnown(age === "clock" ? "clock" : "list-stale"));
  }
  await noting(verdict, () => checkDates(verdict.facts, then, age));
  return verdict.done();
}

async function noting(verdict, check) {
  try {
    await check();
  } catch (error) {
    verdict.note(error);
  }
}

function checkDates({ validFrom, validUntil }, at, age) {
  if (age !== "clock") checkTime(validFrom, validUntil, at);
  else if (validUntil !== null && at >= validUntil) throw expired();
  else throw timeNotKnown("clock");
}

/** Checks that the issuer still stands by a document: what its entry names, in the list on this device. */
async function checkStanding(document, issuer, trust, at) {
  const entry = document.credentialStatus ?? null;
  if (entry === null) return;
  if (!isObject(entry) || entry.type !== "BitstringStatusListEntry") throw standingNotKnown("list-kind");
  const { statusListCredential: url, statusPurpose: purpose } = entry;
  const index = Number.isInteger(entry.statusListIndex) ? String(entry.statusListIndex) : entry.statusListIndex;
  if (typeof url !== "string" || typeof index !== "string" || !/^[0-9]+$/.test(index)) {
    throw standingNotKnown("list-kind");
  }
  await trust.checkPlace(url, issuer.did, purpose, Number(index.slice(0, 9)), at);
}

async function checkPlace(issuer, year, index, trust, at) {
  if (!Number.isInteger(year) || !Number.isInteger(index) || index < 0) throw standingNotKnown("list-missing");
  await trust.checkPlaceOfYear(issuer.did, year, index, at);
}
