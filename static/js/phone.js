/* The phone reads with voices of its own: words without a recording, and blocks and questions for who reads little. */

const PHONE = "M7 3h10v18H7z";
const PLAY = "M10.5 9v6l4.5-3z";
const STOP = "M10 10h4v4h-4z";
const SKIPPED = "button, option, .hs-speaker, .hs-report, .hs-hidden, .hs-sources, .hs-fact-source, [hidden]";
const LINES = "p, li, td, th, legend, label, h2";
const speech = globalThis.speechSynthesis;
let speaking = null; // { button }

const tag = (language) => language.replace("_", "-").toLowerCase();

/** A voice of the phone, never one that sends words away; a region that is asked for counts. */
function ownVoice(language) {
  const wanted = `${tag(language)}-`;
  return speech.getVoices().find(({ localService, lang }) => localService && `${tag(lang)}-`.startsWith(wanted));
}

/** What a button says, [words, language]: its own, or all around it. */
function pieces({ dataset, parentElement }) {
  if (dataset.hsSay) return [[dataset.hsSay, dataset.lang]];
  const found = [];
  const walker = document.createTreeWalker(parentElement, NodeFilter.SHOW_TEXT);
  let line = null;
  while (walker.nextNode()) {
    const { data, parentElement: around } = walker.currentNode;
    const words = data.trim();
    if (!words || around.closest(SKIPPED)) continue;
    const { lang } = around.closest("[lang]");
    const here = around.closest(LINES);
    if (found.length && here === line && found.at(-1)[1] === lang) found.at(-1)[0] += ` ${words}`;
    else found.push([words, lang]);
    line = here;
  }
  return found;
}

function draw(button, d) {
  button?.querySelectorAll("path")[1].setAttribute("d", d);
}

function makeButton(holder) {
  const button = document.createElement("button");
  button.type = "button";
  button.title = holder.dataset.label;
  button.setAttribute("aria-label", holder.dataset.label);
  button.innerHTML =
    `<svg viewBox="0 0 24 24" width="24" height="24" fill="currentColor" aria-hidden="true">` +
    `<path d="${PHONE}" fill="none" stroke="currentColor" stroke-width="2"/><path d="${PLAY}"/></svg>`;
  button.addEventListener("click", () => {
    const isAgain = speaking?.button === button;
    draw(speaking?.button, PLAY);
    speaking = null;
    speech.cancel();
    for (const audio of document.querySelectorAll("audio")) audio.pause();
    if (isAgain) return;
    const mine = { button };
    const end = () => {
      if (speaking !== mine) return;
      speaking = null;
      draw(button, PLAY);
    };
    speaking = mine;
    draw(button, STOP);
    let said;
    for (const [words, language] of pieces(holder)) {
      const voice = ownVoice(language);
      if (!voice) continue; // another voice is no model
      said = Object.assign(new SpeechSynthesisUtterance(words), { voice, lang: voice.lang, rate: 0.9, onerror: end });
      speech.speak(said);
    }
    if (said) said.onend = end;
    else end();
  });
  return button;
}

function show(root) {
  for (const holder of root.querySelectorAll("[data-hs-say][hidden], [data-hs-aloud][hidden]")) {
    const much = {};
    for (const [words, lang] of pieces(holder)) much[lang] = (much[lang] ?? 0) + words.length;
    const [language] = Object.keys(much).sort((one, other) => much[other] - much[one]);
    if (!language || !ownVoice(language)) continue;
    holder.prepend(makeButton(holder));
    holder.classList.add("hs-speaker-ready");
    holder.hidden = false;
    holder.parentElement.querySelector(":scope > .hs-initial")?.remove();
    // rows of words and turns have one note below them
    if (holder.dataset.hsSay && !holder.querySelector(".hs-speaker-note"))
      for (const note of document.querySelectorAll("[data-hs-say-note]")) note.hidden = false;
  }
}

export function enhancePhoneVoices(root) {
  if (!speech || !root.querySelector("[data-hs-say], [data-hs-aloud]")) return;
  show(root);
  // voices come late
  speech.addEventListener?.("voiceschanged", () => show(root));
}
