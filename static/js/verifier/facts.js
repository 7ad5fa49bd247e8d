// The facts of a verified credential, as certificates/facts.py reads them. A fact that is not said is null.
import { altered } from "./errors.js";
import { isObject } from "./json.js";

const LONGEST = 500;
const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Reads an XSD dateTimeStamp into milliseconds; null when there is none. A date that is there must be understood. */
export function instant(value) {
  if (value === null || value === undefined) return null;
  const match = typeof value === "string" && value.length <= 40 ? INSTANT.exec(value) : null;
  if (!match) throw altered("date");
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  at.setUTCHours(hour, minute, second, Math.trunc(Number(match[7] ?? 0) * 1000));
  const isReal = year > 0 && at.getUTCMonth() === month - 1 && at.getUTCDate() === day && hour < 24 && minute < 60;
  const [hours, minutes] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (!isReal || second > 59 || hours > 23 || minutes > 59) throw altered("date");
  return at.getTime() - (match[8] === "-" ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** Returns the facts of a credential whose signature was verified. Throws when it has no start date. */
export function readFacts(document) {
  const subject = object(document.credentialSubject);
  const achievement = object(subject.achievement);
  const results = resultsOf(subject, achievement);
  const identities = identitiesOf(subject);
  const names = identities.filter(([kind]) => kind === "name").map(([, said]) => said);
  const born = identities.find(([kind]) => kind === "ext:yearOfBirth")?.[1] ?? "";
  const tags = new Map();
  for (const tag of list(achievement.tag)) {
    if (typeof tag === "string" && tag.includes(":")) {
      tags.set(tag.slice(0, tag.indexOf(":")), tag.slice(tag.indexOf(":") + 1));
    }
  }
  const evidence = new Map(list(document.evidence).map((one) => [String(object(one).genre), object(one)]));
  const assessed = [...evidence.keys()].find((genre) => genre.startsWith("assessment-"));
  const checked = evidence.get("identity-checked");
  const start = instant(document.validFrom);
  if (start === null) throw altered("date");
  const narrative = text(object(achievement.criteria).narrative, 20_000) ?? "";
  const skills = [...results].filter(([key]) => key.startsWith("skill-")).sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    title: text(achievement.name) ?? text(document.name) ?? "",
    validFrom: start,
    validUntil: instant(document.validUntil),
    awarded: instant(document.awardedDate),
    passportName: names.length ? names[0] : text(subject.name),
    ownName: names[1] ?? null,
    yearOfBirth: /^[0-9]{4}$/.test(born) ? Number(born) : null,
    isNameChecked: checked !== undefined,
    nameCheckedBy: checked ? text(checked.description) : null,
    kind: tags.get("kind") ?? null,
    course: text(achievement.humanCode),
    version: text(achievement.version),
    country: tags.get("country") ?? null,
    language: tags.get("language") ?? null,
    level: results.get("level") ?? null,
    skills: skills.map(([key, level]) => [key.slice("skill-".length), level]),
    hours: results.get("hours") ?? null,
    assessment: assessed === undefined ? null : assessed.slice("assessment-".length),
    score: results.get("score") ?? null,
    outcomes: narrative.split("\n").filter((line) => line.startsWith("- ")).map((line) => line.slice(2)),
  };
}

function object(value) {
  return isObject(value) ? value : Object.create(null);
}

function list(value) {
  return Array.isArray(value) ? value : value === null || value === undefined ? [] : [value];
}

function text(value, longest = LONGEST) {
  if (typeof value !== "string" || !value) return null;
  return value.length <= longest ? value : [...value].slice(0, longest).join("");
}

function identitiesOf(subject) {
  const found = [];
  for (const entry of list(subject.identifier).map(object)) {
    const said = text(entry.identityHash);
    if (entry.hashed === false && said) found.push([String(entry.identityType), said]);
  }
  return found;
}

/** Returns {key: value} of the results; the key is the fragment of a description that is really there. */
function resultsOf(subject, achievement) {
  const described = new Set(list(achievement.resultDescription).map((one) => String(object(one).id)));
  const found = new Map();
  for (const result of list(subject.result).map(object)) {
    const about = result.resultDescription;
    const value = text(result.value);
    if (typeof about === "string" && described.has(about) && about.includes("#") && value) {
      found.set(about.slice(about.lastIndexOf("#") + 1), value);
    }
  }
  return found;
}
