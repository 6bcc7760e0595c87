"""The records that go into the engine and the events that come out of it: frozen, closed lists.

Every time here is data. `arrival_ns` and `now_ns` are the host's monotonic nanoseconds, read outside the engine;
sample numbers count on the stream's own clock, at its own rate, from the moment it was first opened.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edgeecg.facts import EngineConfig
from edgeecg.rulefacts import Priority as Priority  # noqa: PLC0414  said here too: a part of Alert

FRAME_FIELDS = ("len_samples", "sequence", "device_us", "arrival_ns")
"""What a chunk of several frames says of each."""

# --- records: what goes in ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Samples of one frame of a device, or a piece of it: a piece keeps its frame's numbers and says where it begins.

    Or several whole frames, one after the other: each keeps its numbers in `frames`, and means what it would mean alone.
    """

    stream: str
    samples: NDArray[Any]
    """Shape (n,) or (n, leads): integers or floats, in the device's units."""
    arrival_ns: int
    sequence: int = -1
    """The frame's counter as the device sent it; -1: it has none."""
    device_us: int = -1
    """The device's clock at the frame's first sample; -1: it has none."""
    offset: int = 0
    frame_len: int = 0
    """Samples in the whole frame; 0: this is the whole frame."""
    frames: NDArray[np.int64] | None = None
    """Of several: a row of `FRAME_FIELDS` each. `sequence` and `device_us` above are the first's then, `arrival_ns` the last's."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: fed at least once a second, in silence too."""

    now_ns: int


class SourceChange(IntEnum):
    """What happened to a stream's source."""

    OPENED = 1
    LOST = 2
    DROPPED = 3
    CLOCK_SYNCHRONISED = 4


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source opened (with the epoch it drew), was lost, dropped samples for want of room, or has a true wall clock."""

    stream: str
    change: SourceChange
    now_ns: int
    count: int = 0
    """Samples dropped, for DROPPED."""
    epoch: int = 0
    """The number drawn for a stream that starts anew, for OPENED."""


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """New settings: streams that stay the same keep their state."""

    config: EngineConfig


@dataclass(frozen=True, slots=True)
class Inference:
    """A model's answer to a window that `WindowReady` announced."""

    stream: str
    model: str
    window_id: int
    scores: tuple[float, ...]
    """Logits or log-probabilities, one a label, as the model gave them: the engine calibrates."""
    activation: tuple[float, ...] = ()
    """What spoke for the top label along the window, the largest of magnitude 1; empty: the model does not say."""


@dataclass(frozen=True, slots=True)
class Overload:
    """Windows come `hop_factor` times as far apart as configured, until told otherwise."""

    hop_factor: int


class ModelChange(IntEnum):
    """What became of a model."""

    READY = 1
    UNAVAILABLE = 2
    """It cannot run here, or no longer."""
    REFUSED = 3
    """Its file is not what its card says, or not what this configuration was made for."""


@dataclass(frozen=True, slots=True)
class ModelState:
    """A model was loaded, cannot run, or was refused, and why."""

    model: str
    change: ModelChange
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """A person has seen an alert."""

    alert_id: str
    by: str


Record: TypeAlias = Chunk | Tick | SourceState | ConfigChange | Inference | Overload | ModelState | Acknowledge


def time_of(record: Record) -> int | None:
    """Return when a record came, in the host's nanoseconds; None: it does not say."""
    match record:
        case Chunk():
            return record.arrival_ns
        case SourceState() | Tick():
            return record.now_ns
        case _:
            return None


# --- events: what comes out ---------------------------------------------------------------------------------------
# Every event says its stream, what it is about (`sample` or `start_sample`), and `reported_at`: the input sample
# whose arrival decided it, however the input was cut.


class StreamChange(IntEnum):
    """What became of a stream."""

    OPENED = 1
    LOST = 2
    SILENT = 3
    LIVE = 4
    SAMPLES_DROPPED = 5
    CLOCK_SYNCHRONISED = 6
    REMOVED = 7


@dataclass(frozen=True, slots=True)
class StreamChanged:
    """A stream opened, was lost, fell silent, spoke again, or had samples dropped before they came here."""

    stream: str
    change: StreamChange
    reported_at: int
    epoch: int
    count: int = 0


class GapReason(IntEnum):
    """Why samples are missing, or how it is known."""

    LOST = 1
    """Frames never came: their counter or the device's clock says so."""
    SILENCE = 2
    """Nothing came for longer than the stream may be silent."""
    REOPENED = 3
    """The source was lost and opened again."""
    RESTARTED = 4
    """The device began anew: counter and clock jumped back."""
    TRUNCATED = 5
    """Only part of a frame came."""
    DROPPED = 6
    """The source dropped samples for want of room."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that never came. Nothing is put in their place."""

    stream: str
    start_sample: int
    len_samples: int
    reason: GapReason
    reported_at: int


class RefusalReason(IntEnum):
    """Why input was not taken."""

    UNKNOWN_STREAM = 1
    NOT_OPEN = 2
    WRONG_SHAPE = 3
    WRONG_TYPE = 4
    DUPLICATE = 5
    TOO_LATE = 6
    MALFORMED_PIECE = 7
    UNKNOWN_WINDOW = 8
    WRONG_ANSWER = 9
    BAD_VALUE = 10
    UNKNOWN_MODEL = 11
    UNKNOWN_ALERT = 12


@dataclass(frozen=True, slots=True)
class Refused:
    """Input that was not taken: where, what came, what is allowed. The engine goes on."""

    stream: str
    reason: RefusalReason
    got: str
    allowed: str
    reported_at: int


@dataclass(frozen=True, slots=True)
class ClockReport:
    """The device's clock against arrivals: a settled drift, or a jump."""

    stream: str
    sample: int
    drift_ppm: float
    jump_us: int
    reported_at: int


@dataclass(frozen=True, slots=True)
class SignalState:
    """What `condition` sees wrong with a lead changed at `sample`: flags as in `edgeecg_kernels.state`."""

    stream: str
    lead: str
    sample: int
    lead_off: bool
    saturated: bool
    flat: bool
    invalid: bool
    mains: bool
    reported_at: int


class Morphology(IntEnum):
    """The engine's own opinion of a beat's shape: WIDE as a ventricular focus makes it, NORMAL as this heart (or its pacemaker) usually does."""

    UNKNOWN = 0
    NORMAL = 1
    WIDE = 2


@dataclass(frozen=True, slots=True)
class Beat:
    """One R peak."""

    stream: str
    lead: str
    sample: int
    confidence: float
    morphology: Morphology
    width_ms: float
    prematurity: float
    """The RR interval that ends here over the running RR; 0: unknown."""
    template_distance: float
    amplitude_mv: float
    late: bool
    """Found by search-back, or while thresholds were still being learned."""
    reported_at: int


class QualityReason(IntEnum):
    """What speaks most against a second that is not rated good."""

    NONE = 0
    MOTION = 1
    """Noise and motion."""
    WANDER = 2
    DOUBT = 3
    """Doubt whether what was found is a beat."""
    ODD_BEATS = 4
    """Beats unlike the ones before."""
    BAD_SAMPLES = 5
    """Lead off, saturated, flat or no numbers; of sound: missing."""
    SILENT = 6
    """Of sound, as those that follow: nothing is heard."""
    CLIPPED = 7
    KNOCK = 8
    """A knock or a click, louder than any heart sound."""
    TALK = 9
    """Speech, rubbing or hum: something else is heard between the sounds."""
    DRIFT = 10
    """The sensor's level wanders far beyond the sounds."""


@dataclass(frozen=True, slots=True)
class Quality:
    """One second of one lead: `index` is the chance that its beats, all and only they, were found."""

    stream: str
    lead: str
    start_sample: int
    len_samples: int
    index: float
    good: bool
    """The index is high, and of the beats that the heart rate rests on none is known to be in doubt."""
    reason: QualityReason
    bad_share: float
    noise_mv: float
    mains_mv: float
    level_mv: float
    """How far from its baseline half of it lay on average, the farther half: far where a contact moved."""
    reported_at: int


@dataclass(frozen=True, slots=True)
class Vitals:
    """Heart rate and variability, once a second. A value that is not known is -1."""

    stream: str
    sample: int
    heart_rate: float
    rr_ms: float
    sdnn_ms: float
    rmssd_ms: float
    n_intervals: int
    reported_at: int


@dataclass(frozen=True, slots=True)
class Flutter:
    """Four seconds of a lead in which there are no QRS complexes but waves, as ventricles make that flutter or fibrillate.

    Said every second while it is so.
    """

    stream: str
    lead: str
    start_sample: int
    len_samples: int
    leakage: float
    """What is left of the signal, added to itself half a period later: 0 of a wave of one shape."""
    waves_hz: float
    swing_mv: float
    """Of the second that swings least."""
    reported_at: int


class SoundKind(IntEnum):
    """Which of a beat's sounds."""

    S1 = 1
    S2 = 2


class SoundReason(IntEnum):
    """What speaks most against what is said, or would have been said, of a beat's sounds."""

    NONE = 0
    MISSING = 1
    """Samples of sound, or of ECG, never came."""
    SILENT = 2
    CLIPPED = 3
    KNOCK = 4
    TALK = 5
    """Noise of any kind: the beat's sounds do not stand out of it."""
    DRIFT = 6
    CLOCK = 7
    """Sounds come, but not when this beat can have made them: ECG and sound are not on one clock, or not yet known to be."""
    BEAT = 8
    """The beat itself is doubtful, or too near to another."""
    LEARNING = 9
    """Too few beats have been heard yet."""
    SPREAD = 10
    """The estimate is too uncertain to be told."""


@dataclass(frozen=True, slots=True)
class HeartSound:
    """One heart sound of one beat. Samples count on the sound's own stream, `beat_sample` on that of its ECG."""

    stream: str
    kind: SoundKind
    sample: int
    """Its middle: the centroid of its energy."""
    beat_sample: int
    delay_ms: float
    """From the R peak to `sample`, by the device's clock."""
    duration_ms: float
    amplitude: float
    """The RMS of its loudest 20 ms in the sensor's unit, 25 to 400 Hz."""
    confidence: float
    reported_at: int


@dataclass(frozen=True, slots=True)
class HeartCycle:
    """What is heard of one beat as a whole: said of every beat, its sounds found or not. What is not known is -1."""

    stream: str
    beat_sample: int
    sample: int
    """The beat's R peak, as a sample of sound."""
    rr_ms: float
    """Since the beat before."""
    systole_ms: float
    """From the end of S1 to the beginning of S2."""
    diastole_ms: float
    """From the end of S2 on, as far as it was listened to: 700 ms after the R peak at most."""
    systole: tuple[float, ...]
    """Murmur: mean squares between the sounds in the bands of `MURMUR_HZ`, in the sensor's unit squared; empty: not known."""
    diastole: tuple[float, ...]
    loudness: float
    """The mean square of S1 and S2, 25 to 400 Hz: what murmurs are compared with."""
    confidence: float
    reason: SoundReason
    reported_at: int


MURMUR_HZ = ((30.0, 60.0), (60.0, 120.0), (120.0, 240.0), (240.0, 400.0))
"""The bands of `HeartCycle`."""
COUPLING_HZ = 1000
"""Rate of the coupling kernels in `Coupling`, from the R peak on."""
COUPLING_LEN = 601


@dataclass(frozen=True, slots=True)
class Coupling:
    """How a beat's electricity became sound: one of each beat. Numbers that are not known, or not told for `reason`, are -1."""

    stream: str
    beat_sample: int
    delay_ms: float
    """R to S1: the centroid of the energy of the kernel's first sound."""
    delay_sd_ms: float
    s1_s2_ms: float
    s1_s2_sd_ms: float
    cost: float
    """Of the transport plan: how unlike this beat's sounds are to those before."""
    confidence: float
    reason: SoundReason
    """Why no delay is told; NONE: it is."""
    kernel: bytes = field(repr=False)
    """This beat's: float32, little endian, COUPLING_LEN values at COUPLING_HZ from R on; empty: none is told."""
    smoothed: bytes = field(repr=False)
    """Of the beats so far, the same way."""
    reported_at: int


BEAT_FIELDS = ("offset_s", "confidence", "morphology", "width_ms", "prematurity", "template_distance", "amplitude_mv")
"""What a window says of a beat, float32, little endian: seconds from the window's first sample, then as in `Beat`."""


@dataclass(frozen=True, slots=True)
class WindowReady:
    """A window for a model: the lead as it came, on the internal grid, not conditioned; missing samples are NaN.

    A window about one beat may begin before the stream did: `start_sample` is negative then.
    """

    stream: str
    lead: str
    model: str
    window_id: int
    start_sample: int
    len_samples: int
    deadline_sample: int
    readable: bool
    missing_share: float
    beat_sample: int
    """The R peak a model that is asked about every beat is asked about; -1: the window is about no one beat."""
    samples_mv: bytes = field(repr=False)
    """float32, little endian, at `edgeecg_kernels.state.GRID_HZ`."""
    beats: bytes = field(repr=False)
    """Rows of `BEAT_FIELDS`: the beats in the last `beats_s` of the window that were known when it was whole, oldest first."""
    reported_at: int
    sound: bytes = field(default=b"", repr=False)
    """For a model that hears, whose windows are told by the stream of sound: what was heard in the same span, float32, little endian, at
    COUPLING_HZ, missing samples NaN."""
    sound_fault: SoundReason = SoundReason.NONE
    """What is wrong with it: the window is not readable."""


@dataclass(frozen=True, slots=True)
class WindowExpired:
    """No answer came in time: this window will have none."""

    stream: str
    model: str
    window_id: int
    reported_at: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's answer, with the label it ranks first. A late one is marked, and nothing may act on it as if in time."""

    stream: str
    model: str
    window_id: int
    start_sample: int
    len_samples: int
    beat_sample: int
    label: str
    probabilities: tuple[float, ...]
    """Calibrated, one a label."""
    abstained: bool
    """The top probability is below what the model's card asks for: no answer to act on."""
    activation: tuple[float, ...]
    late: bool
    reported_at: int


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """What became of a model: it concerns every stream, so its own is the empty name."""

    model: str
    change: ModelChange
    detail: str
    stream: str = ""
    reported_at: int = -1


@dataclass(frozen=True, slots=True)
class OverloadChanged:
    """From now on windows come `hop_factor` times as far apart as configured, on every stream."""

    hop_factor: int
    stream: str = ""
    reported_at: int = -1


class AlertState(IntEnum):
    """What a revision of an alert says."""

    RAISED = 1
    UPDATED = 2
    ACKNOWLEDGED = 3
    CLEARED = 4


@dataclass(frozen=True, slots=True)
class Measure:
    """One measured fact an alert rests on."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One revision of an alert. The pair (alert_id, revision) is its name: a replay makes the same ones."""

    stream: str
    alert_id: str
    """Of the stream, its epoch, the rule and the onset."""
    revision: int
    rule: str
    priority: Priority
    state: AlertState
    latched: bool
    """What it is about is over; it stays until a person acknowledges it."""
    epoch: int
    onset_sample: int
    sample: int
    """Where what decided this revision lies."""
    value: float
    limit: float
    unit: str
    score: float
    """How sure, from 0 to 1."""
    quality: float
    """The signal's, at the time; -1: unknown."""
    text: str
    model: str = ""
    model_sha256: str = ""
    beats: tuple[int, ...] = ()
    """R peaks it rests on."""
    evidence: tuple[Measure, ...] = ()
    looked_from: int = -1
    looked_len: int = 0
    activation: tuple[float, ...] = ()
    """Where the model looked in the `looked_len` samples from `looked_from`."""
    acknowledged_by: str = ""
    reported_at: int


Event: TypeAlias = (
    StreamChanged
    | Gap
    | Refused
    | ClockReport
    | SignalState
    | Beat
    | Quality
    | Vitals
    | Flutter
    | HeartSound
    | HeartCycle
    | Coupling
    | WindowReady
    | WindowExpired
    | Prediction
    | ModelChanged
    | OverloadChanged
    | Alert
)
