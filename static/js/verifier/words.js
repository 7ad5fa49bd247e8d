// Words and rows of facts, in the officer's language. The texts come with the signed list, from the same tables as those
// of the pages (certificates/offline_words.py); names of countries and languages, and dates, from the browser.

const LATIN = "-u-nu-latn";

export class Words {
  constructor(texts, language) {
    this.language = [language, "en", ...Object.keys(texts)].find((tag) => Object.hasOwn(texts, tag));
    this.texts = texts[this.language];
    this.locale = (this.language === "en" ? "en-GB" : this.language) + LATIN;
  }

  /** Returns the text of a key; `%(name)s` is filled in. A key without a text gives what stands behind its dot. */
  say(key, values = {}) {
    const text = Object.hasOwn(this.texts, key) ? this.texts[key] : key.slice(key.indexOf(".") + 1);
    return text.replace(/%\((\w+)\)[sd]/g, (whole, name) => values[name] ?? whole);
  }

  has(key) {
    return Object.hasOwn(this.texts, key);
  }

  date(at) {
    return new Intl.DateTimeFormat(this.locale, { dateStyle: "long", timeZone: "UTC" }).format(at);
  }

  /** Returns "today", "2 days ago". */
  age(days) {
    return new Intl.RelativeTimeFormat(this.locale, { numeric: "auto" }).format(-days, "day");
  }

  country(code) {
    return this.name("region", code);
  }

  languageName(tag) {
    return this.name("language", tag);
  }

  name(type, code) {
    try {
      return new Intl.DisplayNames([this.language], { type }).of(code) ?? code;
    } catch {
      return code;
    }
  }
}

/** Returns the title in the language, else in its base language, else in English, else any. */
function pick(titles, language) {
  for (const tag of [language, language.split("-")[0], "en"]) if (Object.hasOwn(titles, tag)) return titles[tag];
  return Object.values(titles)[0];
}

/** Returns every signed fact as {label, value, kind}, in the order of presenting.signed_rows. A kind: "name", "code"
 * (always from left to right), "parts" (value is an array), "text". */
export function rowsOf(verdict, words, courses) {
  const { facts, issuer } = verdict;
  const rows = [];
  const add = (label, value, kind = "text") => {
    if (value !== null && value !== undefined && value !== "") rows.push({ label, value: String(value), kind });
  };
  const label = (key) => words.say(`label.${key}`);
  add(label("passport-name"), facts.passportName, "name");
  add(label("own-name"), facts.ownName, "name");
  const titles = facts.course && Object.hasOwn(courses, facts.course) ? courses[facts.course].titles : null;
  // a QR code is too small for the title: it names the course, and the list knows its title
  const title = titles && facts.title === facts.course ? pick(titles, "en") : facts.title;
  add(label("course"), title);
  if (titles && pick(titles, words.language) !== title) add(label("course-translated"), pick(titles, words.language));
  add(label("year-of-birth"), facts.yearOfBirth, "code");
  add(label("name-checked"), nameCheck(facts, words));
  if (facts.kind) add(label("kind"), words.say(`kind.${facts.kind}`));
  if (facts.country) add(label("country"), words.country(facts.country));
  if (facts.language) add(label("language"), words.languageName(facts.language));
  add(label("level"), facts.level, "code");
  for (const [skill, level] of facts.skills) add(words.say(`skill.${skill}`), level, "code");
  add(label("hours"), facts.hours, "code");
  if (facts.assessment && words.has(`assessed.${facts.assessment}`)) {
    add(label("assessment"), words.say(`assessed.${facts.assessment}`));
  }
  if (facts.score) add(label("score"), `${facts.score} %`, "code");
  add(label("version"), facts.version, "code");
  if (facts.outcomes.length) rows.push({ label: label("outcomes"), value: facts.outcomes, kind: "parts" });
  if (issuer) add(label("issuer"), issuer.name);
  add(label("issued"), words.date(facts.validFrom));
  if (facts.validUntil !== null) add(label("until"), words.date(facts.validUntil));
  return rows;
}

function nameCheck(facts, words) {
  if (facts.passportName === null) return null;
  if (!facts.isNameChecked) return words.say("name.stated");
  return words.say("name.checked", { centre: facts.nameCheckedBy ?? words.say("name.checked-by") });
}

/** Returns the shape beside the word: a state must not be told by colour alone (presenting.shape). */
export function shapeOf(verdict) {
  if (verdict.state === "valid") return "circle";
  return ["revoked", "replaced", "altered"].includes(verdict.state) ? "octagon" : "triangle";
}
