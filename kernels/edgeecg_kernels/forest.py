"""Trees that add up, walked for one row of features: what onnxruntime answers to the same file, bit for bit, in a quarter of the time.

What a tree asks next cannot be foreseen, and a processor that guesses waits for most of its guesses. Here is nothing to guess: trees
are walked as deep as they are, sorted by that depth; a leaf leads to itself, and which of two children comes next is a number that is
added. What the trees say is then added in the order of the file, in single precision.
"""

import math
from typing import Any

import numpy as np

from edgeecg_kernels._jit import kernel

ROOT, DEPTH, PLACE, LABEL = 0, 1, 2, 3
"""Rows of `trees`, one column a tree: sorted by depth, its first node, its depth, its place in the file; and in the file's order, its label."""

STEPS, STEPS_PER_UNIT, BETWEEN_WHOLES = 32, 46.16624130844683, 6755399441055744.0
"""Of e ** x: steps to a doubling; steps to one unit of x; and what added to a number leaves no room behind its point."""
CUBE, SQUARE, LINE = 1.6938359250920212e-06, 0.00023459809789509004, 0.021660849396613134
POWERS = np.array((
    1.0, 1.0218971486541166, 1.0442737824274138, 1.0671404006768237, 1.0905077326652577, 1.1143867425958924, 1.1387886347566916,
    1.1637248587775775, 1.189207115002721, 1.215247359980469, 1.241857812073484, 1.2690509571917332, 1.2968395546510096,
    1.3252366431597413, 1.3542555469368927, 1.383909881963832, 1.4142135623730951, 1.4451808069770467, 1.4768261459394993,
    1.5091644275934228, 1.5422108254079407, 1.5759808451078865, 1.6104903319492543, 1.645755478153965, 1.681792830507429,
    1.718619298122478, 1.7562521603732995, 1.7947090750031072, 1.8340080864093424, 1.8741676341103, 1.9152065613971474,
    1.9571441241754002,
))  # fmt: skip
"""2 ** (k / 32), each rounded to the nearest."""
LEAST = -104.0
"""Of e to less than this nothing is left in single precision."""


@kernel
def answer(
    x: Any, thresholds: Any, features: Any, below: Any, values: Any, trees: Any, base: Any, fold: Any, scratch: Any, out: Any
) -> None:  # fmt: skip
    """Write the probabilities: the trees' sums on top of `base`, made to sum to 1, and put together as `fold` says.

    A node passes on to the child `below` it, or to the next one where twice[features] is above its threshold; `twice` holds every
    feature two times, one that is missing first as what is below all, then as what is above all. `scratch` has room for it, for the
    values of all trees and for the sums.
    """
    n, n_trees, n_sums = len(x), trees.shape[1], len(base)
    twice, said, sums = scratch[: 2 * n], scratch[2 * n : 2 * n + n_trees], scratch[2 * n + n_trees :]
    for k in range(n):
        missing = math.isnan(x[k])
        twice[k] = -math.inf if missing else x[k]
        twice[n + k] = math.inf if missing else x[k]
    _walk(twice, thresholds, features, below, values, trees, said)
    for j in range(n_sums):
        sums[j] = 0.0
    for i in range(n_trees):
        sums[trees[LABEL, i]] += said[i]
    for j in range(n_sums):
        sums[j] += base[j]
    _share_out(sums, n_sums)
    for j in range(len(out)):
        out[j] = 0.0
        for i in range(n_sums):
            out[j] += sums[i] * fold[i, j]


@kernel
def _walk(twice: Any, thresholds: Any, features: Any, below: Any, values: Any, trees: Any, said: Any) -> None:
    for i in range(trees.shape[1]):
        root = trees[ROOT, i]
        node = root
        for _ in range(trees[DEPTH, i]):
            node = root + below[node] + np.uint32(twice[features[node]] > thresholds[node])
        said[trees[PLACE, i]] = values[node]


@kernel
def _share_out(sums: Any, n: int) -> None:
    """Make e to the sums sum to 1, in single precision."""
    most = sums[0]
    for j in range(1, n):
        most = max(most, sums[j])
    for j in range(n):
        sums[j] = exp(sums[j] - most)
    total = sums[0]
    for j in range(1, n):
        total += sums[j]
    for j in range(n):
        sums[j] /= total


@kernel
def exp(x: float) -> float:
    """Return e ** x of a single-precision number at most 0, to be rounded to one: computed in doubles, so that all hosts answer alike.

    The steps, the table and the three factors are those of Arm's optimized routines (MIT), which the usual C libraries have taken over.
    """
    if x < LEAST:
        return 0.0
    z = STEPS_PER_UNIT * float(x)
    whole = (z + BETWEEN_WHOLES) - BETWEEN_WHOLES
    r, k = z - whole, int(whole)
    return ((CUBE * r + SQUARE) * (r * r) + (LINE * r + 1.0)) * math.ldexp(POWERS[k & (STEPS - 1)], k >> 5)
