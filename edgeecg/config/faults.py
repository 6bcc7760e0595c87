"""What is wrong with a settings file: all of it at once, each fault with its line and the key that was perhaps meant."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from edgeecg.config.lines import Path
from edgeecg.errors import EdgeEcgError


@dataclass(frozen=True, slots=True)
class Fault:
    """One setting that cannot be used."""

    path: Path
    got: str
    allowed: str
    line: int = 0

    def sentence(self, file: str) -> str:
        """Say it in the house's words."""
        where = f"{file}, line {self.line}" if self.line else file
        return f"{where}: {dotted(self.path)}: {self.got} is not {self.allowed}"


class ConfigFaults(EdgeEcgError):
    """Everything that is wrong with a settings file."""

    def __init__(self, file: str, faults: Iterable[Fault]) -> None:
        self.file = file
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.line, dotted(fault.path))))
        super().__init__("\n".join(fault.sentence(file) for fault in self.faults))


def dotted(path: Path) -> str:
    """Write a path as people do: `sources.serial[0].port`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "settings"


def unknown(path: Path, known: Iterable[str]) -> Fault:
    """Make the fault of a key that means nothing; the nearest that does comes first."""
    known = sorted(known)
    close = get_close_matches(str(path[-1]), known, n=1)
    allowed = f"one of {', '.join(known)}" if known else "known: there are none here"
    return Fault(path, "a key", f"{allowed} (did you mean {close[0]}?)" if close else allowed)
