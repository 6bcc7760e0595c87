"""What was made of one detector's beats, carried over to a detector of other sources that hears the same, bit for bit."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from common.heard import detector


def carry(work: Path, old: str, alike: Iterable[tuple[str, bool]]) -> None:
    """Put what lies under the old detector's name under this one's, once every recording tried was found alike; else refuse."""
    if _note(work).exists():
        return
    tried = 0
    for name, same in alike:
        if not same:
            raise RuntimeError(f"{name}: this detector hears it otherwise than {old}; harvest anew")
        tried += 1
        print(f"{name}: the same", flush=True)
    made = [path for path in sorted(work.iterdir()) if old in path.name]
    if not (tried and made and old != detector()):
        raise RuntimeError(f"{work}: nothing of detector {old} to carry over to {detector()}")
    for path in made:
        target = work / path.name.replace(old, detector())
        if path.is_dir():
            shutil.copytree(path, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(path, target)
    _note(work).write_text(json.dumps({"from": old, "tried": tried}))


def heard_by(work: Path) -> str:
    """Say for a card whose beats it was made of."""
    said = f"beats by the detector with sources {detector()}"
    if not _note(work).exists():
        return said
    note = json.loads(_note(work).read_text())
    return f"{said}, first heard by {note['from']}, bit for bit alike in the {note['tried']} recordings tried"


def _note(work: Path) -> Path:
    return work / f"carried-{detector()}.json"
