"""How many streams this machine holds on one core: found by running more and more of them, and believed only where a long run was in time.

What a few cost says little of many: their chunks come one by one, and a call that takes hundreds costs a fifth for each.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from edgeecg.bench.child import measured
from edgeecg.bench.effort import Effort

FEW: Final = 50
FEW_ALONE: Final = 1000
"""Where the search begins: nobody asks whether a board holds less."""
GROWTH: Final = 2
CLOSE: Final = 1.1
"""What is held and what is not lie this near: the rest is chance."""
SHARES: Final = (1.0, 0.94, 0.88, 0.75, 0.62, 0.5)
"""What a short run held a long one may not: then less is run for long, by larger and larger steps."""
WITH_MODEL: Final = 2.5
"""Times as long is a short run: a queue of windows takes longer to show that it grows."""
WITH_SOUND: Final = 5.0
"""And here: no beat's sound is told before some have been heard, and coupling begins after eight."""
QUEUE_S: Final = 0.25
MOST_QUEUED: Final = 3
"""More windows than are asked for in such a time, or so few, do not wait where a model keeps up."""
DEADLINE_MS: Final = 40.0

Told = dict[str, Any]
Run = Callable[[int, bool], Told]
"""How many streams, and whether long enough for the answer."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is asked of every stream."""

    model: str = ""
    hop_s: float = 2.0
    sound: bool = False

    @property
    def name(self) -> str:
        """In words."""
        asked = f"{self.model}, a window every {self.hop_s:g} s" if self.model else "beats, quality and rules, no model"
        return f"{asked}, with heart sounds" if self.sound else asked


def settings(effort: Effort) -> Iterator[Setting]:
    """Yield what is asked."""
    yield Setting()
    for model in effort.models:
        for hop_s in effort.hops_s:
            yield Setting(model, hop_s)
    if effort.daemon:  # there is time
        yield Setting(sound=True)


def holds(told: Told) -> bool:
    """Say whether a run was in time: 99 of 100 chunks by the deadline, nothing left over, one window of a thousand lost at most."""
    in_time = told["latency"]["p99_us"] <= DEADLINE_MS * 1e3 and not told["waiting"]
    return in_time and not told["slowed"] and told["windows_lost"] <= 0.001 * told["windows"] and _keeps_up(told)


def _keeps_up(told: Told) -> bool:
    """Say whether the model had answered but a moment's windows at the end: a queue that grows takes longer than a run to lose one."""
    waiting = told.get("windows_waiting", 0)
    return bool(waiting <= MOST_QUEUED or waiting <= QUEUE_S * told["spec"]["streams"] / told["spec"]["hop_s"])


def find(run: Run, *, tries: int, few: int, most: int) -> list[Told]:
    """Look for the most streams that are held; return every run, in order, the last ones long.

    Twice as many while they are held, then the middle of what is held and what is not, by short runs; what they found is run for long.
    """
    runs: list[Told] = []
    held, failed, guess = 0 if tries else few, most + 1, few
    for _ in range(tries):
        if not held < guess < failed or failed <= CLOSE * held:
            break
        runs.append(_at_best(run, guess, is_long=False))
        if holds(runs[-1]):
            held = guess
        else:
            failed = guess
        guess = _rounded(held * GROWTH if failed > most else math.sqrt(held * failed) if held else failed / GROWTH, most)
    for share in SHARES if held else ():
        runs.append(_at_best(run, _rounded(held * share, most), is_long=True))
        if holds(runs[-1]):
            break
    return runs


def _at_best(run: Run, streams: int, *, is_long: bool) -> Told:
    """Run; where it was not in time, once more: a host that stops for a tenth of a second makes few streams late as well as many."""
    told = run(streams, is_long)
    return (told if holds(told) else run(streams, is_long)) | {"short": not is_long}


def best(runs: list[Told]) -> Told | None:
    """Return the long run with the most streams that were held."""
    kept = [one for one in runs if holds(one) and not one.get("short")]
    return max(kept, key=lambda one: int(one["spec"]["streams"])) if kept else None


def on_one_core(setting: Setting, effort: Effort) -> list[Told]:
    """Look for the capacity of a setting, each run in a fresh process pinned to one core."""
    short_s = effort.short_s * (WITH_SOUND if setting.sound else WITH_MODEL if setting.model else 1.0)

    def run(streams: int, is_long: bool) -> Told:
        warm_s = 1.0 if is_long else 0.5
        spec = {
            "streams": streams,
            "seconds": warm_s + (effort.run_s if is_long else short_s),
            "warm_s": warm_s,
            "model": setting.model,
            "hop_s": setting.hop_s,
            "sound": setting.sound,
        }
        return measured("ward", spec)

    few = FEW if setting.model or setting.sound else FEW_ALONE
    return find(run, tries=effort.tries, few=min(few, effort.most_streams), most=effort.most_streams)


def _rounded(streams: float, most: int) -> int:
    """Two digits are enough."""
    n = max(1, min(most, round(streams)))
    step: int = 10 ** max(0, len(str(n)) - 2)
    return int(n // step * step)
