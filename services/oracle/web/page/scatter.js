// Implied prices over time: dots, the estimate's line with its band, a crosshair.

import { linear, niceRange, quantile, timeStep } from "./scale.js";
import * as format from "./format.js";

const DOT = 2;
const NEAR_PX = 14;
const BREAK_S = 60; // a longer silence is a gap in the line

export class Scatter {
  // points: Ring of (unix s, USD); line: Ring of (unix s, USD, low, high)
  constructor(surface, points, line) {
    Object.assign(this, { surface, points, line });
    this.prices = new Float64Array(points.capacity);
  }

  // What it shows now, whatever is heard later.
  copy() {
    return new Scatter(this.surface, this.points.copy(), this.line.copy());
  }

  draw(now, seconds, cursor) {
    const { surface } = this;
    surface.clear();
    const { left, right, top, bottom } = surface.plot;
    this.since = now - seconds;
    this.until = now;
    this.x = linear(this.since, this.until, left, right);
    const range = this.range();
    if (!range) return surface.say("No payments of round amounts in this time yet.");
    this.y = linear(range.low, range.high, bottom, top);
    this.axes(range);
    this.band();
    this.dots();
    this.estimate();
    return cursor ? this.crosshair(cursor) : null;
  }

  shows(time) {
    return time >= this.since && time <= this.until;
  }

  // What the axis must hold: the band, and most of the dots. Those far off are no payments of round amounts.
  range() {
    const { points, line, prices } = this;
    let count = 0;
    for (let n = points.length - 1; n >= 0; n--) {
      const at = points.at(n);
      if (this.shows(points.values[at])) prices[count++] = points.values[at + 1];
    }
    let low = count ? quantile(prices, count, 0.2) : Infinity;
    let high = count ? quantile(prices, count, 0.8) : -Infinity;
    for (let n = line.length - 1; n >= 0; n--) {
      const at = line.at(n);
      if (!this.shows(line.values[at])) continue;
      low = Math.min(low, line.values[at + 2]);
      high = Math.max(high, line.values[at + 3]);
    }
    return low <= high ? niceRange(low, high, this.surface.height / 70) : null;
  }

  axes({ low, high, step }) {
    const { surface, since, until } = this;
    const { left, right, top, bottom } = surface.plot;
    for (let price = low; price <= high + step / 2; price += step) {
      surface.rule(left, this.y(price), right, this.y(price), surface.colours.line);
      surface.label(format.usd(price), right + 8, this.y(price), "left");
    }
    const every = timeStep(until - since, surface.width / 90);
    const name = every < 60 ? format.time : format.hourMinute;
    for (let at = Math.ceil(since / every) * every; at < until; at += every) {
      surface.rule(this.x(at), top, this.x(at), bottom, surface.colours.line);
      surface.label(name(at), this.x(at), bottom + 13, "center");
    }
  }

  dots() {
    const { points } = this;
    const { context, colours, plot } = this.surface;
    context.fillStyle = colours.dot;
    context.globalAlpha = points.length > 3000 ? 0.35 : 0.55;
    for (let n = points.length - 1; n >= 0; n--) {
      const at = points.at(n);
      if (!this.shows(points.values[at])) continue;
      const y = this.y(points.values[at + 1]);
      if (y >= plot.top && y <= plot.bottom) context.fillRect(this.x(points.values[at]) - 1, y - 1, DOT, DOT);
    }
    context.globalAlpha = 1;
  }

  // Runs of rows without a gap, as [first, last] places in the ring.
  runs() {
    const { line } = this;
    const found = [];
    for (let n = 0, before = -Infinity; n < line.length; n++) {
      const at = line.values[line.at(n)];
      if (!this.shows(at)) continue;
      if (at - before > BREAK_S) found.push([n, n]);
      found.at(-1)[1] = n;
      before = at;
    }
    return found;
  }

  band() {
    const { context, colours } = this.surface;
    const { line } = this;
    context.fillStyle = colours.band;
    context.globalAlpha = 0.16;
    for (const [first, last] of this.runs()) {
      context.beginPath();
      for (let n = first; n <= last; n++) context.lineTo(this.x(line.values[line.at(n)]), this.y(line.values[line.at(n) + 3]));
      for (let n = last; n >= first; n--) context.lineTo(this.x(line.values[line.at(n)]), this.y(line.values[line.at(n) + 2]));
      context.fill();
    }
    context.globalAlpha = 1;
  }

  estimate() {
    const { context, colours } = this.surface;
    const { line } = this;
    context.strokeStyle = colours.accent;
    context.lineWidth = 2;
    for (const [first, last] of this.runs()) {
      context.beginPath();
      for (let n = first; n <= last; n++) context.lineTo(this.x(line.values[line.at(n)]), this.y(line.values[line.at(n) + 1]));
      context.stroke();
    }
  }

  // Draws it and returns its words: the dot under it, and the estimate of that time.
  crosshair({ x, y }) {
    const { surface } = this;
    const { left, right, top, bottom } = surface.plot;
    if (x < left || x > right || y < top || y > bottom) return null;
    surface.rule(x, top, x, bottom, surface.colours.soft, [3, 3]);
    surface.rule(left, y, right, y, surface.colours.soft, [3, 3]);
    const said = [format.time(this.x.back(x))];
    const dot = this.nearest(x, y);
    if (dot >= 0) {
      const { context, colours } = surface;
      context.fillStyle = colours.ink;
      context.fillRect(this.x(this.points.values[dot]) - 3, this.y(this.points.values[dot + 1]) - 3, 6, 6);
      said[0] = format.time(this.points.values[dot]);
      said.push(`${format.usdExact(this.points.values[dot + 1])} USD by one payment`);
    } else {
      said.push(`${format.usd(this.y.back(y))} USD`);
    }
    const row = this.lineAt(this.x.back(x));
    if (row >= 0) {
      const [, price, low, high] = this.line.values.subarray(row, row + 4);
      said.push(`estimate ${format.usd(price)} USD, 90 % in ${format.usd(low)} to ${format.usd(high)}`);
    }
    return said.join("\n");
  }

  nearest(x, y) {
    const { points } = this;
    let best = -1;
    let distance = NEAR_PX ** 2;
    for (let n = 0; n < points.length; n++) {
      const at = points.at(n);
      const d = (this.x(points.values[at]) - x) ** 2 + (this.y(points.values[at + 1]) - y) ** 2;
      if (d < distance) [best, distance] = [at, d];
    }
    return best;
  }

  lineAt(time) {
    const { line } = this;
    for (let n = line.length - 1; n >= 0; n--) {
      if (line.values[line.at(n)] <= time) return time - line.values[line.at(n)] < BREAK_S ? line.at(n) : -1;
    }
    return -1;
  }
}
