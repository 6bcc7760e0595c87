"""A simulation written to files, block by block: a WFDB record or a CSV; and beside it, or beside a device's line, its annotations and the truth as JSON."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from edgeecg.errors import ConfigError
from edgeecg.io.newfile import open_new
from edgeecg.io.wfdb.writer import AnnotationWriter, RecordWriter, Signal
from edgeecg.simulate import truth
from edgeecg.simulate.converter import COUNTS_PER_MV, COUNTS_PER_SOUND, ecg_counts, pcg_counts
from edgeecg.simulate.simulation import Block, Setup, Simulation


class Sink(Protocol):
    """Takes blocks in order."""

    def take(self, block: Block) -> None:
        """Write one."""


class Record:
    """`path.hea`, `path.dat`: ECG in microvolt steps, and sound, where there is any, in steps of 1/4000 of S1."""

    def __init__(self, path: Path, setup: Setup) -> None:
        signals = [Signal(name="ECG", gain=COUNTS_PER_MV)]
        if setup.pcg_per_sample:
            signals.append(Signal(name="PCG", gain=COUNTS_PER_SOUND, units="S1", samples_per_frame=setup.pcg_per_sample))
        comments = (f"edgeecg simulate: scenario {setup.scenario.name}, seed {setup.seed}", f"truth: {path.name}.json")
        self._writer = RecordWriter(path, signals, rate_hz=setup.rate_hz, comments=comments)

    def take(self, block: Block) -> None:
        """Write one."""
        sound = () if block.pcg is None else (pcg_counts(block.pcg),)
        self._writer.write(ecg_counts(block.ecg_mv), *sound)

    def close(self) -> None:
        """Make it readable."""
        self._writer.close()


class Table:
    """A CSV: time, ECG in millivolt, and sound, where it has the ECG's rate."""

    def __init__(self, path: Path, setup: Setup) -> None:
        if setup.pcg_per_sample > 1:
            got = f"{setup.pcg_rate_hz:g} Hz beside an ECG of {setup.rate_hz:g} Hz"
            raise ConfigError("simulate.pcg_rate_hz", got, "possible in a CSV: its columns have one rate")
        self._rate_hz = setup.rate_hz
        self._file = open_new(path)
        self._file.write(("time_s,ECG [mV]" + (",PCG" if setup.pcg_per_sample else "") + "\n").encode())

    def take(self, block: Block) -> None:
        """Write one."""
        times = (f"{(block.start + i) / self._rate_hz:.6f}" for i in range(len(block.ecg_mv)))
        columns = [times, (f"{x / COUNTS_PER_MV:.3f}" for x in ecg_counts(block.ecg_mv).tolist())]
        if block.pcg is not None:
            columns.append(f"{x / COUNTS_PER_SOUND:.5f}" for x in pcg_counts(block.pcg).tolist())
        self._file.write("".join(",".join(row) + "\n" for row in zip(*columns, strict=True)).encode())

    def close(self) -> None:
        """Finish it."""
        self._file.close()


class Marks:
    """`path.atr`: every visible beat by its symbol, and `+` with the rhythm's name where an episode begins."""

    def __init__(self, path: Path, setup: Setup) -> None:
        self._writer, self._setup = AnnotationWriter(path), setup
        self._next_episode = 0

    def take(self, block: Block) -> None:
        """Write one block's."""
        end = block.start + len(block.ecg_mv)
        beats = [(beat.sample, 1, beat.beat.form.symbol, "") for beat in block.beats if beat.visible]
        for sample, _, symbol, aux in sorted(beats + list(self._begun(end))):
            self._writer.add(sample, symbol, aux)

    def _begun(self, end: int) -> Iterator[tuple[int, int, str, str]]:
        episodes = self._setup.scenario.episodes
        while self._next_episode < len(episodes):
            episode = episodes[self._next_episode]
            sample = round(episode.start_s * self._setup.rate_hz)
            if sample >= end:
                return
            self._next_episode += 1
            yield sample, 0, "+", truth.MARKS[episode.kind]

    def close(self) -> None:
        """Finish it."""
        self._writer.close()


class TruthFile:
    """`path.json`: the truth, a line a fact, its beats last, a line each."""

    def __init__(self, path: Path, simulation: Simulation, n_samples: int | None) -> None:
        self._file = open_new(path)
        facts = truth.of(simulation, n_samples=n_samples)
        lines = [f" {json.dumps(name)}: {json.dumps(value, allow_nan=False)},\n" for name, value in facts.items()]
        self._file.write(("{\n" + "".join(lines) + ' "beats": [').encode())
        self._separator = "\n  "

    def take(self, block: Block) -> None:
        """Write one block's."""
        for beat in block.beats:
            self._file.write((self._separator + json.dumps(truth.beat_row(beat), allow_nan=False)).encode())
            self._separator = ",\n  "

    def close(self) -> None:
        """Finish it."""
        self._file.write(b"\n ]\n}\n")
        self._file.close()


class Closing:
    """Sinks that are fed and closed together; those of what is not finished are closed too."""

    def __init__(self, stack: ExitStack, *sinks: Sink) -> None:
        self._stack, self._sinks = stack.pop_all(), sinks

    def take(self, block: Block) -> None:
        """Write one block to each."""
        for sink in self._sinks:
            sink.take(block)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()


class Truth(Closing):
    """`stem.atr` and `stem.json`; `n_samples` None: nobody knows yet how long it is."""

    def __init__(self, stem: Path, simulation: Simulation, n_samples: int | None = None) -> None:
        with ExitStack() as opened:
            marks = Marks(stem.with_name(stem.name + ".atr"), simulation.setup)
            opened.callback(marks.close)
            facts = TruthFile(stem.with_name(stem.name + ".json"), simulation, n_samples)
            opened.callback(facts.close)
            super().__init__(opened, marks, facts)


class Files(Closing):
    """All files of one simulation, to be filled block by block: `x.csv`, or `x.hea` and `x.dat`; and `x.atr` and `x.json`."""

    def __init__(self, path: Path, simulation: Simulation, n_samples: int) -> None:
        setup = simulation.setup
        stem = path.with_suffix("") if path.suffix in {".csv", ".hea"} else path
        with ExitStack() as opened:
            signal = Table(path, setup) if path.suffix == ".csv" else Record(stem, setup)
            opened.callback(signal.close)
            truth_files = opened.enter_context(Truth(stem, simulation, n_samples))
            super().__init__(opened, signal, truth_files)
