"""How much is measured: a minute's worth, some minutes' worth, or, in tests, next to nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Sizes of everything. Medians settle soon; p99.9 needs ten thousand of a thing."""

    name: str
    heart_s: float
    """Seconds of signal that stages work through."""
    rounds: int
    """Turns that ways compared with each other take."""
    fleets: tuple[int, ...]
    """Streams, where cost as it grows is looked at."""
    rates_hz: tuple[float, ...]
    hops_s: tuple[float, ...]
    run_s: float
    """Seconds by the clock of a run whose answer counts; a second more warms it up."""
    short_s: float
    """Of one that looks for it, warmed up for half a second."""
    tries: int
    """Short runs that look for the capacity of one setting; 0: none looks, the fewest are run."""
    most_streams: int
    models: tuple[str, ...]
    of_beats: tuple[str, ...]
    """Models asked about every beat: what a beat costs is measured, no fleet is run with them."""
    alerts: int
    daemon: bool
    peers: bool


TINY = Effort(
    name="tiny", heart_s=4.0, rounds=2, fleets=(1, 3), rates_hz=(250.0,), hops_s=(2.0,), run_s=0.4, short_s=0.4, tries=0, most_streams=4, models=(), of_beats=(),
    alerts=2, daemon=False, peers=False,
)  # fmt: skip
QUICK = Effort(
    name="quick", heart_s=40.0, rounds=3, fleets=(1, 30, 300), rates_hz=(250.0, 1000.0), hops_s=(2.0,), run_s=2.0, short_s=0.8, tries=3,
    most_streams=20_000, models=("rhythm",), of_beats=("beat",), alerts=100, daemon=False, peers=False,
)  # fmt: skip
FULL = Effort(
    name="full", heart_s=120.0, rounds=9, fleets=(1, 3, 10, 30, 100, 300, 1000, 3000), rates_hz=(100.0, 250.0, 360.0, 500.0, 1000.0, 2000.0),
    hops_s=(2.0, 8.0), run_s=8.0, short_s=1.5, tries=12, most_streams=50_000, models=("rhythm",), of_beats=("beat",), alerts=1000, daemon=True, peers=True,
)  # fmt: skip
