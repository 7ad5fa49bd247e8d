/* Saves a form while it is written. What the server has not taken yet is kept on this device until it has.

   form[data-hs-autosave="<key>"] holds a hidden field `base`; beside it stands [data-hs-saved], where the state is said in the
   sentences of its own data- attributes (data-saved, data-unsaved, data-offline, data-signed-out, data-clash, data-refused). */

const PAUSE = 1500; // milliseconds without a key before we save
const RETRY = 5000;
const PREFIX = "hs-written:";

function keep(key, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    /* no room, or storage is switched off: the form itself still holds the text */
  }
}

function kept(key) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key));
  } catch {
    return null;
  }
}

const IGNORED = new Set(["csrf_token", "base", "do", "writer"]);

function contentOf(form) {
  return [...new FormData(form)].filter(([name, value]) => !IGNORED.has(name) && typeof value === "string");
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

class Autosave {
  constructor(form) {
    this.form = form;
    this.key = form.dataset.hsAutosave;
    this.state = form.querySelector("[data-hs-saved]");
    this.saved = contentOf(form);
    this.timer = 0;
    this.busy = false;
    this.stopped = false;
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    form.addEventListener("submit", () => {
      clearTimeout(this.timer);
      this.stopped = true;
    });
    addEventListener("online", () => this.save());
    addEventListener("pagehide", () => this.keepRest());
    document.addEventListener("visibilitychange", () => document.hidden && this.save());
    this.offer();
  }

  changed() {
    if (this.stopped) return;
    const content = contentOf(this.form);
    if (same(content, this.saved)) return;
    keep(this.key, { content, base: this.form.elements.base.value, at: Date.now() });
    this.say("unsaved");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  keepRest() {
    const content = contentOf(this.form);
    if (!this.stopped && !same(content, this.saved)) keep(this.key, { content, base: this.form.elements.base.value, at: Date.now() });
  }

  /** Says the state in words; a time is written as this device writes it. */
  say(name, detail = "") {
    if (!this.state) return;
    const time = new Intl.DateTimeFormat(document.documentElement.lang + "-u-nu-latn", { timeStyle: "short" }).format(new Date());
    this.state.textContent = (this.state.dataset[name] ?? "").replace("%(time)s", time) + (detail ? ` ${detail}` : "");
    this.state.dataset.state = name;
    this.state.setAttribute("aria-live", name === "saved" ? "off" : "polite");
  }

  async save() {
    const content = contentOf(this.form);
    if (this.busy || this.stopped || same(content, this.saved)) return;
    this.busy = true;
    let answer = null;
    try {
      answer = await this.send(content);
    } finally {
      this.busy = false;
    }
    if (answer === null) {
      this.say("offline");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.save(), RETRY);
    } else if (answer.status === 200) {
      this.saved = content;
      this.form.elements.base.value = answer.body.base;
      if (same(contentOf(this.form), content)) keep(this.key, null);
      else this.changed();
      this.say("saved");
      this.form.dispatchEvent(new CustomEvent("hs:saved", { bubbles: true, detail: answer.body }));
    } else {
      // signed out, changed by somebody else, refused: the text stays here and in the form, and the page says what to do
      this.say({ 401: "signedOut", 409: "clash" }[answer.status] ?? "refused", answer.body?.title);
      if (answer.status === 401) this.timer = setTimeout(() => this.save(), 4 * RETRY);
      if (answer.status === 409) this.stopped = true;
    }
  }

  async send(content) {
    const body = new URLSearchParams(content);
    body.set("do", "autosave");
    body.set("base", this.form.elements.base.value);
    body.set("csrf_token", this.form.elements.csrf_token.value);
    body.set("writer", this.form.elements.writer.value);
    try {
      const response = await fetch(this.form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      if (response.status >= 500) return null;
      const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
      return { status: response.status, body: isJson ? await response.json() : null };
    } catch {
      return null; // no network, or an answer that was cut on its way
    }
  }

  /** Offers text of an earlier visit that never reached the server. */
  offer() {
    const found = kept(this.key);
    if (!found) return;
    if (same(found.content, this.saved)) {
      keep(this.key, null);
      return;
    }
    const note = document.getElementById("hs-kept")?.content.firstElementChild.cloneNode(true);
    if (!note) return;
    note.querySelector("[data-hs-use]").addEventListener("click", () => {
      this.fill(found.content);
      note.remove();
      this.changed();
    });
    note.querySelector("[data-hs-drop]").addEventListener("click", () => {
      keep(this.key, null);
      note.remove();
    });
    this.form.prepend(note);
  }

  fill(content) {
    const left = new Map();
    for (const [name, value] of content) left.set(name, [...(left.get(name) ?? []), value]);
    for (const field of this.form.elements) {
      if (!field.name || IGNORED.has(field.name) || field.type === "submit") continue;
      const values = left.get(field.name) ?? [];
      if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
      else if (field.type === "select-multiple") for (const option of field.options) option.selected = values.includes(option.value);
      else if (values.length > 0) field.value = values.shift();
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

const open = new Set();

export function enhanceAutosave(root) {
  for (const form of root.querySelectorAll("form[data-hs-autosave]")) open.add(new Autosave(form));
}

/** Tells whether a form of the page holds something that the server does not have yet. */
export function isWaiting() {
  for (const one of open) if (!one.form.isConnected) open.delete(one);
  return [...open].some((one) => !same(contentOf(one.form), one.saved));
}

/** Names the parts of this page's unit whose text waits on this device: shown beside their links. */
export function markKept(root) {
  for (const mark of root.querySelectorAll("[data-hs-kept]")) mark.hidden = kept(mark.dataset.hsKept) === null;
}
