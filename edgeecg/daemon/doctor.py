"""What is wrong with this machine: looked at, not guessed."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from stat import S_IMODE
from typing import Final

from edgeecg.config import Broker, Settings
from edgeecg.daemon.brokers import mqtt_settings
from edgeecg.daemon.clock import elapsed_s, is_synchronised
from edgeecg.errors import EdgeEcgError
from edgeecg.models.registry import Registry
from edgeecg.mqtt.probing import why_not
from edgeecg.ready import kernels_folder

PACKAGES: Final = ("numpy", "numba", "onnxruntime", "paho-mqtt", "pydantic", "pyserial")
FSYNCS: Final = 20
SLOW_FSYNC_S: Final = 0.02
OTHERS_MAY: Final = 0o077


class Level(IntEnum):
    """How bad it is."""

    GOOD = 0
    DOUBTFUL = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    level: Level
    text: str


def good(what: str, text: str) -> Finding:
    """Nothing is wrong with it."""
    return Finding(what, Level.GOOD, text)


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything the settings need."""
    yield from _software()
    yield _kernels()
    yield _clock()
    yield from _disk(settings)
    yield from _ports(settings)
    yield from _brokers(settings)
    yield from _secrets(settings)
    yield from _models(settings)


def _software() -> Iterator[Finding]:
    text = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding("python", Level.GOOD if sys.version_info >= (3, 11) else Level.BAD, text)
    for name in PACKAGES:
        try:
            yield good(name, version(name))
        except PackageNotFoundError:
            yield Finding(name, Level.BAD, "not installed")


def _kernels() -> Finding:
    folder = kernels_folder()
    if folder is None:
        return Finding(
            "kernels", Level.BAD, "no folder for compiled kernels can be written: each start compiles anew. NUMBA_CACHE_DIR names one"
        )
    if not any(folder.rglob("*.nbi")):
        return Finding("kernels", Level.DOUBTFUL, f"none compiled in {folder}: `edgeecg warmup` does it before the first beat waits for it")
    return good("kernels", f"compiled, in {folder}")


def _clock() -> Finding:
    if is_synchronised():
        return good("clock", "synchronised")
    return Finding("clock", Level.DOUBTFUL, "unsynchronised: alerts say so until a time server was heard (timedatectl, chronyc)")


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.state.path()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        slowest_s = _slowest_fsync_s(folder)
    except OSError as error:
        yield Finding("state", Level.BAD, f"{folder}: {error.strerror}")
        return
    level = Level.GOOD if slowest_s < SLOW_FSYNC_S else Level.DOUBTFUL
    yield Finding("state", level, f"{folder}: a write is safe within {slowest_s * 1000:.1f} ms, {FSYNCS} times; an alert waits for two")
    needed = (settings.journal.size_cap_mib + 2 * settings.alerts.max_mib) * 2**20
    free = shutil.disk_usage(folder).free
    room = f"{free / 2**20:.0f} MiB free, {needed / 2**20:.0f} may be used"
    yield Finding("room", Level.GOOD if free > needed else Level.BAD, room)
    others = S_IMODE(folder.stat().st_mode) & OTHERS_MAY
    if others:
        yield Finding("state", Level.DOUBTFUL, f"{folder} is open to others: an ECG identifies its owner (chmod 700)")


def _slowest_fsync_s(folder: Path) -> float:
    path = folder / f"doctor-{os.getpid()}"
    slowest_s = 0.0
    with path.open("xb") as file:
        try:
            for _ in range(FSYNCS):
                file.write(bytes(200))
                file.flush()
                slowest_s = max(slowest_s, elapsed_s(lambda: os.fsync(file.fileno())))
        finally:
            path.unlink()
    return slowest_s


def _ports(settings: Settings) -> Iterator[Finding]:
    for serial in settings.sources.serial:
        path = Path(serial.port)
        if not path.exists():
            yield Finding(serial.port, Level.DOUBTFUL, "is not there: the daemon waits for it (udev rule: deploy/60-edgeecg.rules)")
        elif not os.access(path, os.R_OK | os.W_OK):
            yield Finding(serial.port, Level.BAD, f"may not be opened: it belongs to group {path.group()}")
        else:
            yield good(serial.port, "may be opened")
    if not (settings.sources.serial or settings.sources.mqtt or settings.sources.file):
        yield Finding("sources", Level.BAD, "none: no device is listened to")


def _brokers(settings: Settings) -> Iterator[Finding]:
    for broker in settings.sources.mqtt:
        yield _reached(broker, "devices behind")
    if settings.mqtt is not None:
        yield _reached(settings.mqtt, "alerts to")
    else:
        try:
            text = f"our own, on this machine, version {version('iotcore')}: its queues live in memory, the outbox is on disk"
            yield good("broker", text)
        except PackageNotFoundError:
            yield Finding("broker", Level.BAD, "none is named and our own is not installed: pip install 'edgeecg[broker]'")
    if not settings.alerts.receivers:
        text = "alerts.receivers names nobody: a broker's acknowledgement lets go of an alert, and that is not durable"
        yield Finding("receipts", Level.DOUBTFUL, text)


def _reached(broker: Broker, what: str) -> Finding:
    name = f"{what} {broker.host}:{broker.port_used}"
    try:
        reason = why_not(mqtt_settings(broker, f"edgeecg-doctor-{os.getpid()}"))
    except EdgeEcgError as error:
        reason = str(error)
    if reason:
        return Finding(name, Level.BAD, reason)
    if broker.ca_file is None and broker.host not in {"localhost", "127.0.0.1", "::1"}:
        return Finding(name, Level.DOUBTFUL, "lets us in, in the clear: ca_file makes the line a TLS one")
    return good(name, "lets us in")


def _secrets(settings: Settings) -> Iterator[Finding]:
    brokers = [*settings.sources.mqtt, *([settings.mqtt] if settings.mqtt else [])]
    for secret in [*(broker.password for broker in brokers), settings.alerts.seal_key, settings.alerts.names_key]:
        if not secret:
            continue
        try:
            secret.read()
            open_to_others = S_IMODE(secret.path().stat().st_mode) & OTHERS_MAY
        except EdgeEcgError as error:
            yield Finding("secret", Level.BAD, str(error))
            continue
        level = Level.BAD if open_to_others else Level.GOOD
        yield Finding(
            "secret", level, f"{secret.path()} {'may be read by others (chmod 600)' if open_to_others else 'is readable, by nobody else'}"
        )


def _models(settings: Settings) -> Iterator[Finding]:
    registry = Registry()
    named = settings.models.use
    try:
        names = (registry.default(),) if named is None else named
    except EdgeEcgError as error:
        yield Finding("models", Level.DOUBTFUL, str(error))
        return
    for name in names:
        model, state = registry.state(name)
        missing = Level.DOUBTFUL if named is None else Level.BAD
        yield Finding(f"model {name}", missing if model is None else Level.GOOD, f"{state.change.name.lower()} {state.detail}".strip())
