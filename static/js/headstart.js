/* Adds comfort to pages that are complete without it: focus, menus, one press per form, sounds, orders, places,
   answers in place, the code of a QR picture, the clock of a test. */
import { enhanceSpeakers } from "./speaker.js";
import { enhanceOrders, enhanceSpots } from "./answers.js";
import { enhanceAnswers, show } from "./here.js";

const once = "hsSent";

/** Puts the focus on what is new: an error summary, the answer to an answer. */
function focusWhatIsNew() {
  const target = document.querySelector("[data-hs-focus]");
  if (target) show(target);
}

/** Closes an open menu with Escape or a press elsewhere. */
function enhanceMenus() {
  const open = () => document.querySelectorAll("details[data-hs-menu][open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

/** A second press on a slow network sends nothing; a form that opens a file can be sent again. */
function sendOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.target || form.hasAttribute("data-hs-again")) return;
    if (form.dataset[once]) {
      event.preventDefault();
      return;
    }
    form.dataset[once] = "1";
    event.submitter?.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.forms) {
      delete form.dataset[once];
      form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
    }
  });
}

/** The code of a card's picture stands in the fragment, which never reaches a server or its log. */
function fillCode() {
  const form = document.querySelector("form[data-hs-code]");
  const code = decodeURIComponent(location.hash.slice(1));
  if (!form || !/^[\dA-Za-z -]{8,20}$/.test(code)) return;
  form.elements.code.value = code;
  history.replaceState(null, "", location.pathname + location.search);
  form.querySelector("button").focus();
}

/** Counts the minutes of a test down, without seconds that run; at the end the server says what was reached. */
function runClock() {
  const clock = document.querySelector("[data-hs-clock]");
  const text = clock?.querySelector("[data-hs-left]");
  if (!text) return;
  const end = Date.now() + 1000 * Number(clock.dataset.hsClock);
  const minutes = new Intl.NumberFormat(`${document.documentElement.lang}-u-nu-latn`, {
    style: "unit",
    unit: "minute",
    unitDisplay: "long",
  });
  let shown = Math.ceil((end - Date.now()) / 60_000);
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 60_000);
    if (end <= Date.now()) {
      location.assign(location.pathname);
      return;
    }
    if (left !== shown) {
      shown = left;
      text.setAttribute("aria-live", left === 5 || left === 1 ? "polite" : "off");
      text.textContent = minutes.format(left);
    }
    clock.classList.toggle("hs-is-short", left <= 5);
    setTimeout(tick, Math.min(5000, end - Date.now() + 500));
  };
  tick();
}

enhanceSpeakers(document);
enhanceOrders(document);
enhanceSpots(document);
enhanceAnswers();
enhanceMenus();
sendOnce();
fillCode();
runClock();
focusWhatIsNew();
