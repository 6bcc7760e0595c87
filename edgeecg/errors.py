"""What can go wrong, as types that carry where it was, what came and what is allowed."""

from typing import NamedTuple


class EdgeEcgError(Exception):
    """Anything this package refuses."""


class _WhereGotAllowed(EdgeEcgError):
    def __init__(self, where: str, got: object, allowed: str) -> None:
        super().__init__(f"{where}: {got} is not {allowed}")
        self.where, self.got, self.allowed = where, got, allowed


class ConfigError(_WhereGotAllowed):
    """A setting that cannot be used."""


class InputError(_WhereGotAllowed):
    """A file, array or argument that cannot be read."""


class SnapshotError(_WhereGotAllowed):
    """A snapshot that does not belong here or is damaged: nothing of it was taken."""


class JournalError(_WhereGotAllowed):
    """A journal that cannot be written, or whose replay does not give what it recorded."""


class Fault(NamedTuple):
    """One thing that is wrong: where, what came, what is allowed."""

    where: str
    got: object
    allowed: str

    def __str__(self) -> str:
        return f"{self.where}: {self.got} is not {self.allowed}"


class ModelError(EdgeEcgError):
    """A model that cannot be used, with all that is wrong with it."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class ModelUnavailableError(ModelError):
    """A sound model that cannot run here: what it needs is not installed."""
