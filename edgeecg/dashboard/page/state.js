// What the messages say, folded into what is shown. No drawing here.

export const HISTORY_S = 16;
const PRIORITIES = ["technical", "low", "medium", "high"];
const KEPT_OVER = 30;

export const state = {
  device: "", speed: 1, people: [], models: new Map(), streams: new Map(), alerts: new Map(),
  isAway: true, pulse: null, tookMs: [], clockOffsetMs: 0, answers: [],
};

class Stream {
  constructor(facts) {
    Object.assign(this, { name: facts.name, rateHz: facts.rate_hz, leads: facts.leads, soundOf: facts.sound_of, epoch: null });
    this.ring = new Float32Array(Math.ceil(HISTORY_S * this.rateHz)).fill(NaN);
    this.head = -1;        // the number of the newest sample, + 1
    this.shown = -1;       // the sample at the right edge, a fraction: moves with time
    this.beats = []; this.sounds = []; this.couplings = []; this.cycle = null;
    this.prediction = null; this.vitals = null; this.quality = null; this.flags = null;
    this.change = ""; this.behindS = 0; this.heardAt = 0; this.baseline = 0;
  }

  at(sample) {
    if (sample >= this.head || sample < this.head - this.ring.length || sample < 0) return NaN;
    return this.ring[sample % this.ring.length];
  }

  put(start, values) {
    if (this.head < 0 || start < this.head - this.ring.length || start > this.head + this.ring.length) {
      this.ring.fill(NaN);
      this.head = Math.max(0, start);
    }
    for (; this.head < start; this.head++) this.ring[this.head % this.ring.length] = NaN;
    for (let i = 0; i < values.length; i++) this.ring[(start + i) % this.ring.length] = values[i];
    this.head = Math.max(this.head, start + values.length);
    this.heardAt = performance.now();
    const oldest = this.head - this.ring.length;
    prune(this.beats, oldest); prune(this.sounds, oldest);
  }

  // Time passes evenly on the screen, whatever the pieces samples come in: a little behind the newest, drawn to it gently.
  advance(seconds, speed) {
    const perS = this.rateHz * speed, behind = 0.3 * perS;
    const target = this.head - behind;
    if (this.shown < 0 || Math.abs(target - this.shown) > 2.5 * perS) this.shown = target;
    this.shown += seconds * perS;
    this.shown += (target - this.shown) * Math.min(1, seconds * 1.2);
    this.shown = Math.min(this.shown, this.head);
  }

  get trouble() {
    if (this.change === "lost") return "source lost";
    if (this.change === "silent") return "silent";
    const flags = this.flags;
    if (!flags) return "";
    if (flags.lead_off) return "lead off";
    return flags.saturated ? "saturated" : flags.flat ? "flat" : flags.invalid ? "no numbers" : "";
  }
}

function prune(list, oldest) {
  let n = 0;
  while (n < list.length && list[n].sample < oldest) n++;
  if (n) list.splice(0, n);
}

export function millivolts(base64) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

const folds = {
  hello(m) { state.device = m.device; state.speed = m.speed; state.people = m.people; state.streams.clear(); state.alerts.clear(); },
  away(m) { state.isAway = m.is_away; },
  streams(m) {
    state.models = new Map(m.models.map((model) => [model.name, model]));
    for (const facts of m.streams) {
      const known = state.streams.get(facts.name);
      if (!known || known.rateHz !== facts.rate_hz) state.streams.set(facts.name, new Stream(facts));
    }
    const names = new Set(m.streams.map((facts) => facts.name));
    for (const name of [...state.streams.keys()]) if (!names.has(name)) state.streams.delete(name);
  },
  samples(m, s) { s?.put(m.start_sample, millivolts(m.mv)); if (s) s.behindS = m.behind_s; },
  beat(m, s) { s?.beats.push(m); s?.beats.sort((a, b) => a.sample - b.sample); },
  heart_sound(m, s) { s?.sounds.push(m); },
  heart_cycle(m, s) { if (s) s.cycle = m; },
  coupling(m, s) { if (s) { s.couplings.push(m); if (s.couplings.length > 120) s.couplings.shift(); } },
  vitals(m, s) { if (s) s.vitals = m; },
  quality(m, s) { if (s && m.lead === s.leads[0]) s.quality = m; },
  signal_state(m, s) { if (s && m.lead === s.leads[0]) s.flags = m; },
  prediction(m, s) { if (s && !m.late) s.prediction = m; },
  stream_changed(m, s) {
    if (s && s.epoch !== null && s.epoch !== m.epoch) {  // its samples are counted anew
      s = new Stream({ name: s.name, rate_hz: s.rateHz, leads: s.leads, sound_of: s.soundOf });
      state.streams.set(s.name, s);
    }
    if (s) s.epoch = m.epoch;
    if (s && m.change !== "samples_dropped" && m.change !== "clock_synchronised") s.change = m.change;
  },
  alert(m) { take(m, null); },
  active(m) {
    m.alerts.forEach((alert, i) => take(alert, m.onset_ms[i]));
    const on = new Set(m.alerts.map((alert) => alert.alert_id));
    for (const alert of state.alerts.values()) if (!on.has(alert.alert_id) && !isOver(alert)) alert.state = "cleared";
    forgetOld();
  },
  pulse(m) {
    state.pulse = m;
    state.clockOffsetMs = m.now_ms - Date.now();
    state.tookMs.push(m.took_ms);
    if (state.tookMs.length > 60) state.tookMs.shift();
  },
  answer(m) { state.answers.push(m); },
};

function take(alert, onsetMs) {
  const known = state.alerts.get(alert.alert_id);
  if (known && known.revision > alert.revision) return;
  alert.toldMs = known?.toldMs ?? nowMs();
  alert.exactMs = onsetMs ?? known?.exactMs ?? null;
  alert.wasSeen = alert.acknowledged_by || known?.wasSeen || "";
  state.alerts.set(alert.alert_id, alert);
}

// When it began: as the daemon says, or, once it is over, as far back as its stream has come since.
export function onsetMs(alert) {
  if (alert.exactMs !== null) return alert.exactMs;
  const stream = state.streams.get(alert.stream);
  if (!stream || stream.head < 0 || alert.onset_sample < 0) return alert.toldMs;
  alert.exactMs = nowMs() - (Math.max(0, stream.head - alert.onset_sample) / stream.rateHz / state.speed) * 1000;
  return alert.exactMs;
}

function forgetOld() {
  const over = sortedAlerts().filter(isOver);
  for (const alert of over.slice(KEPT_OVER)) state.alerts.delete(alert.alert_id);
}

export const hearts = () => [...state.streams.values()].filter((stream) => !stream.soundOf);
export const soundOf = (name) => [...state.streams.values()].find((stream) => stream.soundOf === name);

export const nowMs = () => Date.now() + state.clockOffsetMs;
export const isOver = (alert) => alert.state === "cleared" && !alert.latched;
export const isSeen = (alert) => alert.state === "acknowledged" || Boolean(alert.wasSeen);
const rank = (alert) => (isOver(alert) ? 0 : 100) + (isSeen(alert) ? 0 : 10) + PRIORITIES.indexOf(alert.priority);

export function sortedAlerts() {
  return [...state.alerts.values()].sort((a, b) => rank(b) - rank(a) || onsetMs(b) - onsetMs(a));
}

export function gravest(stream) {
  let most = -1;
  for (const alert of state.alerts.values()) {
    if (alert.stream === stream && !isOver(alert)) most = Math.max(most, PRIORITIES.indexOf(alert.priority));
  }
  return most < 0 ? "" : PRIORITIES[most];
}

export function fold(messages) {
  for (const message of messages) folds[message.kind]?.(message, state.streams.get(message.stream));
}
