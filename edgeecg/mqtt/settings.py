"""A broker, and how to be let in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edgeecg.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """A broker, and how to be let in."""

    host: str
    port: int = 1883
    client_id: str = "edgeecg"
    """Its session's name: two with one name throw each other out."""
    username: str | None = None
    password: str | Callable[[], str] | None = field(default=None, repr=False)
    """Or who says it: asked at each connection, so that one that was changed at the broker needs no new start."""
    ca_file: str | None = None
    """Makes the line a TLS one; the broker's certificate must be signed by it."""
    certificate_file: str | None = None
    key_file: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        where = f"mqtt {self.host}"
        if not 0 < self.port < 65536:
            raise ConfigError(f"{where}: port", self.port, "1 to 65535")
        if not self.client_id:
            raise ConfigError(f"{where}: client_id", "''", "a name: the broker keeps a session for it")
        for name in ("ca_file", "certificate_file", "key_file"):
            path = getattr(self, name)
            if path is not None and not Path(path).is_file():
                raise ConfigError(f"{where}: {name}", repr(path), "a file")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ConfigError(f"{where}: certificate_file", "given without its key_file, or the other way round", "given with it")
        if self.certificate_file is not None and self.ca_file is None:
            raise ConfigError(
                f"{where}: certificate_file", "given without ca_file", "possible: a certificate is shown to a broker that shows one"
            )
        if self.password is not None and self.username is None:
            raise ConfigError(f"{where}: password", "given without username", "given with it")

    @property
    def broker(self) -> str:
        """Its name in sentences."""
        return f"mqtt {self.host}:{self.port}"
