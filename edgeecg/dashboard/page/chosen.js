// The numbers beside the paper: vitals, quality, how late a decision is, and what the classifier makes of it.

import { soundOf } from "./state.js";
import { set, wordFor } from "./tiles.js";

const numbers = document.getElementById("numbers"), labels = document.getElementById("labels");
const shown = new Map(), rows = [];

export function updateChosen(stream, state) {
  set(document.getElementById("name"), stream.name);
  const badge = document.getElementById("state");
  set(badge, stream.trouble || `${stream.leads.join(", ")} at ${stream.rateHz} Hz`);
  badge.classList.toggle("bad", Boolean(stream.trouble));
  updateNumbers(stream, soundOf(stream.name));
  updateLabels(stream, state.models.get(stream.prediction?.model));
}

function updateNumbers(stream, sound) {
  const v = stream.vitals, q = stream.quality;
  const known = (value, digits = 0) => (value > 0 ? value.toFixed(digits) : "--");
  number("heart rate", known(v?.heart_rate), "/min");
  number("RR", known(v?.rr_ms), "ms");
  number("SDNN", known(v?.sdnn_ms), "ms");
  number("RMSSD", known(v?.rmssd_ms), "ms");
  number("quality", q ? q.index.toFixed(2) : "--", q && !q.good ? q.reason.replaceAll("_", " ") : "");
  updateSound(sound, known);
  number("decided after", stream.head < 0 ? "--" : Math.max(0.1, stream.behindS * 1000).toFixed(stream.behindS < 0.01 ? 1 : 0), "ms");
}

const give = (ms) => `± ${ms.toFixed(ms < 10 ? 1 : 0)} ms`;

function updateSound(sound, known) {
  const c = sound?.couplings.at(-1);
  if (!sound) {
    ["R to S1", "S1 to S2", "sound"].forEach(without);
    return;
  }
  number("R to S1", known(c?.delay_ms), c?.delay_sd_ms > 0 ? give(c.delay_sd_ms) : "ms");
  number("S1 to S2", known(c?.s1_s2_ms), c?.s1_s2_sd_ms > 0 ? give(c.s1_s2_sd_ms) : "ms");
  const q = sound.quality;
  number("sound", q ? q.index.toFixed(2) : "--", q && !q.good ? q.reason.replaceAll("_", " ") : "");
}

function number(name, value, unit) {
  if (!shown.has(name)) {
    const box = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd"), small = document.createElement("small");
    const text = document.createTextNode("");
    dt.textContent = name; dd.append(text, small); box.append(dt, dd); numbers.append(box);
    shown.set(name, [text, small, box]);
  }
  const [text, small] = shown.get(name);
  set(text, value); set(small, unit);
}

function without(name) {
  shown.get(name)?.[2].remove();
  shown.delete(name);
}

function updateLabels(stream, model) {
  const p = stream.prediction;
  document.getElementById("rhythm").hidden = !p || !model;
  if (!p || !model) return;
  set(document.getElementById("model"), `by ${p.model}`);
  const ranked = model.labels.map((label, i) => [label, p.probabilities[i] ?? 0]).filter(([label]) => model.shown.includes(label));
  ranked.sort((a, b) => b[1] - a[1]);
  ranked.slice(0, 6).forEach(([label, probability], i) => row(i, label, probability, label === p.label && !p.abstained));
  rows.forEach(({ li }, i) => (li.hidden = i >= Math.min(6, ranked.length)));
  set(document.getElementById("looked"), p.abstained ? "Not sure enough to answer." : p.activation.length ? "Shaded on the paper: what spoke for it." : "");
}

function row(i, label, probability, isTop) {
  if (!rows[i]) {
    const li = document.createElement("li"), name = document.createElement("span"), bar = document.createElement("span"), fill = document.createElement("i");
    const out = document.createElement("output");
    bar.className = "bar"; bar.append(fill); li.append(name, bar, out); labels.append(li);
    rows[i] = { li, name, fill, out };
  }
  const { li, name, fill, out } = rows[i];
  li.classList.toggle("top", isTop);
  set(name, wordFor(label)); set(out, `${Math.round(probability * 100)} %`);
  fill.style.transform = `scaleX(${probability.toFixed(3)})`;
}
