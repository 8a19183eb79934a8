// How many different amounts of each size were paid, and the positions of round dollar amounts at the current price.

import { linear, niceRange } from "./scale.js";
import * as format from "./format.js";

const LABEL_PX = 34; // closer marks share no label

export class Amounts {
  constructor(surface) {
    this.surface = surface;
    this.data = null;
  }

  draw(cursor) {
    const { surface, data } = this;
    surface.clear();
    if (!data) return surface.say("Loading the amounts …");
    if (!data.sats.length) return surface.say("No payments in the window yet.");
    const { left, right, top, bottom } = surface.plot;
    this.x = linear(Math.log(data.sats[0]), Math.log(data.sats.at(-1) * 1.02), left, right);
    const range = niceRange(0, Math.max(...data.count), surface.height / 70);
    this.y = linear(0, range.high, bottom, top + 14);
    this.axes(range);
    this.marks();
    this.bars();
    return cursor ? this.crosshair(cursor) : null;
  }

  axes({ high, step }) {
    const { surface, data } = this;
    const { left, right, top, bottom } = surface.plot;
    for (let n = 0; n <= high; n += step) {
      surface.rule(left, this.y(n), right, this.y(n), surface.colours.line);
      surface.label(format.count(n), right + 8, this.y(n), "left");
    }
    for (let sats = 1000; sats <= data.sats.at(-1); sats *= 10) {
      if (sats < data.sats[0]) continue;
      surface.rule(this.x(Math.log(sats)), top, this.x(Math.log(sats)), bottom, surface.colours.line);
      surface.label(`${format.btc(sats)} BTC`, this.x(Math.log(sats)), bottom + 13, "center");
    }
  }

  marks() {
    const { surface, data } = this;
    const { left, right, top, bottom } = surface.plot;
    let before = -Infinity;
    for (const { usd, sats } of [...data.usd].sort((a, b) => a.usd - b.usd)) {
      const x = this.x(Math.log(sats));
      if (x < left || x > right) continue;
      surface.rule(x, top + 12, x, bottom, surface.colours.accent, [2, 4]);
      if (x - before < LABEL_PX) continue;
      surface.label(`$${format.count(usd)}`, x, top + 4, "center", surface.colours.accent);
      before = x;
    }
  }

  bars() {
    const { surface, data } = this;
    const { context, colours } = surface;
    context.fillStyle = colours.dot;
    context.globalAlpha = 0.8;
    const width = Math.max(1, this.x(Math.log(1.02)) - this.x(0));
    data.count.forEach((n, place) => {
      const y = this.y(n);
      context.fillRect(this.x(Math.log(data.sats[place])), y, width, surface.plot.bottom - y);
    });
    context.globalAlpha = 1;
  }

  crosshair({ x, y }) {
    const { surface, data } = this;
    const { left, right, top, bottom } = surface.plot;
    if (x < left || x > right || y < top || y > bottom) return null;
    surface.rule(x, top, x, bottom, surface.colours.soft, [3, 3]);
    const sats = Math.exp(this.x.back(x));
    const place = data.sats.findLastIndex((edge) => edge <= sats);
    const said = [`${format.btc(sats)} BTC: ${format.count(data.count[place] ?? 0)} amounts`];
    if (data.price) said.push(`${format.usdExact((sats / 1e8) * data.price)} USD at this price`);
    return said.join("\n");
  }
}
