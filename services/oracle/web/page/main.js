// The page: receives messages, draws, and handles buttons and keys.

import { Amounts } from "./amounts.js";
import { showAge, showAnswer, showRows } from "./answer.js";
import { connect } from "./connection.js";
import { Scatter } from "./scatter.js";
import { Ring } from "./series.js";
import { Surface } from "./surface.js";

const POINTS = 10000;
const LINE = 6000;
const LINE_EVERY_S = 2;
const FRAME_MS = 1000 / 30;
const AMOUNTS_EVERY_MS = 5000;
const PAST_S = 3 * 3600;
const PAST_STEP_S = 20;
const TIMEOUT_MS = 8000;

const byId = (id) => document.getElementById(id);
const canvas = byId("chart");
const tip = byId("tip");
const points = new Ring(POINTS, 2);
const line = new Ring(LINE, 4);
const surface = new Surface(canvas);
const scatter = new Scatter(surface, points, line);
const amounts = new Amounts(surface);
const view = { name: "prices", seconds: 900, pausedAt: null, still: null, cursor: null, dirty: true, drawnAt: 0 };
const server = { offset: 0, receivedMs: performance.now(), connected: false };

// By the server's clock, because a phone's may be minutes off.
const now = () => view.pausedAt ?? (Date.now() + server.offset) / 1000;

function take(message) {
  server.offset = message.timestamp * 1000 - Date.now();
  server.receivedMs = performance.now();
  server.connected = true;
  if (message.type === "snapshot") {
    points.clear();
    line.clear();
    for (const row of message.line) line.push(...row);
    loadPast(message.timestamp);
  }
  for (const { timestamp, price } of message.transactions) points.push(timestamp, price);
  const last = line.last();
  const fresh = message.price !== null && message.state !== "stale";
  if (fresh && (last < 0 || message.timestamp - line.values[last] >= LINE_EVERY_S)) {
    line.push(message.timestamp, message.price, message.low, message.high);
  }
  showAnswer(message);
  view.dirty = true;
}

function frame(at) {
  requestAnimationFrame(frame);
  if (at - view.drawnAt < FRAME_MS - 2 || !needsDrawing(at)) return;
  view.drawnAt = at;
  view.dirty = false;
  const shown = view.still ?? scatter;
  const said = view.name === "prices" ? shown.draw(now(), view.seconds, view.cursor) : amounts.draw(view.cursor);
  canvas.dataset.frames = Number(canvas.dataset.frames ?? 0) + 1;
  showTip(said);
}

// Something changed, or the dots have moved by a pixel.
function needsDrawing(at) {
  const pixelMs = (1000 * view.seconds) / surface.width;
  return view.dirty || (view.name === "prices" && view.pausedAt === null && at - view.drawnAt >= pixelMs);
}

function showTip(said) {
  tip.hidden = !said;
  if (!said) return;
  if (tip.textContent !== said) tip.textContent = said;
  const { x, y } = view.cursor;
  const right = x > surface.width / 2;
  tip.style.transform = `translate(${x + (right ? -14 : 24)}px, ${Math.max(4, y - 20)}px) translateX(${right ? "-100%" : "0"})`;
}

const ask = (path) => fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });

// The estimates from before the server started, if it keeps a history.
async function loadPast(until) {
  try {
    const answer = await ask(`api/v1/history?from=${until - PAST_S}&to=${until}&step=${PAST_STEP_S}`);
    if (!answer.ok) return;
    const received = line.rows();
    const first = received.length ? received[0][0] : until;
    const past = (await answer.json()).history.filter(({ at, price }) => price !== null && at < first - PAST_STEP_S);
    line.clear();
    for (const { at, price, low, high } of past) line.push(at, price, low, high);
    for (const row of received) line.push(...row);
  } catch {
    return; // the corner of the page shows that the connection is lost
  }
  view.dirty = true;
}

async function loadAmounts() {
  if (view.name !== "amounts" || view.pausedAt !== null || document.hidden) return;
  try {
    const answer = await ask("api/v1/histogram");
    if (answer.ok) amounts.data = await answer.json();
  } catch {
    return; // the corner of the page shows that the connection is lost
  }
  view.dirty = true;
}

const CAPTIONS = {
  prices: "Each dot is the price at which one payment would be a round amount of dollars.",
  amounts: "Different amounts paid in three hours by size; dashed: round dollar amounts at the current price.",
};

function show(name) {
  view.name = name;
  press("view", name);
  byId("caption").textContent = CAPTIONS[name];
  view.dirty = true;
  loadAmounts();
}

function setWindow(minutes) {
  view.seconds = minutes * 60;
  press("minutes", String(minutes));
  view.dirty = true;
}

function pause() {
  view.pausedAt = view.pausedAt === null ? now() : null;
  view.still = view.pausedAt === null ? null : scatter.copy(); // a message that arrives later has points from before the pause, too
  byId("pause").setAttribute("aria-pressed", String(view.pausedAt !== null));
  byId("pause").textContent = view.pausedAt === null ? "Pause" : "Resume";
  view.dirty = true;
}

function press(kind, value) {
  for (const button of document.querySelectorAll(`[data-${kind}]`)) {
    button.setAttribute("aria-pressed", String(button.dataset[kind] === value));
  }
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  byId("theme").textContent = name === "dark" ? "Light" : "Dark";
  surface.readTheme();
  view.dirty = true;
}

function help() {
  const opened = byId("keys").toggleAttribute("hidden");
  byId("help").setAttribute("aria-expanded", String(!opened));
}

function step(by) {
  const { left, right, top, bottom } = surface.plot;
  const { x, y } = view.cursor ?? { x: right, y: (top + bottom) / 2 };
  view.cursor = { x: Math.min(right, Math.max(left, x + by)), y };
  view.dirty = true;
}

const otherTheme = () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
const KEYS = {
  " ": pause,
  1: () => setWindow(5),
  2: () => setWindow(15),
  3: () => setWindow(60),
  4: () => setWindow(180),
  v: () => show(view.name === "prices" ? "amounts" : "prices"),
  t: otherTheme,
  "?": help,
};
const ON_CHART = { ArrowLeft: () => step(-10), ArrowRight: () => step(10) };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const onButton = event.key === " " && event.target.closest("button, summary, a");
  const act = KEYS[event.key] ?? (event.target === canvas ? ON_CHART[event.key] : undefined);
  if (!act || onButton) return;
  event.preventDefault();
  act();
});
for (const button of document.querySelectorAll("[data-view]")) button.onclick = () => show(button.dataset.view);
for (const button of document.querySelectorAll("[data-minutes]")) button.onclick = () => setWindow(Number(button.dataset.minutes));
byId("pause").onclick = pause;
byId("theme").onclick = otherTheme;
byId("help").onclick = help;
canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
  view.cursor = { x: offsetX, y: offsetY };
  view.dirty = true;
});
canvas.addEventListener("pointerleave", () => {
  view.cursor = null;
  view.dirty = true;
});
new ResizeObserver(() => {
  surface.resize();
  view.dirty = true;
}).observe(canvas);

const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => theme(dark.matches ? "dark" : "light"));
theme(dark.matches ? "dark" : "light");
setInterval(() => showAge(server.receivedMs, server.connected), 500);
setInterval(() => byId("rows").closest("details").open && showRows(line), 1000);
setInterval(loadAmounts, AMOUNTS_EVERY_MS);
connect(take, () => (server.connected = false));
requestAnimationFrame(frame);
