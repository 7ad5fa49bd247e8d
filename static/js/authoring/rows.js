/* Rows of a form without a page load: move, delete, one more; the direction of a text follows its language.
   Without this module the same buttons send the form, and the page comes back with the rows as asked. */

/** Writes a field in the direction of the language chosen beside it. */
function follow(select) {
  const field = document.getElementById(select.dataset.hsLangOf);
  if (!field) return;
  field.lang = select.value;
  field.dir = select.selectedOptions[0].dataset.dir;
  if (!select.value) field.removeAttribute("lang");
}

const tools = (row, what) => row.querySelector(`:scope > .hs-row-foot > .hs-row-tools > [value^="${what}:"]`);

/** Tells whoever listens (autosave) that the form is another one now. */
const changed = (node) => node.dispatchEvent(new Event("input", { bubbles: true }));

/** The first row has no way up, the last none down. */
function showTools(list) {
  const rows = [...list.children].filter((row) => !row.hasAttribute("data-hs-new-row"));
  rows.forEach((row, n) => {
    const up = tools(row, "up");
    const down = tools(row, "down");
    if (up) up.hidden = n === 0;
    if (down) down.hidden = n === rows.length - 1;
  });
}

/** Moves a row; only where both have their buttons, else the server does it. */
function move(row, step) {
  const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other || other.hasAttribute("data-hs-new-row")) return false;
  if (!tools(row, step < 0 ? "down" : "up") || !tools(other, step < 0 ? "up" : "down")) return false;
  if (step < 0) other.before(row);
  else other.after(row);
  return true;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".hs-tool[name=do]");
  if (!button) return;
  const what = button.value.split(":")[0];
  const row = button.closest(".hs-row");
  if (!row || !["up", "down"].includes(what)) return;
  if (!move(row, what === "up" ? -1 : 1)) return;
  event.preventDefault();
  showTools(row.parentElement);
  const again = tools(row, what);
  (again && !again.hidden ? again : tools(row, what === "up" ? "down" : "up"))?.focus();
  changed(row);
});

document.addEventListener("keydown", (event) => {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const row = event.target.closest?.(".hs-row:not([data-hs-new-row])");
  if (!row || event.target.matches("textarea, select")) return;
  const at = document.activeElement;
  if (!move(row, event.key === "ArrowUp" ? -1 : 1)) return;
  event.preventDefault();
  event.stopImmediatePropagation(); // the part around the row stays where it is
  at.focus();
  showTools(row.parentElement);
  changed(row);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-hs-lang-of]")) follow(event.target);
});

/* What was typed and not saved is not left by mistake: not by a link, not by trying the question. */
let unsaved = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("form[data-hs-parts]")) unsaved = true;
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-hs-parts]")) unsaved = false;
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
