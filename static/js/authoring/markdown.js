/* A small toolbar over a field of Markdown, and how it will read. textarea[data-markdown] stands in a form whose
   data-hs-preview is the address of the preview, and data-taught the language that is taught. The buttons stand in <template id="hs-markdown-tools">. */
import { enhancePaste } from "./paste.js";

const WAIT = 500; // milliseconds without a key before the preview is made anew

function change(area, make) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  const [text, start, end] = make(value.slice(from, to), value, from);
  area.focus();
  // so that the browser's own undo takes it back
  if (!document.execCommand?.("insertText", false, text)) area.setRangeText(text, from, to, "end");
  if (start !== undefined) area.setSelectionRange(from + start, from + (end ?? start));
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

const around = (before, after, word) => (chosen) => {
  const inner = chosen || word;
  return [before + inner + after, before.length, before.length + inner.length];
};

/** Signs at the beginning of each chosen line. */
const lines = (sign) => (chosen, value, from) => {
  const begin = from === 0 || value[from - 1] === "\n" ? "" : "\n\n";
  const text = (chosen || "").split("\n").map((row, n) => (typeof sign === "function" ? sign(n) : sign) + row).join("\n");
  return [begin + text];
};

function acts(area, words) {
  const taught = area.form.dataset.taught;
  return {
    bold: around("**", "**", words.bold),
    heading: lines("## "),
    list: lines("- "),
    numbers: lines((n) => `${n + 1}. `),
    link: (chosen) => {
      const text = `[${chosen || words.link}](https://)`;
      return [text, text.length - 1];
    },
    table: () => ["\n\n| | |\n| --- | --- |\n| | |\n", 4],
    taught: taught ? around("[", `]{${taught}}`, words.taught) : null,
  };
}

const KEYS = { KeyB: "bold", KeyK: "link" };

function enhance(area) {
  const tools = document.getElementById("hs-markdown-tools").content.firstElementChild.cloneNode(true);
  const words = tools.dataset;
  const known = acts(area, words);
  tools.setAttribute("aria-controls", area.id);
  for (const button of tools.querySelectorAll("button")) {
    const act = known[button.dataset.act];
    if (act) button.addEventListener("click", () => change(area, act));
    else button.remove();
  }
  area.before(tools);
  area.addEventListener("keydown", (event) => {
    let name = null;
    if (event.altKey && !event.ctrlKey && event.code === "KeyL") name = "taught";
    else if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) name = KEYS[event.code];
    if (!name || !known[name]) return;
    event.preventDefault();
    change(area, known[name]);
  });
  enhancePaste(area);
  preview(area);
}

function preview(area) {
  const shown = document.createElement("div");
  shown.className = "hs-markdown-preview";
  shown.setAttribute("aria-label", document.getElementById("hs-markdown-tools").content.firstElementChild.dataset.preview);
  shown.setAttribute("role", "region");
  shown.hidden = true;
  area.after(shown);
  let timer = 0;
  let asked = 0;
  const draw = async () => {
    const mine = ++asked;
    const form = area.form;
    const body = new URLSearchParams({ text: area.value, csrf_token: form.elements.csrf_token.value });
    try {
      const answer = await fetch(area.form.dataset.hsPreview, { method: "POST", body });
      if (!answer.ok || mine !== asked) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html"); // cleaned by the server
      shown.replaceChildren(...document.adoptNode(page.body).childNodes);
      shown.hidden = !area.value.trim();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // no network: the text stays, the picture of it waits
    }
  };
  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(draw, WAIT);
  });
}

export function enhanceMarkdown(root) {
  for (const area of root.querySelectorAll("form[data-hs-preview] textarea[data-markdown]")) enhance(area);
}
