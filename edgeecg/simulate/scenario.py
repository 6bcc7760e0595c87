"""What shall happen to a simulated heart, and when: a timeline of episodes, named or from a TOML or JSON file's content."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from edgeecg.errors import ConfigError

Settings = Mapping[str, float]
"""What an episode sets, by name."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A number that an episode may set."""

    default: float
    low: float
    high: float


_SINUS = {"bpm": Setting(math.nan, 20, 240), "sd_bpm": Setting(math.nan, 0, 30)}  # by default the scenario's own
_COUPLING = Setting(0.6, 0.35, 0.95)
_WAVELETS = {"amplitude_mv": Setting(0.05, 0, 5), "wave_hz": Setting(6.0, 2, 12)}

KINDS: Mapping[str, Mapping[str, Setting]] = MappingProxyType({
    "normal": _SINUS,
    "pvc": _SINUS | {"share": Setting(0.1, 0, 0.5), "coupling": _COUPLING},
    "pac": _SINUS | {"share": Setting(0.1, 0, 0.5), "coupling": Setting(0.7, 0.35, 0.95)},
    "bigeminy": _SINUS | {"coupling": _COUPLING, "normals": Setting(1, 1, 5)},
    "run": _SINUS | {"beats": Setting(4, 2, 30), "run_bpm": Setting(150, 100, 260), "every_s": Setting(15, 2, 3600), "coupling": _COUPLING},
    "af": {"bpm": Setting(95, 40, 200), "irregularity": Setting(0.2, 0.05, 0.4)} | _WAVELETS,
    "vt": {"bpm": Setting(180, 100, 280), "irregularity": Setting(0.02, 0, 0.2)},
    "vf": {"amplitude_mv": Setting(0.4, 0.02, 5), "wave_hz": Setting(5.0, 2, 12)},
    "pause": _SINUS | {"pause_s": Setting(3.5, 1.5, 30), "every_s": Setting(15, 2, 3600)},
    "asystole": {},
    "paced": {"bpm": Setting(70, 30, 150), "spike_mv": Setting(2.5, 0, 20), "spike_ms": Setting(1.0, 0.1, 2)},
    "lead-off": _SINUS | {"rail": Setting(1, 0, 1)},
})  # fmt: skip
"""Every kind of episode and what it may set. `rail`: 1 drives the converter to its limit, 0 leaves mains hum on an open wire."""


@dataclass(frozen=True, slots=True, eq=True)
class Episode:
    """From `start_s` on, until the next begins, this is what the heart does."""

    start_s: float
    kind: str
    settings: Settings = field(default_factory=dict)

    def value(self, name: str) -> float:
        """Return a setting, or its default."""
        return float(self.settings.get(name, KINDS[self.kind][name].default))

    def check(self, where: str) -> None:
        """Refuse what is not known or out of its range."""
        if self.kind not in KINDS:
            raise ConfigError(f"{where}.kind", repr(self.kind), f"one of {', '.join(KINDS)}")
        _number(f"{where}.start_s", self.start_s, 0, math.inf)
        for name, value in self.settings.items():
            allowed = KINDS[self.kind].get(name)
            if allowed is None:
                raise ConfigError(f"{where}.{name}", "a setting", f"one of a {self.kind} episode: {', '.join(KINDS[self.kind]) or 'none'}")
            _number(f"{where}.{name}", value, allowed.low, allowed.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A heart and its timeline."""

    name: str
    episodes: tuple[Episode, ...] = (Episode(0.0, "normal"),)
    bpm: float = 70.0
    sd_bpm: float = 3.0
    lf_hf: float = 0.5
    """Power of the Mayer waves over that of breathing, in the spectrum of the RR intervals."""
    mayer_hz: float = 0.1
    breath_hz: float = 0.25
    wander_mv: float = 0.15
    """A of the model's z0: what breathing does to the baseline."""

    def __post_init__(self) -> None:
        for name, low, high in _RANGES:
            _number(f"scenario.{name}", getattr(self, name), low, high)
        if not self.episodes or self.episodes[0].start_s != 0:
            raise ConfigError("scenario.episodes", "without one at 0 s", "a timeline from 0 s on")
        for i, episode in enumerate(self.episodes):
            episode.check(f"scenario.episodes[{i}]")
            if i and not episode.start_s > self.episodes[i - 1].start_s:
                raise ConfigError(f"scenario.episodes[{i}].start_s", episode.start_s, f"> {self.episodes[i - 1].start_s}, the one before")

    def end_s(self, number: int) -> float:
        """Return when an episode ends: the last never does."""
        return self.episodes[number + 1].start_s if number + 1 < len(self.episodes) else math.inf

    def bpm_of(self, episode: Episode) -> tuple[float, float]:
        """Return mean and standard deviation of the sinus rate in an episode."""
        own = KINDS[episode.kind]
        mean = episode.value("bpm") if "bpm" in own else math.nan
        sd = episode.value("sd_bpm") if "sd_bpm" in own else math.nan
        return (self.bpm if math.isnan(mean) else mean, self.sd_bpm if math.isnan(sd) else sd)


_RANGES = (
    ("bpm", 20, 240), ("sd_bpm", 0, 30), ("lf_hf", 0, 100), ("mayer_hz", 0.04, 0.15), ("breath_hz", 0.15, 0.45), ("wander_mv", 0, 5),
)  # fmt: skip


def _number(where: str, value: object, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(where, repr(value), f"a number from {low:g} to {high:g}")


def _then(kind: str, *, start_s: float = 20.0, **settings: float) -> tuple[Episode, ...]:
    return Episode(0.0, "normal"), Episode(start_s, kind, settings)


def _named(*scenarios: Scenario) -> Mapping[str, Scenario]:
    return MappingProxyType({scenario.name: scenario for scenario in scenarios})


NAMED = _named(
    Scenario(name="normal"),
    Scenario(name="pvc", episodes=(Episode(0.0, "pvc", {"share": 0.15}),)),
    Scenario(name="pac", episodes=(Episode(0.0, "pac", {"share": 0.15}),)),
    Scenario(name="bigeminy", episodes=_then("bigeminy")),
    Scenario(name="runs", episodes=(Episode(0.0, "run"),)),
    Scenario(name="af", episodes=_then("af")),
    Scenario(name="vt", episodes=(*_then("vt"), Episode(40.0, "normal"))),
    Scenario(name="vf", episodes=(*_then("vt", bpm=220), Episode(26.0, "vf"))),
    Scenario(name="asystole", episodes=(*_then("asystole"), Episode(30.0, "normal", {"bpm": 45}))),
    Scenario(name="tachy-step", episodes=_then("normal", start_s=30.0, bpm=150)),
    Scenario(name="brady-step", episodes=_then("normal", start_s=30.0, bpm=35)),
    Scenario(name="pause", episodes=(Episode(0.0, "pause"),)),
    Scenario(name="paced", episodes=(Episode(0.0, "paced"),)),
    Scenario(name="lead-off", episodes=(*_then("lead-off"), Episode(30.0, "normal"), Episode(45.0, "lead-off", {"rail": 0}), Episode(52.0, "normal"))),
)  # fmt: skip


def from_table(table: Mapping[str, Any], name: str) -> Scenario:
    """Make a scenario of what a TOML or JSON file holds: its numbers, and `episodes`, each with `start_s`, `kind` and settings."""
    numbers = {field_name for field_name, _, _ in _RANGES}
    for key in table:
        if key not in numbers | {"name", "episodes"}:
            raise ConfigError(f"scenario.{key}", "a setting", f"one of name, episodes, {', '.join(sorted(numbers))}")
    episodes = table.get("episodes", [{"start_s": 0.0, "kind": "normal"}])
    if not isinstance(episodes, list) or not all(isinstance(episode, Mapping) for episode in episodes):
        raise ConfigError("scenario.episodes", type(episodes).__name__, "a list of tables")
    return Scenario(
        name=str(table.get("name", name)),
        episodes=tuple(_episode(episode) for episode in episodes),
        **{key: table[key] for key in numbers & set(table)},
    )


def _episode(table: Mapping[str, Any]) -> Episode:
    settings = {key: value for key, value in table.items() if key not in {"start_s", "kind"}}
    return Episode(table.get("start_s", math.nan), str(table.get("kind", "")), settings)
