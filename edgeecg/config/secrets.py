"""Secrets are named in the settings, never written there: a file, or a credential that systemd hands to the service."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgeecg.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is; printing it shows no more than that."""

    file: Path | None = None
    credential: str = ""

    def __bool__(self) -> bool:
        return self.file is not None or bool(self.credential)

    def path(self) -> Path:
        """Return the file that holds it."""
        if self.file is not None:
            return self.file
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise ConfigError(f"credential {self.credential!r}", "CREDENTIALS_DIRECTORY, which is not set,", "given: systemd does")
        return Path(folder) / self.credential

    def read(self) -> str:
        """Return the secret, without the line's end; '' where there is none."""
        if not self:
            return ""
        path = self.path()
        try:
            secret = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}", error, "a file that holds a secret, readable by this user") from error
        if not secret:
            raise ConfigError(f"{path}", "empty", "a file that holds a secret")
        return secret


NO_SECRET: Final = Secret()
