"""The oracle of `four`: four numbers in a list, one operation after the other."""

from collections.abc import Callable


def each(operation: Callable[..., float], *operands: list[float]) -> list[float]:
    return [operation(*numbers) for numbers in zip(*operands, strict=True)]


def bits(test: Callable[[float, float], bool], a: list[float], b: list[float]) -> int:
    return sum(1 << k for k in range(4) if test(a[k], b[k]))


def larger(a: float, b: float) -> float:
    if a > b:
        return a
    return b


def lesser(a: float, b: float) -> float:
    if a < b:
        return a
    return b


def first(named: int) -> int:
    return min((k for k in range(4) if named & 1 << k), default=4)
