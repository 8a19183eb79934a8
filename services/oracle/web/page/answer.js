// The number, its interval, its state: the page's text.

import * as words from "./words.js";

const byId = (id) => document.getElementById(id);
const set = (id, text) => {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
};

export function showAnswer(message) {
  const { price, low, high, state, market, stats } = message;
  const told = words.STATES[state];
  document.body.dataset.state = state;
  document.body.classList.toggle("old", state === "stale");
  set("price", price === null ? "No price" : `${words.usd(price)} USD`);
  set("interval", low === null ? "\u00a0" : `90 % between ${words.usd(low)} and ${words.usd(high)}`);
  set("state", told.word);
  byId("shape").setAttribute("d", told.shape);
  set("confidence", price === null ? "–" : words.percent(message.confidence));
  byId("meter").value = message.confidence;
  set("points", words.count(message.n_points));
  set("reason", sentence(message));
  byId("synthetic").hidden = market !== "synthetic";
  set("flow", message.flow ? `The flow was made at ${words.usd(message.flow.price)} USD: ${words.off(message.flow.error)} off.` : "");
  document.title = `${price === null || state === "stale" ? told.word : words.usd(price) + " USD"}${market === "synthetic" ? " (synthetic)" : ""} · oracle`;
  set("received", words.count(stats.total_received));
  set("active", words.count(stats.active_in_window));
  set("waiting", words.count(stats.mempool));
  set("missed", words.count(stats.events_missed));
  set("resyncs", words.count(stats.resyncs));
}

function sentence({ reason, state, age_s }) {
  const text = reason[0].toUpperCase() + reason.slice(1);
  return state === "stale" ? `${text}. The number is ${words.age(age_s)} old.` : `${text}.`;
}

export function showAge(receivedMs, connected) {
  const seconds = (performance.now() - receivedMs) / 1000;
  const lost = !connected || seconds > 3;
  document.body.classList.toggle("lost", lost);
  if (lost) document.body.classList.add("old");
  set("live", lost ? `no answer for ${words.age(seconds)}; trying again` : `true as of ${words.age(seconds)} ago`);
}

export function showRows(line) {
  const rows = [];
  for (let n = line.length - 1; n >= Math.max(0, line.length - 20); n--) {
    const at = line.at(n);
    const [time, ...money] = line.values.subarray(at, at + 4);
    const row = document.createElement("tr");
    for (const [place, text] of [words.time(time), ...money.map(words.usd)].entries()) {
      const cell = row.appendChild(document.createElement("td"));
      cell.textContent = text;
      if (!place) cell.title = words.moment(time);
    }
    rows.push(row);
  }
  byId("rows").replaceChildren(...rows);
}
