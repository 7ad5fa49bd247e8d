/* Record a text in the page: one press, say it, hear it, keep it, and the next one stands there. The microphone stays
   open from text to text. Without this module, or without a microphone, a file with the recording is chosen. */
import { enhanceSpeakers } from "../speaker.js";

const LONGEST = 10_000; // milliseconds
const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
let stream = null;
let context = null;
let studio = null;

function node(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in made && typeof value !== "string") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...inside);
  return made;
}

class Studio {
  constructor(root) {
    this.root = root;
    this.words = root.dataset;
    this.form = root.querySelector("form");
    this.status = node("p", { role: "status", class: "hs-studio-status" });
    this.level = node("meter", { min: 0, max: 1, low: 0.05, high: 0.9, optimum: 0.4, value: 0, "aria-label": this.words.level });
    this.wave = node("canvas", { width: 600, height: 80, class: "hs-wave", "aria-hidden": "true" });
    this.record = this.button(this.words.record, () => this.toggle(), "hs-button-main");
    this.listen = this.button(this.words.listen, () => this.play());
    this.keep = this.button(this.words.keep, () => this.send());
    this.start = this.range(this.words.start, 0);
    this.end = this.range(this.words.end, 1);
    this.ranges = node("div", { class: "hs-trim" }, this.start.parentElement, this.end.parentElement);
    const keys = node("p", { class: "hs-meta hs-studio-keys" }, this.words.keys);
    const buttons = node("div", { class: "hs-buttons" }, this.record, this.listen, this.keep);
    const place = root.querySelector("[data-hs-studio]");
    place.append(this.status, this.level, buttons, this.wave, this.ranges, keys);
    place.hidden = false;
    this.showTake(null);
    this.say(this.words.ready);
  }

  button(text, act, look = "") {
    const made = node("button", { type: "button", class: `hs-button ${look}` }, text);
    made.addEventListener("click", act);
    return made;
  }

  range(text, value) {
    const field = node("input", { type: "range", min: "0", max: "1", step: "0.02" });
    field.value = value;
    field.addEventListener("input", () => this.onTrim(field));
    node("label", { class: "hs-label" }, `${text} `, field);
    return field;
  }

  say(text) {
    this.status.textContent = text;
  }

  async toggle() {
    if (this.recorder?.state === "recording") {
      this.recorder.stop();
      return;
    }
    stop();
    try {
      context ??= new AudioContext();
      await context.resume();
      if (!stream?.active) {
        stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: false, noiseSuppression: true, autoGainControl: true } });
      }
    } catch (error) {
      this.say(error.name === "NotAllowedError" ? this.words.refused : this.words.none);
      return;
    }
    const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    const pieces = [];
    this.recorder = new MediaRecorder(stream, mimeType ? { mimeType, audioBitsPerSecond: 96_000 } : {});
    this.recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
    this.recorder.addEventListener("stop", () => this.onTake(new Blob(pieces, { type: this.recorder.mimeType })));
    this.showTake(null);
    this.recorder.start();
    this.root.querySelector("[data-hs-file]").hidden = true;
    this.record.textContent = this.words.stop;
    this.say(this.words.speak);
    this.watchLevel();
    this.timer = setTimeout(() => this.recorder.state === "recording" && this.recorder.stop(), LONGEST);
  }

  watchLevel() {
    const source = context.createMediaStreamSource(stream);
    const meter = context.createAnalyser();
    meter.fftSize = 1024;
    source.connect(meter);
    const samples = new Float32Array(meter.fftSize);
    const look = () => {
      if (this.recorder.state !== "recording") {
        source.disconnect();
        this.level.value = 0;
        return;
      }
      meter.getFloatTimeDomainData(samples);
      this.level.value = Math.min(1, Math.max(...samples.map(Math.abs)));
      requestAnimationFrame(look);
    };
    look();
  }

  async onTake(blob) {
    clearTimeout(this.timer);
    this.record.textContent = this.words.again;
    try {
      const sound = await context.decodeAudioData(await blob.arrayBuffer());
      this.showTake({ blob, sound });
    } catch {
      this.showTake({ blob, sound: null }); // the server may still know it
    }
  }

  /** Shows what was recorded, with the silence at both ends left out. */
  showTake(take) {
    this.take = take;
    this.listen.hidden = this.keep.hidden = !take;
    this.wave.hidden = this.ranges.hidden = !take?.sound;
    this.keep.classList.toggle("hs-button-main", Boolean(take));
    this.record.classList.toggle("hs-button-main", !take);
    if (!take) return;
    if (!take.sound) {
      this.say(this.words.check);
      return;
    }
    const samples = take.sound.getChannelData(0);
    const size = Math.max(1, Math.floor(samples.length / 300));
    this.peaks = Array.from({ length: 300 }, (_, n) => {
      let peak = 0;
      for (let i = n * size; i < Math.min(samples.length, (n + 1) * size); i += 1) peak = Math.max(peak, Math.abs(samples[i]));
      return peak;
    });
    const top = Math.max(...this.peaks);
    const seconds = take.sound.duration;
    const first = this.peaks.findIndex((peak) => peak > 0.05 * top);
    const last = this.peaks.findLastIndex((peak) => peak > 0.05 * top);
    for (const field of [this.start, this.end]) field.max = seconds.toFixed(2);
    this.start.value = Math.max(0, (first / 300) * seconds - 0.15);
    this.end.value = Math.min(seconds, ((last + 1) / 300) * seconds + 0.2);
    if (top < 0.01) {
      this.start.value = 0;
      this.end.value = seconds;
    }
    this.onTrim();
    this.say(top < 0.01 ? this.words.quiet : this.words.check);
    this.listen.focus();
  }

  onTrim(field) {
    if (Number(this.end.value) - Number(this.start.value) < 0.1) {
      if (field === this.start) this.start.value = Number(this.end.value) - 0.1;
      else this.end.value = Number(this.start.value) + 0.1;
    }
    for (const one of [this.start, this.end]) {
      one.setAttribute("aria-valuetext", `${Number(one.value).toFixed(1)} ${this.words.seconds}`);
    }
    this.draw();
  }

  draw() {
    const { width, height } = this.wave;
    const pen = this.wave.getContext("2d");
    const style = getComputedStyle(this.root);
    const seconds = this.take.sound.duration;
    pen.clearRect(0, 0, width, height);
    this.peaks.forEach((peak, n) => {
      const at = (n / 300) * seconds;
      const isKept = at >= Number(this.start.value) && at <= Number(this.end.value);
      pen.fillStyle = style.getPropertyValue(isKept ? "--hs-accent" : "--hs-hairline");
      const tall = Math.max(2, peak * height);
      pen.fillRect((n / 300) * width, (height - tall) / 2, width / 300 - 0.5, tall);
    });
  }

  play() {
    if (!this.take) return;
    stop();
    if (!this.take.sound) return;
    this.playing = context.createBufferSource();
    this.playing.buffer = this.take.sound;
    this.playing.connect(context.destination);
    const first = Number(this.start.value);
    this.playing.start(0, first, Math.max(0.1, Number(this.end.value) - first));
  }

  async send() {
    if (!this.take || this.isSending) return;
    stop();
    this.isSending = true;
    this.say(this.words.wait);
    const body = new FormData(this.form);
    body.set("sound", this.take.blob, "recording");
    if (this.take.sound) {
      body.set("start", Number(this.start.value).toFixed(2));
      body.set("end", Number(this.end.value).toFixed(2));
    }
    try {
      const answer = await fetch(this.form.action, { method: "POST", body, headers: { Accept: "text/html" } });
      if (![200, 409, 422].includes(answer.status) || !show(await answer.text(), answer.url, answer.ok)) {
        throw new TypeError("no page of the recorder");
      }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // no network, or signed out meanwhile: the recording stays
      this.isSending = false;
      this.say(this.words.lost);
      this.keep.focus();
    }
  }
}

function stop() {
  try {
    studio?.playing?.stop();
  } catch {
    // it had ended already
  }
  for (const audio of document.querySelectorAll("audio")) audio.pause();
}

/** Puts the next text into the page; who speaks and the licence stay as they were written. */
function show(html, address, isNew) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const fresh = page.querySelector("[data-hs-recorder]");
  const old = document.querySelector("[data-hs-recorder]");
  if (!fresh) {
    if (!page.querySelector(".hs-empty")) return false;
    location.assign(address);
    return true;
  }
  const kept = old.querySelector("[data-hs-keeps]");
  old.replaceWith(document.adoptNode(fresh));
  const place = fresh.querySelector("[data-hs-keeps]");
  if (kept && place) place.replaceWith(kept);
  const tabs = page.querySelectorAll(".hs-tabs");
  document.querySelectorAll(".hs-tabs").forEach((tab, n) => { if (tabs[n]) tab.replaceWith(document.adoptNode(tabs[n])); });
  enhanceSpeakers(fresh);
  if (isNew) history.replaceState(null, "", address);
  begin(fresh);
  (fresh.querySelector("[data-hs-focus]") ?? fresh.querySelector("#say")).focus();
  return true;
}

function begin(root) {
  if (!root.querySelector("form")) return;
  studio = new Studio(root);
  root.querySelector("[data-hs-send]").hidden = true;
  root.querySelector("#sound").addEventListener("change", (event) => {
    root.querySelector("[data-hs-send]").hidden = !event.target.files.length;
  });
}

async function go(link) {
  stop();
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    if (answer.ok && show(await answer.text(), answer.url, true)) return;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  location.assign(link.href);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-hs-go-to]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(link);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !studio || event.target.matches("input:not([type=range]), textarea, select")) return;
  if (!event.target.closest("[data-hs-recorder]") && event.target !== document.body) return;
  const next = document.querySelector("[data-hs-recorder] a[rel=next]");
  const act = { r: () => studio.toggle(), l: () => studio.play(), k: () => studio.send(), n: () => next && go(next) }[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});

const root = document.querySelector("[data-hs-recorder]");
if (root && navigator.mediaDevices?.getUserMedia && globalThis.MediaRecorder) begin(root);
