"""A broker as a person names it: mqtt://[user@]host[:port], and files for what is secret."""

from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from edgeecg.errors import ConfigError
from edgeecg.mqtt.settings import MqttSettings

ALLOWED: Final = "mqtt://[user@]host[:port], or mqtts:// with a CA file"


def settings_at(
    url: str,
    *,
    client_id: str,
    password_file: Path | str | None = None,
    ca_file: Path | str | None = None,
    certificate_file: Path | str | None = None,
    certificate_key_file: Path | str | None = None,
) -> MqttSettings:
    """Return how to connect to it; ConfigError says what cannot be read."""
    host, port, user = _address(url, has_ca=ca_file is not None)
    return MqttSettings(
        host=host,
        port=port,
        client_id=client_id,
        username=user,
        password=None if password_file is None else partial(_secret, password_file),
        ca_file=_text(ca_file),
        certificate_file=_text(certificate_file),
        key_file=_text(certificate_key_file),
    )


def _address(url: str, *, has_ca: bool) -> tuple[str, int, str | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError("url", f"{url!r} ({error})", ALLOWED) from error
    is_tls = parts.scheme == "mqtts"
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname or parts.path.strip("/") or parts.password or is_tls != has_ca:
        raise ConfigError("url", repr(url), ALLOWED)
    return parts.hostname, port or (8883 if is_tls else 1883), parts.username


def _secret(path: Path | str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("password_file", f"{path} ({error})", "a file with a password") from error


def _text(path: Path | str | None) -> str | None:
    return None if path is None else str(path)
