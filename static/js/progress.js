/* A part of the page that shows how far a job is: asked for again until the job is done, without losing the place. */

const part = document.querySelector("[data-hs-progress]");
const PAUSE = 2500;

async function look() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-hs-progress]");
    if (!answer.ok || !fresh) return;
    if (!fresh.querySelector("[data-hs-reload]")) {
      location.reload();
      return;
    }
    fresh.querySelector("[data-hs-reload]").remove();
    if (part.textContent !== fresh.textContent) part.replaceChildren(...fresh.childNodes);
  } catch {
    // no network for a moment: the next look may have it
  }
  setTimeout(look, PAUSE);
}

const button = part?.querySelector("[data-hs-reload]");
if (button) {
  button.remove();
  setTimeout(look, PAUSE);
}
