"""Everything the daemon counts and measures, by name."""

import resource
from pathlib import Path
from threading import active_count
from typing import Final

from edgeecg.daemon.clock import Clock
from edgeecg.daemon.metrics import Asked, Counter, Gauge, Histogram, Metric, render

LATENESS_S: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
PAGE_BYTES: Final = resource.getpagesize()


class Numbers:
    """One process's. `stage` is timed on the daemon's clock; lateness is counted in samples, and said in seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.stage_s = Histogram(
            "edgeecg_stage_seconds",
            "What each step takes: queue (from arrival), journal, engine, outbox; and alert, from arrival to its place in the outbox.",
            ("stage",),
        )
        self.lateness_s = Histogram(
            "edgeecg_lateness_seconds",
            "By how much of the stream what is said comes after what it is about: beats, and answers of models after their windows.",
            ("what",),
            LATENESS_S,
        )
        self.records = Counter("edgeecg_records_total", "Records fed to the engine.", ("kind",))
        self.events = Counter("edgeecg_events_total", "Events the engine gave.", ("kind",))
        self.alerts = Counter("edgeecg_alerts_total", "Alerts put into the outbox.", ("rule", "priority", "state"))
        self.notices = Counter("edgeecg_notices_total", "What sources said beside their samples.", ("kind",))
        self.dropped = Counter("edgeecg_dropped_samples_total", "Samples that made room for newer ones.")
        self.refused = Counter("edgeecg_refused_total", "Input the engine did not take.", ("reason",))
        self.rotations = Counter("edgeecg_snapshots_total", "Snapshots of the engine on disk.")
        self.reloads = Counter("edgeecg_reloads_total", "Settings read again.", ("outcome",))
        self.line_up = Gauge("edgeecg_line_up", "1: the line to a device or broker is up.", ("line",))
        self.synchronised = Gauge("edgeecg_clock_synchronised", "1: the wall's clock can be believed.")
        self.open_streams = Gauge("edgeecg_open_streams", "Streams that are open.")
        self._asked: list[Metric] = [
            Asked("edgeecg_resident_bytes", "Memory in use.", resident_bytes),
            Asked("edgeecg_threads", "Threads that run.", active_count),
            Asked("edgeecg_open_descriptors", "Open files and sockets.", lambda: sum(1 for _ in Path("/proc/self/fd").iterdir())),
        ]
        self._lap_ns = clock.now_ns()

    def ask(self, *asked: Asked) -> None:
        """Measure something more whenever somebody looks."""
        self._asked += asked

    def begin(self) -> None:
        """A stage begins."""
        self._lap_ns = self._clock.now_ns()

    def lap(self, stage: str) -> None:
        """A stage is over and the next begins. One thread's."""
        now_ns = self._clock.now_ns()
        self.stage_s.observe((now_ns - self._lap_ns) / 1e9 / self._clock.speed, stage)
        self._lap_ns = now_ns

    def since(self, arrival_ns: int, stage: str) -> None:
        """Something that arrived then has come as far as this stage."""
        self.stage_s.observe(max(0, self._clock.now_ns() - arrival_ns) / 1e9 / self._clock.speed, stage)

    def text(self) -> str:
        """Write all of it."""
        own = [metric for metric in vars(self).values() if isinstance(metric, Counter | Histogram)]
        return render([*own, *self._asked])


def resident_bytes() -> int:
    """Return how much memory the process has."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES
