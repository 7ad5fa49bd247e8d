/* Answering without leaving the page: the form goes to the server, and the question comes back as a new page has it. */
import { enhanceSpeakers } from "./speaker.js";
import { enhanceOrders, enhanceSpots } from "./answers.js";

const PATIENCE = 30_000; // milliseconds until an answer counts as not arrived
const last = new Map(); // item id -> {content, id}: the answer sent last

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Every answer has its own id, made when it is sent: going back and answering again is a new answer; sending the
    same one once more, because the network failed, is not. */
function nameAnswer(form) {
  const content = new FormData(form);
  content.delete("answer_id");
  content.delete("csrf_token");
  const answer = { content: new URLSearchParams(content).toString(), id: newId() };
  const before = last.get(form.action);
  if (before?.content === answer.content) answer.id = before.id;
  last.set(form.action, answer);
  form.elements.answer_id.value = answer.id;
}

async function send(form) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const body = new URLSearchParams(new FormData(form));
    const headers = { Accept: "text/html" };
    const response = await fetch(form.action, { method: "POST", body, headers, signal: stop.signal });
    if (response.status >= 500) return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return { page, address: response.url, redirected: response.redirected };
  } catch (error) {
    if (error instanceof TypeError || error.name === "AbortError") return null; // no network, or it took too long
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function replace(old, fresh) {
  if (old && fresh) old.replaceWith(document.adoptNode(fresh));
}

/** Shows what is new and puts the focus there. */
export function show(target, block = "nearest") {
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block });
}

async function answerHere(form) {
  const question = form.closest(".hs-question");
  if (question.hasAttribute("aria-busy")) return;
  question.setAttribute("aria-busy", "true");
  question.querySelector(".hs-not-arrived")?.remove();
  const answer = await send(form);
  question.removeAttribute("aria-busy");
  if (answer === null) {
    const note = document.getElementById("hs-no-answer").content.firstElementChild.cloneNode(true);
    note.classList.add("hs-not-arrived");
    form.querySelector("fieldset").after(note);
    show(note);
    return;
  }
  const fresh = answer.page.getElementById(question.id);
  if (!fresh) {
    form.submit(); // signed out, or something else to say: the server's own page says it
    return;
  }
  if (!fresh.querySelector(".hs-error")) last.delete(form.action); // it arrived: the same once more is a new answer
  for (const button of document.querySelectorAll('.hs-band a[href^="#"]')) button.remove();
  replace(question, fresh);
  for (const part of ["[data-hs-end]", ".hs-progress"]) {
    replace(document.querySelector(part), answer.page.querySelector(part));
  }
  enhanceSpeakers(fresh);
  enhanceOrders(fresh);
  enhanceSpots(fresh);
  if (answer.redirected) history.replaceState(null, "", answer.address);
  const news = fresh.querySelector("[data-hs-focus]");
  if (news) show(news);
  else show(fresh, "start");
}

export function enhanceAnswers() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-item]") || event.defaultPrevented) return;
    nameAnswer(form);
    if (!form.hasAttribute("data-hs-here")) return;
    event.preventDefault();
    answerHere(form);
  });
  // From the band on to the next question: the browser's way back still leads out of the unit.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('.hs-band a[href^="#"]');
    const target = link && document.getElementById(link.hash.slice(1));
    if (!target) return;
    event.preventDefault();
    show(target, "start");
  });
}
