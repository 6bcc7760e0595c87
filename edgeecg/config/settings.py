"""What a person sets, as frozen facts: checked when made, with a default for everything that can have one."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgeecg.config.secrets import NO_SECRET, Secret
from edgeecg.errors import ConfigError
from edgeecg.facts import MAX_MODELS, MIN_RATE_HZ, EngineConfig, ModelFacts, StreamFacts
from edgeecg.rulefacts import RuleFacts, default_rules

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What may stand in a topic and in a file's name."""


MAX_SNIPPET_S: Final = 10.0
MIN_BAUD, MAX_BAUD = 300, 4_000_000


def require(holds: bool, where: str, got: object, allowed: str) -> None:
    """Refuse what does not hold."""
    if not holds:
        raise ConfigError(where, got, allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The board itself."""

    name: str = "edgeecg"
    """Its name in topics, ids and sentences."""

    def __post_init__(self) -> None:
        require(bool(NAME.fullmatch(self.name)), "device.name", repr(self.name), "letters, digits, '.', '_' and '-', 64 at most")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where everything lies that must outlive the process."""

    folder: Path | None = None
    """Default: $STATE_DIRECTORY, as systemd sets it, else ~/.local/state/edgeecg."""

    def path(self) -> Path:
        """Return the folder in force."""
        if self.folder is not None:
            return self.folder
        given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
        return Path(given) if given else Path.home() / ".local" / "state" / "edgeecg"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSettings:
    """How much of the input is kept, how much of it a power cut may take, and how often the engine's state is written beside it."""

    size_cap_mib: float = 256.0
    segment_mib: float = 32.0
    keep_segments: int = 4
    sync_kib: float = 1024.0
    sync_calls: int = 1024
    snapshot_every_s: float = 300.0

    def __post_init__(self) -> None:
        require(1 <= self.size_cap_mib <= 1 << 20, "journal.size_cap_mib", self.size_cap_mib, "1 to 1048576")
        half = self.size_cap_mib / 2
        require(0.01 <= self.segment_mib <= half, "journal.segment_mib", self.segment_mib, f"0.01 to half of size_cap_mib, {half:g}")
        require(1 <= self.keep_segments <= 1000, "journal.keep_segments", self.keep_segments, "1 to 1000")
        require(1 <= self.sync_kib <= 1 << 20, "journal.sync_kib", self.sync_kib, "1 to 1048576")
        require(1 <= self.sync_calls <= 1 << 20, "journal.sync_calls", self.sync_calls, "1 to 1048576")
        require(1 <= self.snapshot_every_s <= 86400, "journal.snapshot_every_s", self.snapshot_every_s, "1 to 86400 s")


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialPort:
    """A device at a serial port; what is not said of it is learned."""

    port: str
    format: str = "auto"
    baud: int | None = None
    stream: str = ""
    rate_hz: float | None = None
    mv_per_unit: float | None = None
    offset_units: float = 0.0
    leads: tuple[str, ...] = ()
    ask_rate_hz: float | None = None
    """Asked of a device that speaks our protocol before it starts; what it answers is checked."""

    def __post_init__(self) -> None:
        require(bool(self.port), "serial.port", "''", "a port, such as /dev/ttyUSB0")
        require(self.baud is None or MIN_BAUD <= self.baud <= MAX_BAUD, "serial.baud", self.baud, f"{MIN_BAUD} to {MAX_BAUD}")
        self._check_facts()

    def _check_facts(self) -> None:
        """Refuse what no stream can have; what is not said is learned, and stands for something that can be."""
        StreamFacts(
            name=self.stream or self.port,
            rate_hz=MIN_RATE_HZ if self.rate_hz is None else self.rate_hz,
            leads=self.leads or ("I",),
            mv_per_unit=1.0 if self.mv_per_unit is None else self.mv_per_unit,
            offset_units=self.offset_units,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """An MQTT 5 broker, and how to be let in."""

    host: str
    port: int = 0
    """0: 8883 with ca_file, else 1883."""
    client_id: str = ""
    """Default: the device's name and what the line is for."""
    username: str = ""
    password_file: Path | None = None
    password_credential: str = ""
    """A credential's name: systemd puts it where only the service can read it (LoadCredential=)."""
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    def __post_init__(self) -> None:
        require(bool(self.host), "broker.host", "''", "a host")
        require(0 <= self.port <= 65535, "broker.port", self.port, "0 to 65535")
        both = self.password_file is not None and bool(self.password_credential)
        require(not both, "broker.password_file", "given beside password_credential", "possible: one of them")
        has_password = self.password_file is not None or bool(self.password_credential)
        require(bool(self.username) or not has_password, "broker.username", "left out", "possible beside a password")
        paired = (self.certificate_file is None) == (self.key_file is None)
        require(paired, "broker.certificate_file", "given without key_file, or the other way round", "possible: they belong together")
        trusts = self.ca_file is not None or self.certificate_file is None
        require(trusts, "broker.ca_file", "left out", "possible beside certificate_file")

    @property
    def password(self) -> Secret:
        """Where the password is."""
        return Secret(self.password_file, self.password_credential) if self.username else NO_SECRET

    @property
    def port_used(self) -> int:
        """Return the port in force."""
        return self.port or (1883 if self.ca_file is None else 8883)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceBroker(Broker):
    """A broker where devices publish."""

    ask_rate_hz: float | None = None
    """Asked of every device there that speaks our protocol; what it answers is checked."""
    stops_devices: bool = False
    """At its end the daemon tells them to cease. Else they go on, and what they send until it is back is kept by the broker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Who gets alerts, who is believed, and how much may wait for them."""

    receivers: tuple[str, ...] = ()
    """Programs that all must have said that they stored an alert before it is let go of. None: the broker's word is enough, which is not durable."""
    people: tuple[str, ...] = ()
    """Who may acknowledge; none named: whomever the broker lets publish there."""
    max_mib: float = 64.0
    expiry_s: int = 3600
    """How long a broker keeps an alert for who is away; the outbox keeps it until it is received."""
    snippet_s: float = 0.0
    """So many seconds of the first lead, up to what decided it, go with an alert that is raised; 0: no samples leave the device."""
    homeassistant: bool = False
    log: bool = True
    """Each alert that is raised, acknowledged or over is a line of the daemon's log."""
    file: Path | None = None
    """Each revision is a line of JSON there; a relative name is one in the state's folder."""
    seal_key_file: Path | None = None
    """A key that seals what is sent, and must seal what is answered."""
    seal_key_credential: str = ""
    names_key_file: Path | None = None
    """A key under which devices and streams get pseudonyms: an alert then does not say whose it is."""
    names_key_credential: str = ""

    def __post_init__(self) -> None:
        for name in ("receivers", "people"):
            given = getattr(self, name)
            bad = [one for one in given if not NAME.fullmatch(one)]
            require(not bad, f"alerts.{name}", ", ".join(map(repr, bad)), "letters, digits, '.', '_' and '-', 64 at most")
            require(len(set(given)) == len(given), f"alerts.{name}", given, "each named once")
        require(0.0625 <= self.max_mib <= 1 << 20, "alerts.max_mib", self.max_mib, "0.0625 to 1048576")
        require(0 <= self.snippet_s <= MAX_SNIPPET_S, "alerts.snippet_s", self.snippet_s, f"0 (none) to {MAX_SNIPPET_S:g} s")
        require(0 <= self.expiry_s < 1 << 32, "alerts.expiry_s", self.expiry_s, "0 (never) to 4294967295")
        for name in ("seal_key", "names_key"):
            both = getattr(self, f"{name}_file") is not None and getattr(self, f"{name}_credential")
            require(not both, f"alerts.{name}_file", f"given beside {name}_credential", "possible: one of them")

    @property
    def seal_key(self) -> Secret:
        """Where the key for seals is."""
        return Secret(self.seal_key_file, self.seal_key_credential)

    @property
    def names_key(self) -> Secret:
        """Where the key for names is."""
        return Secret(self.names_key_file, self.names_key_credential)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBroker:
    """The daemon's own broker, on this machine alone, where no other is named."""

    port: int = 1883
    """0: any that is free."""

    def __post_init__(self) -> None:
        require(0 <= self.port <= 65535, "broker.port", self.port, "0 to 65535")


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Which classifiers run."""

    use: tuple[str, ...] | None = None
    """By name; left out: the one that is shipped as default, where there is one. No high-priority alarm needs any."""
    workers: int = 0
    """Threads that run them; 0: one a core."""

    def __post_init__(self) -> None:
        require(0 <= self.workers <= 64, "models.workers", self.workers, "0 to 64")
        named = self.use or ()
        require(len(named) <= MAX_MODELS, "models.use", f"{len(named)} models", f"at most {MAX_MODELS}")
        require(len(set(named)) == len(named), "models.use", list(named), "each named once")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFile:
    """A recording, or a journal's folder, played as if it came now."""

    path: Path
    stream: str = ""
    leads: tuple[str, ...] = ()
    rate_hz: float | None = None
    units: str = "mV"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that delivers samples."""

    serial: tuple[SerialPort, ...] = ()
    mqtt: tuple[DeviceBroker, ...] = ()
    file: tuple[RecordingFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What may wait between the sources and the engine."""

    values: int = 4096
    """Of one stream: 16 s of one lead at 250 Hz. The oldest make room for the newest."""

    def __post_init__(self) -> None:
        require(256 <= self.values <= 1 << 20, "queue.values", self.values, "256 to 1048576")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The heart rates between which nobody needs to look; the rules about rates follow from them."""

    low_rate: float = 50.0
    high_rate: float = 120.0

    def __post_init__(self) -> None:
        require(20 <= self.low_rate <= 150, "limits.low_rate", self.low_rate, "20 to 150 a minute")
        require(
            self.low_rate < self.high_rate <= 250,
            "limits.high_rate",
            self.high_rate,
            f"more than low_rate, {self.low_rate:g}, to 250 a minute",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Where the daemon is asked how it is: /metrics and /healthz, on this machine alone."""

    port: int = 9464
    """0: nowhere."""
    probe_limit_s: float = 5.0
    """A probe that takes longer through queue, engine and outbox does not feed the watchdog."""

    def __post_init__(self) -> None:
        require(0 <= self.port <= 65535, "health.port", self.port, "0 to 65535")
        require(1 <= self.probe_limit_s <= 60, "health.probe_limit_s", self.probe_limit_s, "1 to 60 s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Where the page is served, when it is: `edgeecg run --dashboard`, or `edgeecg dashboard` beside a daemon."""

    host: str = "127.0.0.1"
    """Another than this machine's own needs a token."""
    port: int = 8137
    """0: any that is free."""
    token_file: Path | None = None
    token_credential: str = ""

    def __post_init__(self) -> None:
        require(bool(self.host), "dashboard.host", "''", "an address of this machine")
        require(0 <= self.port <= 65535, "dashboard.port", self.port, "0 to 65535")
        both = self.token_file is not None and bool(self.token_credential)
        require(not both, "dashboard.token_file", "given beside token_credential", "possible: one of them")

    @property
    def token(self) -> Secret:
        """Where the token is that a browser must show."""
        return Secret(self.token_file, self.token_credential)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of it."""

    device: Device = field(default_factory=Device)
    state: State = field(default_factory=State)
    journal: JournalSettings = field(default_factory=JournalSettings)
    sources: Sources = field(default_factory=Sources)
    queue: Queue = field(default_factory=Queue)
    health: Health = field(default_factory=Health)
    dashboard: Dashboard = field(default_factory=Dashboard)
    alerts: Alerts = field(default_factory=Alerts)
    models: Models = field(default_factory=Models)
    mqtt: Broker | None = None
    """Where alerts go; None: to the daemon's own broker."""
    broker: OwnBroker = field(default_factory=OwnBroker)
    limits: Limits = field(default_factory=Limits)
    streams: tuple[StreamFacts, ...] = ()
    """Streams that a person described: that counts for more than what their device says."""
    rules: tuple[RuleFacts, ...] = field(default_factory=default_rules)
    """In force: a bedside monitor's, changed and added to by name."""

    def engine(self, models: tuple[ModelFacts, ...] = ()) -> EngineConfig:
        """Return what the engine is told, with these models."""
        return EngineConfig(streams=self.streams, models=models, rules=self.rules)
