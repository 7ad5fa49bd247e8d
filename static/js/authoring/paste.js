/* Turns what a word processor puts on the clipboard into Markdown: headings, lists, tables, bold, links. Nothing else survives:
   the text is parsed in a document of its own, where nothing loads and nothing runs, and only letters come out. */

const HEADINGS = { H1: "## ", H2: "## ", H3: "### ", H4: "#### ", H5: "#### ", H6: "#### " };
const SKIPPED = new Set(["STYLE", "SCRIPT", "HEAD", "META", "TITLE", "TEMPLATE", "IFRAME", "OBJECT", "SVG", "MATH"]);
const BLOCKS = new Set(["P", "DIV", "SECTION", "ARTICLE", "BLOCKQUOTE", "UL", "OL", "LI", "TABLE", "H1", "H2", "H3", "H4", "H5", "H6"]);
const SAFE_LINK = /^(?:https?:|mailto:|tel:)[^\s()<>]+$/i;

const squeeze = (text) => text.replace(/[\s\u00a0]+/g, " ");
/** Letters that Markdown would read as its own signs stay letters. */
const escape = (text) => text.replace(/([\\`*_[\]])/g, "\\$1");

const styleOf = (node) => node.getAttribute("data-style") ?? "";

function isBold(node) {
  const weight = styleOf(node).match(/font-weight:\s*(\w+)/)?.[1];
  if (weight === "normal" || weight === "400") return false; // Google Docs wraps everything in such a <b>
  return node.tagName === "B" || node.tagName === "STRONG" || weight === "bold" || Number(weight) >= 600;
}

function inline(node) {
  if (node.nodeType === Node.TEXT_NODE) return escape(squeeze(node.data));
  if (node.nodeType !== Node.ELEMENT_NODE || SKIPPED.has(node.tagName.toUpperCase())) return "";
  if (node.tagName === "BR") return "\n";
  const text = [...node.childNodes].map(inline).join("");
  const [, before, core, after] = text.match(/^(\s*)([\s\S]*?)(\s*)$/);
  if (!core) return text;
  if (node.tagName === "A") {
    const href = node.getAttribute("href") ?? "";
    return SAFE_LINK.test(href) ? `${before}[${core}](${href})${after}` : text;
  }
  const mark = isBold(node) ? "**" : node.tagName === "I" || node.tagName === "EM" ? "*" : "";
  return mark && !core.includes("\n") ? `${before}${mark}${core}${mark}${after}` : text;
}

const line = (node) => inline(node).replace(/ *\n */g, "\n").trim();

/** Word writes a list as paragraphs of class MsoListParagraph with the sign as text. */
function wordListItem(node) {
  if (!/MsoList/.test(node.className) && !/mso-list/.test(styleOf(node))) return null;
  const sign = node.textContent.trim().match(/^(?:[·•o§\u2022\uf0b7-]|(\d+)[.)])[\s\u00a0]+/u);
  if (!sign) return null;
  const copy = node.cloneNode(true);
  for (const span of [...copy.querySelectorAll("[data-style*='mso-list']")]) span.remove();
  return (sign[1] ? `${sign[1]}. ` : "- ") + line(copy).replace(/^(?:[·•o§\u2022\uf0b7-]|\d+[.)])[\s\u00a0]+/u, "");
}

function list(node, depth = 0) {
  const rows = [];
  let number = Number(node.getAttribute("start") ?? 1);
  for (const item of node.children) {
    if (item.tagName === "UL" || item.tagName === "OL") rows.push(list(item, depth + 1));
    if (item.tagName !== "LI") continue;
    const inner = [...item.children].filter((child) => child.tagName === "UL" || child.tagName === "OL");
    const copy = item.cloneNode(true);
    for (const child of copy.querySelectorAll("ul, ol")) child.remove();
    const sign = node.tagName === "OL" ? `${number++}. ` : "- ";
    rows.push("   ".repeat(depth) + sign + line(copy).replace(/\n+/g, " "), ...inner.map((child) => list(child, depth + 1)));
  }
  return rows.filter(Boolean).join("\n");
}

function table(node) {
  const rows = [...node.rows].map((row) => [...row.cells].map((cell) => line(cell).replace(/\n+/g, " ").replace(/\|/g, "\\|")));
  const width = Math.max(0, ...rows.map((row) => row.length));
  if (width === 0) return "";
  const write = (row) => `| ${Array.from({ length: width }, (_unused, n) => row[n] ?? "").join(" | ")} |`;
  return [write(rows[0]), `|${" --- |".repeat(width)}`, ...rows.slice(1).map(write)].join("\n");
}

function blocks(node) {
  const found = [];
  let words = "";
  const flush = () => {
    const text = words.replace(/ *\n */g, "\n").trim();
    if (text) found.push(text);
    words = "";
  };
  for (const child of node.childNodes) {
    const tag = child.nodeType === Node.ELEMENT_NODE ? child.tagName.toUpperCase() : "";
    if (SKIPPED.has(tag)) continue;
    if (!BLOCKS.has(tag) && !(tag && child.querySelector("p, div, ul, ol, table, h1, h2, h3, h4"))) {
      words += inline(child);
      continue;
    }
    flush();
    const item = tag === "P" ? wordListItem(child) : null;
    if (item) found.push(item);
    else if (HEADINGS[tag]) found.push(HEADINGS[tag] + line(child).replace(/\*\*|\n/g, ""));
    else if (tag === "UL" || tag === "OL") found.push(list(child));
    else if (tag === "TABLE") found.push(table(child));
    else if (child.querySelector("p, div, ul, ol, table, h1, h2, h3, h4")) found.push(blocks(child));
    else found.push(line(child));
  }
  flush();
  const isItem = (text) => /^\s*(?:- |\d+\. )/.test(text);
  return found
    .filter((text) => text && !/^#+ *$/.test(text))
    .reduce((all, text, n, rows) => all + (n === 0 ? "" : isItem(text) && isItem(rows[n - 1]) ? "\n" : "\n\n") + text, "");
}

export function markdownOf(html) {
  // styles are read as data: in a parsed page they would be styles, which our policy forbids
  const plain = html
    .replace(/<style[\s\S]*?<\/style>/gi, "")
    .replace(/<[^<>]+>/g, (tag) => tag.replace(/\s(style|on\w+)\s*=/gi, " data-$1="));
  return blocks(new DOMParser().parseFromString(plain, "text/html").body).replace(/\n{3,}/g, "\n\n");
}

/** Formatted text becomes Markdown; plain text is left to the browser. */
export function enhancePaste(area) {
  area.addEventListener("paste", (event) => {
    const html = event.clipboardData?.getData("text/html");
    if (!html) return;
    const text = markdownOf(html);
    if (!text) return;
    event.preventDefault();
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
