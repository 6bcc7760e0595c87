"""What all commands read their options with: a refusal is one sentence, `where: got is not allowed`."""

import argparse
from collections.abc import Callable
from typing import NoReturn, TypeVar

T = TypeVar("T")


class Parser(argparse.ArgumentParser):
    """An argument parser that keeps the line breaks of its texts, takes no abbreviations, and refuses in one sentence."""

    def __init__(self, *, prog: str, description: str, usage: str | None = None, epilog: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            usage=usage,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        """Say what is wrong on one line and exit with status 2."""
        self.exit(2, f"{self.prog}: {message.removeprefix('argument ')}\n")


def checked(convert: Callable[[str], T], allowed: str, holds: Callable[[T], bool]) -> Callable[[str], T]:
    """Make a reader of what `convert` reads and what `holds`; anything else is not `allowed`."""

    def read(text: str) -> T:
        try:
            value = convert(text)
        except ValueError:
            pass
        else:
            if holds(value):
                return value
        raise argparse.ArgumentTypeError(f"{text!r} is not {allowed}")

    return read
