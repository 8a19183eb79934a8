// Keeps the page true: asks for the part that changes, puts only what differs in its place, says when news stop coming.
// And the keyboard, the search, the local times. No library; the strict CSP of the pages allows this file alone.
"use strict";

const STALE_S = 10; // as in manage/web/present.py
const live = document.getElementById("live");
const lost = { since: 0, age: 0, at: performance.now() };

// Make `now` what `next` is, touching only what differs, so that focus, selection and scroll stay where they are.
function settle(now, next) {
  if (now.isEqualNode(next)) return;
  if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName) return now.replaceWith(next.cloneNode(true));
  if (now.nodeType !== Node.ELEMENT_NODE) { now.nodeValue = next.nodeValue; return; }
  for (const { name } of [...now.attributes]) if (!next.hasAttribute(name) && name !== "open") now.removeAttribute(name);
  for (const { name, value } of next.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  if (now.nodeName === "INPUT") return;
  const had = meaningful(now), wanted = meaningful(next);
  wanted.forEach((node, place) => (place < had.length ? settle(had[place], node) : now.append(node.cloneNode(true))));
  had.slice(wanted.length).forEach((node) => node.remove());
}

// Children without the white space between tags, which differs between a page and its part and would shift the pairs.
function meaningful(parent) {
  return [...parent.childNodes].filter((node) => node.nodeType !== Node.TEXT_NODE || node.nodeValue.trim() !== "");
}

function age() { return lost.age + (performance.now() - lost.at) / 1000; }

function words(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
}

// The corner counts on between answers, and says it when they do not come.
function tick() {
  const corner = document.getElementById("corner");
  if (!corner || !corner.dataset.feed || corner.dataset.feed === "missing") return;
  const old = age() > STALE_S;
  const truth = corner.querySelector("[data-role=truth]");
  truth.textContent = old ? `no news for ${words(age())}` : `true as of ${words(age())} ago`;
  if (old && corner.dataset.feed !== "stale") goStale(corner);
}

// Nothing old may look new: the next answer that comes puts everything back.
function goStale(corner) {
  document.querySelectorAll("[data-feed]").forEach((part) => { part.dataset.feed = "stale"; });
  corner.querySelector("[role=status]").textContent = "The page has no news.";
  document.title = "No news · Nodeyard";
  const headline = document.querySelector("#sentence h1");
  if (headline) headline.textContent = "This page has no news: the dashboard does not answer.";
  for (const verdict of document.querySelectorAll("[data-row] .verdict")) verdict.lastChild.nodeValue = `was ${verdict.dataset.verdict}`;
}

async function poll() {
  const gate = live.dataset.onlyIf && document.querySelector(live.dataset.onlyIf);
  if (gate && !gate.checked) return;
  let answer;
  try {
    answer = await fetch(live.dataset.poll, { headers: { "X-Partial": "1" }, cache: "no-store", signal: AbortSignal.timeout(8000) });
  } catch { return; } // the corner says how old the page is
  if (answer.status === 401) { location.reload(); return; }
  if (!answer.ok) return;
  const fresh = document.createElement("div");
  fresh.innerHTML = await answer.text();
  const about = fresh.querySelector("template");
  if (about) {
    document.title = `${about.dataset.title} · Nodeyard`;
    const corner = about.content.querySelector("#corner");
    if (corner) { settle(document.getElementById("corner"), corner); born(corner); }
    if ("done" in about.dataset) live.dataset.done = "";
  }
  const wasAtEnd = atEnd();
  const shell = live.cloneNode(false);
  shell.append(...fresh.childNodes);
  localise(shell);
  settle(live, shell);
  filter();
  if (wasAtEnd) toEnd();
}

function born(corner) {
  lost.age = Math.max(0, Number(corner.dataset.age));
  lost.at = performance.now();
}

// Log lines: stay at the end while the reader is there, stay put while he reads further up.
function atEnd() {
  const log = document.querySelector(".log.tall");
  return log !== null && log.scrollHeight - log.scrollTop - log.clientHeight < 24;
}
function toEnd() {
  const log = document.querySelector(".log.tall");
  if (log) log.scrollTop = log.scrollHeight;
}

function filter() {
  const search = document.getElementById("search");
  if (!search) return;
  const wanted = search.value.trim().toLowerCase();
  let hits = 0;
  for (const row of document.querySelectorAll(search.dataset.filter)) {
    row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    hits += row.hidden ? 0 : 1;
  }
  const none = document.getElementById("none");
  if (none) none.hidden = wanted === "" || hits > 0;
  const count = document.getElementById("hits");
  if (count) count.textContent = wanted === "" ? "" : hits === 1 ? "1 line" : `${hits} lines`;
}

// Times in full and with zone, in the reader's own.
function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
  }
}

let went = 0;
function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.getElementById("search");
  if (event.key === "Escape" && document.activeElement === search) { search.value = ""; filter(); search.blur(); return; }
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const follows = event.timeStamp - went < 1000;
  went = 0;
  if (event.key === "?") { const help = document.getElementById("help"); if (!help.open) help.showModal(); }
  else if (event.key === "/" && search) { event.preventDefault(); search.focus(); }
  else if (event.key === "g") went = event.timeStamp;
  else if (follows && event.key === "o") location.assign("/");
  else if (follows && event.key === "l") location.assign("/logs");
}

// A link from elsewhere brings no cookie along (SameSite=Strict), so a person who is signed in may land on the login
// page: ask from here, where the cookie is sent, and go on if so.
async function alreadyIn(form) {
  const answer = await fetch("/session", { cache: "no-store" });
  if (answer.ok && (await answer.json()).signed_in) location.replace(form.dataset.next);
}

document.addEventListener("keydown", keys);
document.addEventListener("input", (event) => { if (event.target.id === "search") filter(); });
localise(document);
if (live) {
  const corner = document.getElementById("corner");
  if (corner && corner.dataset.age) born(corner);
  toEnd();
  (async function rounds() {
    while (!("done" in live.dataset)) {
      await new Promise((resolve) => setTimeout(resolve, Number(live.dataset.every)));
      await poll();
    }
  })();
  setInterval(tick, 1000);
}
const login = document.querySelector("form[data-next]");
if (login) alreadyIn(login).catch(() => {}); // then the form is the way
