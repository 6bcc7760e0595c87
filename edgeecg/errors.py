"""What can go wrong, as types that carry where it was, what came and what is allowed."""


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
