"""Files made anew: what is there already is somebody's, and is not written over."""

from pathlib import Path
from typing import BinaryIO

from edgeecg.errors import InputError


def open_new(path: Path) -> BinaryIO:
    """Create a file to write to."""
    try:
        return path.open("xb")
    except FileExistsError:
        raise InputError(str(path), "a file that exists", "the name of a new one") from None
    except OSError as error:
        raise InputError(str(path), error.strerror, "a file that can be made") from error
