"""Packets come as the device sent them, but for the trouble that was asked for, and the truth says which."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeecg.errors import ConfigError
from edgeecg.simulate.converter import ecg_counts, pcg_counts
from edgeecg.simulate.device import ECG, PCG, Packet, Tally, Trouble, packets
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.simulation import Setup, Simulation

SETUP = Setup(scenario=NAMED["lead-off"], pcg_rate_hz=1000.0)
SECONDS = 60


def sent(trouble: Trouble | None = None, *, seconds: float = SECONDS, packet_len: int = 25) -> tuple[list[Packet], Tally]:
    tally = Tally()
    made = packets(Simulation(SETUP), n_samples=round(seconds * 250), packet_len=packet_len, trouble=trouble, tally=tally)
    return list(made), tally


def stream(made: list[Packet], number: int) -> list[Packet]:
    return [packet for packet in made if packet.stream == number]


def joined(made: list[Packet], number: int) -> NDArray[np.int16]:
    return np.concatenate([packet.samples for packet in stream(made, number)])


def test_without_trouble_every_sample_comes_once_and_on_time() -> None:
    made, tally = sent(packet_len=40)
    block = next(Simulation(SETUP).blocks(SECONDS * 250))
    assert block.pcg is not None
    np.testing.assert_array_equal(joined(made, ECG), ecg_counts(block.ecg_mv))
    np.testing.assert_array_equal(joined(made, PCG), pcg_counts(block.pcg))
    for number, rate_hz in ((ECG, 250), (PCG, 1000)):
        own = stream(made, number)
        assert [packet.sequence for packet in own] == list(range(len(own)))
        firsts = np.cumsum([0, *(len(packet.samples) for packet in own[:-1])])
        assert [packet.clock_us for packet in own] == [round(first * 1e6 / rate_hz) for first in firsts]
        assert [packet.due_s for packet in own] == pytest.approx([p.clock_us / 1e6 + len(p.samples) / rate_hz for p in own])
    assert tally == Tally(sent=len(made))


def test_a_lead_that_is_off_is_said_on_the_ecg() -> None:
    made, _ = sent()
    off = [packet.clock_us / 1e6 for packet in made if packet.lead_off]
    assert off[0] == 20
    assert all(20 <= at_s < 30 or 45 <= at_s < 52 for at_s in off)
    assert not any(packet.lead_off for packet in stream(made, PCG))


@pytest.mark.parametrize("drift_ppm", [-200.0, 200.0])
def test_a_fast_clock_sends_too_soon(drift_ppm: float) -> None:
    made, _ = sent(Trouble(drift_ppm=drift_ppm))
    straight, _ = sent()
    assert straight[-1].due_s / made[-1].due_s - 1 == pytest.approx(drift_ppm * 1e-6, rel=1e-6)
    assert [packet.clock_us for packet in made] == [packet.clock_us for packet in straight]


def test_lost_packets_are_those_that_the_truth_names() -> None:
    made, tally = sent(Trouble(loss=0.05))
    straight, _ = sent()
    assert len(tally.lost) == pytest.approx(0.05 * len(straight), rel=0.3)
    come = {(packet.stream, packet.first_sample, len(packet.samples)) for packet in made}
    everything = {(packet.stream, packet.first_sample, len(packet.samples)) for packet in straight}
    assert everything - come == set(tally.lost)


def test_doubled_overtaken_and_late_packets_lose_nothing_and_time_goes_on() -> None:
    made, tally = sent(Trouble(duplication=0.05, reordering=0.05, jitter_ms=250))
    straight, _ = sent()
    for number in (ECG, PCG):
        sequences = [packet.sequence for packet in stream(made, number)]
        assert sorted(set(sequences)) == list(range(len(stream(straight, number))))
        steps = np.diff(sequences)
        assert (steps < 0).sum() > 10
        due = [packet.due_s for packet in stream(made, number)]
        assert due == sorted(due)
    assert tally.duplicated == len(made) - len(straight)
    assert tally.reordered > 20
    on_time = {(packet.stream, packet.sequence): packet.due_s for packet in straight}
    late = [packet.due_s - on_time[packet.stream, packet.sequence] for packet in made]
    assert min(late) >= 0
    assert 0.2 < max(late) < 1.0


def test_a_clock_of_32_bits_comes_round() -> None:
    made, _ = sent(Trouble(clock_bits=32, first_clock_us=2**32 - 10_000_000))
    clocks = np.array([packet.clock_us for packet in stream(made, ECG)])
    assert clocks.max() < 2**32
    assert (np.diff(clocks) < 0).sum() == 1
    assert np.diff(clocks)[np.diff(clocks) < 0][0] == 100_000 - 2**32


def test_a_restart_begins_anew_and_its_samples_are_gone() -> None:
    made, tally = sent(Trouble(restarts_s=(10.0, 40.0), restart_len_s=3.0))
    own = stream(made, ECG)
    assert [packet.boot for packet in own] == sorted(packet.boot for packet in own)
    for boot, begin_s in ((1, 13.0), (2, 43.0)):
        first = next(packet for packet in own if packet.boot == boot)
        assert (first.sequence, first.clock_us, first.first_sample) == (0, 0, begin_s * 250)
    assert tally.unsent == 60


def test_one_trouble_more_leaves_the_others_chance() -> None:
    _, alone = sent(Trouble(loss=0.05))
    _, with_others = sent(Trouble(loss=0.05, jitter_ms=50, duplication=0.1))
    assert alone.lost == with_others.lost
    assert with_others.duplicated == pytest.approx(0.1 * 0.95 * with_others.sent, rel=0.3)


def test_sequences_come_round_at_16_bits() -> None:
    setup = replace(SETUP, pcg_rate_hz=None)
    made = packets(Simulation(setup), n_samples=65_540, packet_len=1)
    assert [packet.sequence for packet in made][-5:] == [65535, 0, 1, 2, 3]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"loss": 1.5}, "trouble.loss: 1.5 is not a number from 0 to 1"),
        ({"drift_ppm": math.nan}, "trouble.drift_ppm: nan is not"),
        ({"clock_bits": 48}, "trouble.clock_bits: 48 is not 32 or 64"),
        ({"restarts_s": (3.0, 1.0)}, "trouble.restarts_s: .* is not times from 0 on, in order"),
    ],
)
def test_trouble_that_cannot_be_is_refused(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        replace(Trouble(), **settings)  # type: ignore[arg-type]
