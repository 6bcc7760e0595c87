"""The threads give each window its answer, in any number, and what goes wrong is said, not raised. Nobody sleeps here."""

import dataclasses
from functools import partial
from itertools import count

import pytest

from edgeecg.models import card as cards
from edgeecg.models.backend import Answer, Floats, Net
from edgeecg.models.classifier import Classifier, Model
from edgeecg.models.loading import load
from edgeecg.models.scheduler import NS, Rule
from edgeecg.models.windows import of_recording
from edgeecg.models.workers import Said, Workers
from edgeecg.types import Inference, ModelChange, ModelState, Overload, WindowReady
from tests.laws.signals import heart
from tests.models import toys

RATES = {"samples": 250.0}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("toy")
    return load(toys.toy(folder), folder)


@pytest.fixture(scope="module")
def announced(model: Model) -> list[WindowReady]:
    x, _ = heart(250.0, 60.0, seed=5)
    return list(of_recording(x, 250.0, cards.to_facts(model.card)))


@pytest.mark.parametrize("n_workers", [1, 3])
def test_every_window_gets_the_answer_its_classifier_gives(n_workers: int, model: Model, announced: list[WindowReady]) -> None:
    said: list[Said] = []
    with Workers({"toy": model}, RATES, said.append, n_workers=n_workers, clock=lambda: 0) as workers:
        for window in announced:
            workers.submit(window, 0)
        workers.drain()
    asked = Classifier(model)
    assert len(announced) > 20
    assert sorted(said, key=lambda one: one.window_id if isinstance(one, Inference) else -1) == [asked(window) for window in announced]


def test_a_window_is_due_when_its_deadline_sample_would_arrive(model: Model, announced: list[WindowReady]) -> None:
    window = announced[0]
    left_ns = round((window.deadline_sample - window.reported_at) / 250.0 * NS)
    assert 1.9 * NS < left_ns <= 2 * NS
    for now_ns, kind, dropped in ((left_ns + 6, Inference, 0), (left_ns + 7, Overload, 1)):
        said: list[Said] = []
        with Workers({"toy": model}, RATES, said.append, n_workers=1, clock=partial(int, now_ns)) as workers:
            workers.submit(window, 7)
            workers.drain()
        assert [type(one) for one in said] == [kind]
        assert workers.dropped == dropped


def test_idle_workers_do_not_keep_each_other_awake(model: Model, announced: list[WindowReady]) -> None:
    asked, busy = count(), Classifier(model)
    with Workers({"toy": model}, RATES, lambda _: None, n_workers=4, clock=lambda: next(asked) * 0) as workers:
        for window in announced[:4]:
            workers.submit(window, 0)
        workers.drain()
        before = next(asked)
        for _ in range(200):  # the other threads have the processor meanwhile
            busy(announced[0])
        assert next(asked) - before < 20, "a worker reads the clock each time it is woken"


class Broken:
    """A net whose runtime fails."""

    runtime = "none"

    def __call__(self, x: Floats) -> Answer:  # noqa: ARG002
        raise MemoryError("no room")

    def fork(self) -> Net:
        return self


def test_a_model_that_fails_is_unavailable_and_the_others_go_on(model: Model, announced: list[WindowReady]) -> None:
    broken = dataclasses.replace(model, net=Broken())
    said: list[Said] = []
    with Workers({"toy": model, "bad": broken}, RATES, said.append, n_workers=1, clock=lambda: 0) as workers:
        for window in announced[:5]:
            workers.submit(dataclasses.replace(window, model="bad"), 0)
            workers.submit(window, 0)
        workers.drain()
        workers.submit(dataclasses.replace(announced[6], model="bad"), 0)
        workers.drain()
    states = [one for one in said if isinstance(one, ModelState)]
    assert states == [ModelState("bad", ModelChange.UNAVAILABLE, "MemoryError: no room")]
    assert sum(isinstance(one, Inference) for one in said) == 5


def test_a_window_of_another_length_is_refused_by_name(model: Model, announced: list[WindowReady]) -> None:
    said: list[Said] = []
    with Workers({"toy": model}, RATES, said.append, n_workers=1, clock=lambda: 0) as workers:
        workers.submit(dataclasses.replace(announced[0], samples_mv=bytes(4 * 500)), 0)
        workers.drain()
    assert said == [ModelState("toy", ModelChange.REFUSED, "window: an array of shape (500,) is not 2500 samples at 250 Hz")]


def test_an_engine_that_was_restored_under_overload_is_relieved_when_it_is_calm(model: Model, announced: list[WindowReady]) -> None:
    times = iter([0, 0, 40 * NS])
    said: list[Said] = []
    with Workers({"toy": model}, RATES, said.append, n_workers=1, hop_factor=8, clock=lambda: next(times, 40 * NS)) as workers:
        for window in announced[:2]:
            workers.submit(window, 40 * NS)
            workers.drain()
    assert [one for one in said if isinstance(one, Overload)] == [Overload(4)]


def test_windows_of_models_it_has_not_and_unreadable_ones_are_left_alone(model: Model, announced: list[WindowReady]) -> None:
    said: list[Said] = []
    with Workers({"toy": model}, RATES, said.append, n_workers=1, clock=lambda: 0) as workers:
        workers.submit(dataclasses.replace(announced[0], model="other"), 0)
        workers.submit(dataclasses.replace(announced[0], readable=False), 0)
        workers.use({}, RATES)
        workers.submit(announced[0], 0)
        workers.drain()
    assert said == []


def test_what_is_said_while_it_is_submitted_does_not_hold_the_submitter(model: Model, announced: list[WindowReady]) -> None:
    """The one who submits may be the one who must take the records: nothing is said from its own thread."""
    import threading

    threads: list[str] = []
    rule = Rule(capacity=1)
    with Workers({"toy": model}, RATES, lambda _: threads.append(threading.current_thread().name), n_workers=1, rule=rule) as workers:
        for window in announced:
            workers.submit(window, 0)
        workers.drain()
    assert set(threads) == {"classifier-0"}
