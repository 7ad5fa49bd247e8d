// Shows how far a bulk check is, and opens the result when it is done. Without it the page has a link for that.
const box = document.querySelector("[data-hs-many]");

async function look() {
  try {
    const answer = await fetch(box.dataset.hsMany, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { done, all, is_done: isDone } = await answer.json();
    const bar = box.querySelector("progress");
    bar.max = all || 1;
    bar.value = done;
    box.querySelector("[data-hs-many-count]").textContent = `${done} / ${all}`;
    if (isDone) {
      location.reload();
      return;
    }
  } catch {
    // the network is away: try again
  }
  setTimeout(look, 1500);
}

if (box) setTimeout(look, 500);
