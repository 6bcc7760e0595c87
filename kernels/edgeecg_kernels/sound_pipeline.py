"""The way of a phonocardiogram: align, resample, two bands, seconds, and the sounds of each beat its ECG has found.

No paper: the order of things. A beat is taken up when its ECG has told of it, at the first sample of sound after that, and
decided at the sample that completes its window; one found later, at the first sample after it is known. What is said of a
beat rests on its window and the beats before it, never on how records of the two streams took turns. Decided seconds and
beats are taken in the order of the samples that decide them, so nothing shows how the input was cut.

It is an entry of its own, beside `pipeline.run_pieces`: who hears no sound compiles none of it.
"""

import math
from typing import Any

import numpy as np

from edgeecg_kernels import align_state as span_of
from edgeecg_kernels._jit import kernel
from edgeecg_kernels.align import align_break, align_chunk, align_tick
from edgeecg_kernels.arena import PIECE_BREAK, PIECE_TICK, ROWS_PER_PIECE
from edgeecg_kernels.machine import borrowed
from edgeecg_kernels.pipeline import sort_rows
from edgeecg_kernels.resample import grid_to_input, input_needed, resample_block, resample_reset
from edgeecg_kernels.sound_beat import decide_beat
from edgeecg_kernels.sound_clock import DOUBTS, NOWHERE, SAME_RUN_US, behind_us, sound_place
from edgeecg_kernels.sound_ecg import refined_r
from edgeecg_kernels.sound_quality import sound_second
from edgeecg_kernels.sound_signal import see_clipping, signal_reset, signal_start, sound_signal
from edgeecg_kernels.sound_state import (
    AFTER,
    AHEAD,
    BEFORE,
    BLOCK,
    HALF,
    KIND_COUPLING,
    KIND_CYCLE,
    KIND_SOUND,
    LEAD_BEFORE,
    LEAD_LEN,
    LOBE,
    MAX_TOLD,
    PLAIN_BEFORE,
    PLAIN_LEN,
    QUEUE,
    RING,
    SOUND_HZ,
    SOUND_MISSING,
)
from edgeecg_kernels.sound_window import hear_windows_start, next_heard, place_windows, remember_sound, tell_windows
from edgeecg_kernels.state import ASKED, GRID_HZ, KIND_CLOCK, KIND_GAP, KIND_REFUSED, KIND_TIME, UNRULED
from edgeecg_kernels.window_state import BEATS
from edgeecg_kernels.window_state import RING as LEAD_RING

DECIDED_AFTER = AFTER + LOBE
"""Grid samples after R at which a beat is decided."""
LAST_MS = 250
"""A beat whose sound ends sooner after R is not decided at all."""
TOLD = 0.5
"""Sounds are told from this confidence on."""
LONGEST_RR = 3 * GRID_HZ
AT_ONCE_US = 60e6
"""Two new streams began at once, unless one is a minute ahead of the other."""
_NAN = math.nan


@kernel
def _say(kind: int, sample: int, known_at: int, value: float, detail: float, out: Any, n_out: int) -> int:
    row = out[n_out]
    row["kind"] = kind
    row["lead"] = 0
    row["sample"] = sample
    row["known_at"] = known_at
    for i in range(8):
        row["value"][i] = 0.0
    row["value"][0] = value
    row["value"][1] = detail
    return n_out + 1


# --- beats -----------------------------------------------------------------------------------------------------------


@kernel
def _meet(ecg: Any, ecg_p: Any, s: Any, p: Any, index: int) -> None:
    """Another ECG than before has told of its first beat: if both streams are new, they began at once."""
    later_us = behind_us(ecg["align"], ecg_p["align"]["rate_mhz"], p["align"]["rate_mhz"], index)
    at_once = s["ecg_epoch"] < 0 and abs(later_us) < AT_ONCE_US
    s["ecg_later_us"] = 0.0 if at_once else later_us
    s["ecg_sure"] = 1 if at_once else 0
    s["ecg_apart_us"] = NOWHERE
    s["ecg_doubts"] = 0
    s["ecg_epoch"] = ecg["epoch"]
    s["placed"] = s["next_beat"] = 0
    s["since"] = 0


@kernel
def _settled(s: Any, us: float, ecg_us: float) -> float:
    """Return a beat's place: as far apart as the beats before had it, unless the clocks have said otherwise for long."""
    apart_us = s["ecg_apart_us"]
    if apart_us != NOWHERE and abs(us - ecg_us - apart_us) > SAME_RUN_US and s["ecg_doubts"] < DOUBTS:
        s["ecg_doubts"] += 1
        return float(ecg_us + apart_us)
    s["ecg_apart_us"] = us - ecg_us
    s["ecg_doubts"] = 0
    return us


@kernel
def _place_beats(ecg: Any, ecg_p: Any, s: Any, p: Any, align: Any, index: int) -> None:
    """Give the beats that came to be known a place on the sound grid, by what had come up to sound sample `index`."""
    window = ecg["window"]
    if window["n_beats"] == 0:
        s["placed"] = s["next_beat"] = 0
        return
    if s["ecg_epoch"] != ecg["epoch"]:
        _meet(ecg, ecg_p, s, p, index)
    if window["n_beats"] < s["placed"]:  # other models: the ECG forgot its beats
        s["placed"] = s["next_beat"] = 0
        s["since"] = 0
    s["placed"] = max(s["placed"], window["n_beats"] - BEATS)
    s["next_beat"] = max(s["next_beat"], window["n_beats"] - BEATS)
    while s["placed"] < window["n_beats"]:
        grid = window["beat_at"][s["placed"] % BEATS]
        later_us, apart_us = s["ecg_later_us"], s["ecg_apart_us"]
        us, sure = sound_place(ecg["align"], ecg_p["align"]["rate_mhz"], align, p["align"]["rate_mhz"], grid, index, later_us, apart_us)
        stamped = ecg["align"]["anchors"] > 0 and align["anchors"] > 0
        if stamped and sure:
            us = _settled(s, us, float(grid) * 1e6 / GRID_HZ)
        at = s["placed"] % QUEUE
        s["queue_us"][at] = us
        s["queue_sure"][at] = 1 if sure and (stamped or s["ecg_sure"] == 1) else 0
        s["placed"] += 1


@kernel
def _next_at(s: Any) -> int:
    """Return the grid sample nearest to the next beat's R; there is such a beat."""
    at: int = math.floor(s["queue_us"][s["next_beat"] % QUEUE] * 1e-6 * SOUND_HZ + 0.5)
    return at


@kernel
def _begin_beat(ecg: Any, lead: Any, ecg_p: Any, s: Any, beat: Any, work: Any) -> None:
    """Fill in what is known of the next beat without its sounds."""
    window = ecg["window"]
    number = s["next_beat"]
    grid = window["beat_at"][number % BEATS]
    value = window["beat_value"][number % BEATS]
    position = s["queue_us"][number % QUEUE] * 1e-6 * SOUND_HZ
    beat["ecg_grid"] = grid
    beat["beat_sample"] = grid_to_input(grid, ecg_p["resample"]["up"], ecg_p["resample"]["down"])
    beat["at"] = _next_at(s)
    newest = lead["resample"]["next_output"] - 1
    beat["r_ms"] = position - float(beat["at"]) + float(refined_r(window, newest, grid, work["qrs"]))
    beat["sure"] = s["queue_sure"][number % QUEUE]
    rr = grid - s["last_grid"]
    known = s["since"] > 0 and 0 < rr <= LONGEST_RR
    beat["rr_ms"] = 1000.0 * float(rr) / GRID_HZ if known else -1.0
    beat["since"] = s["since"]
    beat["beat_confidence"] = value[0]
    beat["morphology"] = int(value[1])
    beat["premature"] = value[3]
    beat["quiet_from"] = beat["quiet_to"] = -1
    if known and s["last_s2_off"] > 0:
        begin = BEFORE - int(beat["rr_ms"]) + s["last_s2_off"] + 20
        if begin < BEFORE - 110:
            beat["quiet_from"], beat["quiet_to"] = max(0, begin), BEFORE - 60


@kernel
def _give_on(window: Any, newest: int, s: Any, told: Any) -> None:
    """Copy the beat's sound and its lead, as they came, for who looks at both."""
    beat, plain, lead = told["beat"], told["plain"], told["lead"]
    for i in range(PLAIN_LEN):
        place = (beat["at"] - PLAIN_BEFORE + i) % RING
        plain[i] = _NAN if int(s["bad"][place]) & SOUND_MISSING else np.float64(s["plain"][place])
    for i in range(LEAD_LEN):
        g = beat["ecg_grid"] - LEAD_BEFORE + i
        lead[i] = _NAN if g > newest or window["bad"][g % LEAD_RING] else np.float64(window["mv"][g % LEAD_RING])


@kernel
def _end_beat(s: Any, beat: Any) -> None:
    s["last_s2_off"] = beat["s2_off"] - BEFORE if beat["reason"] == 0 else 0
    if beat["ecg_grid"] > s["last_grid"] or s["since"] == 0:
        s["last_grid"] = beat["ecg_grid"]
    s["since"] += 1


@kernel
def _say_sound(p: Any, beat: Any, which: int, known_at: int, out: Any, n_out: int) -> int:
    centre = beat["s1_at"] if which == 1 else beat["s2_at"]
    confidence = beat["conf_s1"] if which == 1 else beat["conf_s2"]
    if confidence < TOLD:
        return n_out
    grid = beat["at"] - BEFORE + int(centre + 0.5)
    length = beat["s1_off"] - beat["s1_on"] if which == 1 else beat["s2_off"] - beat["s2_on"]
    sample = grid_to_input(grid, p["resample"]["up"], p["resample"]["down"])
    n_out = _say(KIND_SOUND, sample, known_at, float(beat["beat_sample"]), centre - BEFORE - beat["r_ms"], out, n_out)
    row = out[n_out - 1]
    row["lead"] = which
    row["value"][2] = float(length)
    row["value"][3] = beat["amplitude_s1"] if which == 1 else beat["amplitude_s2"]
    row["value"][4] = confidence
    return n_out


@kernel
def _decide(ecg: Any, lead: Any, ecg_p: Any, s: Any, p: Any, known_at: int, work: Any, told: Any, n_told: int, out: Any, n_out: int) -> int:
    """Decide the next beat, and tell of it: one entry of `told`, two to four rows of `out`."""
    beat = told[n_told]["beat"]
    _begin_beat(ecg, lead, ecg_p, s, beat, work)
    decide_beat(s, beat, work)
    _give_on(ecg["window"], lead["resample"]["next_output"] - 1, s, told[n_told])
    _end_beat(s, beat)
    if beat["reason"] == 0:
        n_out = _say_sound(p, beat, 1, known_at, out, n_out)
        n_out = _say_sound(p, beat, 2, known_at, out, n_out)
    sample = grid_to_input(beat["at"], p["resample"]["up"], p["resample"]["down"])
    n_out = _say(KIND_CYCLE, sample, known_at, float(n_told), 0.0, out, n_out)
    return _say(KIND_COUPLING, sample, known_at, float(n_told), 0.0, out, n_out)


@kernel
def _decide_until(
    ecg: Any, lead: Any, ecg_p: Any, s: Any, p: Any, hear: Any, until: int, since: int, work: Any, told: Any, n_told: int, out: Any, n_out: int
) -> tuple[int, int]:  # fmt: skip
    """Decide seconds, beats and windows that the grid samples up to `until` decide, none known before input sample `since`."""
    heard, window, models, hop_factor, sp, align = hear
    spared = n_told + MAX_TOLD
    for h in heard:
        remember_sound(h, s, until)
    while True:
        second = (s["next_second"] + 1) * SOUND_HZ - 1 + LOBE
        has_beat = s["next_beat"] < s["placed"] and n_told < spared
        at = _next_at(s) if has_beat else until
        decision = max(at + DECIDED_AFTER, s["decided_to"]) if has_beat else until + 1
        window_at = next_heard(heard[0], window, models) if len(heard) else until + 1
        if window_at <= until and window_at <= second and window_at <= decision:
            n_out = tell_windows(heard[0], window, p, models, hop_factor, window_at, since, out, n_out)
            newest = lead["resample"]["next_output"] - 1
            place_windows(ecg, newest, ecg_p, s, p, sp, align, heard[0], window, models, hop_factor, out[n_out - 1]["known_at"])
            continue
        if second > until and decision > until:
            return n_told, n_out
        if second <= decision:
            n_out = sound_second(s, work, 0, out, n_out)
            row = out[n_out - 1]
            row["sample"] = grid_to_input(row["sample"], p["resample"]["up"], p["resample"]["down"])
            row["known_at"] = max(since, input_needed(second + HALF, p["resample"]))
            continue
        if at - BEFORE >= until + HALF + AHEAD - RING:
            known_at = max(since, input_needed(decision + HALF, p["resample"]))
            n_out = _decide(ecg, lead, ecg_p, s, p, known_at, work, told, n_told, out, n_out)
            n_told += 1
            s["decided_to"] = decision
        else:
            s["since"] = 0
        s["next_beat"] += 1


# --- samples ---------------------------------------------------------------------------------------------------------


@kernel
def sound_reset(s: Any, p: Any, skipped_from: int, next_input: int) -> None:
    """Go on at input sample `next_input`; grid samples from `skipped_from` on are missing before it."""
    resample_reset(s["resample"], p["resample"], next_input)
    first = s["resample"]["next_output"]
    signal_reset(s, skipped_from, first)
    s["next_second"] = max(s["next_second"], (first - HALF) // SOUND_HZ)


@kernel
def _take_data(
    ecg: Any, lead: Any, ecg_p: Any, s: Any, p: Any, hear: Any, tables: Any, x: Any, start: int, n: int, first_input: int,
    work: Any, told: Any, n_told: int, out: Any, n_out: int,
) -> tuple[int, int]:  # fmt: skip
    """Take n input samples, the first of them number `first_input`."""
    taps, fir = tables
    heard, window, models, hop_factor, sp, align = hear
    rate, begin = p["resample"], n_out
    _place_beats(ecg, ecg_p, s, p, align, first_input)
    for h in heard:
        place_windows(ecg, lead["resample"]["next_output"] - 1, ecg_p, s, p, sp, align, h, window, models, hop_factor, first_input)
    until = s["resample"]["next_output"] - 1 - HALF
    n_told, n_out = _decide_until(ecg, lead, ecg_p, s, p, hear, until, first_input, work, told, n_told, out, n_out)
    most = max(1, (BLOCK - 1) * rate["down"] // rate["up"])
    done = 0
    while done < n:
        count = min(most, n - done)
        place = start + done * p["leads"]
        see_clipping(s, sp, rate, x, place, p["leads"], count, first_input + done)
        first = s["resample"]["next_output"]
        m = resample_block(s["resample"], rate, taps, x, place, p["leads"], count, work["raw"])
        sound_signal(s, fir, p["mv_per_unit"], p["offset_units"], work["raw"], m, first, work)
        until = first + m - 1 - HALF
        n_told, n_out = _decide_until(ecg, lead, ecg_p, s, p, hear, until, first_input, work, told, n_told, out, n_out)
        done += count
    sort_rows(out, begin, n_out, work["row"])
    return n_told, n_out


@kernel
def _finish(
    ecg: Any, lead: Any, ecg_p: Any, align: Any, s: Any, p: Any, fir: Any, known_at: int,
    work: Any, told: Any, n_told: int, out: Any, n_out: int,
) -> tuple[int, int]:  # fmt: skip
    """The sound ends here: decide the beats that are waiting by what there is of their sounds."""
    _place_beats(ecg, ecg_p, s, p, align, known_at)
    begin, end = n_out, s["resample"]["next_output"]
    for i in range(HALF + LOBE):
        work["raw"][i] = _NAN
    sound_signal(s, fir, 1.0, 0.0, work["raw"], HALF + LOBE, end, work)
    for g in range(end, end + AHEAD):
        s["bad"][g % RING] = SOUND_MISSING
    last = n_told + MAX_TOLD
    while s["next_beat"] < s["placed"] and n_told < last:
        at = _next_at(s)
        if at + LAST_MS <= end and at - BEFORE >= end + AHEAD - RING:
            n_out = _decide(ecg, lead, ecg_p, s, p, known_at, work, told, n_told, out, n_out)
            n_told += 1
        s["next_beat"] += 1
    sort_rows(out, begin, n_out, work["row"])
    s["since"] = 0
    return n_told, n_out


@kernel
def _break(ecg: Any, lead: Any, ecg_p: Any, stream: Any, s: Any, p: Any, fir: Any, known_at: int, next_input: int,
    work: Any, told: Any, n_told: int, out: Any, n_out: int,
) -> tuple[int, int]:  # fmt: skip
    """End what was, and begin anew at input sample `next_input`."""
    end = s["resample"]["next_output"]
    n_told, n_out = _finish(ecg, lead, ecg_p, stream["align"], s, p, fir, known_at, work, told, n_told, out, n_out)
    sound_reset(s, p, end, next_input)
    return n_told, n_out


@kernel
def _take_spans(
    ecg: Any, lead: Any, ecg_p: Any, stream: Any, s: Any, p: Any, hear: Any, tables: Any, n_spans: int, x: Any,
    work: Any, told: Any, n_told: int, out: Any, n_out: int,
) -> tuple[int, int]:  # fmt: skip
    """Take what `align` made of a piece of input, in the order of the stream."""
    align = stream["align"]
    for i in range(n_spans):
        span = work["spans"][i]
        kind, first, n = span["kind"], span["first_sample"], span["n"]
        if kind == span_of.DATA:
            begin = span["source_start"] * p["leads"]
            if span["source"] == span_of.PIECE:
                n_told, n_out = _take_data(ecg, lead, ecg_p, s, p, hear, tables, x, begin, n, first, work, told, n_told, out, n_out)
            else:
                held = align["held_values"][span["source"]]
                n_told, n_out = _take_data(ecg, lead, ecg_p, s, p, hear, tables, held, begin, n, first, work, told, n_told, out, n_out)
        elif kind == span_of.GAP:
            n_out = _say(KIND_GAP, first, first + n, float(n), float(span["reason"]), out, n_out)
            n_told, n_out = _break(ecg, lead, ecg_p, stream, s, p, tables[1], first + n, first + n, work, told, n_told, out, n_out)
        elif kind == span_of.CLOCK:
            n_out = _say(KIND_CLOCK, first, first, float(span["value"]), float(span["reason"]), out, n_out)
        else:
            n_out = _say(KIND_REFUSED, first, first - 1, float(n), float(span["reason"]), out, n_out)
    return n_told, n_out


@kernel
def run_sounds(
    streams: Any, leads: Any, sounds: Any, heard: Any, params: Any, sound_params: Any, models: Any, hop_factor: int, taps: Any, fir: Any,
    due: Any, pieces: Any, begin: int, x: Any, scratch: Any, told: Any, out: Any, row_ends: Any,
) -> int:  # fmt: skip
    """Take pieces[begin:], all of streams of sound, until done; return the first piece not taken: `out` or `told` is full, or a window is to be read.

    A stream's row in `sounds`, `sound_params` and `heard` is its `first_lead`; `heard` is empty where no model hears, and lengths in `models`
    are grid samples of sound. Its ECG's rows are only read: what records brought
    before this call is what is known of it. Rows of KIND_CYCLE and KIND_COUPLING say in their first value which entry of `told` they are about.
    The rest is as in `pipeline.run_pieces`.
    """
    streams, leads, sounds, pieces, x, out = (
        borrowed(streams),
        borrowed(leads),
        borrowed(sounds),
        borrowed(pieces),
        borrowed(x),
        borrowed(out),
    )
    told, tables, heard, models = borrowed(told), (borrowed(taps), borrowed(fir)), borrowed(heard), borrowed(models)
    work = scratch[0]
    n_out = n_told = 0
    for i in range(begin, len(pieces)):
        if n_out > len(out) - ROWS_PER_PIECE or n_told > len(told) - 2 * MAX_TOLD:
            return i
        piece = pieces[i]
        slot = piece["slot"]
        stream, p = streams[slot], params[slot]
        s, sp = sounds[p["first_lead"]], sound_params[p["first_lead"]]
        ecg, ecg_p = streams[sp["ecg"]], params[sp["ecg"]]
        lead = leads[ecg_p["first_lead"]]
        samples = x[piece["start"] : piece["start"] + max(piece["n"], 0) * p["leads"]]
        hear = heard[p["first_lead"] : p["first_lead"] + 1], stream["window"], models, hop_factor, sp, stream["align"]
        said, announced = n_out, stream["window"]["next_id"]
        if piece["n"] == PIECE_TICK:
            n_spans = align_tick(stream["align"], p["align"], piece["arrival_ns"], work["spans"])
        elif piece["n"] == PIECE_BREAK:
            n_spans = align_break(stream["align"], p["align"], work["spans"])
        else:
            n_spans = align_chunk(stream["align"], p["align"], piece, samples, 0, work["spans"])
            stream["heard_ns"] = max(stream["heard_ns"], piece["arrival_ns"])
        n_told, n_out = _take_spans(ecg, lead, ecg_p, stream, s, p, hear, tables, n_spans, samples, work, told, n_told, out, n_out)
        if piece["n"] == PIECE_BREAK:
            now = stream["align"]["next_index"] - 1
            n_told, n_out = _break(ecg, lead, ecg_p, stream, s, p, fir, now, now + 1, work, told, n_told, out, n_out)
        now = stream["align"]["next_index"] - 1
        if due[slot] != UNRULED and (n_out > said or now >= due[slot]):
            n_out = _say(KIND_TIME, now, now, 0.0, 0.0, out, n_out)
            due[slot] = ASKED
        row_ends[i] = n_out
        if stream["window"]["next_id"] != announced:
            return i + 1
    return len(pieces)


@kernel
def start_sound(streams: Any, sounds: Any, heard: Any, params: Any, slot: int) -> None:
    """Begin a stream of sound that has never been open."""
    stream, p = streams[slot], params[slot]
    stream["started"] = 1
    stream["align"]["fresh"] = 1
    stream["align"]["last_sequence"] = -1
    stream["align"]["last_device_us"] = -1
    s = sounds[p["first_lead"]]
    signal_start(s)
    s["ecg_epoch"] = -1
    resample_reset(s["resample"], p["resample"], 0)
    first = s["resample"]["next_output"]
    signal_reset(s, first - AHEAD, first)
    restart_heard(streams, sounds, heard, params, slot)


@kernel
def restart_heard(streams: Any, sounds: Any, heard: Any, params: Any, slot: int) -> None:
    """Other models that hear: forget the windows of the ones before, and the sound."""
    row = params[slot]["first_lead"]
    for h in heard[row : row + 1]:
        hear_windows_start(h, streams[slot]["window"], sounds[row]["resample"]["next_output"])
