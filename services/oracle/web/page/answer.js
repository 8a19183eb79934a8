// The text of the page: the price, its interval and its state.

import * as format from "./format.js";

const byId = (id) => document.getElementById(id);
const set = (id, text) => {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
};

export function showAnswer(message) {
  const { price, low, high, state, market, stats } = message;
  const known = format.STATES[state];
  document.body.dataset.state = state;
  document.body.classList.toggle("old", state === "stale");
  set("price", price === null ? "No price" : `${format.usd(price)} USD`);
  set("interval", low === null ? "\u00a0" : `90 % between ${format.usd(low)} and ${format.usd(high)}`);
  set("state", known.word);
  byId("shape").setAttribute("d", known.shape);
  set("confidence", price === null ? "–" : format.percent(message.confidence));
  byId("meter").value = message.confidence;
  set("points", format.count(message.n_points));
  set("reason", sentence(message));
  byId("synthetic").hidden = market !== "synthetic";
  set("flow", message.flow ? `The generator uses ${format.usd(message.flow.price)} USD: the estimate is off by ${format.off(message.flow.error)}.` : "");
  document.title = `${price === null || state === "stale" ? known.word : format.usd(price) + " USD"}${market === "synthetic" ? " (synthetic)" : ""} · oracle`;
  set("received", format.count(stats.total_received));
  set("active", format.count(stats.active_in_window));
  set("waiting", format.count(stats.mempool));
  set("missed", format.count(stats.events_missed));
  set("resyncs", format.count(stats.resyncs));
}

function sentence({ reason, state, age_s }) {
  const text = reason[0].toUpperCase() + reason.slice(1);
  return state === "stale" ? `${text}. This price is ${format.age(age_s)} old.` : `${text}.`;
}

export function showAge(receivedMs, connected) {
  const seconds = (performance.now() - receivedMs) / 1000;
  const lost = !connected || seconds > 3;
  document.body.classList.toggle("lost", lost);
  if (lost) document.body.classList.add("old");
  set("live", lost ? `no data for ${format.age(seconds)}, reconnecting` : `true as of ${format.age(seconds)} ago`);
}

export function showRows(line) {
  const rows = [];
  for (let n = line.length - 1; n >= Math.max(0, line.length - 20); n--) {
    const at = line.at(n);
    const [time, ...money] = line.values.subarray(at, at + 4);
    const row = document.createElement("tr");
    for (const [place, text] of [format.time(time), ...money.map(format.usd)].entries()) {
      const cell = row.appendChild(document.createElement("td"));
      cell.textContent = text;
      if (!place) cell.title = format.moment(time);
    }
    rows.push(row);
  }
  byId("rows").replaceChildren(...rows);
}
