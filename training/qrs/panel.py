"""The panel of networks the kernel asks: each is taught in its own way."""

import pickle
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from qrs import noise, pool, recordings
from qrs.recordings import Floats, Recording
from qrs.teach import Params, as_used, teach


class Way(NamedTuple):
    """How one of the panel is taught: whether it is shown much motion, in fast and odd hearts too; and what its word counts."""

    motion: bool
    share: float


PANEL = (Way(motion=False, share=0.5), Way(motion=True, share=0.5))
"""Who knows motion takes odd beats for it, now and then; who does not takes motion for beats."""
SURE = 5.0
"""Log-odds, either way, from which the first is believed alone: most candidates are easy, and time is short."""


class Teaching(NamedTuple):
    """A panel to be taught: by whom, with what chances, and with the electrode motion between which minutes of 118e06."""

    name: str
    persons: frozenset[str]
    seed: int
    motion_min: tuple[float, float] | None = None  # all of it


class Sources(NamedTuple):
    """What all material is made of."""

    mitdb: list[Recording]
    ludb: list[Recording]
    cpsc: list[Recording]
    hearts: list[Recording]
    bw: Floats

    def material(self, way: Way, seed: int, motion_min: tuple[float, float] | None) -> list[pool.Piece]:
        """Make what one of the panel learns from."""
        em = recordings.motion_noise(*(motion_min or ()), pauses=not way.motion)
        electrode = partial(noise.shaken if way.motion else noise.wander, em)
        seed += motion_min is not None
        return pool.build(self.mitdb, self.ludb, self.cpsc, self.hearts, self.bw, electrode, seed, motion=way.motion)


def kept(path: Path, make: Callable[[], Any]) -> Any:
    """Return what lies at `path`, else make it and put it there."""
    if not path.exists():
        made = make()
        path.with_suffix(".part").write_bytes(pickle.dumps(made, protocol=5))
        path.with_suffix(".part").rename(path)
    return pickle.loads(path.read_bytes())  # noqa: S301 our own file


def seated(members: list[Params]) -> Params:
    """Return what is used: all of the members' networks that ask whether it is a beat; the rest is the first's."""
    params = as_used(members[0])
    for field in ("w1", "b1", "w2", "b2"):
        params[field][0] = [member[field][0, 0] for member in members]
    params["share"][0], params["sure"] = [way.share for way in PANEL], SURE
    return params


def learned(material: Callable[[], list[pool.Piece]], persons: frozenset[str], seed: int) -> Params:
    """Teach one of a panel."""
    return teach(material(), persons, seed)


def panels(work: Path, sources: Sources, seed: int, teachings: list[Teaching]) -> dict[str, Params]:
    """Teach every panel; what lies in `work` is not taught again. Material is large: one at a time is made, if it is needed."""
    members: dict[str, list[Params]] = {teaching.name: [] for teaching in teachings}
    for motion_min in dict.fromkeys(teaching.motion_min for teaching in teachings):
        for seat, way in enumerate(PANEL):
            material = cache(partial(sources.material, way, seed, motion_min))
            for name, persons, chances, _ in (t for t in teachings if t.motion_min == motion_min):
                make = partial(learned, material, persons, seed + chances)
                members[name].append(kept(work / f"{name}_{seat}.pickle", make))
                print("taught", name, seat, flush=True)
    return {name: seated(those) for name, those in members.items()}
