// One button a stream, in the order of their names: what is in a place stays there.

import { gravest } from "./state.js";
import { Canvas, drawTile } from "./strip.js";

const box = document.getElementById("tiles");
const tiles = new Map();
const visible = new IntersectionObserver((entries) => { for (const e of entries) tiles.get(e.target.dataset.stream)?.see(e.isIntersecting); });
let turn = 0;

class Tile {
  constructor(name, choose) {
    const element = this.element = document.createElement("button");
    element.type = "button"; element.className = "tile"; element.dataset.stream = name;
    element.append(...["name", "rate", "says"].map((part) => (this[part] = span(part))));
    this.name.textContent = name; this.name.title = name;
    const canvas = document.createElement("canvas");
    element.append(canvas);
    this.bars = span("bars"); this.bars.append(...Array.from({ length: 5 }, () => document.createElement("i")));
    this.flag = span("flag"); this.rhythm = span("rhythm"); this.behind = span("behind");
    this.says.append(this.bars, this.flag, this.rhythm, this.behind);
    this.value = document.createTextNode("--");
    const unit = document.createElement("small"); unit.textContent = "/min";
    this.rate.append(this.value, unit);
    element.addEventListener("click", () => choose(name));
    this.isVisible = false;
    box.append(element);
    this.canvas = new Canvas(canvas);
    visible.observe(element);
  }

  see(isVisible) { this.isVisible = isVisible; }

  update(stream, isChosen) {
    const rate = stream.vitals?.heart_rate;
    set(this.value, rate > 0 ? Math.round(rate) : "--");
    set(this.flag, stream.trouble);
    set(this.rhythm, labelOf(stream));
    set(this.behind, stream.head < 0 ? "" : stream.behindS < 1 ? `${Math.max(1, Math.round(stream.behindS * 1000))} ms` : `${stream.behindS.toFixed(1)} s`);
    const index = stream.quality?.index ?? 0, n = Math.round(index * 5);
    [...this.bars.children].forEach((bar, i) => bar.classList.toggle("on", i < n));
    this.bars.classList.toggle("poor", stream.quality ? !stream.quality.good : false);
    this.bars.title = stream.quality ? `signal quality ${index.toFixed(2)}` : "signal quality not known";
    this.element.setAttribute("aria-pressed", isChosen);
    this.element.tabIndex = isChosen ? 0 : -1;
    this.element.dataset.priority = gravest(stream.name);
  }
}

// What the labels of the challenge of 2017 mean, which the shipped model answers with.
const WORDS = { N: "normal rhythm", A: "atrial fibrillation", O: "other rhythm", "~": "noise" };
export const wordFor = (label) => WORDS[label] ?? label;

export function labelOf(stream) {
  const p = stream.prediction;
  return p ? (p.abstained ? "no answer" : wordFor(p.label)) : "";
}

export function updateTiles(streams, chosen, choose) {
  const names = [...streams.keys()].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  for (const [name, tile] of tiles) if (!streams.has(name)) { tile.element.remove(); visible.unobserve(tile.element); tiles.delete(name); }
  names.forEach((name, i) => {
    if (!tiles.has(name)) tiles.set(name, new Tile(name, choose));
    const tile = tiles.get(name);
    if (box.children[i] !== tile.element) box.insertBefore(tile.element, box.children[i] ?? null);
    tile.update(streams.get(name), name === chosen);
  });
  return names;
}

// Those that are seen, together in every fifth frame: what changes between two frames is put on the screen as one rectangle,
// which in the other four is the paper alone.
export function drawTiles(streams) {
  turn = (turn + 1) % 5;
  if (turn) return;
  for (const [name, tile] of tiles) if (tile.isVisible && streams.has(name)) drawTile(tile.canvas, streams.get(name));
}

export function focusTile(name) {
  const element = tiles.get(name)?.element;
  element?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function span(name) {
  const element = document.createElement("span");
  element.className = name;
  return element;
}

export function set(node, value) {
  const text = String(value);
  if (node.nodeValue !== null ? node.nodeValue !== text : node.textContent !== text) {
    if (node.nodeValue !== null) node.nodeValue = text; else node.textContent = text;
  }
}
