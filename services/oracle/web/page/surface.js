// A canvas in CSS pixels, sharp on any screen, with the page's colours and letters.

const TOKENS = ["card", "ink", "soft", "line", "accent", "dot", "band", "wash"];
export const MARGIN = { left: 10, top: 12, bottom: 24, right: 74 };

export class Surface {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.readTheme();
    this.resize();
  }

  readTheme() {
    const style = getComputedStyle(this.canvas);
    this.colours = Object.fromEntries(TOKENS.map((name) => [name, this.resolve(name, style)]));
    this.canvas.style.color = "";
    this.font = `12px ${style.fontFamily}`;
  }

  // A token holds a light and a dark colour; as the colour of an element it becomes the one that applies now.
  resolve(name, style) {
    this.canvas.style.color = `var(--${name})`;
    return style.color;
  }

  resize() {
    const { width, height } = this.canvas.getBoundingClientRect();
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.width = width;
    this.height = height;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  get plot() {
    const { left, top, bottom, right } = MARGIN;
    return { left, top, right: this.width - right, bottom: this.height - bottom };
  }

  clear() {
    const { context, colours } = this;
    context.globalAlpha = 1;
    context.fillStyle = colours.card;
    context.fillRect(0, 0, this.width, this.height);
    context.font = this.font;
  }

  // One line of text across the empty chart.
  say(text) {
    const { context, colours } = this;
    context.fillStyle = colours.soft;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(text, this.width / 2, this.height / 2);
  }

  rule(x1, y1, x2, y2, colour, dash = []) {
    const { context } = this;
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
    context.lineTo(Math.round(x2) + 0.5, Math.round(y2) + 0.5);
    context.stroke();
    context.setLineDash([]);
  }

  label(text, x, y, align, colour = this.colours.soft) {
    const { context } = this;
    context.fillStyle = colour;
    context.textAlign = align;
    context.textBaseline = "middle";
    context.fillText(text, x, y);
  }
}
