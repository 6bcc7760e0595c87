"""A recording of ECG and sound: what is read of it, what is wrong with it, and who is not asked."""

import re
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.fft import dct

import edgeecg
from edgeecg.api import pair_of
from edgeecg.engine import Engine
from edgeecg.errors import ConfigError, InputError, ModelError
from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.models import card as cards
from edgeecg.models.classifier import Classifier, Opinion
from edgeecg.models.features import NAMES, cycle
from edgeecg.models.features.heart_sound import SENSES, SOUND_LEN, heart_sound_features, unheard
from edgeecg.models.folders import shipped
from edgeecg.models.loading import heard_set
from edgeecg.models.recording import Classification
from edgeecg.models.registry import Registry
from edgeecg.stages.classify import calibrated
from edgeecg.types import BEAT_FIELDS, ModelChange, Prediction, WindowReady
from tests.models.cards import HASH, table

RATE_HZ = 1000.0
PERIOD_S = 0.8
SET = "heart-sound-2"
Floats = NDArray[np.float64]


def heart(seconds: float, rate_hz: float = RATE_HZ) -> Floats:
    """P, QRS and T every PERIOD_S, from half a second on."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    x = np.zeros(len(t))
    for peak in peaks(seconds):
        for at, width, height in ((-0.16, 0.025, 0.12), (0.0, 0.012, 1.0), (0.28, 0.05, 0.3)):
            x += height * np.exp(-0.5 * ((t - peak - at) / width) ** 2)
    return x + 0.01 * np.random.default_rng(1).normal(size=len(t))


def peaks(seconds: float) -> Floats:
    return np.arange(0.5, seconds, PERIOD_S)


def sounds(seconds: float, rate_hz: float = RATE_HZ, murmur: float = 0.0) -> Floats:
    """S1 50 ms and S2 350 ms after each R peak; a murmur of 120 to 180 Hz in between, as loud as said."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    x = 0.01 * np.random.default_rng(2).normal(size=len(t))
    for peak in peaks(seconds):
        for at, width, loud, tone in ((0.05, 0.02, 1.0, 45.0), (0.35, 0.015, 0.7, 65.0), (0.2, 0.05, murmur, 150.0)):
            x += loud * np.exp(-0.5 * ((t - peak - at) / width) ** 2) * np.sin(2 * np.pi * tone * (t - peak))
    return x


def rows(seconds: float) -> NDArray[np.float32]:
    told = np.zeros((len(peaks(seconds)), len(BEAT_FIELDS)), np.float32)
    told[:, 0], told[:, 1:] = peaks(seconds), (0.95, 1, 90, 1, 0.1, 1)
    return told


def features(sound: Floats) -> dict[str, float]:
    lead = heart(10, 250.0).astype(np.float32)
    return dict(zip(NAMES[SET], heart_sound_features(lead, rows(10), sound.astype(np.float32)).tolist(), strict=True))


def test_every_feature_has_a_name_and_belongs_to_one_sense() -> None:
    assert len(set(NAMES[SET])) == len(NAMES[SET]) == sum(map(len, SENSES.values()))
    assert len(features(sounds(10))) == len(NAMES[SET])


def test_the_times_of_known_sounds_are_known() -> None:
    told = features(sounds(10))
    assert told["r_s1"] == pytest.approx(50, abs=12)
    assert told["s1_s2"] == pytest.approx(300, abs=12)
    assert told["beat_length"] == pytest.approx(1000 * PERIOD_S, abs=1)
    assert told["like_mean"] > 0.8


def test_a_murmur_is_heard_in_systole_in_its_band_and_nowhere_else() -> None:
    without, within = features(sounds(10)), features(sounds(10, murmur=0.3))
    assert within["systole_2_135hz"] > without["systole_2_135hz"] + 2
    assert abs(within["diastole_5_135hz"] - without["diastole_5_135hz"]) < 1.5


def test_the_cycle_shows_a_murmur_where_it_is_between_the_sounds() -> None:
    shown = [np.array([told[f"cycle_{at}_{band}"] for at in range(cycle.CELLS) for band in range(cycle.BANDS)]).reshape(cycle.CELLS, -1)
             for told in (features(sounds(10)), features(sounds(10, murmur=0.3)))]  # fmt: skip
    at, band = np.unravel_index((shown[1] - shown[0]).argmax(), shown[0].shape)
    assert at * PERIOD_S / cycle.CELLS == pytest.approx(0.15, abs=0.05), "as long after S1"
    edges_mel = np.linspace(2595 * np.log10(1 + 25 / 700), 2595 * np.log10(1 + 450 / 700), 28)
    edges_hz = 700 * (10 ** (edges_mel / 2595) - 1)
    assert edges_hz[2 * band] < 150 < edges_hz[2 * band + 3]


def test_cepstra_are_the_cosine_transform_of_a_part_and_vary_as_the_beats_do() -> None:
    picture = cycle.Picture(np.random.default_rng(4).normal(size=3000))
    first, second, end = (np.array([at, at + 1000]) for at in (500, 800, 1200))
    told = picture.cepstra(first, second, end)
    assert told.shape == (len(cycle.PARTS), 2, cycle.CEPSTRA)
    each = []
    for at in (850, 1850):
        logs = picture.logs[(picture.middles >= at) & (picture.middles < at + 350)].mean(0)
        each.append(dct(logs, norm="ortho")[: cycle.CEPSTRA])
    np.testing.assert_allclose(told[3], [np.mean(each, axis=0), np.abs(each[1] - each[0]) / 2], atol=1e-9)
    early = picture.cepstra(np.array([-900, 500]), np.array([-600, 800]), np.array([-200, 1200]))
    np.testing.assert_allclose(early[3, 0], each[0], atol=1e-9, err_msg="a part that lies outside is no part")
    assert np.isnan(picture.cepstra(first + 9000, second + 9000, end + 9000)).all()
    assert np.isnan(picture.cycle(first[:1])).all()
    assert np.isfinite(picture.cycle(first)).all()


def test_neither_gain_nor_offset_of_the_sound_changes_anything() -> None:
    one, other = features(sounds(10)), features(200 * sounds(10) + 1000)
    assert np.allclose(list(one.values()), list(other.values()), rtol=1e-3, atol=1e-3, equal_nan=True)


@pytest.mark.parametrize("sound", [np.zeros(SOUND_LEN), np.full(SOUND_LEN, np.nan), np.full(SOUND_LEN, 1e30)])
@pytest.mark.parametrize("told", [rows(10), rows(10)[:2], rows(10)[:0]])
def test_nothing_to_hear_makes_no_infinity_and_no_warning(sound: Floats, told: NDArray[np.float32]) -> None:
    values = heart_sound_features(heart(10, 250.0).astype(np.float32), told, sound.astype(np.float32))
    assert not np.isinf(values).any()
    assert np.isnan(values).all() == (len(told) < 3)
    assert unheard(values)


def test_noise_without_a_heart_is_not_judged() -> None:
    rng = np.random.default_rng(5)
    lead = heart(10, 250.0).astype(np.float32)
    refused = [unheard(heart_sound_features(lead, rows(10), rng.normal(size=SOUND_LEN).astype(np.float32))) for _ in range(20)]
    assert sum(map(bool, refused)) >= 17
    assert not unheard(np.array(list(features(sounds(10)).values()), np.float32))


@pytest.fixture(scope="module")
def answer() -> Classification:
    return edgeecg.classify(heart(22), RATE_HZ, model="heart-sound", pcg=sounds(22))


def test_a_recording_is_normal_or_abnormal_and_says_by_which_sense(answer: Classification) -> None:
    assert answer.label in {"normal", "abnormal"}
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert [window.readable for window in answer.windows] == [True] * 3
    assert {part.sense for part in answer.why.senses} <= set(SENSES)
    assert "of what the senses said" in str(answer.why)


@pytest.mark.parametrize("harmed", [{1}, {0, 1, 2}])
def test_an_answer_that_is_no_number_has_no_say(harmed: set[int], answer: Classification, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, asked = Classifier.opinion_of, list[int]()

    def opinion_of(self: Classifier, window: WindowReady) -> Opinion:
        asked.append(window.window_id)
        opinion = sound(self, window)
        return replace(opinion, scores=opinion.scores * np.nan) if len(asked) - 1 in harmed else opinion

    monkeypatch.setattr(Classifier, "opinion_of", opinion_of)
    result = edgeecg.classify(heart(22), RATE_HZ, model="heart-sound", pcg=sounds(22))
    assert [bool(window.label) for window in result.windows] == [i not in harmed for i in range(3)]
    if len(harmed) == 3:
        assert (result.label, str(result.why)) == ("", "Not answered: the model's answers are no numbers.")
        return
    said = np.array([[*window.probabilities.values()] for i, window in enumerate(answer.windows) if i not in harmed])
    mean = np.exp(np.log(said).mean(axis=0))
    assert [*result.probabilities.values()] == pytest.approx(mean / mean.sum(), rel=1e-9)


def test_the_sound_may_have_a_rate_of_its_own(answer: Classification) -> None:
    other = edgeecg.classify(heart(22), RATE_HZ, model="heart-sound", pcg=sounds(22, 2000.0), pcg_rate_hz=2000.0)
    assert other.probabilities["abnormal"] == pytest.approx(answer.probabilities["abnormal"], abs=0.2)


@pytest.mark.parametrize(
    ("ecg", "pcg", "said"),
    [
        (heart(22), np.zeros(22000), "too much of the sound is silent"),
        (heart(22), np.clip(sounds(22), -0.2, 0.2), "too much of the sound is clipped"),
        (heart(22), sounds(4), "too much of the sound is missing"),
        (heart(22), np.random.default_rng(3).normal(size=22000), "nothing in the sound repeats with the heart"),
        (np.zeros(22000), sounds(22), "too few beats"),
        (np.where(np.arange(22000) % 10000 < 4000, np.nan, heart(22)), sounds(22), "too much of the ECG is missing"),
        (heart(3), sounds(3), "too much of the sound is missing"),
    ],
)
def test_what_cannot_be_judged_is_not(ecg: Floats, pcg: Floats, said: str) -> None:
    answer = edgeecg.classify(ecg, RATE_HZ, model="heart-sound", pcg=pcg)
    assert answer.abstained
    assert answer.label == ""
    assert re.search(said, str(answer.why))


def test_a_rate_of_nothing_is_not_a_rate_left_out() -> None:
    with pytest.raises(InputError, match="pcg_rate_hz: 0 is not"):
        edgeecg.classify(heart(22), RATE_HZ, model="heart-sound", pcg=sounds(22), pcg_rate_hz=0)
    with pytest.raises(ConfigError, match="rate_hz: 0 is not"):
        edgeecg.heart_sounds(sounds(22), RATE_HZ, heart(22), ecg_rate_hz=0)


def test_a_model_that_hears_wants_a_sound_and_no_other_does() -> None:
    with pytest.raises(InputError, match="pcg: nothing is not the sound recorded with the ECG"):
        edgeecg.classify(heart(12), RATE_HZ, model="heart-sound")
    with pytest.raises(InputError, match="pcg: a sound is not left out"):
        edgeecg.classify(heart(12), RATE_HZ, model="beat", pcg=sounds(12))
    with pytest.raises(InputError, match="pcg_rate_hz: 500 is not 1000 Hz or more"):
        edgeecg.classify(heart(12), RATE_HZ, model="heart-sound", pcg=sounds(12, 500.0), pcg_rate_hz=500.0)


def test_a_window_heard_live_is_answered_as_in_a_recording(answer: Classification) -> None:
    model, state = Registry(shipped()).state("heart-sound")
    assert model is not None
    assert state.change is ModelChange.READY
    ecg, ear = StreamFacts(name="chest", rate_hz=RATE_HZ), StreamFacts(name="ear", rate_hz=RATE_HZ, sound_of="chest")
    engine, classifier = Engine(EngineConfig(streams=(ecg, ear), models=(cards.to_facts(model.card),))), Classifier(model)
    answers: list[Prediction] = []
    for record in pair_of((heart(22), ecg), (sounds(22), ear)):
        for event in engine.feed(record):
            if isinstance(event, WindowReady):
                answers += [one for one in engine.feed(classifier(event)) if isinstance(one, Prediction)]
    assert [one.stream for one in answers] == ["ear"] * 3
    assert [one.probabilities for one in answers] == [tuple(window.probabilities.values()) for window in answer.windows]
    assert not any(one.late for one in answers)


def test_where_nothing_is_heard_live_the_answer_is_to_abstain() -> None:
    classifier = Classifier(Registry(shipped()).load("heart-sound"))
    noise = np.random.default_rng(5).normal(size=SOUND_LEN).astype(np.float32)
    opinion = classifier.opinion(heart(10, 250.0).astype(np.float32), rows(10), noise)
    assert opinion.fault
    facts = cards.to_facts(classifier.model.card)
    assert max(calibrated(opinion.scores.tolist(), facts.temperature)) < facts.abstain_below


HEARS = {"sound_hz": 1000.0, "features": "heart-sound", "features_version": 2, "features_len": 5, "senses": ["one", "two"]}


def test_the_net_of_a_model_that_hears_reads_features_and_nothing_else() -> None:
    plain = {"rate_hz": 250.0, "window_s": 10.0}
    assert cards.make(table(hearing=HEARS, input=plain)).net_len == 5
    with pytest.raises(ModelError, match="hearing: beside preprocessing or a tree"):
        cards.make(table(hearing=HEARS))
    tflite = {"fp32_tflite": {"path": "toy-1.0.fp32.tflite", "sha256": HASH, "bytes": 10}}
    golden = {"formula": "heart", "outputs": {"fp32_tflite": {"values": [0.1, -2.0, 1e-05], "tolerance": 0.001}}}
    with pytest.raises(ModelError, match="fp32_tflite is not fp32_onnx and int8_onnx where the model hears"):
        cards.make(table(hearing=HEARS, input=plain, files=tflite, golden=golden))


def test_features_that_are_not_there_are_named() -> None:
    unknown = cards.make(table(hearing={**HEARS, "features_version": 99}, input={"rate_hz": 250.0, "window_s": 10.0}))
    with pytest.raises(ModelError, match=r"toy-1.0: hearing.features: heart-sound-99 is not one this version makes: heart-sound-2"):
        heard_set(unknown)
