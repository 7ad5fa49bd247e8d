/* Pictures before they are sent: a frame to keep a part of one, drawn over four numbers; large photos made smaller, so
   that less goes over a slow network. Without this module the numbers are typed, and the server does all of it. */
const SIDE = 1600; // pixels of the longer side of what is sent
const LARGE = 400_000; // bytes above which a photo is made smaller
const LEAST = 5; // per cent
const HANDLE = 12; // pixels of the canvas
const NAMES = ["left", "top", "width", "height"];
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const isPhoto = (file) => ["image/jpeg", "image/png", "image/webp"].includes(file.type);

/** Returns a smaller file, or the same one when it cannot be made smaller here. */
async function smaller(file) {
  if (!isPhoto(file) || file.size <= LARGE) return file;
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const type = file.type === "image/jpeg" ? "image/jpeg" : "image/webp";
    const made = await new Promise((done) => canvas.toBlob(done, type, 0.9));
    if (!made || made.size >= file.size) return file;
    return new File([made], file.name, { type: made.type });
  } catch {
    return file; // not a picture this browser knows: the server says so
  }
}

async function shrinkAll(input) {
  const before = [...input.files];
  const after = await Promise.all(before.map(smaller));
  if (after.every((file, n) => file === before[n])) return;
  if (input.files.length !== before.length || before.some((file, n) => file !== input.files[n])) return; // chosen anew
  const carrier = new DataTransfer();
  for (const file of after) carrier.items.add(file);
  input.files = carrier.files;
}

/** A frame over the picture; the four numbers are what is sent. */
class Frame {
  constructor(holder, form) {
    this.fields = NAMES.map((name) => form.elements[name]);
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", holder.dataset.label);
    this.canvas.className = "hs-crop-canvas";
    this.buttons = document.createElement("p");
    this.buttons.className = "hs-buttons";
    this.addButton(holder.dataset.square, () => this.makeSquare());
    this.addButton(holder.dataset.whole, () => this.put(0, 0, 100, 100));
    this.canvas.hidden = this.buttons.hidden = true;
    holder.querySelector("summary").after(this.canvas, this.buttons);
    this.canvas.addEventListener("keydown", (event) => this.onKey(event));
    this.canvas.addEventListener("pointerdown", (event) => this.onDown(event));
    for (const field of this.fields) field.addEventListener("input", () => this.draw());
  }

  addButton(text, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "hs-button";
    button.textContent = text;
    button.addEventListener("click", act);
    this.buttons.append(button);
  }

  async show(blob) {
    this.bitmap = null;
    try {
      this.bitmap = blob && (await createImageBitmap(blob));
    } catch {
      this.bitmap = null;
    }
    this.canvas.hidden = this.buttons.hidden = !this.bitmap;
    if (!this.bitmap) return;
    const scale = Math.min(1, 480 / this.bitmap.width, 480 / this.bitmap.height);
    this.canvas.width = Math.max(32, Math.round(this.bitmap.width * scale));
    this.canvas.height = Math.max(32, Math.round(this.bitmap.height * scale));
    this.draw();
  }

  get values() {
    const [left, top, width, height] = this.fields.map((field) => Number(field.value) || 0);
    return { left, top, width: width || 100, height: height || 100 };
  }

  put(left, top, width, height) {
    const w = clamp(width, LEAST, 100);
    const h = clamp(height, LEAST, 100);
    const numbers = [clamp(left, 0, 100 - w), clamp(top, 0, 100 - h), w, h];
    this.fields.forEach((field, n) => { field.value = Math.round(numbers[n] * 10) / 10; });
    this.draw();
  }

  makeSquare() {
    const { left, top, width, height } = this.values;
    const side = Math.min((width / 100) * this.bitmap.width, (height / 100) * this.bitmap.height);
    const [w, h] = [(side / this.bitmap.width) * 100, (side / this.bitmap.height) * 100];
    this.put(left + (width - w) / 2, top + (height - h) / 2, w, h);
  }

  draw() {
    if (!this.bitmap) return;
    const { width: across, height: down } = this.canvas;
    const { left, top, width, height } = this.values;
    const [x, y, w, h] = [(left * across) / 100, (top * down) / 100, (width * across) / 100, (height * down) / 100];
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, across, down);
    pen.globalAlpha = 0.35;
    pen.drawImage(this.bitmap, 0, 0, across, down);
    pen.globalAlpha = 1;
    pen.save();
    pen.beginPath();
    pen.rect(x, y, w, h);
    pen.clip();
    pen.clearRect(x, y, w, h);
    pen.drawImage(this.bitmap, 0, 0, across, down);
    pen.restore();
    for (const [colour, line] of [["#fff", 4], ["#1b2430", 2]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = line;
      pen.strokeRect(x + 1, y + 1, Math.max(1, w - 2), Math.max(1, h - 2));
    }
    pen.fillStyle = "#1b2430";
    pen.fillRect(x + w - HANDLE, y + h - HANDLE, HANDLE, HANDLE);
  }

  onKey(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const { left, top, width, height } = this.values;
    if (event.shiftKey) this.put(left, top, Math.min(width + 2 * step[0], 100 - left), Math.min(height + 2 * step[1], 100 - top));
    else this.put(left + 2 * step[0], top + 2 * step[1], width, height);
  }

  onDown(event) {
    const box = this.canvas.getBoundingClientRect();
    const at = (e) => [((e.clientX - box.left) / box.width) * 100, ((e.clientY - box.top) / box.height) * 100];
    const [x, y] = at(event);
    const { left, top, width, height } = this.values;
    const near = (HANDLE * 200) / this.canvas.width;
    const corner = Math.abs(x - left - width) < near && Math.abs(y - top - height) < near;
    const isInside = x > left && x < left + width && y > top && y < top + height && (width < 99 || height < 99);
    event.preventDefault();
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    const move = (e) => {
      const [nx, ny] = at(e).map((value) => clamp(value, 0, 100));
      if (corner) this.put(left, top, nx - left, ny - top);
      else if (isInside) this.put(left + nx - x, top + ny - y, width, height);
      else this.put(Math.min(x, nx), Math.min(y, ny), Math.abs(nx - x), Math.abs(ny - y));
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("lostpointercapture", () => this.canvas.removeEventListener("pointermove", move), { once: true });
  }
}

for (const form of document.querySelectorAll("form[data-hs-shrink]")) {
  const input = form.querySelector("input[type=file]");
  const holder = form.querySelector("[data-hs-crop]");
  const frame = holder && new Frame(holder, form);
  let work = Promise.resolve();
  let isBusy = false;
  const restore = async () => {
    if (!frame) return;
    const file = input.files.length === 1 && isPhoto(input.files[0]) ? input.files[0] : null;
    const there = !input.files.length && holder.dataset.src;
    await frame.show(file ?? (there ? await (await fetch(there)).blob() : null));
  };
  input.addEventListener("change", () => {
    isBusy = true;
    if (frame) frame.put(0, 0, 100, 100);
    work = shrinkAll(input).then(restore).catch(() => {}).finally(() => { isBusy = false; });
  });
  holder?.addEventListener("toggle", () => { if (holder.open && !frame.bitmap) restore().catch(() => {}); });
  form.addEventListener("submit", (event) => {
    if (!isBusy) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    work.then(() => form.requestSubmit(submitter));
  }, true);
}
