"""The command line. A command is a module here with `configure(parser)` and `run(options)`, imported when it is called.

So `edgeecg --help` reads this page alone, and a new command is a module and a line in `COMMANDS`.
"""

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import NoReturn

import edgeecg
from edgeecg.cli.parser import Parser
from edgeecg.errors import EdgeEcgError

DISCLAIMER = "Not a medical device: not for diagnosis, treatment or monitoring of patients."

COMMANDS = {
    "demo": "show all of it: a simulated heart, the daemon, a broker, a subscriber; alerts raised, explained, acknowledged, cleared",
    "demo beats": "replay a bundled recording live and compare with its reference beats",
    "replay": "run a recording (WFDB, EDF, CSV) or a journal through the engine",
    "plot": "draw a strip of a recording, or around an alert, on ECG paper: PNG, SVG, PDF",
    "report": "write a page about a long recording: heart rate by the hour, rhythm, ectopy, events with strips, quality",
    "simulate": "make a heart's ECG and sounds by a model, with the truth beside them: to files or as a device",
    "run": "be the daemon: devices in, alerts out",
    "dashboard": "serve the page that shows what a daemon sees; `run --dashboard` does it too",
    "live": "show what a daemon sees in a terminal: streams, beats, alerts",
    "doctor": "say what is wrong with this machine: ports, clock, disk, brokers, models",
    "record": "write what a device sends to a file (WFDB, EDF+, FHIR), with the beats that are found",
    "export": "write a stream out of a journal, or the minute around an alert (WFDB, EDF+, FHIR)",
    "check-config": "say what is wrong with a settings file, or what is in force",
    "subscribe": "show alerts as they come, and acknowledge them",
    "probe": "say what is at the end of a serial line: format, rate, leads, integrity, signal",
    "eval rpeaks": "measure the R-peak detector against annotated recordings",
    "eval quality": "measure signal quality and heart rate against annotated recordings",
    "eval sounds": "measure where heart sounds are found, simulated, with and without the ECG beside them",
    "eval alarms": "measure how soon alarms come and how often they are false: simulated, with noise, on recordings",
    "eval fibrillation": "measure how well atrial fibrillation is told on annotated recordings: a model's windows, and alerts",
    "eval coupling": "measure the coupling of ECG and sound: true kernels, steadiness under noise, delays, time",
    "models list": "list the classifiers there are here",
    "models show": "print a classifier's card: what it is, how good it is, its files by hash",
    "models verify": "check that classifiers are what their cards say: files, shapes, answers",
    "models import": "turn a published checkpoint of ECGFounder or CLEF into a model here",
    "models bench": "measure a classifier's files and runtimes on this host, and choose among them",
    "bench": "measure this machine: how many streams it holds, at which model and hop, how late, in how much memory",
    "warmup": "compile every kernel and module now, so that no first beat waits for them",
    "version": "say what is installed: what a bug report needs",
}

USAGE_ERROR = 2  # the status of every refusal, argparse's own


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; what is refused is said in one sentence."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    name = next((name for name in (" ".join(words[:2]), *words[:1]) if name in COMMANDS), None)
    if name is None:
        _front_page(words)
    command = import_module(f"{__name__}.{name.replace(' ', '_').replace('-', '_')}")
    summary = COMMANDS[name]
    parser = Parser(prog=f"edgeecg {name}", description=f"{summary[0].upper()}{summary[1:]}.", epilog=DISCLAIMER)
    command.configure(parser)
    options = parser.parse_args(words[len(name.split()) :])
    try:
        return int(command.run(options))
    except EdgeEcgError as refusal:
        print(f"{parser.prog}: {refusal}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _front_page(words: list[str]) -> NoReturn:
    width = max(map(len, COMMANDS)) + 2
    table = "\n".join(f"  {name:{width}}{summary}" for name, summary in COMMANDS.items())
    parser = Parser(
        prog="edgeecg",
        usage="edgeecg COMMAND ...",
        description=f"Streaming ECG inference at the edge.\n\ncommands:\n{table}\n\n`edgeecg COMMAND --help` says more of one.",
        epilog=DISCLAIMER,
    )
    parser.add_argument("--version", action="version", version=f"edgeecg {edgeecg.__version__}")
    if not words:
        parser.exit(USAGE_ERROR, parser.format_help())
    _, unknown = parser.parse_known_args(words)
    close = get_close_matches(" ".join(unknown[:2]), COMMANDS, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    parser.error(f"command: {unknown[0]!r} is not one of {', '.join(COMMANDS)}{hint}")
