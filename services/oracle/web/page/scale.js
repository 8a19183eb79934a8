// From values to pixels and back, with ticks at round numbers.

export function niceStep(range, ticks) {
  const raw = range / Math.max(1, ticks);
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 2.5, 5, 10].find((m) => m * power >= raw) * power;
}

// Widened to whole steps, so that the axis stands still while the values move a little.
export function niceRange(low, high, ticks) {
  const step = niceStep(high - low || Math.abs(high) * 0.01 || 1, ticks);
  return { low: Math.floor(low / step) * step, high: Math.ceil(high / step) * step, step };
}

export function linear(fromLow, fromHigh, toLow, toHigh) {
  const factor = (toHigh - toLow) / (fromHigh - fromLow);
  const to = (value) => toLow + (value - fromLow) * factor;
  to.back = (pixel) => fromLow + (pixel - toLow) / factor;
  return to;
}

// The value below which `share` of `values` lies; sorts a copy of at most 500 of them.
export function quantile(values, count, share) {
  const every = Math.max(1, Math.ceil(count / 500));
  const some = [];
  for (let n = 0; n < count; n += every) some.push(values[n]);
  some.sort((a, b) => a - b);
  return some[Math.min(some.length - 1, Math.floor(share * some.length))];
}

const TIME_STEPS = [15, 30, 60, 120, 300, 600, 900, 1800, 3600];
export const timeStep = (range, ticks) => TIME_STEPS.find((step) => range / step <= ticks) ?? 3600;
