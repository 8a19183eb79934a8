// Keeps the element #live up to date: fetches its partial (`data-poll`) every `data-every` ms and puts in what differs.

import { setAge, showAge } from "./freshness.js";
import { showLocalTimes } from "./local_times.js";
import { morph } from "./morph.js";
import { filterRows } from "./search.js";

const TIMEOUT_MS = 8000;
const AGE_EVERY_MS = 1000;

// `aroundUpdate(apply)` runs each update; a page passes its own to keep, say, its scroll position.
export function startLive(aroundUpdate = (apply) => apply()) {
  const live = document.getElementById("live");
  const corner = document.getElementById("freshness");
  if (corner?.dataset.age) setAge(corner);
  setInterval(showAge, AGE_EVERY_MS);
  poll(live, aroundUpdate);
}

async function poll(live, aroundUpdate) {
  while (!("done" in live.dataset)) {
    await new Promise((resolve) => setTimeout(resolve, Number(live.dataset.every)));
    const partial = await fetchPartial(live);
    if (partial) aroundUpdate(() => update(live, partial));
  }
}

// null when there is nothing new; the corner shows how old the page is.
async function fetchPartial(live) {
  const onlyIf = live.dataset.onlyIf && document.querySelector(live.dataset.onlyIf);
  if (onlyIf && !onlyIf.checked) return null;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(live.dataset.poll, { headers: { "X-Partial": "1" }, cache: "no-store", signal });
    if (answer.status === 401) location.reload();
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

function update(live, html) {
  const fresh = document.createElement("div");
  fresh.innerHTML = html;
  const head = fresh.querySelector("template");
  if (head) updateHead(live, head);
  const wanted = live.cloneNode(false);
  wanted.append(...fresh.childNodes);
  showLocalTimes(wanted);
  morph(live, wanted);
  filterRows();
}

function updateHead(live, head) {
  if ("reload" in head.dataset) location.reload(); // the server sends the reader to another page
  document.title = `${head.dataset.title} · Nodeyard`;
  if ("done" in head.dataset) live.dataset.done = "";
  const corner = head.content.querySelector("#freshness");
  if (!corner) return;
  morph(document.getElementById("freshness"), corner);
  setAge(corner);
}
