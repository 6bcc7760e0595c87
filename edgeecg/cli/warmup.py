"""`edgeecg warmup`: compile every kernel and module now."""

import argparse
import time

from edgeecg import ready
from edgeecg.cli.parser import Parser
from edgeecg_kernels._jit import cache_root


def configure(parser: Parser) -> None:
    """Say how much to say."""
    parser.add_argument("--quiet", action="store_true", help="say nothing")


def run(options: argparse.Namespace) -> int:
    """Compile, prune, and say where."""
    begin = time.perf_counter()
    ready.make_ready()
    ready.keep_bytecode()
    removed = ready.prune()
    if not options.quiet:
        print(f"kernels ready after {time.perf_counter() - begin:.1f} s, in {cache_root() or 'memory only: no folder can be written'}")
        print("".join(f"removed {folder}: not used for a week\n" for folder in removed), end="")
    return 0
