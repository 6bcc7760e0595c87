"""Starts daemons by forking from a process that has everything imported and compiled: `python -m tests.daemon.launcher CONFIG SPEED`.

A line on standard input starts one, and its pid is the answer. So a kill and the next start are milliseconds apart, and hundreds fit a
test. What is killed is a daemon like any other: its own process, files, sockets and threads.
"""

import faulthandler
import logging
import os
import signal
import sys
import traceback
from pathlib import Path

from edgeecg.cli.signals import Signals
from edgeecg.config import load
from edgeecg.daemon.app import App
from edgeecg.daemon.classifiers import Classifiers
from edgeecg.daemon.clock import Clock
from edgeecg.daemon.ears import Ears
from edgeecg.models.registry import Registry
from edgeecg.warmup import compile_all


def main(config: str, speed: str) -> None:
    compile_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _say("warm")
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _be_a_daemon(Path(config), float(speed))
        _say(str(pid))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _be_a_daemon(config: Path, speed: float) -> None:
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        faulthandler.register(signal.SIGUSR1, all_threads=True)
        logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
        clock = Clock(speed=speed)
        ears = Ears(lambda: load(config), clock)
        App(ears, Classifiers(ears.settings.models, Registry(), clock)).run(Signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP).next)
        code = 0
    except BaseException:  # noqa: BLE001 - this process ends here, and says why
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
