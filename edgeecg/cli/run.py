"""`edgeecg run`: the daemon."""

import argparse
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from signal import SIG_DFL, SIGHUP, SIGINT, SIGTERM, signal
from typing import TYPE_CHECKING

from edgeecg.cli.check_config import USUAL
from edgeecg.cli.dashboard import check_installed
from edgeecg.cli.parser import Parser, checked
from edgeecg.cli.signals import Signals

if TYPE_CHECKING:
    from edgeecg.daemon.app import App
    from edgeecg.daemon.ears import Ears


def configure(parser: Parser) -> None:
    """Name the settings."""
    speed = checked(float, "a number from 0.1 to 1000", lambda speed: 0.1 <= speed <= 1000)
    parser.add_argument("--config", type=Path, default=USUAL, metavar="FILE", help=f"the settings (default: {USUAL})")
    parser.add_argument(
        "--speed",
        type=speed,
        default=1.0,
        help="rehearse with a simulated device so many times as fast as a heart: time itself runs faster",
    )
    parser.add_argument("--dashboard", action="store_true", help="serve the page beside it (default: http://127.0.0.1:8137/)")


def run(options: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; SIGHUP reads the settings again."""
    from edgeecg.config import load
    from edgeecg.daemon.clock import Clock
    from edgeecg.daemon.ears import Ears

    if options.dashboard:
        check_installed()
    signals = Signals(SIGHUP)
    signal(SIGINT, SIG_DFL)  # an exception would come up amid a compiler, and may be lost there
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    ears = Ears(lambda: load(options.config), Clock(speed=options.speed))
    with listening(ears):
        app = loaded(ears)
        signals.heed(SIGTERM, SIGINT)  # not before: who stops a first start does not wait until it has compiled
        with dashboard_beside(options.config) if options.dashboard else nullcontext():
            app.run(signals.next)
    return 0


@contextmanager
def listening(ears: "Ears") -> Iterator[None]:
    """Let nothing of the signal be lost while the rest is loaded; in a rehearsal, where a second of that is a minute, it waits."""
    if ears.clock.speed == 1.0:
        ears.listen()
    try:
        yield
    finally:
        ears.sources.stop()


def loaded(ears: "Ears") -> "App":
    """Load and make all that decides and sends."""
    from edgeecg.daemon import pauses

    with pauses.none():
        from edgeecg.daemon.app import App
        from edgeecg.daemon.classifiers import Classifiers
        from edgeecg.io import broker
        from edgeecg.models.registry import Registry
        from edgeecg.ready import make_ready

    if ears.settings.mqtt is None:
        broker.check_installed()  # before a minute goes into compiling
    make_ready(logging.info)
    app = App(ears, Classifiers(ears.settings.models, Registry(), ears.clock))
    pauses.keep_short()
    return app


@contextmanager
def dashboard_beside(config: Path) -> Iterator[None]:
    """Serve the page from a process of its own, that ends with us however we end."""
    command = [sys.executable, "-m", "edgeecg", "dashboard", "--config", str(config), "--tied"]
    page = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - our own
    try:
        yield
    finally:
        assert page.stdin is not None
        page.stdin.close()
        page.wait()
