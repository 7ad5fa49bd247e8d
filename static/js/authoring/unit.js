/* The page of a unit: a part opens, moves, goes and comes back without a new page; the phone beside it follows what is written. */
import { enhanceAutosave, isWaiting, markKept } from "./autosave.js";
import { enhanceMarkdown } from "./markdown.js";
import { placeProblems } from "./problems.js";

const phone = () => document.querySelector("[data-hs-phone]");

/** Shows the unit anew in the phone, at the screen it stands at. */
function refreshPhone(step) {
  const frame = phone();
  if (!frame) return;
  const address = new URL(frame.contentWindow?.location.href ?? frame.src);
  const shown = address.protocol === "about:" ? new URL(frame.src) : address;
  if (step) shown.searchParams.set("step", step);
  shown.searchParams.delete("item");
  const top = frame.contentWindow?.scrollY ?? 0;
  frame.addEventListener("load", () => frame.contentWindow.scrollTo(0, top), { once: true });
  frame.contentWindow.location.replace(shown);
}

function enhance(root) {
  enhanceMarkdown(root);
  enhanceAutosave(root);
  markKept(root);
}

/** Puts another state of the unit into the page. False: the answer is another page, which must be opened as such. */
function show(html, hash) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const fresh = page.querySelector("[data-hs-unit]");
  if (!fresh) return false;
  const step = new URL(page.querySelector("[data-hs-phone]").src).searchParams.get("step");
  document.querySelector("[data-hs-unit]").replaceWith(document.adoptNode(fresh));
  enhance(fresh);
  refreshPhone(step);
  const target = document.getElementById(decodeURIComponent(hash.slice(1)));
  if (target) {
    const field = target.querySelector(".hs-part-form :is(input:not([type=hidden]), textarea, select)");
    (field ?? target).focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest" });
  }
  return true;
}

async function go(address, options, onward) {
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, ...options });
    const html = await answer.text();
    const hash = new URL(answer.url).hash || onward;
    if (answer.ok && show(html, hash)) {
      history.replaceState(null, "", answer.url.split("#")[0] + hash);
      return true;
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // no network: the browser's own way says so
  }
  return false;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const isOpen = form.matches("[data-hs-autosave]"); // a row of it goes up, or comes: that saves the form too
  if (!form.closest("[data-hs-unit]") || (!isOpen && isWaiting())) return;
  const [what, name] = (event.submitter?.value ?? "").split(":");
  if (!["up", "down", "duplicate", "delete", "add"].includes(what)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  if (await go(form.action, { method: "POST", body }, `#part-${name}`)) return;
  if (isOpen) form.submit(); // refused: the server's own page says why, with the text in it
  else location.reload();
}, true);

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-hs-edit]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || isWaiting()) return;
  event.preventDefault();
  if (!(await go(link.href, {}, link.hash))) location.assign(link.href);
});

document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const part = event.target.closest("[data-hs-part]");
  if (!part || event.target.matches("textarea, select, input")) return;
  event.preventDefault();
  part.querySelector(`[data-hs-do] button[value="${event.key === "ArrowUp" ? "up" : "down"}:${part.dataset.hsPart}"]`)?.click();
});

document.addEventListener("hs:saved", (event) => {
  placeProblems(event.target, event.detail.problems);
  for (const count of document.querySelectorAll("[data-hs-count]")) {
    const number = event.detail.counts[count.dataset.hsCount] ?? 0;
    count.textContent = number;
    count.hidden = number === 0;
  }
  refreshPhone();
});

document.querySelector("[data-hs-go]")?.addEventListener("change", (event) => event.target.form.requestSubmit());
enhance(document);
