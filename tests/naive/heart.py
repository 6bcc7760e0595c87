"""The dynamical model, written as the paper writes it: complex numbers, dictionaries of events, one derivative, textbook RK4."""

import cmath
import math
from collections.abc import Callable, Sequence

Event = tuple[float, float, float]
Point = tuple[complex, float]


def turn(angle: float) -> float:
    """The same angle between -π and π."""
    while angle >= math.pi:
        angle -= 2 * math.pi
    while angle < -math.pi:
        angle += 2 * math.pi
    return angle


def heart(
    start: tuple[float, float, float],
    pairs: Sequence[tuple[Sequence[Event], Sequence[Event]]],
    phases: Sequence[float],
    rest: Callable[[float], float],
    step_s: float,
) -> list[float]:
    """z after each step: `pairs` are the events of the beats before and after, `rest` is z0 by time from the first step's begin."""
    here, z = complex(start[0], start[1]), start[2]
    made = []
    for n, ((before, after), goal) in enumerate(zip(pairs, phases, strict=True)):
        omega = turn(goal - cmath.phase(here)) / step_s

        def slope(
            t: float,
            point: Point,
            *,
            goal: float = goal,
            omega: float = omega,
            events: tuple[Sequence[Event], Sequence[Event]] = (before, after),
        ) -> Point:
            place, height = point
            phase = goal - turn(goal - cmath.phase(place))
            pull = -(height - rest(t))
            for angle, a, b in events[0]:
                pull -= a * (phase - angle) * math.exp(-((phase - angle) ** 2) / (2 * b**2))
            for angle, a, b in events[1]:
                delta = phase - 2 * math.pi - angle
                pull -= a * delta * math.exp(-(delta**2) / (2 * b**2))
            return (1 - abs(place)) * place + 1j * omega * place, pull

        here, z = rk4(slope, n * step_s, (here, z), step_s)
        made.append(z)
    return made


def rk4(slope: Callable[[float, Point], Point], t: float, point: Point, h: float) -> Point:
    """One classical Runge-Kutta step."""
    k1 = slope(t, point)
    k2 = slope(t + h / 2, (point[0] + h / 2 * k1[0], point[1] + h / 2 * k1[1]))
    k3 = slope(t + h / 2, (point[0] + h / 2 * k2[0], point[1] + h / 2 * k2[1]))
    k4 = slope(t + h, (point[0] + h * k3[0], point[1] + h * k3[1]))
    return (
        point[0] + h / 6 * (k1[0] + 2 * k2[0] + 2 * k3[0] + k4[0]),
        point[1] + h / 6 * (k1[1] + 2 * k2[1] + 2 * k3[1] + k4[1]),
    )
