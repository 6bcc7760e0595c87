"""The plain way in, for a notebook: arrays in, arrays out, through the same engine that runs on a device."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import index
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeecg.engine import Engine
from edgeecg.errors import InputError
from edgeecg.facts import EngineConfig, StreamFacts, plain
from edgeecg.io.sources.together import Recorded, together
from edgeecg.stages import coupling
from edgeecg.stages.coupling import Reason
from edgeecg.types import Beat, Chunk, Event, HeartCycle, HeartSound, Morphology, Quality, Record, SoundKind, SourceChange, SourceState

if TYPE_CHECKING:
    from edgeecg.models.recording import Classification

PEAK = np.dtype(
    [
        ("sample", "i8"),
        ("reported_at", "i8"),
        ("confidence", "f8"),
        ("morphology", "i1"),
        ("width_ms", "f8"),
        ("prematurity", "f8"),
        ("template_distance", "f8"),
        ("amplitude_mv", "f8"),
        ("late", "?"),
    ]
)
"""One R peak, as `edgeecg.types.Beat` explains it; `sample` and `reported_at` count input samples."""

HEARD = np.dtype(
    [
        ("sample", "i8"),
        ("kind", "i1"),
        ("beat_sample", "i8"),
        ("delay_ms", "f8"),
        ("duration_ms", "f8"),
        ("amplitude", "f8"),
        ("confidence", "f8"),
        ("reported_at", "i8"),
    ]
)
"""One heart sound, as `edgeecg.types.HeartSound` explains it; `kind` is 1 for S1 and 2 for S2, `beat_sample` -1 without an ECG."""
ECG, SOUND = "ecg", "sound"

MILLIVOLT_RANGE = (0.05, 25.0)
"""Peak to peak in two seconds, of an ECG in millivolt."""
USUAL_RANGE_MV = 1.5
ONE_LEAD = "one lead: an array of one dimension"
SOUND_RATES_HZ = 350.0, 48000.0
"""Of a phonocardiogram that `couple` takes: its band ends at 160 Hz."""


def rpeaks(samples: ArrayLike, rate_hz: float, *, mv_per_unit: float | None = None, chunk_len: int = 64) -> NDArray[np.void]:
    """Return the R peaks of one lead as a structured array of `PEAK`, found causally, `chunk_len` samples at a time.

    Without `mv_per_unit`, floats in the range of an ECG are taken as millivolt, and anything else (counts of a
    converter) is brought to that range first: peaks do not depend on it, `amplitude_mv` does.
    """
    x = _array(samples)
    scale, zero = units(x) if mv_per_unit is None else (mv_per_unit, 0.0)
    peaks = [event for event in run(x, rate_hz, mv_per_unit=scale, offset_units=zero, chunk_len=chunk_len) if isinstance(event, Beat)]
    peaks.sort(key=lambda beat: (beat.sample, beat.reported_at))
    return np.array([tuple(getattr(beat, name) for name in PEAK.names or ()) for beat in peaks], PEAK)


def classify(
    samples: ArrayLike,
    rate_hz: float,
    model: str | PathLike[str] = "rhythm",
    *,
    pcg: ArrayLike | None = None,
    pcg_rate_hz: float | None = None,
    mv_per_unit: float | None = None,
) -> "Classification":
    """Classify one lead of any length and rate; `model` is a name, a name with its version, or the path of a card.

    A model that hears, as `heart-sound`, needs the sound recorded with it from the same instant: `pcg`, at `rate_hz` unless said.

    The windows are the engine's own, so the answer to each is the live one; a
    recording shorter than a window is taken as if the rest of it were missing. `mv_per_unit` as in `rpeaks`.
    """
    from edgeecg.models import hearing, recording, registry, windows  # noqa: PLC0415  (a runtime is loaded where a model is asked for)

    x = _array(samples)
    scale, zero = units(x) if mv_per_unit is None else (mv_per_unit, 0.0)
    stream = StreamFacts(name=windows.STREAM, rate_hz=rate_hz, mv_per_unit=scale, offset_units=zero)
    asked = registry.loaded(fspath(model))
    if asked.hears and pcg is None:
        raise InputError("pcg", "nothing", f"the sound recorded with the ECG: {asked.card.id} hears")
    if pcg is not None and not asked.hears:
        raise InputError("pcg", "a sound", f"left out: {asked.card.id} does not hear")
    if pcg is not None:
        return hearing.classify(x, stream, _array(pcg, "pcg"), plain("pcg_rate_hz", rate_hz if pcg_rate_hz is None else pcg_rate_hz), asked)
    return recording.classify(x, stream, asked)


@dataclass(frozen=True, slots=True, eq=False)
class HeartSounds:
    """What was heard: all sounds in the order of time, and of every beat and second what is known of it."""

    sounds: NDArray[np.void]
    """Rows of `HEARD`."""
    cycles: tuple[HeartCycle, ...]
    quality: tuple[Quality, ...]

    @property
    def s1(self) -> NDArray[np.int64]:
        """Samples of the first sounds."""
        return np.asarray(self.sounds["sample"][self.sounds["kind"] == SoundKind.S1], np.int64)

    @property
    def s2(self) -> NDArray[np.int64]:
        """Samples of the second sounds."""
        return np.asarray(self.sounds["sample"][self.sounds["kind"] == SoundKind.S2], np.int64)


def heart_sounds(
    pcg: ArrayLike, rate_hz: float, ecg: ArrayLike | None = None, *, ecg_rate_hz: float | None = None, mv_per_unit: float | None = None
) -> HeartSounds:
    """Find S1 and S2 in a phonocardiogram: of each beat of the ECG recorded with it, or by the sound alone, with less certainty.

    Both begin at the same instant; `ecg_rate_hz` is `rate_hz` unless said. With an ECG the way is the live one, causal and
    a tenth of a second at a time. Without one the whole recording is looked at, so nothing of that way is live.
    """
    x, rate_hz = _array(pcg, "pcg"), plain("rate_hz", rate_hz)
    if ecg is None:
        from edgeecg.stages.sound_alone import sounds_alone  # noqa: PLC0415  (kernels of its own)

        found = sounds_alone(x, rate_hz)
        return HeartSounds(_heard(found), (), ())
    events = list(listen(_array(ecg), x, rate_hz, ecg_rate_hz=ecg_rate_hz, mv_per_unit=mv_per_unit))
    return HeartSounds(
        _heard([event for event in events if isinstance(event, HeartSound)]),
        tuple(event for event in events if isinstance(event, HeartCycle)),
        tuple(event for event in events if isinstance(event, Quality) and event.stream == SOUND),
    )


def _heard(sounds: list[HeartSound]) -> NDArray[np.void]:
    sounds.sort(key=lambda sound: (sound.sample, sound.kind))
    return np.array([tuple(getattr(sound, name) for name in HEARD.names or ()) for sound in sounds], HEARD)


@dataclass(frozen=True, slots=True, eq=False)
class Coupled:
    """How a recording's ECG became its sound: the kernel from the QRS to the sounds, and what it says of every beat."""

    beats: NDArray[np.int64]
    """Samples of the ECG; the arrays below have an entry for each."""
    kernel: NDArray[np.float64]
    """Each beat's kernel, beats x lags; zeros where none is known yet."""
    smoothed: NDArray[np.float64]
    """The same of all beats so far: the last is the recording's."""
    lags_s: NDArray[np.float64]
    delay_s: NDArray[np.float64]
    """R to the middle of S1's energy; NaN: not told, for `reason`."""
    s1_s2_s: NDArray[np.float64]
    cost: NDArray[np.float64]
    """Of moving the beat's sounds onto the templates, in nats: less is more alike."""
    confidence: NDArray[np.float64]
    reason: tuple[Reason, ...]
    rows: NDArray[np.void]
    """All of it, as `edgeecg_kernels.coupling_state.COUPLING_ROW`."""


def couple(ecg: ArrayLike, pcg: ArrayLike, rate_hz: float, method: str = "nmcse", *, pcg_rate_hz: float | None = None) -> Coupled:
    """Estimate the coupling of an ECG and a phonocardiogram that begin at the same instant, causally, beat by beat.

    `method` is nmcse, aligned (the same with the best lag in place of the plan) or deconvolution (the mean beat by Tikhonov). Units do not
    matter. The sound's rate is the ECG's unless `pcg_rate_hz` is given. Beats are the engine's own detector's.
    """
    e, p = _array(ecg), _array(pcg, "pcg")
    rate_hz = plain("rate_hz", rate_hz)
    where, sound_hz = ("rate_hz", rate_hz) if pcg_rate_hz is None else ("pcg_rate_hz", plain("pcg_rate_hz", pcg_rate_hz))
    slowest, fastest = SOUND_RATES_HZ
    if not slowest <= sound_hz <= fastest:
        raise InputError(where, sound_hz, f"from {slowest:g} to {fastest:g} Hz")
    found = rpeaks(e, rate_hz)
    at = np.round(found["sample"] * (coupling.ECG_HZ / rate_hz)).astype(np.int64)
    beats = coupling.Beats(at, found["morphology"] == Morphology.NORMAL)
    ecg_grid = coupling.regrid(e.astype(np.float64), rate_hz, coupling.ECG_HZ)
    pcg_grid = coupling.regrid(p.astype(np.float64), sound_hz, coupling.RATE_HZ)
    rows = coupling.couple(ecg_grid, pcg_grid, beats, method)
    return Coupled(
        beats=found["sample"].astype(np.int64),
        kernel=rows["kernel"], smoothed=rows["smoothed"], lags_s=np.arange(coupling.KERNEL_LEN) / coupling.RATE_HZ,
        delay_s=rows["delay_ms"] / 1000, s1_s2_s=rows["s1_s2_ms"] / 1000, cost=rows["cost"], confidence=rows["confidence"],
        reason=tuple(map(coupling.Reason, rows["reason"].tolist())), rows=rows,
    )  # fmt: skip


def listen(
    ecg: NDArray[np.number], pcg: NDArray[np.number], rate_hz: float, *, ecg_rate_hz: float | None = None, mv_per_unit: float | None = None
) -> Iterator[Event]:
    """Take an ECG and the sound recorded with it through an engine of their own, as streams ECG and SOUND; yield every event."""
    for samples in (ecg, pcg):
        _check(samples, 1)
    scale, zero = units(ecg) if mv_per_unit is None else (mv_per_unit, 0.0)
    heart = StreamFacts(name=ECG, rate_hz=rate_hz if ecg_rate_hz is None else ecg_rate_hz, mv_per_unit=scale, offset_units=zero)
    sound = StreamFacts(name=SOUND, rate_hz=rate_hz, leads=("PCG",), sound_of=ECG)
    engine = Engine(EngineConfig(streams=(heart, sound)))
    for record in pair_of((ecg, heart), (pcg, sound)):
        yield from engine.feed(record)


def pair_of(*streams: tuple[NDArray[Any], StreamFacts]) -> Iterator[Record]:
    """Deliver streams that were recorded together in the order of time, and of one instant in the order given."""
    for _, record in together([Recorded(facts.name, samples, facts.rate_hz) for samples, facts in streams]):
        yield record


def run(
    samples: NDArray[np.number], rate_hz: float, *, mv_per_unit: float = 1.0, offset_units: float = 0.0, chunk_len: int = 64
) -> Iterator[Event]:
    """Take one lead through an engine of its own; yield every event, in the order of decision."""
    _check(samples, chunk_len)
    facts = StreamFacts(name="samples", rate_hz=rate_hz, mv_per_unit=mv_per_unit, offset_units=offset_units)
    engine = Engine(EngineConfig(streams=(facts,)))
    for record in records_of(samples, facts, chunk_len=chunk_len):
        yield from engine.feed(record)


def records_of(samples: NDArray[Any], facts: StreamFacts, *, chunk_len: int) -> Iterator[Record]:
    """Open a stream, deliver samples in chunks as they would have come, lose it: the last beats are decided then."""
    now_ns = 0
    yield SourceState(facts.name, SourceChange.OPENED, now_ns)
    for start in range(0, len(samples), chunk_len):
        piece = samples[start : start + chunk_len]
        now_ns = round((start + len(piece)) / facts.rate_hz * 1e9)
        yield Chunk(facts.name, piece, now_ns)
    yield SourceState(facts.name, SourceChange.LOST, now_ns)


def units(samples: NDArray[np.number]) -> tuple[float, float]:
    """Return (mv_per_unit, offset_units) under which samples of an unknown unit look like an ECG in millivolt."""
    _check(samples, 1)
    values = samples[np.isfinite(samples)].astype(np.float64)
    if not len(values):
        return 1.0, 0.0
    stretches = np.array_split(values, max(1, len(values) // 500))
    swing = float(np.median([np.ptp(stretch) for stretch in stretches]))
    smallest, largest = MILLIVOLT_RANGE
    if swing == 0 or (samples.dtype.kind == "f" and smallest <= swing <= largest):
        return 1.0, 0.0
    return USUAL_RANGE_MV / swing, float(np.median(values))


def _array(samples: ArrayLike, what: str = "samples") -> NDArray[Any]:
    """Return one lead as a plain array; a sample that is masked is missing, whatever lies under the mask."""
    try:
        given = np.asanyarray(samples)
    except ValueError:
        raise InputError(what, "rows of different lengths", ONE_LEAD) from None
    except (RuntimeError, TypeError) as error:  # as a tensor on its way through a net
        raise InputError(what, f"a {type(samples).__name__} ({error})", ONE_LEAD) from error
    if given.ndim == 0:
        raise InputError(what, f"a {type(samples).__name__}", ONE_LEAD)
    _check(given, 1, what)
    return np.asarray(np.ma.filled(given.astype(np.float64), np.nan) if np.ma.is_masked(given) else given)


def _check(samples: NDArray[np.number], chunk_len: object, what: str = "samples") -> None:
    if samples.ndim != 1:
        raise InputError(what, f"an array of shape {samples.shape}", ONE_LEAD)
    if samples.dtype.kind not in "iuf":
        raise InputError(what, f"an array of {samples.dtype}", "integers or floats")
    if not len(samples):
        raise InputError(what, "an empty array", "at least one sample")
    if not isinstance(chunk_len, SupportsIndex) or index(chunk_len) < 1:
        raise InputError("chunk_len", chunk_len, "a whole number of samples, 1 or more")
