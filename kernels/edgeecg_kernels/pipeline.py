"""The whole way of the data for many streams in one call: align, resample, condition, detect, cut windows.

No paper: the order of the stages, and the translation of what they report from the grid to the stream's own samples.
Fused, because a call from Python costs as much as the work on a hundred samples. What one piece of input decides is
reported in the order of the samples that decided it, so the order of events does not show how the input was cut.
"""

from typing import Any

from edgeecg_kernels import align_state as span_of
from edgeecg_kernels._jit import kernel
from edgeecg_kernels.align import align_break, align_chunk, align_tick
from edgeecg_kernels.arena import BLOCK_INPUT, MAX_PIECE_GRID, PIECE_BREAK, PIECE_TICK, ROWS_PER_PIECE
from edgeecg_kernels.calm import calm_asks, calm_keep
from edgeecg_kernels.condition import condition_block, condition_reset
from edgeecg_kernels.flutter import flutter_block, flutter_reset
from edgeecg_kernels.machine import borrowed
from edgeecg_kernels.pipeline_ahead import ask_ahead
from edgeecg_kernels.qrs import qrs_block, qrs_finish, qrs_reset
from edgeecg_kernels.qrs_second import hear
from edgeecg_kernels.quality import quality_block, quality_finish, quality_reset
from edgeecg_kernels.resample import grid_to_input, input_needed, resample_block, resample_reset
from edgeecg_kernels.signal import signal_block
from edgeecg_kernels.state import ASKED, KIND_CLOCK, KIND_GAP, KIND_REFUSED, KIND_TIME, KIND_WINDOW, UNRULED
from edgeecg_kernels.vitals import vitals_block, vitals_break, vitals_reset
from edgeecg_kernels.window import window_block, window_finish, window_skip, window_start
from edgeecg_kernels.window_state import NEVER, RING


@kernel
def _to_millivolt(values: Any, n: int, scale: float, zero: float) -> None:
    for i in range(n):
        values[i] = (values[i] - zero) * scale


@kernel
def _comes_before(a: Any, b: Any) -> bool:
    if a["known_at"] != b["known_at"]:
        return bool(a["known_at"] < b["known_at"])
    if a["kind"] != b["kind"]:
        return bool(a["kind"] < b["kind"])
    if a["lead"] != b["lead"]:
        return bool(a["lead"] < b["lead"])
    return bool(a["sample"] < b["sample"])


@kernel
def _copy_row(source: Any, target: Any) -> None:
    target["kind"] = source["kind"]
    target["lead"] = source["lead"]
    target["sample"] = source["sample"]
    target["known_at"] = source["known_at"]
    for i in range(8):
        target["value"][i] = source["value"][i]


@kernel
def sort_rows(out: Any, begin: int, end: int, spare: Any) -> None:
    """Bring out[begin:end] in the order of decision; few rows, mostly in order already: insertion, stable."""
    for i in range(begin + 1, end):
        if not _comes_before(out[i], out[i - 1]):
            continue
        _copy_row(out[i], spare)
        j = i
        while j > begin and _comes_before(spare, out[j - 1]):
            _copy_row(out[j - 1], out[j])
            j -= 1
        _copy_row(spare, out[j])


@kernel
def _to_input_samples(p: Any, out: Any, begin: int, end: int) -> None:
    """Translate rows from the grid to the stream's own samples."""
    rate = p["resample"]
    for i in range(begin, end):
        out[i]["sample"] = grid_to_input(out[i]["sample"], rate["up"], rate["down"])
        out[i]["known_at"] = input_needed(out[i]["known_at"], rate)


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


@kernel
def _take_block(stream: Any, leads: Any, p: Any, shared: Any, x: Any, start: int, n: int, scratch: Any, out: Any, n_out: int) -> int:
    """Take n <= BLOCK_INPUT samples of every lead through the stages, and report."""
    taps, models, qrs_params, quality_params, hop_factor = shared
    raw, clean, flags = scratch["raw"], scratch["clean"], scratch["flags"]
    begin = n_out
    for lead in range(p["leads"] - 1, -1, -1):  # the first one last: it asks what the second said
        s = leads[p["first_lead"] + lead]
        first = s["resample"]["next_output"]
        m = resample_block(s["resample"], p["resample"], taps, x, start + lead, p["leads"], n, raw)
        _to_millivolt(raw, m, p["mv_per_unit"], p["offset_units"])
        condition_block(s["condition"], p["condition"], raw, m, first, clean, flags)
        n_out = signal_block(s["signal"], flags, m, first, lead, out, n_out)
        if lead == 1:
            told = qrs_block(s["qrs"], qrs_params[0], clean, flags, m, first, lead, out, n_out)
            hear(leads[p["first_lead"]]["qrs"], out, n_out, told)  # and its rows are written over
        elif lead == 0:
            heard = n_out
            n_out = qrs_block(s["qrs"], qrs_params[0], clean, flags, m, first, lead, out, n_out)
            mains = s["condition"]["mains_mv"]
            n_out = quality_block(s["quality"], quality_params[0], clean, flags, m, first, lead, mains, out, heard, n_out)
            n_out = vitals_block(stream["vitals"], lead, out, heard, n_out)
            n_out = flutter_block(stream["flutter"], clean, flags, m, first, lead, out, n_out)
            n_out = window_block(stream["window"], models, hop_factor, raw, flags, m, first, out, heard, n_out)
    _to_input_samples(p, out, begin, n_out)
    sort_rows(out, begin, n_out, scratch["row"])
    return n_out


@kernel
def _take_data(stream: Any, leads: Any, p: Any, shared: Any, x: Any, start: int, n: int, scratch: Any, out: Any, n_out: int) -> int:
    done = 0
    while done < n:
        count = min(BLOCK_INPUT, n - done)
        n_out = _take_block(stream, leads, p, shared, x, start + done * p["leads"], count, scratch, out, n_out)
        done += count
    return n_out


@kernel
def _finish(stream: Any, leads: Any, p: Any, shared: Any, known_at: int, out: Any, n_out: int) -> int:
    """Have the leads' stages decide what is pending; input sample `known_at` made them."""
    _, models, qrs_params, quality_params, _ = shared
    begin, lead = n_out, 0
    s = leads[p["first_lead"]]
    newest = s["resample"]["next_output"] - 1
    mains = s["condition"]["mains_mv"]
    if p["leads"] > 1:
        told = qrs_finish(leads[p["first_lead"] + 1]["qrs"], qrs_params[0], 1, out, n_out)
        hear(s["qrs"], out, n_out, told)
    n_out = qrs_finish(s["qrs"], qrs_params[0], lead, out, n_out)
    n_out = quality_finish(s["quality"], quality_params[0], newest, lead, mains, out, begin, n_out)
    n_out = vitals_block(stream["vitals"], lead, out, begin, n_out)
    n_out = window_finish(stream["window"], models, newest, out, begin, n_out)
    vitals_break(stream["vitals"])
    flutter_reset(stream["flutter"])
    _to_input_samples(p, out, begin, n_out)
    for i in range(begin, n_out):
        out[i]["known_at"] = known_at
    return n_out


@kernel
def _take_gap(stream: Any, leads: Any, p: Any, shared: Any, first: int, n: int, out: Any, n_out: int) -> int:
    """Input samples first..first+n-1 are missing: end what was, and begin anew after them."""
    n_out = _finish(stream, leads, p, shared, first + n, out, n_out)
    missing_from = leads[p["first_lead"]]["resample"]["next_output"]
    for lead in range(p["leads"]):
        s = leads[p["first_lead"] + lead]
        resample_reset(s["resample"], p["resample"], first + n)
        condition_reset(s["condition"])
    window_skip(stream["window"], shared[1], shared[4], missing_from, leads[p["first_lead"]]["resample"]["next_output"])
    return n_out


@kernel
def _take_spans(stream: Any, leads: Any, p: Any, shared: Any, n_spans: int, x: Any, scratch: Any, out: Any, n_out: int) -> int:
    """Take what `align` made of a piece of input, in the order of the stream."""
    for i in range(n_spans):
        span = scratch["spans"][i]
        kind, first, n = span["kind"], span["first_sample"], span["n"]
        if kind == span_of.DATA:
            begin = span["source_start"] * p["leads"]
            if span["source"] == span_of.PIECE:
                n_out = _take_data(stream, leads, p, shared, x, begin, n, scratch, out, n_out)
            else:
                held = stream["align"]["held_values"][span["source"]]
                n_out = _take_data(stream, leads, p, shared, held, begin, n, scratch, out, n_out)
        elif kind == span_of.GAP:
            n_out = _say(KIND_GAP, first, first + n, float(n), float(span["reason"]), out, n_out)
            n_out = _take_gap(stream, leads, p, shared, first, n, out, n_out)
        elif kind == span_of.CLOCK:
            n_out = _say(KIND_CLOCK, first, first, float(span["value"]), float(span["reason"]), out, n_out)
        else:
            n_out = _say(KIND_REFUSED, first, first - 1, float(n), float(span["reason"]), out, n_out)
    return n_out


@kernel
def _oldest_window(out: Any, begin: int, end: int) -> int:
    """Return the grid sample at which the oldest window among these rows starts."""
    oldest = NEVER
    for i in range(begin, end):
        if out[i]["kind"] == KIND_WINDOW:
            oldest = min(oldest, int(out[i]["value"][3]))
    return oldest


@kernel
def run_pieces(
    streams: Any, leads: Any, params: Any, taps: Any, models: Any, qrs_params: Any, quality_params: Any, hop_factor: int,
    unread: Any, due: Any, calm: Any, pieces: Any, begin: int, x: Any, scratch: Any, out: Any, row_ends: Any,
) -> int:  # fmt: skip
    """Take pieces[begin:] until done; return the first piece not taken.

    It returns early where `out` may not hold another piece's rows, and before a ring loses samples of a window that was
    announced and not read: unread[slot] is where the oldest such window of a stream starts, for who reads it to clear.

    due[slot] is the sample at which time alone decides something of a stream's rules: the last row of a piece says that it
    has come, that something else was said that calm[slot] does not keep, or nothing while it holds much; then every piece says so until it is
    set anew.

    row_ends[i] is where the rows of piece i end in `out`; those of the first one begin at 0. One entry for all that
    samples, time and loss can bring: every entry compiles all the stages anew.
    """
    streams, leads, pieces, x, out = borrowed(streams), borrowed(leads), borrowed(pieces), borrowed(x), borrowed(out)
    due, calm = borrowed(due), borrowed(calm)
    shared = (borrowed(taps), borrowed(models), borrowed(qrs_params), borrowed(quality_params), hop_factor)
    work = scratch[0]
    n_out = 0
    for i in range(begin, len(pieces)):
        if n_out > len(out) - ROWS_PER_PIECE:
            return i
        ask_ahead(streams, leads, params, pieces, i)
        piece = pieces[i]
        slot = piece["slot"]
        stream, p = streams[slot], params[slot]
        if unread[slot] != NEVER and unread[slot] + RING < leads[p["first_lead"]]["resample"]["next_output"] + MAX_PIECE_GRID:
            return i
        said = n_out
        samples = x[piece["start"] : piece["start"] + max(piece["n"], 0) * p["leads"]]
        if piece["n"] == PIECE_TICK:
            n_spans = align_tick(stream["align"], p["align"], piece["arrival_ns"], work["spans"])
        elif piece["n"] == PIECE_BREAK:
            n_spans = align_break(stream["align"], p["align"], work["spans"])
        else:
            n_spans = align_chunk(stream["align"], p["align"], piece, samples, 0, work["spans"])
            stream["heard_ns"] = max(stream["heard_ns"], piece["arrival_ns"])
        n_out = _take_spans(stream, leads, p, shared, n_spans, samples, work, out, n_out)
        if piece["n"] == PIECE_BREAK:
            n_out = _finish(stream, leads, p, shared, stream["align"]["next_index"] - 1, out, n_out)
        if n_out > said and len(models) > 0:
            unread[slot] = min(unread[slot], _oldest_window(out, said, n_out))
        now = stream["align"]["next_index"] - 1
        if due[slot] != UNRULED:
            if n_out == said:
                is_kept = not calm_asks(calm[slot])
            else:
                is_kept = due[slot] != ASKED and calm_keep(calm[slot], due, slot, out, said, n_out, now)
            if not is_kept or now >= due[slot]:
                n_out = _say(KIND_TIME, now, now, 0.0, 0.0, out, n_out)
                due[slot] = ASKED
        row_ends[i] = n_out
    return len(pieces)


@kernel
def start_stream(streams: Any, leads: Any, params: Any, models: Any, slot: int) -> None:
    """Begin a stream that has never been open: everything before its first sample is unknown."""
    stream, p = streams[slot], params[slot]
    stream["started"] = 1
    stream["align"]["fresh"] = 1
    stream["align"]["last_sequence"] = -1
    stream["align"]["last_device_us"] = -1
    for lead in range(p["leads"]):
        s = leads[p["first_lead"] + lead]
        resample_reset(s["resample"], p["resample"], 0)
        condition_reset(s["condition"])
        qrs_reset(s["qrs"])
        quality_reset(s["quality"])
    vitals_reset(stream["vitals"])
    flutter_reset(stream["flutter"])
    window_start(stream["window"], models, leads[p["first_lead"]]["resample"]["next_output"])


@kernel
def restart_windows(streams: Any, leads: Any, params: Any, models: Any, slot: int) -> None:
    """Other models: forget the windows of the ones before."""
    window_start(streams[slot]["window"], models, leads[params[slot]["first_lead"]]["resample"]["next_output"])
