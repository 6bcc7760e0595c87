"""Functions for tables of constants, of operations that every processor rounds alike.

Numpy's own sines, and the order of its sums, differ from one processor to the next, and with them the last bits of all that a journal
is replayed to.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def sin_pi(x: Floats) -> Floats:
    """Return sin(pi x), by Taylor's series between -pi/2 and pi/2."""
    turn = x - 2 * np.rint(x / 2)
    angle = np.pi * np.where(np.abs(turn) > 0.5, np.copysign(1.0, turn) - turn, turn)
    term, total = angle.copy(), angle.copy()
    for k in range(2, 28, 2):
        term = term * (angle * angle) / -(k * (k + 1))
        total += term
    return np.asarray(total)


def cos_pi(x: Floats) -> Floats:
    """Return cos(pi x)."""
    return sin_pi(x + 0.5)


def sinc(x: Floats) -> Floats:
    """Return sin(pi x) / (pi x)."""
    return np.asarray(np.divide(sin_pi(x), np.pi * x, out=np.ones_like(x), where=x != 0))


def bessel_i0(x: Floats) -> Floats:
    """Return the modified Bessel function by its series (Abramowitz & Stegun, 9.6.12), long enough for what a window asks."""
    term, total = np.ones_like(x), np.ones_like(x)
    for k in range(1, 31):
        term = term * ((x / (2 * k)) * (x / (2 * k)))
        total += term
    return total


def kaiser(distance: Floats, half: float, beta: float) -> Floats:
    """Return Kaiser's window, not brought to 1 in its middle: nothing from `half` on."""
    share = distance / half
    return np.where(np.abs(distance) >= half, 0.0, bessel_i0(beta * np.sqrt(np.clip(1 - share * share, 0, None))))


def hann(length: int) -> Floats:
    """Return Hann's window, the zeros at its ends included."""
    return np.asarray(0.5 - 0.5 * cos_pi(2 * np.arange(length) / (length - 1)))


def sums_of_rows(table: Floats) -> Floats:
    """Return the sum of each row, as a column, from the left."""
    total = np.zeros((len(table), 1))
    for k in range(table.shape[1]):
        total += table[:, k : k + 1]
    return total
