"""What is finished lies in a folder and is not done again."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def kept(path: Path, make: Callable[[], T]) -> T:
    """Return what lies at `path`, else make it and put it there, whole or not at all."""
    if not path.exists():
        made = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(pickle.dumps(made, protocol=5))
        part.rename(path)
    loaded: T = pickle.loads(path.read_bytes())  # noqa: S301 our own file
    return loaded


def data_root() -> Path:
    """Return the folder the recordings were unpacked to."""
    named = os.environ.get("EDGEECG_DATA", "")
    if not named or not Path(named).is_dir():
        raise SystemExit(
            f"EDGEECG_DATA: {named or 'not set'}: must name the folder that holds mitdb/, cinc2017/ and the others, as PhysioNet lays them out"
        )
    return Path(named)
