"""Write trained parameters as the module the kernel reads its constants from."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg_kernels.qrs_state import QRS_PARAMS

TABLE = Path(__file__).parents[2] / "kernels" / "edgeecg_kernels" / "qrs_tables.py"


def _numbers(values: NDArray[np.float64]) -> str:
    words = [f"{v:.5g}" for v in values]
    lines, line = [], "   "
    for word in words:
        if len(line) + len(word) + 2 > 118:
            lines.append(line)
            line = "   "
        line += f" {word},"
    return "\n".join([*lines, line])


def write(params: NDArray[Any], origin: str, path: Path = TABLE) -> None:
    """Write every field of QRS_PARAMS, five digits each, row by row."""
    text = ["# fmt: off", f'"""What the R-peak detector was taught. Written by `python -m qrs.tune --write`; {origin}."""', ""]
    for name in QRS_PARAMS.names or ():
        text += [f"{name.upper()} = (", _numbers(np.ravel(params[name][0])), ")"]
    path.write_text("\n".join(text) + "\n")
