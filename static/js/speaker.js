/* The browser's player becomes a round button; while the sound plays, a ring runs round it. */
import { enhancePhoneVoices } from "./phone.js";

const SLOW = 0.75;
const PLAY = "M8.5 5.5v13l10-6.5z";
const SLOW_PLAY = "M10 7v10l7.5-5z";
const STOP = "M7.5 7.5h9v9h-9z";
let current = null;

function svg(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/** Makes one button; speed is the factor of playbackRate. */
function makeButton(audio, label, speed) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-label", label);
  button.title = label;
  const icon = svg("svg", { viewBox: "0 0 24 24", width: 24, height: 24, fill: "currentColor", "aria-hidden": "true" });
  const shape = svg("path", { d: speed < 1 ? SLOW_PLAY : PLAY });
  icon.append(shape);
  if (speed < 1) icon.append(svg("path", { d: "M4 12h3M5 7l2 1.5M5 17l2-1.5", fill: "none", stroke: "currentColor", "stroke-width": 2 }));
  const ring = svg("svg", { class: "hs-ring", viewBox: "0 0 54 54", "aria-hidden": "true" });
  const circle = svg("circle", { cx: 27, cy: 27, r: 25, pathLength: 100, "stroke-dasharray": "0 100" });
  ring.append(circle);
  button.append(icon, ring);

  const draw = () => {
    if (audio.paused || current !== button) {
      circle.setAttribute("stroke-dasharray", "0 100");
      shape.setAttribute("d", speed < 1 ? SLOW_PLAY : PLAY);
      return;
    }
    const share = audio.duration ? Math.min(100, (100 * audio.currentTime) / audio.duration) : 0;
    circle.setAttribute("stroke-dasharray", `${share} 100`);
    requestAnimationFrame(draw);
  };
  button.addEventListener("click", () => {
    if (!audio.paused && current === button) {
      audio.pause();
      return;
    }
    for (const other of document.querySelectorAll("audio")) other.pause();
    globalThis.speechSynthesis?.cancel();
    current = button;
    audio.currentTime = 0;
    audio.playbackRate = speed;
    // A clip that cannot be loaded gives the browser's player back, which says so in its own words.
    audio.play().catch((error) => {
      if (error.name !== "AbortError") giveBack(audio);
    });
  });
  audio.addEventListener("play", () => {
    if (current !== button) return;
    shape.setAttribute("d", STOP);
    draw();
  });
  audio.addEventListener("pause", draw);
  audio.addEventListener("ended", draw);
  return button;
}

function giveBack(audio) {
  for (const button of audio.parentElement.querySelectorAll("button")) button.remove();
  audio.hidden = false;
  audio.parentElement.classList.remove("hs-speaker-ready");
}

/** Counts the plays that are left in a test and closes the buttons after the last one. */
function limitPlays(holder, audio, buttons) {
  let left = Number(holder.dataset.plays);
  const note = document.createElement("span");
  note.className = "hs-speaker-note";
  note.setAttribute("role", "status");
  const say = () => {
    note.textContent = holder.dataset.left.replace("{n}", String(left));
  };
  holder.append(note);
  say();
  audio.addEventListener("ended", () => {
    left = Math.max(0, left - 1);
    say();
    if (left === 0) for (const button of buttons) button.disabled = true;
  });
}

export function enhanceSpeakers(root) {
  enhancePhoneVoices(root);
  for (const holder of root.querySelectorAll("[data-hs-speaker]")) {
    const audio = holder.querySelector("audio");
    const buttons = [makeButton(audio, holder.dataset.label, 1)];
    if (holder.dataset.slow) buttons.push(makeButton(audio, holder.dataset.slow, SLOW));
    audio.hidden = true;
    holder.classList.add("hs-speaker-ready");
    holder.prepend(...buttons);
    if (holder.dataset.plays) limitPlays(holder, audio, buttons);
  }
}
