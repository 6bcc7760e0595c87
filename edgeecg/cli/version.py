"""`edgeecg version`: what is installed."""

import argparse
import platform
from importlib.metadata import version

import edgeecg
from edgeecg.cli.parser import Parser

DEPENDENCIES = ("numba", "numpy", "onnxruntime", "paho-mqtt", "pydantic", "pyserial")


def configure(parser: Parser) -> None:
    """Take no options."""


def run(options: argparse.Namespace) -> int:  # noqa: ARG001
    """Print the versions a bug report needs."""
    print(f"edgeecg {edgeecg.__version__}")
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for name in DEPENDENCIES:
        print(f"{name} {version(name)}")
    return 0
