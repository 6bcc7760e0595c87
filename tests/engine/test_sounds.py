"""Sound beside an ECG: what is heard, when, and what is said where little can be heard."""

from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import sound_clock
from edgeecg.api import ECG, SOUND, couple, heart_sounds, listen
from edgeecg.engine import Engine
from edgeecg.errors import ConfigError, InputError
from edgeecg.evals.sounds import Condition, measure, true_sounds
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.rulefacts import default_rules
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.types import (
    COUPLING_LEN,
    Alert,
    Chunk,
    ConfigChange,
    Coupling,
    Event,
    HeartCycle,
    HeartSound,
    Quality,
    QualityReason,
    Record,
    SoundKind,
    SoundReason,
    SourceChange,
    SourceState,
)

Signal = NDArray[np.float64]
ECG_HZ, PCG_HZ = 250.0, 1000.0
SECONDS = 24.0


def heard_heart(
    seed: int = 5, *, pcg_hz: float = PCG_HZ, murmur: float = 0.0
) -> tuple[Simulation, Signal, Signal, dict[SoundKind, Signal]]:
    """A simulated heart: its ECG, its sound with a little noise, and where the sounds truly are, in seconds."""
    simulation = Simulation(Setup(scenario=NAMED["normal"], seed=seed, rate_hz=ECG_HZ, pcg_rate_hz=pcg_hz, murmur=murmur))
    blocks = list(simulation.blocks(2500, n_samples=round(SECONDS * ECG_HZ)))
    pcg = np.concatenate([block.pcg for block in blocks if block.pcg is not None])
    pcg += 0.01 * np.random.default_rng(seed).normal(size=len(pcg))
    assert simulation.kernel is not None
    true = true_sounds(simulation.kernel, [beat for block in blocks for beat in block.beats])
    return simulation, np.concatenate([block.ecg_mv for block in blocks]), pcg, {kind: np.array(at) for kind, at in true.items()}


HEART = heard_heart()


def simulation_r(simulation: Simulation) -> Signal:
    """Where the R peaks of the same stretch are, in seconds."""
    blocks = simulation.blocks(2500, n_samples=round(SECONDS * ECG_HZ))
    return np.array([beat.beat.at_s for block in blocks for beat in block.beats])


def events_of(ecg: Signal, pcg: Signal, pcg_hz: float = PCG_HZ) -> list[Event]:
    return list(listen(ecg, pcg, pcg_hz, ecg_rate_hz=ECG_HZ, mv_per_unit=1.0))


def cycles_in(events: Iterable[Event], after_s: float = 0.0) -> list[HeartCycle]:
    return [event for event in events if isinstance(event, HeartCycle) and event.beat_sample >= after_s * ECG_HZ]


@pytest.mark.parametrize("pcg_hz", [1000.0, 2000.0, 4000.0])
def test_sounds_are_heard_where_they_are_whatever_the_rates(pcg_hz: float) -> None:
    _, ecg, pcg, true = heard_heart(7, pcg_hz=pcg_hz)
    found = heart_sounds(pcg, pcg_hz, ecg, ecg_rate_hz=ECG_HZ, mv_per_unit=1.0)
    for kind, samples in ((SoundKind.S1, found.s1), (SoundKind.S2, found.s2)):
        off = np.abs(samples[:, None] / pcg_hz - true[kind][None, :]).min(axis=1)
        assert np.median(off) < 0.002
        assert off.max() < 0.02
        inside = true[kind][(true[kind] > 1) & (true[kind] < SECONDS - 1)]
        assert np.abs(inside[:, None] - samples[None, :] / pcg_hz).min(axis=1).max() < 0.02


def test_sounds_are_found_in_noise_with_and_without_the_ecg() -> None:
    counts = {(count.method, count.sound): count for count in measure(Condition("pink", 5.0), [2001])}
    assert min(counts["with ECG", "S1"].f1, counts["with ECG", "S2"].f1) > 97
    assert min(counts["sound alone", "S1"].f1, counts["sound alone", "S2"].f1) > 92
    assert counts["with ECG", "S2"].error_ms < 0.6 * counts["average place", "S2"].error_ms


def test_a_delay_is_from_the_r_peak_and_a_murmur_is_in_its_band() -> None:
    simulation, ecg, pcg, _ = heard_heart(6, murmur=0.8)
    quiet = cycles_in(events_of(*HEART[1:3]), 3)
    loud = cycles_in(events_of(ecg, pcg), 3)
    share = [np.median([cycle.systole[2] / cycle.loudness for cycle in cycles if cycle.systole]) for cycles in (quiet, loud)]
    assert share[1] > 50 * share[0]
    assert np.median([cycle.diastole[2] / cycle.systole[2] for cycle in loud if cycle.systole and cycle.diastole]) < 0.1
    assert simulation.kernel is not None
    sounds = [event for event in events_of(ecg, pcg) if isinstance(event, HeartSound) and event.kind == SoundKind.S1]
    true_ms = 1000 * simulation.kernel.subject.s1_s
    assert true_ms + 10 < np.median([sound.delay_ms for sound in sounds]) < true_ms + 40


def test_each_beat_says_how_its_electricity_became_sound() -> None:
    simulation, ecg, pcg, true = heard_heart(7)
    told = [event for event in events_of(ecg, pcg) if isinstance(event, Coupling)]
    assert len(told) == len(cycles_in(events_of(ecg, pcg)))
    assert {event.reason for event in told[:6]} == {SoundReason.LEARNING}
    known = [event for event in told if event.reason == SoundReason.NONE]
    assert len(known) > 0.5 * len(told)
    true_ms = 1000 * (true[SoundKind.S1] - simulation_r(simulation)).mean()
    assert np.median([event.delay_ms for event in known]) == pytest.approx(true_ms, abs=3.0)
    kernel = np.frombuffer(known[-1].smoothed, "<f4")
    assert len(kernel) == COUPLING_LEN
    assert abs(int(np.abs(kernel[:200]).argmax()) - true_ms) < 25
    assert all((event.delay_ms, event.kernel) == (-1.0, b"") for event in told if event.reason != SoundReason.NONE)


def test_couple_and_the_engine_say_the_same_of_every_beat() -> None:
    _, ecg, pcg, _ = HEART
    alone = couple(ecg, pcg, ECG_HZ, pcg_rate_hz=PCG_HZ)
    of = {int(beat): k for k, beat in enumerate(alone.beats)}
    told = [event for event in events_of(ecg, pcg) if isinstance(event, Coupling) and event.reason == SoundReason.NONE]
    assert len(told) > 15
    for event in told:
        k = of[event.beat_sample]
        assert event.delay_ms == pytest.approx(1000 * alone.delay_s[k], abs=1e-4)
        assert event.confidence == pytest.approx(alone.confidence[k], abs=1e-5)
        np.testing.assert_allclose(np.frombuffer(event.smoothed, "<f4"), alone.smoothed[k], atol=1e-5 * np.abs(alone.smoothed[k]).max())


# --- bad input -------------------------------------------------------------------------------------------------------


def second_half(change: Callable[[Signal], Signal]) -> Callable[[Signal], Signal]:
    """Change what comes from the middle on."""
    return lambda x: np.concatenate([x[: len(x) // 2], change(x[len(x) // 2 :].copy())])


def knocked(x: Signal) -> Signal:
    """A knock every 1.9 s, ten times as loud as any sound."""
    rng, length = np.random.default_rng(3), 120
    for at in range(350, len(x) - length, 1900):
        x[at : at + length] += 10 * np.exp(-np.arange(length) / 25) * rng.normal(size=length)
    return x


def talked_over(x: Signal) -> Signal:
    """Noise of the sounds' own band, in syllables."""
    rng, t = np.random.default_rng(4), np.arange(len(x)) / PCG_HZ
    noise = np.convolve(rng.normal(size=len(x)), np.hanning(9) * np.cos(np.arange(9)), mode="same")
    return x + 2.0 * noise * (0.4 + np.abs(np.sin(2 * np.pi * 2.3 * t)))


RAIL = float(np.abs(HEART[2][: len(HEART[2]) // 2]).max())
TROUBLES = {
    "silent": (second_half(np.zeros_like), {SoundReason.SILENT}, {QualityReason.SILENT}),
    "missing": (second_half(lambda x: np.full(len(x), np.nan)), {SoundReason.MISSING}, {QualityReason.BAD_SAMPLES}),
    "clipped": (second_half(lambda x: np.clip(6 * x, -RAIL, RAIL)), {SoundReason.CLIPPED}, {QualityReason.CLIPPED}),
    "drifting": (
        second_half(lambda x: x + 40 * np.sin(2 * np.pi * 0.2 * np.arange(len(x)) / PCG_HZ)), {SoundReason.DRIFT}, {QualityReason.DRIFT},
    ),
    "talked over": (second_half(talked_over), {SoundReason.TALK, SoundReason.CLOCK}, {QualityReason.TALK, QualityReason.KNOCK}),
    "knocked": (second_half(knocked), {SoundReason.KNOCK, SoundReason.TALK}, {QualityReason.KNOCK, QualityReason.TALK, QualityReason.NONE}),
}  # fmt: skip


@pytest.mark.parametrize("name", TROUBLES)
def test_confidence_falls_and_the_reason_is_named(name: str) -> None:
    spoil, reasons, second_reasons = TROUBLES[name]
    _, ecg, pcg, true = HEART
    events = events_of(ecg, spoil(pcg))
    before = [cycle for cycle in cycles_in(events, 1) if cycle.beat_sample < (SECONDS / 2 - 1) * ECG_HZ]
    after = cycles_in(events, SECONDS / 2 + 0.5)
    assert all(cycle.reason == SoundReason.NONE for cycle in before)
    told = [cycle for cycle in after if cycle.reason == SoundReason.NONE]
    assert len(told) <= (0.7 if name == "knocked" else 0.1) * len(after)  # between two knocks a beat may be heard
    doubted = [cycle.confidence for cycle in after if cycle not in told]
    assert np.median(doubted) < 0.6 * np.median([cycle.confidence for cycle in before])
    why = Counter(cycle.reason for cycle in after if cycle.reason != SoundReason.NONE)
    assert why.most_common(1)[0][0] in reasons
    seconds = [event for event in events if isinstance(event, Quality) and event.stream == SOUND]
    assert {second.reason for second in seconds if second.start_sample > (SECONDS / 2 + 2) * PCG_HZ} <= second_reasons
    sounds = [event for event in events if isinstance(event, HeartSound)]
    off = [np.abs(true[sound.kind] - sound.sample / PCG_HZ).min() for sound in sounds]
    assert np.percentile(off, 95) < 0.06


@pytest.mark.parametrize("offset_ms", [200, -200, 120, -120])
def test_two_clocks_that_disagree_give_no_delay(offset_ms: int) -> None:
    _, ecg, pcg, _ = HEART
    events = events_of(ecg, np.roll(pcg, round(offset_ms * PCG_HZ / 1000)))
    assert not [event for event in events if isinstance(event, HeartSound)]
    coupled = [event for event in events if isinstance(event, Coupling)]
    assert not [event for event in coupled if event.delay_ms >= 0 and event.beat_sample > SECONDS / 2 * ECG_HZ]
    late = Counter(cycle.reason for cycle in cycles_in(events, 12))
    assert late.most_common(1)[0][0] in {SoundReason.CLOCK, SoundReason.LEARNING}
    assert late[SoundReason.CLOCK] > 0


# --- records ---------------------------------------------------------------------------------------------------------

FACTS = (StreamFacts(name=ECG, rate_hz=ECG_HZ), StreamFacts(name=SOUND, rate_hz=PCG_HZ, sound_of=ECG))


def opened(config: EngineConfig | None = None) -> Engine:
    engine = Engine(config or EngineConfig(streams=FACTS))
    for facts in FACTS:
        engine.feed(SourceState(facts.name, SourceChange.OPENED, 0, epoch=3))
    return engine


def records(chunk_s: float, ahead_s: float = 0.0, seconds: float = 10.0) -> list[Record]:
    """Both streams in chunks; the sound comes `ahead_s` before the ECG of the same time."""
    _, ecg, pcg, _ = HEART
    timed: list[tuple[float, int, Record]] = []
    for order, (name, samples, rate_hz) in enumerate(((ECG, ecg, ECG_HZ), (SOUND, pcg, PCG_HZ))):
        step = round(chunk_s * rate_hz)
        for start in range(0, round(seconds * rate_hz), step):
            at_s = (start + step) / rate_hz - (ahead_s if name == SOUND else 0.0)
            timed.append((at_s, order, Chunk(name, samples[start : start + step], round(max(0.0, at_s) * 1e9))))
    return [record for _, _, record in sorted(timed, key=lambda one: one[:2])]


def said(engine: Engine, given: Iterable[Record]) -> list[Event]:
    return [event for record in given for event in engine.feed(record) if isinstance(event, HeartSound | HeartCycle | Coupling)]


def content(events: Iterable[Event]) -> list[str]:
    """What is said, but for when."""
    return [repr(event).partition(", reported_at=")[0] for event in events]


@pytest.mark.parametrize(("chunk_s", "ahead_s"), [(0.02, 0.0), (0.5, 0.0), (1.0, 0.0), (0.1, 0.3), (0.1, -0.3), (0.1, 1.0), (0.1, -2.0)])
def test_what_is_said_of_a_beat_does_not_show_how_records_took_turns(chunk_s: float, ahead_s: float) -> None:
    plain = said(opened(), records(0.1))
    others = said(opened(), records(chunk_s, ahead_s))
    both = min(len(plain), len(others))
    assert both > 24
    assert content(others)[:both] == content(plain)[:both]


def test_a_snapshot_holds_what_is_known_of_the_sound() -> None:
    given = records(0.1)
    unbroken, begun, restored = opened(), opened(), Engine(EngineConfig(streams=FACTS))
    expected = said(unbroken, given)
    first = said(begun, given[:91])
    restored.restore(begun.snapshot())
    assert first + said(restored, given[91:]) == expected
    assert restored.snapshot() == unbroken.snapshot()


def test_other_settings_leave_the_sound_as_it_was() -> None:
    given = records(0.1)
    engine, other = opened(), StreamFacts(name="other", rate_hz=500.0)
    expected = said(opened(), given)
    first = said(engine, given[:120])
    engine.feed(ConfigChange(EngineConfig(streams=(other, *FACTS))))
    assert first + said(engine, given[120:]) == expected


def test_a_sound_goes_on_when_its_ecg_begins_anew() -> None:
    given = records(0.1)
    engine = opened()
    said(engine, given[:100])
    changed = StreamFacts(name=ECG, rate_hz=ECG_HZ, silence_s=3.0)
    engine.feed(ConfigChange(EngineConfig(streams=(changed, FACTS[1]))))
    engine.feed(SourceState(ECG, SourceChange.OPENED, 5_000_000_000, epoch=4))
    later = [event for event in said(engine, given[100:]) if isinstance(event, HeartCycle)]
    assert len(later) > 3
    assert {event.reason for event in later} == {SoundReason.CLOCK}  # without time on the frames nothing says how they belong together now


def test_a_gap_in_the_sound_is_said_and_its_beats_are_missing() -> None:
    given = [
        record for record in records(0.1) if not (isinstance(record, Chunk) and record.stream == SOUND and 4e9 < record.arrival_ns < 6.5e9)
    ]
    cycles = cycles_in(said(opened(), given), 1)
    gone = [cycle for cycle in cycles if cycle.reason == SoundReason.MISSING]
    assert gone
    assert all(cycle.reason == SoundReason.NONE for cycle in cycles if cycle.beat_sample < 3 * ECG_HZ)
    assert cycles[-1].reason == SoundReason.NONE


def test_a_sound_has_no_alarms_about_beats() -> None:
    engine = opened(EngineConfig(streams=FACTS, rules=default_rules()))
    alerts = [event for record in records(0.1) for event in engine.feed(record) if isinstance(event, Alert)]
    assert [alert for alert in alerts if alert.stream == SOUND] == []


@pytest.mark.parametrize(
    ("streams", "where"),
    [
        ((FACTS[1],), "sound_of"),
        ((FACTS[0], StreamFacts(name="x", rate_hz=1000.0, sound_of=SOUND), FACTS[1]), "sound_of"),
        ((*FACTS, StreamFacts(name="x", rate_hz=1000.0, sound_of=ECG)), "sound_of"),
    ],
)
def test_a_sound_belongs_to_one_ecg_that_is_there(streams: tuple[StreamFacts, ...], where: str) -> None:
    with pytest.raises(ConfigError, match=where):
        EngineConfig(streams=streams)


def test_what_cannot_be_sound_is_refused() -> None:
    with pytest.raises(ConfigError, match="500 to 8000"):
        StreamFacts(name="s", rate_hz=250.0, sound_of="e")
    with pytest.raises(ConfigError, match="another stream"):
        StreamFacts(name="s", rate_hz=1000.0, sound_of="s")
    with pytest.raises(InputError, match="3 s"):
        heart_sounds(np.zeros(1000), 1000.0)
    with pytest.raises(InputError, match="500 to 8000"):
        heart_sounds(np.zeros(90_000), 44_100.0)


def test_clocks_that_drift_jump_and_wrap_put_a_beat_on_the_right_sample_of_sound() -> None:
    figures = sound_clock.run(90.0, device=sound_clock.Device(jump_every_s=11.0))
    assert figures["beats heard"] > 100
    assert figures["place off, ms, worst"] < 2.0
    assert figures["heart rate off, 1/min, worst"] < 0.1
    assert figures["times gone backwards"] == 0


def test_a_clock_is_set_between_two_long_frames_of_streams_that_take_turns_and_no_beat_is_put_elsewhere() -> None:
    """The ECG's frames show a setting before the sound's do, or after: the beat between them goes where those before it went."""
    figures = sound_clock.run(150.0, 0.5, sound_clock.Device(ecg_ppm=900.0, sound_ppm=-900.0, jump_every_s=11.0))
    assert figures["place off, ms, worst"] < 6.0, "drift over half a second's frames; a setting is 300 ms or more"
