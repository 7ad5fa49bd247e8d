/* Translating by keyboard: the next open text, marks that are put in with one key, sentences used elsewhere. */
import { enhanceAutosave } from "./autosave.js";
import { placeProblems } from "./problems.js";

const form = document.querySelector("form[data-hs-translate]");
const MARK = /\[\[[a-z][a-z0-9-]*\]\]|\[([^[\]]+)\]\{([a-z]{2,3}(?:-[A-Za-z]+)*)\}/g;

const areaOf = (line) => line?.querySelector("textarea");

function insert(area, text) {
  area.focus();
  // so that the browser's own undo takes it back
  if (!document.execCommand?.("insertText", false, text)) area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Shows how a text reads: marked words and gaps keep their direction, which a field cannot do. */
function read(area) {
  const shown = area.closest("[data-hs-line]").querySelector("[data-hs-reads]");
  if (!shown) return;
  const parts = [];
  let at = 0;
  for (const found of area.value.matchAll(MARK)) {
    parts.push(area.value.slice(at, found.index));
    const word = document.createElement("bdi");
    word.className = "hs-keep";
    word.textContent = found[0];
    if (found[2]) word.lang = found[2];
    parts.push(word);
    at = found.index + found[0].length;
  }
  shown.replaceChildren(...parts, area.value.slice(at));
}

/** Goes to the next text of this page that is open; without one, to that of the next part. */
function next(from) {
  const lines = [...form.querySelectorAll("[data-hs-line]")];
  const begin = lines.indexOf(from) + 1;
  const found = lines.slice(begin).find((line) => line.dataset.state !== "done" && (line.dataset.state !== "missing" || !areaOf(line)?.value));
  if (!found) {
    form.querySelector("[data-hs-next]")?.click();
    return;
  }
  areaOf(found).focus({ preventScroll: true });
  found.scrollIntoView({ block: "center" });
}

function keys(event) {
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const line = event.target.closest("[data-hs-line]");
  if (event.key === "ArrowDown") {
    event.preventDefault();
    next(line);
  } else if (line && /^Digit[1-9]$/.test(event.code)) {
    const mark = line.querySelectorAll("[data-hs-mark]")[Number(event.code.slice(5)) - 1];
    if (!mark) return;
    event.preventDefault();
    insert(areaOf(line), mark.dataset.hsMark);
  }
}

function pressed(event) {
  const button = event.target.closest("[data-hs-mark], [data-hs-use-text]");
  if (!button) return;
  const area = areaOf(button.closest("[data-hs-line]"));
  if (button.matches("[data-hs-mark]")) {
    insert(area, button.dataset.hsMark);
    return;
  }
  event.preventDefault();
  area.select();
  insert(area, button.value.slice(button.value.indexOf(" ") + 1));
}

function saved(event) {
  placeProblems(form, event.detail.problems);
  for (const [name, [state, label]] of Object.entries(event.detail.states)) {
    const line = document.getElementById(`t-${name}`);
    if (!line) continue;
    line.dataset.state = state;
    const shown = line.querySelector("[data-hs-state]");
    shown.textContent = label;
    shown.className = `hs-line-state hs-is-${state}`;
  }
}

if (form) {
  enhanceAutosave(document);
  for (const marks of form.querySelectorAll("[data-hs-marks]")) marks.hidden = false;
  form.addEventListener("input", (event) => event.target.matches("textarea") && read(event.target));
  form.addEventListener("click", pressed);
  form.addEventListener("hs:saved", saved);
  document.addEventListener("keydown", keys);
  // after the browser's own jump to the fragment, which takes the focus away
  addEventListener("load", () => setTimeout(() => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.matches("[data-hs-line]")) areaOf(target)?.focus();
  }));
}
