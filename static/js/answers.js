/* Easier answering: tap parts in the order you want; tap a place on a picture. The form's own fields carry the answer. */

/** The language all parts are written in, with its direction: the sentence they make runs that way, not the page's. */
function languageOf(texts) {
  const marked = texts.map((text) => (text.lang ? text : text.querySelector("[lang]")));
  if (marked.some((node) => !node || node.lang !== marked[0].lang)) return null;
  return { lang: marked[0].lang, dir: getComputedStyle(marked[0]).direction };
}

/**
 * An order: [data-hs-order] holds one [data-hs-part] for each part, with a select or number input for its position and
 * a .hs-part-text. The fields stay in the form, hidden; tiles beside them set them. Wanted on the holder: data-label (the line's
 * name) and data-join (" " for words, a line break otherwise).
 */
export function enhanceOrders(root) {
  for (const holder of root.querySelectorAll("[data-hs-order]")) {
    const parts = [...holder.querySelectorAll("[data-hs-part]")].map((row) => ({
      row,
      field: row.querySelector("select, input"),
      text: row.querySelector(".hs-part-text"),
    }));
    if (parts.length === 0 || parts.some((part) => !part.field || !part.text)) continue;
    const line = document.createElement("div");
    line.className = "hs-order-line";
    line.setAttribute("role", "status");
    line.setAttribute("aria-label", holder.dataset.label || "");
    const sentence = document.createElement("bdi");
    const language = languageOf(parts.map((part) => part.text));
    if (language) Object.assign(sentence, language);
    line.append(sentence);
    const tiles = document.createElement("div");
    tiles.className = holder.dataset.join === "line" ? "hs-order-tiles hs-order-lines" : "hs-order-tiles";
    let chosen = parts.filter((part) => part.field.value).sort((a, b) => Number(a.field.value) - Number(b.field.value));

    const show = () => {
      sentence.textContent = "";
      chosen.forEach((part, index) => {
        if (index > 0) sentence.append(holder.dataset.join === "line" ? document.createElement("br") : " ");
        sentence.append(...[...part.text.childNodes].map((node) => node.cloneNode(true)));
      });
      for (const part of parts) {
        const place = chosen.indexOf(part);
        part.field.value = place < 0 ? "" : String(place + 1);
        part.tile.setAttribute("aria-pressed", String(place >= 0));
        part.badge.textContent = place < 0 ? "" : String(place + 1);
      }
    };
    for (const part of parts) {
      part.badge = document.createElement("span");
      part.badge.className = "hs-meta";
      part.tile = document.createElement("button");
      part.tile.type = "button";
      part.tile.className = "hs-button";
      part.tile.append(...[...part.text.childNodes].map((node) => node.cloneNode(true)), part.badge);
      part.tile.addEventListener("click", () => {
        chosen = chosen.includes(part) ? chosen.filter((other) => other !== part) : [...chosen, part];
        show();
      });
      part.field.required = false;
      tiles.append(part.tile);
    }
    holder.hidden = true;
    holder.after(line, tiles);
    show();
  }
}

/** Places on a picture: [data-hs-for] names the radio or check box that the place stands for. */
export function enhanceSpots(root) {
  for (const picture of root.querySelectorAll(".hs-hotspot")) {
    const spots = [...picture.querySelectorAll("[data-hs-for]")];
    const boxOf = (spot) => document.getElementById(spot.dataset.hsFor);
    const show = () => {
      for (const spot of spots) spot.classList.toggle("hs-spot-picked", Boolean(boxOf(spot)?.checked));
    };
    for (const spot of spots) spot.addEventListener("click", () => boxOf(spot)?.click());
    picture.closest("form")?.addEventListener("change", show);
    show();
  }
}
