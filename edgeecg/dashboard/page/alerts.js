// Alerts by priority, what is on before what is over. A card stays the same element, so a button keeps its focus.

import { isOver, isSeen, nowMs, onsetMs, sortedAlerts, state } from "./state.js";
import { set } from "./tiles.js";

const list = document.getElementById("alerts"), told = document.getElementById("told"), by = document.getElementById("by");
const cards = new Map();
const WORDS = { high: "!!! high", medium: "!! medium", low: "! low", technical: "technical" };
let send = () => {};

export function connectAlerts(sending) {
  send = sending;
  by.value = localStorage.getItem("edgeecg.by") ?? "";
  by.addEventListener("input", () => { localStorage.setItem("edgeecg.by", by.value.trim()); by.classList.remove("wanted"); });
}

export function acknowledge(alert) {
  const name = by.value.trim();
  if (!name) {
    by.classList.add("wanted"); by.focus();
    set(told, "Who has seen it? Write your name first.");
    return;
  }
  send({ acknowledge: alert.alert_id, revision: alert.revision, by: name });
}

export function firstUnseen() {
  return sortedAlerts().find((alert) => !isOver(alert) && !isSeen(alert));
}

class Card {
  constructor(choose) {
    const element = this.element = document.createElement("li");
    const part = (name, kind = "div") => { const e = document.createElement(kind); e.className = name; return e; };
    this.top = part("top"); this.badge = part("badge", "span"); this.where = part("where", "button"); this.when = part("when", "span");
    this.where.type = "button"; this.where.addEventListener("click", () => choose(this.alert.stream));
    this.top.append(this.badge, this.where, this.when);
    this.text = part("text"); this.why = part("why"); this.foot = part("foot"); this.state = part("state", "span"); this.button = part("ack", "button");
    this.button.type = "button"; this.button.textContent = "Acknowledge"; this.button.addEventListener("click", () => acknowledge(this.alert));
    this.foot.append(this.state, this.button);
    element.append(this.top, this.text, this.why, this.foot);
  }

  update(alert) {
    this.alert = alert;
    this.element.className = `alert ${alert.priority}${isOver(alert) ? " over" : ""}${isSeen(alert) ? " seen" : ""}`;
    this.element.dataset.rule = alert.rule;
    set(this.badge, WORDS[alert.priority]);
    set(this.where, alert.stream || state.device);
    set(this.when, `${clock(onsetMs(alert))}, ${ago(nowMs() - onsetMs(alert))}`);
    set(this.text, alert.text);
    set(this.why, why(alert));
    set(this.state, stateOf(alert));
    this.button.hidden = isOver(alert) || isSeen(alert);
    this.button.setAttribute("aria-label", `Acknowledge ${alert.text}`);
  }
}

function why(alert) {
  const parts = [`${alert.rule}: ${number(alert.value)}${unit(alert)}, limit ${number(alert.limit)}${unit(alert)}`];
  for (const one of alert.evidence ?? []) parts.push(`${one.name.replaceAll("_", " ")} ${number(one.value)}${unit(one)}`);
  if (alert.beats?.length) parts.push(`${alert.beats.length} beats`);
  if (alert.model) parts.push(`model ${alert.model}`);
  if (alert.score >= 0) parts.push(`score ${alert.score.toFixed(2)}`);
  if (alert.quality >= 0) parts.push(`quality ${alert.quality.toFixed(2)}`);
  return parts.join(" · ");
}

const unit = ({ unit }) => (!unit || unit === "1" ? "" : unit === "1/min" ? "/min" : ` ${unit}`);

function stateOf(alert) {
  const who = alert.wasSeen ? `seen by ${alert.wasSeen}` : "";
  if (isOver(alert)) return ["over", who].filter(Boolean).join(", ");
  if (alert.latched) return "over, stays until somebody has seen it";
  return who || "on";
}

export function updateAlerts(choose) {
  const sorted = sortedAlerts();
  for (const [id, card] of cards) if (!state.alerts.has(id)) { card.element.remove(); cards.delete(id); }
  sorted.forEach((alert, i) => {
    if (!cards.has(alert.alert_id)) cards.set(alert.alert_id, new Card(choose));
    const card = cards.get(alert.alert_id);
    card.update(alert);
    if (list.children[i] !== card.element) list.insertBefore(card.element, list.children[i] ?? null);
  });
  document.getElementById("quiet").hidden = sorted.length > 0;
  tally(sorted);
  for (const answer of state.answers.splice(0)) set(told, answer.refusal ? `Not taken: ${answer.refusal}` : "Taken: everybody who gets alerts is told.");
}

function tally(sorted) {
  const on = sorted.filter((alert) => !isOver(alert));
  const parts = ["high", "medium", "low", "technical"].map((p) => [p, on.filter((a) => a.priority === p).length]).filter(([, n]) => n);
  const text = parts.map(([p, n]) => `${p} ${n}`).join(" ");
  const box = document.getElementById("tally");
  if (box.dataset.text === text) return;
  box.dataset.text = text;
  box.replaceChildren(...parts.map(([p, n]) => { const e = document.createElement("span"); e.className = `badge ${p}`; e.textContent = `${n} ${p}`; return e; }));
  document.title = parts.length ? `(${on.length}) edgeecg` : "edgeecg";
}

export const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });
const number = (value) => (value === null ? "--" : Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3));

function ago(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  return s < 90 ? `${s} s ago` : s < 5400 ? `${Math.round(s / 60)} min ago` : `${Math.round(s / 3600)} h ago`;
}
