"""The models that are configured, loaded and run: what the engine must know of them, what became of them, their answers fed back."""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from edgeecg.config.settings import Models
from edgeecg.daemon.clock import Clock
from edgeecg.errors import ConfigError, ModelError
from edgeecg.facts import MAX_DEADLINE_S, ModelFacts
from edgeecg.models import card as cards
from edgeecg.models.classifier import Model
from edgeecg.models.registry import Registry
from edgeecg.models.workers import Workers
from edgeecg.types import ModelChange, ModelState, Record, WindowReady

log: Final = logging.getLogger("edgeecg")


class Classifiers:
    """Loaded when made; run from `start` to `stop`. A model that cannot be used stays known, so that its absence is an alert."""

    def __init__(self, settings: Models, registry: Registry, clock: Clock) -> None:
        self._registry, self._clock = registry, clock
        self.n_workers = settings.workers or None
        self.usable: dict[str, Model] = {}
        self._workers: Workers | None = None
        self._feed: Callable[[Sequence[Record]], None] = lambda _: None
        facts, states = [], []
        for name in _wanted(settings, registry):
            model, state = registry.state(name)
            known = _facts(name, registry)
            if model is not None:
                self.usable[known.name] = model
            facts.append(known)
            states.append(ModelState(known.name, state.change, state.detail))
            log.log(logging.INFO if model else logging.ERROR, "model %s: %s %s", name, state.change.name.lower(), state.detail)
        self.facts = tuple(facts)
        self.states = tuple(states)

    def others(self, settings: Models) -> "Classifiers":
        """Load what other settings ask for, to be used in place of these; ConfigError names a model that cannot be."""
        loaded = Classifiers(settings, self._registry, self._clock)
        for state in loaded.states:
            if state.change != ModelChange.READY:
                raise ConfigError("models.use", state.model, f"a model that can run here: {state.detail}")
        return loaded

    def become(self, others: "Classifiers", rates_hz: dict[str, float], *, hop_factor: int) -> None:
        """Run these models from now on; what still waits for one that is no more is left."""
        self.facts, self.states, self.usable = others.facts, others.states, others.usable
        if others.n_workers == self.n_workers and self._workers is not None:
            self._workers.use(self.usable, rates_hz)
            return
        before, self._workers, self.n_workers = self._workers, None, others.n_workers
        if before is not None:
            before.close()
        self.start(self._feed, rates_hz, hop_factor=hop_factor)

    def start(self, feed: Callable[[Sequence[Record]], None], rates_hz: dict[str, float], *, hop_factor: int = 1) -> None:
        """Begin, with windows as far apart as the engine has them; what is to be fed back comes from other threads."""
        self._feed = feed
        if self.usable:
            self._workers = Workers(
                self.usable,
                rates_hz,
                lambda record: feed([record]),
                n_workers=self.n_workers,
                clock=self._clock.now_ns,
                hop_factor=hop_factor,
            )

    def know(self, rates_hz: dict[str, float]) -> None:
        """Know the streams as they are now."""
        if (workers := self._workers) is not None:  # `become` may be at it, in another thread
            workers.use(self.usable, rates_hz)

    def submit(self, window: WindowReady, arrival_ns: int) -> None:
        """Have a window classified that was decided by what arrived then; never waits."""
        if (workers := self._workers) is not None:
            workers.submit(window, arrival_ns)

    def stop(self) -> None:
        """Let go of what still waits."""
        if self._workers is not None:
            self._workers.close()


def _wanted(settings: Models, registry: Registry) -> tuple[str, ...]:
    if settings.use is not None:
        return settings.use
    try:
        default = registry.default()
        registry.entry(default)
    except ModelError as reason:
        log.warning("no model is used: %s", reason)
        return ()
    return (default,)


def _facts(name: str, registry: Registry) -> ModelFacts:
    """Return what a card says; of a model without one that can be read, only the name is known, and no window is soon cut for it."""
    try:
        return cards.to_facts(registry.card(name))
    except ModelError:
        return ModelFacts(name=name, sha256="", labels=("unknown",), hop_s=3600.0, deadline_s=MAX_DEADLINE_S)


def state_of(name: str, registry: Registry) -> tuple[bool, str]:
    """Say whether a model can be used here, and what is said of it."""
    model, state = registry.state(name)
    return model is not None and state.change == ModelChange.READY, state.detail
