// Keeps the page of the verifier on the device, under its own scope. In front of this stand FILES and VERSION, written by
// the server (offline_views.py). The signed list is kept by the page itself, which checks it before.

const CACHE = `headstart-verifier-${VERSION}`;

addEventListener("install", (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: "reload", credentials: "omit" }));
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(fresh))
      .then(() => skipWaiting()),
  );
});

addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("headstart-verifier-") && name !== CACHE;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => clients.claim()),
  );
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(kept(new URL("./", registration.scope).href, request));
  else if (address.pathname.includes("/static/")) event.respondWith(kept(request.url, request));
});

/** Answers from the device; from the network what is not there yet, and keeps files whose address tells their content. */
async function kept(address, request) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(address);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok && request.mode !== "navigate") await cache.put(address, answer.clone());
  return answer;
}
