// The moving paper: 25 mm/s, a millimetre is four CSS pixels. Everything is drawn from the stream's ring, once a frame.

export const MM = 4, MM_PER_S = 25;
const LABEL = { normal: "N", wide: "V", unknown: "?" };
let colours = null;

export function readColours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  colours = Object.fromEntries(
    ["paper", "grid", "grid-strong", "trace", "beat", "wide", "look", "sound", "s1", "s2", "soft", "ink", "high", "accent", "edge"].map((n) => [n, of(n)]));
}

export const colourOf = (name) => colours[name];

export class Canvas {
  // An opaque one is all paper: nothing under it has to be mixed in, sixty times a second.
  constructor(element, { isOpaque = false } = {}) {
    this.element = element;
    this.isOpaque = isOpaque;
    this.context = element.getContext("2d", { alpha: !isOpaque });
    this.fit();
    new ResizeObserver(() => this.fit()).observe(element);
  }

  fit() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.element.clientWidth * ratio), height = Math.round(this.element.clientHeight * ratio);
    if (this.element.width !== width || this.element.height !== height) { this.element.width = width; this.element.height = height; }
    this.ratio = ratio; this.width = width / ratio; this.height = height / ratio;
    this.sheet = null;
  }

  begin() {
    this.context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    if (!this.isOpaque) this.context.clearRect(0, 0, this.width, this.height);
    return this.context;
  }

  // Drawn once, a square wider than it is seen, and laid down shifted: copying is the cheapest thing there is without a GPU.
  paper(offset) {
    const g = this.context, side = 5 * MM, before = Math.round((((offset % side) + side) % side - side) * this.ratio);
    if (!this.sheet || this.sheetOf !== colours.grid) { this.sheet = sheetOf(this.element, side * this.ratio, this.ratio); this.sheetOf = colours.grid; }
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.drawImage(this.sheet, before, 0);
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
  }
}

function sheetOf({ width, height }, side, ratio) {
  const sheet = document.createElement("canvas"), line = Math.max(1, Math.round(ratio)), step = MM * ratio;
  sheet.width = width + Math.ceil(side) + line; sheet.height = Math.max(1, height);
  const g = sheet.getContext("2d", { alpha: false });
  g.fillStyle = colours.paper; g.fillRect(0, 0, sheet.width, sheet.height);
  for (const [colour, every] of [["grid", step], ["grid-strong", side]]) {
    g.fillStyle = colours[colour];
    for (let at = 0; at < sheet.width; at += every) g.fillRect(Math.round(at), 0, line, sheet.height);
    for (let at = 0; at < sheet.height; at += every) g.fillRect(0, Math.round(at), sheet.width, line);
  }
  return sheet;
}

// x of a sample, when `shown` is at the right edge
const place = (canvas, stream, pxPerS) => (sample) => canvas.width + ((sample - stream.shown) / stream.rateHz) * pxPerS;

export function drawEcg(canvas, stream, { mmPerMv, alerts }) {
  const g = canvas.begin(), pxPerS = MM * MM_PER_S, x = place(canvas, stream, pxPerS);
  canvas.paper(-((stream.shown / stream.rateHz) * pxPerS) % (5 * MM));
  const from = Math.max(0, Math.floor(stream.shown - (canvas.width / pxPerS) * stream.rateHz) - 2), to = Math.ceil(stream.shown);
  const middle = canvas.height * 0.58, pxPerMv = mmPerMv * MM;
  shade(g, canvas, stream, x);
  missing(g, canvas, stream, x, from, to);
  stream.baseline += (typical(stream, from, to) - stream.baseline) * 0.08;
  trace(g, canvas, stream, from, to, x, (mv) => middle - (mv - stream.baseline) * pxPerMv, colours.trace);
  onsets(g, canvas, x, alerts);
  marks(g, canvas, stream, x);
  fadeIn(g, canvas);
}

function typical(stream, from, to) {
  const some = [], step = Math.max(1, Math.floor((to - from) / 61));
  for (let i = from; i < to; i += step) { const v = stream.at(i); if (v === v) some.push(v); }
  if (!some.length) return stream.baseline;
  some.sort((a, b) => a - b);
  return some[some.length >> 1];
}

function trace(g, canvas, stream, from, to, x, y, colour) {
  const path = new Path2D();
  let isDown = false;
  for (let i = from; i < to; i++) {
    const v = stream.at(i);
    if (v !== v) { isDown = false; continue; }
    if (isDown) path.lineTo(x(i), y(v)); else { path.moveTo(x(i), y(v)); isDown = true; }
  }
  g.strokeStyle = colour; g.lineJoin = "round";
  ink(g, path, canvas.ratio);
}

// A line of a pixel and a half. Without a GPU one of a pixel costs a tenth of any that is wider: so there it is two of them.
function ink(g, path, ratio) {
  g.lineWidth = ratio > 1 ? 1.5 : 1;
  g.stroke(path);
  if (ratio > 1) return;
  g.translate(0, 0.5); g.stroke(path); g.translate(0, -0.5);
}

// Where the model looked: the stronger it spoke for the answer, the stronger the shade.
function shade(g, canvas, stream, x) {
  const p = stream.prediction;
  if (!p || !p.activation.length) return;
  const n = p.activation.length, left = x(p.start_sample), width = x(p.start_sample + p.len_samples) - left;
  if (left > canvas.width || left + width < 0) return;
  const along = (most) => {
    const colour = g.createLinearGradient(left, 0, left + width, 0);
    p.activation.forEach((one, i) => colour.addColorStop((i + 0.5) / n, `rgba(${colours.look}, ${(most * Math.max(0, one) ** 2).toFixed(3)})`));
    return colour;
  };
  g.fillStyle = along(0.1); g.fillRect(left, 26, width, canvas.height - 26);
  g.fillStyle = along(0.9); g.fillRect(left, canvas.height - 5, width, 5);
}

function missing(g, canvas, stream, x, from, to) {
  let since = -1;
  for (let i = from; i <= to; i++) {
    const isMissing = i < to && stream.at(i) !== stream.at(i) && i < stream.head && i >= stream.head - stream.ring.length;
    if (isMissing && since < 0) since = i;
    if (!isMissing && since >= 0) {
      const left = x(since), width = x(i) - left;
      if (width > 3) {
        g.fillStyle = colours.edge; g.globalAlpha = 0.5; g.fillRect(left, 26, width, canvas.height); g.globalAlpha = 1;
        if (width > 70) { g.fillStyle = colours.soft; g.font = "12px system-ui, sans-serif"; g.textAlign = "center"; g.fillText("no samples", left + width / 2, canvas.height / 2); }
      }
      since = -1;
    }
  }
}

function marks(g, canvas, stream, x) {
  g.font = "600 12px system-ui, 'DejaVu Sans', sans-serif"; g.textAlign = "center"; g.textBaseline = "middle";
  let before = null;
  for (const beat of stream.beats) {
    if (beat.lead !== stream.leads[0]) continue;
    const at = x(beat.sample);
    if (at > -60 && at < canvas.width + 5) {
      const isWide = beat.morphology === "wide";
      g.fillStyle = isWide ? colours.wide : colours.beat;
      if (isWide) diamond(g, at, 13); else g.fillRect(at - 0.75, 19, 1.5, 6);
      g.globalAlpha = Math.max(0.45, Math.min(1, beat.confidence ?? 1));
      if (isWide) { g.fillStyle = colours.paper; g.fillText("V", at, 13.5); } else g.fillText(LABEL[beat.morphology], at, 11);
      g.globalAlpha = 1;
      interval(g, before, at, beat, stream);
    }
    before = { at, sample: beat.sample };
  }
}

function diamond(g, x, y) {
  g.beginPath(); g.moveTo(x, y - 11); g.lineTo(x + 10, y); g.lineTo(x, y + 11); g.lineTo(x - 10, y); g.closePath(); g.fill();
}

function interval(g, before, at, beat, stream) {
  if (!before || at - before.at < 52) return;
  g.fillStyle = colours.soft; g.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  g.fillText(String(Math.round(((beat.sample - before.sample) / stream.rateHz) * 1000)), (at + before.at) / 2, 12);
  g.font = "600 12px system-ui, 'DejaVu Sans', sans-serif";
}

function onsets(g, canvas, x, alerts) {
  g.font = "600 11px system-ui, 'DejaVu Sans', sans-serif"; g.textAlign = "left"; g.textBaseline = "alphabetic";
  alerts.forEach((alert, i) => {
    const at = x(alert.onset_sample);
    if (at < -140 || at > canvas.width) return;
    g.strokeStyle = g.fillStyle = colours.high; g.setLineDash([4, 3]); g.lineWidth = 1.2;
    g.beginPath(); g.moveTo(at, 26); g.lineTo(at, canvas.height); g.stroke(); g.setLineDash([]);
    g.fillText(alert.rule, at + 4, canvas.height - 8 - 14 * (i % 3));
  });
}

function fadeIn(g, canvas) {
  const shade = g.createLinearGradient(0, 0, 28, 0);
  shade.addColorStop(0, colours.paper); shade.addColorStop(1, `${colours.paper}00`);
  g.fillStyle = shade; g.fillRect(0, 0, 28, canvas.height);
}

export function drawTile(canvas, stream) {
  const g = canvas.begin(), seconds = 4, pxPerS = canvas.width / seconds, x = place(canvas, stream, pxPerS);
  const step = Math.max(1, Math.floor(stream.rateHz / 125));
  const to = Math.ceil(stream.shown), from = Math.max(0, to - Math.ceil(seconds * stream.rateHz));
  let low = Infinity, high = -Infinity;
  for (let i = from; i < to; i += step) { const v = stream.at(i); if (v < low) low = v; if (v > high) high = v; }
  const span = Math.max(0.4, high - low), bottom = canvas.height - 2;
  g.beginPath();
  let isDown = false;
  for (let i = from; i < to; i += step) {
    let v = stream.at(i);
    for (let j = 1; j < step; j++) { const w = stream.at(i + j); if (Math.abs(w - low) > Math.abs(v - low)) v = w; }
    if (v !== v) { isDown = false; continue; }
    const y = bottom - ((v - low) / span) * (bottom - 2);
    if (isDown) g.lineTo(x(i), y); else { g.moveTo(x(i), y); isDown = true; }
  }
  g.strokeStyle = colours.accent; g.lineWidth = 1; g.stroke();
}
