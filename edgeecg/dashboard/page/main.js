// The page: a line to the daemon, sixty pictures a second, and everything that is words four times a second.

import { acknowledge, clock, connectAlerts, firstUnseen, updateAlerts } from "./alerts.js";
import { updateChosen } from "./chosen.js";
import { fold, hearts, isOver, nowMs, soundOf, state } from "./state.js";
import { drawCoupling, drawSound } from "./sound.js";
import { Canvas, drawEcg, readColours } from "./strip.js";
import { drawTiles, focusTile, set, updateTiles } from "./tiles.js";

const WORDS_MS = 250, GAINS = [10, 20, 5];
const SILENT_MS = 4000, GONE_MS = 12000;  // the daemon says something every second; a line that is cut without a word stays open for ever
const $ = (id) => document.getElementById(id);
let socket = null, heardAt = 0, chosen = null, names = [], gain = 0, lastFrame = 0, lastWords = 0;
const papers = {};

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws", mine = new WebSocket(`${scheme}://${location.host}/live`);
  socket = mine;
  heardAt = performance.now();
  socket.addEventListener("message", (event) => {
    if (mine !== socket) return;
    heardAt = performance.now();
    const told = JSON.parse(event.data);
    fold(told);
    if (told.some((message) => message.kind === "alert")) lastWords = -WORDS_MS;  // an alert waits for the next picture, no longer
  });
  socket.addEventListener("close", () => { if (mine === socket) lose(); });
}

function lose() {
  const lost = socket;
  state.isAway = true; socket = null;
  lost.close();
  setTimeout(again, 1000);
}

// Who served this page may have begun anew, and knows no session of before: it gives another, or asks for the token.
async function again() {
  const answer = await fetch("/", { cache: "no-store" }).catch(() => null);
  if (answer?.status === 401) location.reload();
  else connect();
}

const silentMs = () => performance.now() - heardAt;

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  else state.answers.push({ refusal: "the daemon is away" });
}

function choose(name) {
  if (!state.streams.has(name)) return;
  chosen = state.streams.get(name).soundOf || name;
  words();
}

function frame(now) {
  requestAnimationFrame(frame);  // first: what breaks one picture ends no other
  const seconds = Math.min(0.2, (now - lastFrame) / 1000);
  lastFrame = now;
  for (const stream of state.streams.values()) stream.advance(seconds, state.speed);
  if (now - lastWords > WORDS_MS) { lastWords = now; words(); }
  const stream = state.streams.get(chosen);
  if (stream && papers.ecg) draw(stream, soundOf(chosen));
  drawTiles(state.streams);
}

function draw(stream, sound) {
  drawEcg(papers.ecg, stream, { mmPerMv: GAINS[gain], alerts: onsetsOf(chosen) });
  if (!sound) return;
  drawSound(papers.sound, sound, stream);
  if (sound.couplings.length) drawCoupling(papers.coupling, sound);
}

const onsetsOf = (name) => [...state.alerts.values()].filter((alert) => alert.stream === name && alert.priority !== "technical" && !isOver(alert));

function words() {
  const shown = new Map(hearts().map((stream) => [stream.name, stream]));
  if (!shown.has(chosen)) chosen = [...shown.keys()].sort()[0] ?? null;
  names = updateTiles(shown, chosen, choose);
  const stream = state.streams.get(chosen);
  $("chosen").hidden = !stream; $("empty").hidden = Boolean(stream);
  if (stream) show(stream, soundOf(chosen));
  updateAlerts(choose);
  head();
}

function show(stream, sound) {
  $("sound-figure").hidden = !sound;
  $("coupling-figure").hidden = !sound?.couplings.length;
  for (const name of ["ecg", "sound", "coupling"]) papers[name] ??= new Canvas($(name), { isOpaque: name !== "coupling" });
  updateChosen(stream, state);
}

function head() {
  set($("device"), state.device === "edgeecg" ? "" : state.device);  // the brand stands there already
  const isSilent = !state.isAway && silentMs() > SILENT_MS, isLost = state.isAway || isSilent;
  if (isSilent && socket && silentMs() > GONE_MS) lose();
  document.body.classList.toggle("stale", isLost);
  set($("line"), state.isAway ? "the daemon is away" : isSilent ? `nothing heard for ${Math.round(silentMs() / 1000)} s` : state.speed === 1 ? "live" : `rehearsal, ${state.speed} times as fast`);
  $("line").classList.toggle("away", isLost);
  set($("now"), isLost ? "" : clock(nowMs()));
  set($("scale"), "25 mm/s");
  set($("gain"), `${GAINS[gain]} mm/mV`);
  const took = state.tookMs.flat().sort((a, b) => a - b), at = (share) => took[Math.min(took.length - 1, Math.floor(share * took.length))];
  set($("latency"), took.length ? `from arrival to decision: median ${at(0.5).toFixed(1)} ms, 99 % within ${at(0.99).toFixed(1)} ms (last minute)` : "");
  const troubles = state.pulse?.troubles ?? [];
  set($("health"), isLost ? "" : troubles.length ? troubles.join("; ") : "all well");
  $("health").classList.toggle("bad", troubles.length > 0);
  const people = $("people");
  if (people.childElementCount !== state.people.length) people.replaceChildren(...state.people.map((name) => new Option(name)));
}

function theme(wanted) {
  document.documentElement.dataset.theme = wanted;
  localStorage.setItem("edgeecg.theme", wanted);
  set($("theme"), wanted === "dark" ? "light" : "dark");
  readColours();
}

const toggleTheme = () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
const nextGain = () => { gain = (gain + 1) % GAINS.length; words(); };

function step(by) {
  const i = names.indexOf(chosen);
  choose(names[Math.max(0, Math.min(names.length - 1, i + by))]);
  focusTile(chosen);
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
  const actions = {
    ArrowDown: () => step(1), ArrowRight: () => step(1), ArrowUp: () => step(-1), ArrowLeft: () => step(-1), g: nextGain, t: toggleTheme,
    a: () => { const alert = firstUnseen(); if (alert) acknowledge(alert); },
  };
  if (actions[event.key]) { event.preventDefault(); actions[event.key](); }
}

theme(localStorage.getItem("edgeecg.theme") ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark"));
$("theme").addEventListener("click", toggleTheme);
$("gain").addEventListener("click", nextGain);
document.addEventListener("keydown", key);
connectAlerts(send);
connect();
requestAnimationFrame(frame);
