"""Public names of devices and streams: a keyed hash, so that only who has the key can tell whose a stream is."""

from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Final

from edgeecg.errors import ConfigError

LEAST_KEY_BYTES: Final = 16
MAX_KEY_BYTES: Final = 64
_EPOCH_BITS: Final = 63


@dataclass(frozen=True, slots=True)
class Names:
    """With a key, names are pseudonyms; without one they are what they are.

    The epoch goes under a name too: alert ids are a plain hash of stream, epoch, rule and onset, and with all but the
    stream known, a short list of patients is soon tried.
    """

    key: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.key is not None:
            check_key("names.key", self.key)

    def device(self, name: str) -> str:
        """Return a device's public name."""
        return self._hash(b"device", name.encode()) if self.key else name

    def stream(self, name: str) -> str:
        """Return a stream's public name; the engine's own, the empty one, stays."""
        return self._hash(b"stream", name.encode()) if self.key and name else name

    def epoch(self, epoch: int) -> int:
        """Return a stream's epoch as it is told: equal where the epochs are."""
        if not self.key:
            return epoch
        return int(self._hash(b"epoch", str(epoch).encode()), 16) >> (64 - _EPOCH_BITS)

    def _hash(self, kind: bytes, name: bytes) -> str:
        assert self.key is not None
        return blake2b(name, key=self.key, person=kind, digest_size=8).hexdigest()


def check_key(where: str, key: bytes) -> None:
    """Refuse a key that can be guessed, or that no keyed hash takes."""
    if not LEAST_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ConfigError(where, f"{len(key)} bytes", f"{LEAST_KEY_BYTES} to {MAX_KEY_BYTES} bytes")


def read_key(where: str, path: str | Path) -> bytes:
    """Read a key from a file: its bytes, without the line's end. It is never shown."""
    try:
        key = Path(path).read_bytes().strip()
    except OSError as error:
        raise ConfigError(where, f"{path} ({error.strerror})", "a file that can be read") from error
    check_key(f"{where}: {path}", key)
    return key
