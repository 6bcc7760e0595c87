"""How many streams this machine holds on one core: guessed from the cost of a few, then run, and believed only where it ran in time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from edgeecg.bench.child import measured
from edgeecg.bench.effort import Effort

FULL_AT: Final = 0.7
"""Of a core: how busy the first guess makes it. Beyond, a moment's more work waits long."""
STEP: Final = 1.25
CLOSE: Final = 0.05
"""What is held and what is not lie this near: the rest is chance."""
DEADLINE_MS: Final = 40.0

Run = Callable[[int], dict[str, Any]]


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
    if effort.tries > 1:
        yield Setting(sound=True)


def holds(told: dict[str, Any]) -> bool:
    """Say whether a run was in time: 99 of 100 chunks by the deadline, nothing left over, one window of a thousand lost at most."""
    in_time = told["latency"]["p99_us"] <= DEADLINE_MS * 1e3 and not told["waiting"]
    return in_time and not told["slowed"] and told["windows_lost"] <= 0.001 * told["windows"]


def find(run: Run, *, tries: int, few: int, most: int) -> list[dict[str, Any]]:
    """Look for the most streams that are held; return every run, in order.

    Guess from a few; while that holds take a quarter more, once it does not halve what lies between.
    """
    runs = [run(few)]
    held, failed = (few, most + 1) if holds(runs[0]) else (0, few)
    guess = _rounded(few * FULL_AT / max(runs[0]["busy"], 1e-6), most) if held else few // 2
    for _ in range(tries):
        if not held < guess < failed or failed - held < CLOSE * held:
            break
        runs.append(run(guess))
        if holds(runs[-1]):
            held = guess
        else:
            failed = guess
        near = held * STEP if failed > most else (held + failed) / 2 if held else failed / 2
        guess = _rounded(near, most)
    return runs


def best(runs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the run with the most streams that were held."""
    kept = [one for one in runs if holds(one)]
    return max(kept, key=lambda one: int(one["spec"]["streams"])) if kept else None


def on_one_core(setting: Setting, effort: Effort) -> list[dict[str, Any]]:
    """Look for the capacity of a setting, each run in a fresh process pinned to one core."""

    def run(streams: int) -> dict[str, Any]:
        spec = {
            "streams": streams,
            "seconds": effort.run_s + 1.0,
            "warm_s": 1.0,
            "model": setting.model,
            "hop_s": setting.hop_s,
            "sound": setting.sound,
        }
        return measured("ward", spec)

    few = min(effort.most_streams, 50 if setting.model or setting.sound else 500)
    return find(run, tries=effort.tries, few=few, most=effort.most_streams)


def _rounded(streams: float, most: int) -> int:
    """Two digits are enough."""
    n = max(1, min(most, round(streams)))
    step: int = 10 ** max(0, len(str(n)) - 2)
    return int(n // step * step)
