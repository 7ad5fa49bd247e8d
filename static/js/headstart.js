/* Adds comfort to pages that are complete without it: focus, menus, one press per form, sounds, orders, places. */
import { enhanceSpeakers } from "./speaker.js";
import { enhanceOrders, enhanceSpots } from "./answers.js";

const once = "hsSent";

/** Puts the focus on what is new: an error summary, the answer to an answer. */
function focusWhatIsNew() {
  const target = document.querySelector("[data-hs-focus]");
  if (!target) return;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
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

enhanceSpeakers(document);
enhanceOrders(document);
enhanceSpots(document);
enhanceMenus();
sendOnce();
focusWhatIsNew();
