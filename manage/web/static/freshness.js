// The age of the page in its corner. It counts on between updates, and turns the page grey when they stop.

const STALE_S = 10; // as in manage/health/snapshot.py
const update = { age: 0, at: performance.now() };

// Note the age that an update of the page came with.
export function setAge(corner) {
  update.age = Math.max(0, Number(corner.dataset.age));
  update.at = performance.now();
}

export function showAge() {
  const corner = document.getElementById("freshness");
  if (!corner?.dataset.freshness || corner.dataset.freshness === "missing") return;
  const age = update.age + (performance.now() - update.at) / 1000;
  const stale = age > STALE_S;
  corner.querySelector("[data-role=text]").textContent = stale ? `no data for ${duration(age)}` : `true as of ${duration(age)} ago`;
  if (stale && corner.dataset.freshness !== "stale") showStale(corner);
}

// The next update puts everything back.
function showStale(corner) {
  for (const part of document.querySelectorAll("[data-freshness]")) part.dataset.freshness = "stale";
  corner.querySelector("[role=status]").textContent = "This page gets no new data.";
  document.title = "No data · Nodeyard";
  const headline = document.querySelector("#sentence h1");
  if (headline) headline.textContent = "The dashboard does not answer, so this page is out of date.";
  for (const verdict of document.querySelectorAll("[data-row] .verdict")) {
    verdict.lastChild.nodeValue = `was ${verdict.dataset.verdict}`;
  }
}

function duration(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
