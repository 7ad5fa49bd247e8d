// The page that checks certificates without a network. Nothing of what is checked is kept: the signed list, the language,
// and the page itself are all that stays on the device.
import { parseCode, showCode } from "./codes.js";
import { fromUtf8 } from "./bytes.js";
import { drawAnswer, drawCode } from "./answer.js";
import { List, ListError, pinned } from "./list.js";
import { isPng } from "./reading.js";
import { hasNativeReader, Scanner } from "./scan.js";
import { verify } from "./verify.js";
import { Words } from "./words.js";

const DAY = 86_400_000;
const MOST_BYTES = 30_000_000;
const root = document.documentElement;
const { dataset } = root;
const by = (id) => document.getElementById(id);
const isFolder = location.protocol === "file:";

/** What stays on the device: the list and the language. Where the browser keeps nothing, the page works without. */
const shelf = {
  read(name) {
    try {
      return localStorage.getItem(`headstart-verifier-${name}`);
    } catch {
      return null;
    }
  },
  write(name, text) {
    try {
      localStorage.setItem(`headstart-verifier-${name}`, text);
    } catch {
      // full, or not allowed: the list in the page's folder or of the server is used
    }
  },
  clear() {
    try {
      for (const name of ["list", "language"]) localStorage.removeItem(`headstart-verifier-${name}`);
    } catch {
      // nothing was kept
    }
  },
};

let list = null;
let words = null;
let last = null; // draws the answer again, in another language
const scanner = new Scanner({ reader: dataset.reader, wasm: dataset.wasm, wasmScript: dataset.wasmScript });

// --- the list ------------------------------------------------------------------------------------

/** Takes a list in the present one's place. Returns "renewed" or "newest"; throws ListError. */
function take(text) {
  const next = list ? list.successor(text) : new List(text, pinned(dataset.keys.split(" ")));
  if (next.publisher.did !== dataset.publisher) throw new ListError("not-theirs");
  if (list && next.made === list.made) return "newest";
  list = next;
  shelf.write("list", text);
  return "renewed";
}

/** Takes the newest of what is here: the list in the folder, the one kept on the device. */
function takeWhatIsHere() {
  for (const text of [globalThis.headstartBundle, shelf.read("list")]) {
    try {
      if (text) take(text);
    } catch (error) {
      if (!(error instanceof ListError)) throw error;
    }
  }
}

/** Asks the page's own server, and when the officer asks also the publisher. Returns a word for the page. */
async function renew(addresses) {
  let said = "no-network";
  for (const address of addresses) {
    try {
      const answer = await fetch(address, { cache: "no-cache", credentials: "omit" });
      if (!answer.ok) continue;
      const found = take(await answer.text());
      if (said !== "renewed") said = found;
    } catch (error) {
      if (error instanceof ListError && said === "no-network") said = error.message === "older" ? "newest" : error.message;
    }
  }
  return said;
}

function addresses(isAsked) {
  const found = isFolder ? [] : [new URL(dataset.bundle, location.href).href];
  const theirs = list?.publisher.bundle ?? dataset.publisherBundle;
  if ((isAsked || !list) && theirs && !found.includes(theirs)) found.push(theirs);
  return isFolder && !isAsked ? [] : found;
}

function showList() {
  const trouble = by("trouble");
  const now = Date.now();
  const age = list?.ageAt(now);
  const said = list ? { stale: "stale", refused: "refused", clock: "clock" }[age] : "no-list";
  trouble.hidden = !said;
  trouble.querySelector("p").textContent = said ? words.say(`page.${said}`) : "";
  by("list-age").hidden = !list;
  if (!list) return;
  const days = Math.floor(now / DAY) - Math.floor(list.made / DAY);
  const told = { date: words.date(list.made), age: words.age(days), publisher: list.publisher.name };
  by("list-age").textContent = words.say("page.list", told);
  by("list").dataset.age = age;
  by("list").dataset.made = list.bundle.made;
  by("demo").hidden = !list.bundle.issuers.some((one) => one.did === list.publisher.did && one.demo);
}

// --- words ---------------------------------------------------------------------------------------

function chooseLanguage(tag) {
  const texts = list?.bundle.texts ?? JSON.parse(by("texts").content.textContent);
  words = new Words(texts, tag);
  const option = [...by("language").options].find((one) => one.value === words.language);
  root.lang = words.language;
  root.dir = option?.dir || "ltr";
  by("language").value = words.language;
  for (const node of document.querySelectorAll("[data-hs-text]")) node.textContent = words.say(node.dataset.hsText);
  for (const node of document.querySelectorAll("[data-hs-label]")) {
    node.setAttribute("aria-label", words.say(node.dataset.hsLabel));
  }
  document.title = `${words.say("page.title")} · Headstart`;
  by("place").textContent = words.say(isFolder ? "page.folder" : "page.host", { host: `\u2068${location.host}\u2069` });
  showList();
  last?.();
}

function firstLanguage() {
  const known = [...by("language").options].map((one) => one.value);
  const wished = [shelf.read("language"), ...(dataset.language ? [dataset.language] : []), ...navigator.languages];
  return wished.map((tag) => tag?.split("-")[0]).find((tag) => known.includes(tag)) ?? "en";
}

// --- to check ------------------------------------------------------------------------------------

async function check(data) {
  const verdict = await verify(data, list);
  show(() => drawAnswer(by("answer"), verdict, words, list));
}

function checkCode(text) {
  const { code, problem, position, count } = parseCode(text);
  if (code) show(() => drawCode(by("answer"), showCode(code), words, list));
  else complain("code", () => words.say(`code.${problem}`, { position, count }));
}

function show(draw) {
  const drawn = () => {
    draw();
    by("answer").hidden = false;
    by("start").hidden = true;
  };
  last = drawn;
  drawn();
  scrollTo(0, 0);
  by("answer").querySelector("h1").focus();
}

/** Says what is wrong beside the field, in whatever language the page is in. */
function complain(field, text) {
  const draw = () => {
    const node = by(`f-${field}-error`);
    node.hidden = false;
    node.querySelector("span").textContent = text();
  };
  last = draw;
  draw();
  by(`f-${field}`).setAttribute("aria-invalid", "true");
  by(`f-${field}`).focus();
}

function calm() {
  last = null;
  for (const node of document.querySelectorAll(".hs-error[id]")) node.hidden = true;
  for (const node of document.querySelectorAll("[aria-invalid]")) node.removeAttribute("aria-invalid");
  saySo("scan-message", "");
}

function saySo(id, text) {
  by(id).textContent = text;
  by(id).hidden = !text;
}

/** Takes away what was checked; nothing of it stays in the page. */
function clear() {
  scanner.stop();
  by("camera").hidden = true;
  by("scan").hidden = false;
  calm();
  by("form").reset();
  by("answer").replaceChildren();
  by("answer").hidden = true;
  by("start").hidden = false;
}

/** Checks a text of any kind: the text of a QR code, an address, a code, a file's text. */
function checkText(text) {
  const trimmed = text.trim();
  const isAddress = /^https?:\/\//.test(trimmed) && !trimmed.includes("#HS1:");
  const tail = isAddress ? trimmed.split(/[#?]/)[0].replace(/\/+$/, "").split("/").pop() : trimmed;
  if (tail.length <= 40 && !tail.startsWith("HS1:") && (isAddress || parseCode(tail).code)) checkCode(tail);
  else return check(trimmed);
  return undefined;
}

async function checkFile(file) {
  if (file.size > MOST_BYTES) {
    await check(new Uint8Array(MOST_BYTES / 100));
    return;
  }
  const data = new Uint8Array(await file.arrayBuffer());
  if (data[0] === 0x7b && isList(data)) {
    takeFile(fromUtf8(data));
    return;
  }
  const isPhoto = file.type.startsWith("image/") && !file.type.includes("svg");
  if (isPng(data) || isPhoto) {
    const verdict = isPng(data) ? await verify(data, list) : null;
    if (verdict && verdict.reason !== "not-json") show(() => drawAnswer(by("answer"), verdict, words, list));
    else await checkPhoto(file);
    return;
  }
  await check(data);
}

async function checkPhoto(file) {
  try {
    const text = await scanner.readPhoto(file);
    if (text === null) complain("file", () => words.say("page.no-qr"));
    else await checkText(text);
  } catch (error) {
    complain("file", () => words.say(`page.${error.message}`));
  }
}

function isList(data) {
  try {
    return fromUtf8(data).includes('"HeadstartVerifierBundle"');
  } catch {
    return false;
  }
}

/** A newer list can come as a file, on a stick. */
function takeFile(text) {
  let said;
  try {
    said = take(text);
  } catch (error) {
    said = error instanceof ListError ? error.message : "unreadable";
  }
  by("form").reset();
  chooseLanguage(words.language);
  saySo("list-message", words.say(said === "unreadable" ? "page.not-theirs" : `page.${said}`));
  by("renew").focus();
}

/** The signed text of a scanned address stands in the fragment: check it, and take it out of the address. */
function checkFragment() {
  if (!location.hash.startsWith("#HS1:")) return;
  const text = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
  if (list) check(text);
}

// --- the camera ----------------------------------------------------------------------------------

async function scan() {
  calm();
  by("camera").hidden = false;
  by("scan").hidden = true;
  by("scan-stop").focus();
  saySo("scan-message", words.say("page.camera-starts"));
  const point = () => saySo("scan-message", words.say("page.scan-point"));
  by("video").addEventListener("playing", point, { once: true });
  try {
    await scanner.start(by("video"), (text) => {
      if (!/HS1:|\/verify\//.test(text) && !parseCode(text).code) {
        saySo("scan-message", words.say("page.other-qr"));
        return false;
      }
      stopScanning();
      checkText(text);
      return true;
    });
  } catch (error) {
    stopScanning();
    const key = `page.${error.message}`;
    saySo("scan-message", words.say(words.has(key) ? key : "page.camera-none"));
    by("scan").focus();
  }
}

function stopScanning() {
  scanner.stop();
  by("camera").hidden = true;
  by("scan").hidden = false;
  saySo("scan-message", "");
}

// --- to begin and to end -------------------------------------------------------------------------

function listen() {
  by("language").addEventListener("change", () => {
    shelf.write("language", by("language").value);
    chooseLanguage(by("language").value);
  });
  by("form").addEventListener("submit", (event) => {
    event.preventDefault();
    calm();
    const [code, text, file] = [by("f-code").value.trim(), by("f-text").value.trim(), by("f-file").files[0]];
    if (!list) by("renew").focus();
    else if (file) checkFile(file);
    else if (text) checkText(text);
    else if (code) checkCode(code);
    else complain("code", () => words.say("page.empty"));
  });
  by("f-file").addEventListener("change", () => by("f-file").files.length && by("form").requestSubmit());
  const drop = by("drop");
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    const file = event.dataTransfer.files[0];
    if (!file || drop.closest("[hidden]")) return;
    calm();
    if (list || /json/.test(file.name)) checkFile(file);
  });
  by("scan").addEventListener("click", scan);
  by("scan-stop").addEventListener("click", () => {
    stopScanning();
    by("scan").focus();
  });
  by("answer").addEventListener("click", (event) => {
    if (!event.target.closest("[data-hs-again]")) return;
    clear();
    by("f-code").focus();
  });
  by("renew").addEventListener("click", async () => {
    const said = await renew(addresses(true));
    chooseLanguage(words.language);
    saySo("list-message", words.say(words.has(`page.${said}`) ? `page.${said}` : "page.not-theirs"));
  });
  by("forget").addEventListener("click", forget);
  addEventListener("pagehide", clear);
  addEventListener("hashchange", checkFragment);
  addEventListener("visibilitychange", showList);
}

/** Removes list, language, and the page that is kept for the time without a network. */
async function forget() {
  clear();
  shelf.clear();
  list = null;
  try {
    for (const name of await caches.keys()) if (name.startsWith("headstart-verifier-")) await caches.delete(name);
    for (const one of await navigator.serviceWorker.getRegistrations()) {
      if (one.scope.endsWith("/verifier/")) await one.unregister();
    }
  } catch {
    // nothing was kept
  }
  showList();
  saySo("list-message", words.say("page.forgotten"));
}

async function install() {
  if (!dataset.worker || !("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(dataset.worker, { scope: "./" });
    await navigator.serviceWorker.ready;
    // the reader of QR codes, for the day without a network, where the browser has none of its own
    if (navigator.serviceWorker.controller && !(await hasNativeReader())) {
      await Promise.all([dataset.reader, dataset.wasm].map((address) => fetch(address)));
    }
  } catch {
    // a private window: the page works as long as it is open
  }
}

async function begin() {
  takeWhatIsHere();
  chooseLanguage(firstLanguage());
  listen();
  if (!isFolder) {
    await renew(addresses(false));
    chooseLanguage(words.language);
  }
  checkFragment();
  root.dataset.ready = "";
  if (navigator.serviceWorker) {
    navigator.serviceWorker.addEventListener("controllerchange", () => install(), { once: true });
  }
  await install();
}

begin();
