"""The settings file: TOML at the door, frozen facts inside, and every fault of it said at once."""

from edgeecg.config.faults import ConfigFaults, Fault
from edgeecg.config.read import load, parse
from edgeecg.config.settings import Broker, Settings

__all__ = ["Broker", "ConfigFaults", "Fault", "Settings", "load", "parse"]
