"""The oracle of `calm`: whether a piece's rows may wait, anew from all that waited before them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

BEAT, QUALITY, VITALS, WINDOW, EXPIRED = 11, 12, 13, 20, 21
NORMAL = 1


class Row(NamedTuple):
    kind: int
    lead: int
    sample: int
    known_at: int
    value: tuple[float, ...]


@dataclass
class Said:
    """What the rules said when they were asked last."""

    last_beats: list[int]
    """Seven R peaks."""
    last_shapes: list[int]
    """Of the last two of them."""
    watched_from: int
    until: int
    odd_at: int
    beats_left: int
    tallest_mv: float
    patience: int
    rate_hz: float
    slowest: float
    fastest: float
    longest_s: float
    least_index: float
    least_prematurity: float
    most: int
    """Beats that may wait, and seconds."""


def beats_of(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.kind == BEAT]


def seconds_of(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.kind == QUALITY]


def due_of(said: Said, rows: Sequence[Row]) -> int:
    """Return where time decides something: every beat that cannot be faint puts off the end of the patience."""
    beats = beats_of(rows)
    watched = [said.watched_from]
    for n, beat in enumerate(beats, 1):
        tallest = max([said.tallest_mv, *(abs(one.value[5]) for one in beats[:n])])
        if abs(beat.value[5]) >= 0.3 * tallest:
            watched.append(beat.sample)
    return min(said.until, max(watched) + said.patience)


def may_wait(said: Said, rows: Sequence[Row], row: Row) -> bool:
    """Say whether no rule finds anything in a row after others that wait."""
    newest = max(one.known_at for one in (*rows, row))
    beats = beats_of(rows)
    if newest >= due_of(said, rows):
        return False
    if row.kind == BEAT:
        *before, last, this = *said.last_beats, *(beat.sample for beat in beats), row.sample
        first = (*before, last)[-6]
        last_but_one, shape_before = [*map(float, said.last_shapes), *(beat.value[1] for beat in beats)][-2:]
        if row.value[1] == NORMAL:  # the one before was too, or was alone, for it waits
            is_usual = shape_before == NORMAL or len(beats) > 0
        else:
            is_usual = last_but_one == shape_before == NORMAL and row.value[3] >= said.least_prematurity
        in_time = 0 < this - last < said.longest_s * said.rate_hz and this - first <= 15 * said.rate_hz
        rate = 6 * 60 * said.rate_hz / (this - first) if in_time else 0.0
        return row.lead == 0 and is_usual and in_time and said.slowest <= rate <= said.fastest and len(beats) < said.most
    if row.kind == QUALITY:
        index, is_good, level_mv = row.value[0], row.value[1], row.value[7]
        is_sure = is_good == 1 and index >= said.least_index and level_mv <= 0.8
        is_regular = len(beats) <= said.beats_left and row.sample > said.odd_at
        return row.lead == 0 and is_sure and is_regular and len(seconds_of(rows)) < said.most
    return row.kind in {VITALS, WINDOW, EXPIRED}


def kept(said: Said, waiting: Sequence[Row], piece: Sequence[Row], now: int) -> bool:
    """Say whether all rows of a piece that ends at `now` may wait."""
    if now >= due_of(said, [*waiting, *piece]):
        return False
    return all(may_wait(said, [*waiting, *piece[:n]], row) for n, row in enumerate(piece))
