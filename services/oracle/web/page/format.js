// Numbers and times as text.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

export const count = (n) => whole.format(n);
export const usd = (price) => (price >= 10000 ? whole : cents).format(price);
export const usdExact = (price) => cents.format(price);
export const time = (seconds) => clock.format(seconds * 1000);
export const hourMinute = (seconds) => minute.format(seconds * 1000);
export const moment = (seconds) => exact.format(seconds * 1000);
export const percent = (share) => `${Math.round(share * 100)} %`;
export const off = (error) => `${cents.format(100 * Math.abs(error))} %`;
export const btc = (sats) => (sats / 1e8).toPrecision(3).replace(/\.?0+$/, "");

export function age(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

// A state has a shape, a word and a colour (in oracle.css).
export const STATES = {
  ok: { word: "ok", shape: "M8 2a6 6 0 1 0 .01 0z" },
  wide: { word: "wide: few payments, or a volatile market", shape: "M1 8l4-4v8zM15 8l-4-4v8zM5 8h6" },
  ambiguous: { word: "ambiguous", shape: "M8 2l7 12H1z" },
  no_signal: { word: "no signal", shape: "M2 8h12" },
  stale: { word: "stale", shape: "M8 2l7 12H1z" },
  not_ready: { word: "not ready", shape: "M3 3h4v10H3zM9 3h4v10H9z" },
  no_market: { word: "no market on this chain", shape: "M2 8h12" },
};
