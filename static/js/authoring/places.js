/* Places on a picture: draw a rectangle, and its row gets the numbers. The numbers alone do as well. */
const SVG = "http://www.w3.org/2000/svg";
const NAMES = ["x", "y", "width", "height"];

function enhance(figure) {
  const list = document.getElementById(figure.dataset.hsDraw);
  const overlay = figure.querySelector("svg");
  if (!list || !overlay) return;
  let current = null;
  const rows = () => [...list.querySelectorAll(":scope > .hs-row-list > .hs-row")];
  const fields = (row) => NAMES.map((name) => document.getElementById(`${row.id}.${name}`));
  const value = (field) => Number.parseFloat((field?.value ?? "").replace(",", "."));

  function rect(box, css) {
    const node = document.createElementNS(SVG, "rect");
    NAMES.forEach((name, n) => node.setAttribute(name, box[n]));
    node.setAttribute("class", css);
    overlay.append(node);
    return node;
  }

  function draw() {
    overlay.replaceChildren();
    for (const row of rows()) {
      const box = fields(row).map(value);
      if (box.every(Number.isFinite)) rect(box, row === current ? "hs-place hs-place-here" : "hs-place");
    }
  }

  /** Where the pointer is, in per cent of the picture. */
  function at(event) {
    const box = overlay.getBoundingClientRect();
    const share = (place, from, size) => Math.min(100, Math.max(0, (100 * (place - from)) / size));
    return [share(event.clientX, box.left, box.width), share(event.clientY, box.top, box.height)];
  }

  function between(from, to) {
    const [left, top] = [Math.round(Math.min(from[0], to[0])), Math.round(Math.min(from[1], to[1]))];
    return [left, top, Math.round(Math.max(from[0], to[0])) - left, Math.round(Math.max(from[1], to[1])) - top];
  }

  overlay.addEventListener("pointerdown", (event) => {
    const from = at(event);
    const drawn = rect([...from, 0, 0], "hs-place hs-place-here");
    event.preventDefault();
    overlay.setPointerCapture(event.pointerId);
    const move = (step) => between(from, at(step)).forEach((size, n) => drawn.setAttribute(NAMES[n], size));
    const end = (last) => {
      overlay.removeEventListener("pointermove", move);
      const box = between(from, at(last));
      const row = current ?? rows().find((one) => one.hasAttribute("data-hs-new-row"));
      if (last.type === "pointerup" && row && box[2] > 0 && box[3] > 0) {
        fields(row).forEach((field, n) => { field.value = box[n]; });
        fields(row)[0].dispatchEvent(new Event("input", { bubbles: true }));
      }
      draw();
    };
    overlay.addEventListener("pointermove", move);
    overlay.addEventListener("pointerup", end, { once: true });
    overlay.addEventListener("pointercancel", end, { once: true });
  });
  list.addEventListener("focusin", (event) => {
    current = event.target.closest(".hs-row");
    draw();
  });
  list.addEventListener("input", draw);
  figure.hidden = false;
  draw();
}

document.querySelectorAll("[data-hs-draw]").forEach(enhance);
