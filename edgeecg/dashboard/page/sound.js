// Heart sounds under the paper, on its time; and how the heart's electricity became sound.

import { millivolts } from "./state.js";
import { MM, MM_PER_S, colourOf } from "./strip.js";

const FONT = "600 12px system-ui, 'DejaVu Sans', sans-serif", SMALL = "11px system-ui, 'DejaVu Sans', sans-serif";
const KERNEL_MS = 600;

// The sound is counted on its own clock: the last beat that was heard says where the two meet.
function shownOf(sound, heart) {
  const cycle = sound.cycle;
  if (!cycle) return sound.shown;
  return cycle.sample + ((heart.shown - cycle.beat_sample) / heart.rateHz) * sound.rateHz;
}

export function drawSound(canvas, sound, heart) {
  const g = canvas.begin(), pxPerS = MM * MM_PER_S, shown = shownOf(sound, heart), perPx = sound.rateHz / pxPerS;
  canvas.paper(-((heart.shown / heart.rateHz) * pxPerS) % (5 * MM));
  const x = (sample) => canvas.width + ((sample - shown) / sound.rateHz) * pxPerS;
  const middle = (canvas.height + 20) / 2, tall = (canvas.height - 34) / 2;
  const columns = swings(sound, shown - canvas.width * perPx, perPx, canvas.width);
  sound.tall = Math.max(1e-9, (sound.tall ?? 0) * 0.98, ...columns.map(([low, high]) => Math.max(-low, high)));
  g.beginPath();
  columns.forEach(([low, high], i) => {
    if (low > high) return;
    g.moveTo(i + 0.5, middle - (high / sound.tall) * tall - 0.5);
    g.lineTo(i + 0.5, middle - (low / sound.tall) * tall + 0.5);
  });
  g.strokeStyle = colourOf("sound"); g.lineWidth = 1; g.stroke();
  g.font = FONT; g.textAlign = "center"; g.textBaseline = "middle";
  for (const one of sound.sounds) {
    const at = x(one.sample), colour = colourOf(one.which === "s1" ? "s1" : "s2");
    if (at < -20 || at > canvas.width + 20) continue;
    g.fillStyle = colour; g.globalAlpha = Math.max(0.4, one.confidence);
    g.fillText(one.which.toUpperCase(), at, 10); g.fillRect(at - 0.75, 17, 1.5, 6);
    g.globalAlpha = 0.13;
    const width = (one.duration_ms / 1000) * pxPerS;
    g.fillRect(at - width / 2, 24, width, canvas.height - 24);
    g.globalAlpha = 1;
  }
}

// The lowest and highest sample of each column of pixels.
function swings(sound, from, perPx, width) {
  const columns = [];
  for (let column = 0; column < width; column++) {
    let low = Infinity, high = -Infinity;
    for (let i = Math.floor(from + column * perPx); i < from + (column + 1) * perPx; i++) {
      const v = sound.at(i);
      if (v < low) low = v;
      if (v > high) high = v;
    }
    columns.push([low, high]);
  }
  return columns;
}

export function drawCoupling(canvas, sound) {
  const g = canvas.begin(), half = Math.round(canvas.width * 0.5) - 8;
  kernel(g, canvas, sound, half);
  delays(g, canvas, sound.couplings, half + 16);
}

// The longest of the texts that fits.
function caption(g, texts, left, width) {
  g.font = SMALL; g.textBaseline = "alphabetic"; g.textAlign = "left"; g.fillStyle = colourOf("soft");
  g.fillText(texts.find((text) => g.measureText(text).width <= width) ?? texts.at(-1), left, 14);
}

function kernel(g, canvas, sound, width) {
  const coupling = sound.couplings.at(-1), quality = sound.quality;
  caption(g, ["from R peak to sound: this beat, and its beats so far", "R to sound: this beat, and so far", "R to sound (ms)"], 8, width - 8);
  if (!coupling.smoothed) {
    g.fillText(quality && !quality.good ? `not told: ${quality.reason.replaceAll("_", " ")}` : "not told of this beat", 8, canvas.height / 2);
    return;
  }
  coupling.curves ??= [millivolts(coupling.smoothed), millivolts(coupling.kernel)];
  const most = Math.max(...coupling.curves.flatMap((curve) => [...curve].map(Math.abs)), 1e-12);
  const middle = (canvas.height + 12) / 2, tall = (canvas.height - 44) / 2, x = (ms) => 8 + (ms / KERNEL_MS) * (width - 16);
  g.textAlign = "center";
  const step = width < 300 ? 200 : 100;
  for (let ms = 0; ms <= KERNEL_MS; ms += step) { g.fillStyle = colourOf("grid-strong"); g.fillRect(x(ms), 20, 1, canvas.height - 36); g.fillStyle = colourOf("soft"); g.fillText(ms ? String(ms) : "R", x(ms) + (ms === KERNEL_MS ? -6 : 0), canvas.height - 4); }
  coupling.curves.forEach((curve, which) => {
    g.beginPath();
    curve.forEach((v, i) => (i ? g.lineTo(x((i * KERNEL_MS) / (curve.length - 1)), middle - (v / most) * tall) : g.moveTo(x(0), middle - (v / most) * tall)));
    g.strokeStyle = colourOf(which ? "sound" : "accent"); g.lineWidth = which ? 1 : 2.2; g.globalAlpha = which ? 0.7 : 1; g.stroke(); g.globalAlpha = 1;
  });
}

function delays(g, canvas, couplings, left) {
  const told = couplings.filter((c) => c.delay_ms > 0).slice(-60);
  const texts = ["electromechanical delay, R to S1, the last 60 beats (ms)", "R to S1, the last 60 beats (ms)", "R to S1 (ms)"];
  caption(g, texts, left, canvas.width - left - 8);
  if (!told.length) return;
  const low = Math.min(...told.map((c) => c.delay_ms)) - 4, high = Math.max(...told.map((c) => c.delay_ms)) + 4;
  const y = (ms) => canvas.height - 10 - ((ms - low) / (high - low)) * (canvas.height - 34), right = canvas.width - 44;
  const x = (i) => left + ((i + 0.5 + 60 - told.length) / 60) * (right - left);
  told.forEach((c, i) => {
    g.globalAlpha = 0.25; g.fillStyle = colourOf("s1");
    if (c.delay_sd_ms > 0) g.fillRect(x(i) - 1, y(c.delay_ms + c.delay_sd_ms), 2, Math.max(1, y(c.delay_ms - c.delay_sd_ms) - y(c.delay_ms + c.delay_sd_ms)));
    g.globalAlpha = Math.max(0.35, c.confidence);
    g.beginPath(); g.arc(x(i), y(c.delay_ms), 2.6, 0, 7); g.fill(); g.globalAlpha = 1;
  });
  g.fillStyle = colourOf("soft");
  g.fillText(high.toFixed(0), right + 8, y(high) + 8); g.fillText(low.toFixed(0), right + 8, y(low));
}
