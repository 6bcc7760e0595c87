"""Windows of sound for models that hear: ten seconds of it are remembered, and a window of both is announced when both have come.

No paper: bookkeeping beside `window`. A window's span is laid on the ECG's grid, every `hop` from its beginning on, as for any
model; its sound begins where the clocks put the span's middle, less half its length. It is announced by the sample of sound that
completes it, or by the first one after its ECG has come. One whose answer would be late already is left out. Where ECG and sound
lie to each other is known from the first beat on; before that nothing is announced.
"""

from typing import Any

from edgeecg_kernels._jit import kernel
from edgeecg_kernels.resample import grid_to_input, input_needed
from edgeecg_kernels.sound_clock import sound_place
from edgeecg_kernels.sound_state import AHEAD, HALF, HEARD_RING, RING, SOUND_HZ, SOUND_MISSING
from edgeecg_kernels.state import GRID_HZ
from edgeecg_kernels.window import expire_windows, open_window
from edgeecg_kernels.window_state import MAX_MODELS, MAX_OPEN, NEVER, OPEN_FREE, OPEN_WAITING

STEP = SOUND_HZ // GRID_HZ


@kernel
def hear_windows_start(h: Any, window: Any, first: int) -> None:
    """Begin, or begin again with other models, at grid sample `first` of the sound."""
    h["ready"] = first
    h["ecg_epoch"] = -1
    for g in range(HEARD_RING):
        h["x"][g] = 0.0
        h["bad"][g] = SOUND_MISSING
    for m in range(MAX_MODELS):
        window["next_due"][m] = NEVER
        h["end"][m] = NEVER
    for slot in range(MAX_OPEN):
        window["open_status"][slot] = OPEN_FREE
    window["earliest_deadline"] = NEVER


@kernel
def remember_sound(h: Any, s: Any, until: int) -> None:
    """Remember the sound up to grid sample `until`, whose marks are final; what the stage itself has forgotten is missing."""
    for g in range(max(h["ready"], until + 1 - HEARD_RING), until + 1):
        at = g % HEARD_RING
        mark = int(s["bad"][g % RING]) if g > until + HALF + AHEAD - RING else SOUND_MISSING
        h["bad"][at] = mark
        h["x"][at] = 0.0 if mark & SOUND_MISSING else s["plain"][g % RING]
    h["ready"] = max(h["ready"], until + 1)


@kernel
def place_windows(ecg: Any, newest: int, ecg_p: Any, s: Any, p: Any, sp: Any, align: Any, h: Any, window: Any, models: Any, hop_factor: int,
    index: int,
) -> None:  # fmt: skip
    """Give each model's next window, if its ECG has come, a place on the sound grid, by what had come up to sound sample `index`."""
    if h["ecg_epoch"] != ecg["epoch"]:
        h["ecg_epoch"] = ecg["epoch"]
        for m in range(models.shape[0]):
            window["next_due"][m] = h["end"][m] = NEVER
    if s["ecg_epoch"] != ecg["epoch"]:
        return
    now = index * p["resample"]["up"] // p["resample"]["down"]
    for m in range(models.shape[0]):
        if sp["asks"][m] == 0:
            continue
        length, hop = models[m]["length"], models[m]["hop"] // STEP * hop_factor
        whole = length // STEP - 1
        if window["next_due"][m] == NEVER:
            window["next_due"][m] = whole + max(0, newest - whole + hop - 1) // hop * hop
        while h["end"][m] == NEVER and window["next_due"][m] <= newest:
            middle = window["next_due"][m] - whole + (whole + 1) // 2
            later_us, apart_us = s["ecg_later_us"], s["ecg_apart_us"]
            us, sure = sound_place(
                ecg["align"], ecg_p["align"]["rate_mhz"], align, p["align"]["rate_mhz"], middle, index, later_us, apart_us
            )
            stamped = ecg["align"]["anchors"] > 0 and align["anchors"] > 0
            end = int(us * 1e-6 * SOUND_HZ + 0.5) + length - length // 2
            if end + models[m]["deadline"] > now:
                h["end"][m] = end
                h["sure"][m] = 1 if sure and (stamped or s["ecg_sure"] == 1) else 0
            else:
                window["next_due"][m] += hop * max(1, (now - end - models[m]["deadline"]) // (STEP * hop))


@kernel
def next_heard(h: Any, window: Any, models: Any) -> int:
    """Return the grid sample of sound at which a window is whole next, or an answer is late."""
    nearest: int = window["earliest_deadline"]
    for m in range(models.shape[0]):
        if h["end"][m] != NEVER:
            nearest = min(nearest, h["end"][m] - 1)
    return nearest


@kernel
def tell_windows(h: Any, window: Any, p: Any, models: Any, hop_factor: int, moment: int, since: int, out: Any, n_out: int) -> int:
    """Report what falls due at grid sample `moment`, nothing of it known before input sample `since`."""
    rate, begin = p["resample"], n_out
    known_at = max(since, input_needed(moment + HALF, rate))
    if window["earliest_deadline"] <= moment:
        n_out = expire_windows(window, moment, out, n_out)
    for m in range(models.shape[0]):
        if h["end"][m] != NEVER and h["end"][m] - 1 <= moment:
            n_out = open_window(window, models, m, h["end"][m] - models[m]["length"], -1, window["next_due"][m], out, n_out)
            for slot in range(MAX_OPEN):
                if window["open_status"][slot] == OPEN_WAITING and window["open_id"][slot] == window["next_id"] - 1:
                    h["open_sure"][slot] = h["sure"][m]
            h["end"][m] = NEVER
            window["next_due"][m] += models[m]["hop"] // STEP * hop_factor
    for i in range(begin, n_out):
        out[i]["sample"] = grid_to_input(out[i]["sample"], rate["up"], rate["down"])
        out[i]["known_at"] = known_at
    return n_out
