// Draws the answer: a word with a shape, four separate answers, every signed fact, the figure to compare. Texts go in as
// texts, never as markup.
import { figure } from "./rosette.js";
import { QUESTIONS } from "./verify.js";
import { rowsOf, shapeOf } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const SAID = { yes: "page.yes", no: "page.no", unknown: "page.unknown" };

function make(name, attributes = {}, ...inside) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...inside.filter((one) => one !== null && one !== ""));
  return node;
}

/** Shapes stand in the page once, as templates. */
function shape(id) {
  return document.getElementById(id).content.cloneNode(true);
}

export function drawAnswer(place, verdict, words, list) {
  const form = shapeOf(verdict);
  const head = make("section", { class: `hs-verdict hs-verdict-${form}`, "data-state": verdict.state });
  head.dataset.reason = verdict.reason;
  head.append(make("h1", { tabindex: "-1" }, shape(`shape-${form}`), make("span", {}, words.say(`state.${verdict.state}`))));
  if (verdict.state !== "valid") {
    const why = [words.say(`reason.${verdict.reason}`)];
    if (verdict.state === "expired") {
      why.push(words.say("page.was-until", { date: words.date(verdict.facts.validUntil) }));
    }
    head.append(make("p", { class: "hs-lead" }, why.join(" ")));
  }
  place.replaceChildren(head);
  if (verdict.issuer?.demo) place.prepend(demoNotice());
  place.append(answers(verdict, words, list));
  if (verdict.facts) place.append(...facts(verdict, words, list));
  place.append(...foot(verdict.at, verdict.code, words));
}

/** A code that is written right, and no more is known of it here. */
export function drawCode(place, code, words, list) {
  const head = make("section", { class: "hs-verdict hs-verdict-triangle", "data-state": "could-not-check" });
  head.dataset.reason = "code-only";
  head.append(
    make("h1", { tabindex: "-1" }, shape("shape-triangle"), make("span", {}, words.say("state.could-not-check"))),
    make("p", { class: "hs-lead" }, `${words.say("page.code-right")} ${words.say("reason.code-only")}`),
  );
  const address = `${list.publisher.url}/verify/${code}`;
  const link = make("a", { href: address, rel: "noopener" }, words.say("page.online"));
  place.replaceChildren(head, make("p", {}, link), ...foot(Date.now(), code, words));
}

function demoNotice() {
  const notice = document.getElementById("demo").cloneNode(true);
  notice.removeAttribute("id");
  notice.hidden = false;
  return notice;
}

function answers(verdict, words, list) {
  const publisher = `\u2068${list.publisher.name}\u2069`;
  const drawn = make("dl", { class: "hs-answers" });
  for (const question of QUESTIONS) {
    const { said, reason } = verdict.answers[question];
    const told = [make("strong", {}, words.say(SAID[said])), ` ${words.say(`reason.${reason}`)}`];
    if (question === "issuer" && said === "yes" && verdict.issuer) {
      told.push(" ", make("bdi", {}, verdict.issuer.name), ". ", words.say("page.listed", { publisher }));
    }
    if (question === "standing" && reason !== "not-checked") {
      told.push(" ", words.say("page.list-of", { date: words.date(list.made) }));
    }
    const title = make("dt", {}, shape(`said-${said}`), words.say(`question.${question}`));
    drawn.append(make("div", { "data-question": question, "data-said": said }, title, make("dd", {}, ...told)));
  }
  return drawn;
}

function facts(verdict, words, list) {
  const body = make("tbody");
  for (const row of rowsOf(verdict, words, list.bundle.courses)) {
    const cell = make("td");
    if (row.kind === "parts") {
      cell.append(make("ul", {}, ...row.value.map((part) => make("li", {}, make("bdi", {}, part)))));
    } else if (row.kind === "code") {
      cell.append(make("bdi", { dir: "ltr" }, row.value));
    } else {
      cell.append(make("bdi", row.kind === "name" ? { class: "hs-fact-name" } : {}, row.value));
    }
    body.append(make("tr", {}, make("th", { scope: "row" }, row.label), cell));
  }
  const table = make("table", { class: "hs-table hs-facts" }, make("caption", {}, words.say("page.facts")), body);
  const how = make("p", {}, make("strong", {}, words.say("page.compare")), ` ${words.say("page.compare-how")}`);
  // the colour of the figure on the paper is that of the kind of course
  const kind = words.has(`kind.${verdict.facts.kind}`) ? ` hs-kind-${verdict.facts.kind}` : "";
  const compare = make("div", { class: `hs-compare${kind}` }, rosette(verdict.digest, words.say("page.rosette")), how);
  const law = verdict.facts.assessment ? [make("p", { class: "hs-meta" }, words.say("page.law"))] : [];
  return [table, compare, ...law];
}

function foot(at, code, words) {
  const time = `\u2066${new Date(at).toISOString().slice(11, 16)}\u2069`;
  const line = make("p", { class: "hs-meta" }, words.say("page.checked", { date: words.date(at), time }));
  if (code) {
    const written = make("bdi", { dir: "ltr", class: "hs-verdict-code" }, code.replace(/^(.{4})(.{4})(.{4})$/, "$1-$2-$3"));
    line.append(` ${words.say("page.code")}: `, written);
  }
  const again = make("button", { type: "button", class: "hs-button hs-button-main", "data-hs-again": "" });
  again.append(words.say("page.again"));
  return [line, make("div", { class: "hs-buttons" }, again)];
}

/** Draws the rosette as on the paper (LOOK, "The certificate"). */
function rosette(digest, label) {
  const svg = document.createElementNS(SVG, "svg");
  const set = (node, attributes) => {
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  set(svg, {
    class: "hs-rosette", role: "img", "aria-label": label, viewBox: "0 0 1000 1000", fill: "none",
    stroke: "currentColor", "stroke-width": "2.6",
  });
  for (const ring of figure(digest)) {
    for (const turn of ring.turns) {
      const line = document.createElementNS(SVG, "path");
      svg.append(set(line, { d: ring.path, transform: `rotate(${turn.toFixed(3)} 500 500)` }));
    }
  }
  return svg;
}
