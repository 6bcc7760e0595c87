"""How to be let in at a broker: the same options of every command that goes to one."""

import argparse
from pathlib import Path

from edgeecg.mqtt.address import settings_at
from edgeecg.mqtt.settings import MqttSettings


def add_broker_options(parser: argparse._ActionsContainer) -> None:
    """Name the files; none of them is secret, what is in them may be."""
    parser.add_argument("--password-file", type=Path, help="the password of the user in the address")
    parser.add_argument("--ca-file", type=Path, help="who must have signed the broker's certificate")
    parser.add_argument("--certificate-file", type=Path, help="the certificate shown to a broker that asks for one")
    parser.add_argument("--certificate-key-file", type=Path, help="its key")


def broker_files(options: argparse.Namespace) -> dict[str, Path | None]:
    """Return what was given."""
    names = ("password_file", "ca_file", "certificate_file", "certificate_key_file")
    return {name: getattr(options, name) for name in names}


def broker_of(url: str, options: argparse.Namespace, *, client_id: str) -> MqttSettings:
    """Return how to connect."""
    return settings_at(url, client_id=client_id, **broker_files(options))
