/* Where the course has no recording, the phone reads the words, if it has a voice of that language of its own. */

const PHONE = "M7 3h10v18H7z";
const PLAY = "M10.5 9v6l4.5-3z";
const STOP = "M10 10h4v4h-4z";
const speech = globalThis.speechSynthesis;

const tag = (language) => language.replace("_", "-").toLowerCase();

/** The phone's own voice of a language; never one that sends the words to a server. A region that is asked for counts. */
function ownVoice(language) {
  const wanted = tag(language);
  return speech
    .getVoices()
    .find(({ localService, lang }) => localService && (tag(lang) === wanted || tag(lang).startsWith(`${wanted}-`)));
}

function draw(button, d) {
  const parts = button.querySelectorAll("path");
  parts[1].setAttribute("d", d);
}

function makeButton(holder, voice) {
  const button = document.createElement("button");
  button.type = "button";
  button.title = holder.dataset.label;
  button.setAttribute("aria-label", holder.dataset.label);
  button.innerHTML =
    `<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="${PHONE}" fill="none" ` +
    `stroke="currentColor" stroke-width="2" stroke-linejoin="round"/><path d="${PLAY}" fill="currentColor"/></svg>`;
  let said = null;
  button.addEventListener("click", () => {
    const isSpeaking = said !== null;
    speech.cancel();
    for (const audio of document.querySelectorAll("audio")) audio.pause();
    if (isSpeaking) return;
    said = new SpeechSynthesisUtterance(holder.dataset.hsSay);
    said.voice = voice;
    said.lang = voice.lang;
    said.rate = 0.9;
    said.onend = said.onerror = () => {
      said = null;
      draw(button, PLAY);
    };
    draw(button, STOP);
    speech.speak(said);
  });
  return button;
}

function show(root) {
  for (const holder of root.querySelectorAll("[data-hs-say][data-lang][hidden]")) {
    const voice = ownVoice(holder.dataset.lang);
    if (!voice) continue;
    holder.prepend(makeButton(holder, voice));
    holder.classList.add("hs-speaker-ready");
    holder.hidden = false;
    const before = holder.previousElementSibling;
    if (before?.matches(".hs-initial")) before.remove();
    // a question says beside the button whose voice it is; rows of words and turns have one note below them
    if (!holder.querySelector(".hs-speaker-note"))
      for (const note of document.querySelectorAll("[data-hs-say-note]")) note.hidden = false;
  }
}

export function enhancePhoneVoices(root) {
  if (!speech || !root.querySelector("[data-hs-say][data-lang]")) return;
  show(root);
  // voices come late, and some phones tell nobody who asks before
  speech.addEventListener?.("voiceschanged", () => show(root));
}
