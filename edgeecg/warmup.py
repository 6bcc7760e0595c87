"""Every kernel compiled now, so that no first beat waits for it."""

import numpy as np

from edgeecg.engine import Engine
from edgeecg.facts import EngineConfig, ModelFacts, StreamFacts
from edgeecg.models.card import Input, Preprocessing
from edgeecg.models.features import SETS
from edgeecg.models.forest import Forest, Leaves, Nodes
from edgeecg.models.preprocess import Preprocessor
from edgeecg.simulate.scenario import NAMED
from edgeecg.simulate.simulation import Setup, Simulation
from edgeecg.stages import transport
from edgeecg.stages.coupled import Couplings
from edgeecg.stages.coupling import Beats, Coupler
from edgeecg.stages.sound_alone import sounds_alone
from edgeecg.types import BEAT_FIELDS, Chunk, ConfigChange, Event, Record, SourceChange, SourceState, Tick
from edgeecg_kernels.sound_state import SOUND_TOLD
from edgeecg_kernels.wire_scan import Scanner


def compile_all() -> None:
    """Call every kernel once as the package calls it."""
    _run_an_engine()
    _preprocess_a_window()
    _make_features()
    _ask_a_tree()
    sounds_alone(np.zeros(4000), 1000.0)
    _couple_nothing()
    next(Simulation(Setup(scenario=NAMED["normal"])).blocks(1))
    for _ in Scanner(max_rows=1).feed(bytes(1)):
        pass


def _run_an_engine() -> tuple[Event, ...]:
    """Take a stream through all that can happen to it: samples, a frame overtaken, a gap, windows, other models, silence, loss."""
    facts = StreamFacts(name="warm-up", rate_hz=360.0, sequence_bits=16, frame_len=180, reorder_frames=2)
    model = ModelFacts(name="warm-up", sha256="0" * 64, labels=("a", "b"), window_s=1.0, hop_s=1.0)
    other = ModelFacts(name="another", sha256="0" * 64, labels=("a", "b"), window_s=1.0, hop_s=1.0, sound_hz=1000.0)
    sound = StreamFacts(name="warm-up sound", rate_hz=2000.0, sound_of=facts.name)
    engine = Engine(EngineConfig(streams=(facts, sound), models=(model,)))
    half_second, ns = np.zeros(facts.frame_len), 500_000_000
    records: tuple[Record, ...] = (
        SourceState(facts.name, SourceChange.OPENED, 0),
        *(Chunk(facts.name, half_second, (sequence + 1) * ns, sequence=sequence) for sequence in (0, 1, 2, 4, 3, 7)),
        SourceState(sound.name, SourceChange.OPENED, 0),
        Chunk(sound.name, np.zeros(1000), 8 * ns),
        SourceState(sound.name, SourceChange.LOST, 9 * ns),
        ConfigChange(EngineConfig(streams=(facts, sound), models=(other,))),
        ConfigChange(EngineConfig(streams=(facts,))),
        Tick(12 * ns),
        SourceState(facts.name, SourceChange.DROPPED, 13 * ns, 1),
        SourceState(facts.name, SourceChange.LOST, 14 * ns),
    )
    return tuple(event for events in engine.feed_many(records) for event in events)


def _couple_nothing() -> None:
    one, cost = np.ones(1), np.zeros((1, 1))
    Coupler().take(one, one, Beats(np.zeros(1, np.int64), np.ones(1, np.bool_)))
    told, couplings = np.zeros(1, SOUND_TOLD), Couplings(1)
    couplings.start(0, told)
    couplings.couple("", 0, told, 0, 0)
    transport.semi_relaxed(cost, np.zeros(1), 1.0)
    transport.balanced(cost, one, one, 1.0)
    transport.distance(one, one, one, one)


def _preprocess_a_window() -> None:
    steps = Preprocessing(order=1, low_hz=0.5, high_hz=40.0)
    Preprocessor(Input(rate_hz=100.0, window_s=1.0, preprocessing=steps))(np.zeros(250))


def _make_features() -> None:
    for make in SETS.values():
        make(np.zeros(2500, np.float32), np.ones((3, len(BEAT_FIELDS)), np.float32))


def _ask_a_tree() -> None:
    none, two, nothing = np.zeros(2, np.int64), np.arange(2), np.zeros(2, np.float32)
    nodes, leaves = Nodes(two, none, none, nothing, none > 0, none, none, none), Leaves(two, none, two, nothing)
    Forest(nodes, leaves, nothing, np.eye(2, dtype=np.float32), 1)(nothing[:1])
