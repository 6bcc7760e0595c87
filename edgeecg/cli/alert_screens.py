"""Alerts as a person or a program reads them: a live table, lines, or JSON."""

import time
from collections import OrderedDict
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from edgeecg.io.sinks.console import line_of, printable
from edgeecg.payload.alert import body_of, moment, published, waveform_of
from edgeecg.payload.stamped import StampedAlert
from edgeecg.types import AlertState, Priority

MAX_ROWS = 40
MAX_KNOWN = 1000
DRAW_S = 0.25
WIDEST = {"stream": 24, "seen by": 16}
"""A long name leaves room for what is the matter."""
STYLES = {Priority.HIGH: "bold white on red", Priority.MEDIUM: "bold yellow", Priority.LOW: "cyan", Priority.TECHNICAL: "dim"}


class Board:
    """The latest revision of each alert, numbered in the order in which alerts first came."""

    def __init__(self) -> None:
        self._latest: OrderedDict[tuple[str, str], tuple[int, StampedAlert]] = OrderedDict()
        self._n = 0

    def take(self, alert: StampedAlert) -> int:
        """Take a revision in, unless a later one is known; return the alert's number."""
        key = alert.device, alert.alert.alert_id
        known = self._latest.get(key)
        if known is None:
            self._n += 1
            known = self._latest[key] = self._n, alert
            if len(self._latest) > MAX_KNOWN:
                del self._latest[max(self._latest, key=lambda one: _rank(self._latest[one]))]
        elif alert.alert.revision > known[1].alert.revision:
            self._latest[key] = known[0], alert
        return known[0]

    def of(self, number: int) -> StampedAlert | None:
        """Return the latest revision of the alert of this number."""
        return next((alert for n, alert in self._latest.values() if n == number), None)

    def rows(self) -> list[tuple[int, StampedAlert]]:
        """Return what is on before what is over, the gravest first, then the newest; of many, those that come first so."""
        return sorted(self._latest.values(), key=_rank)[:MAX_ROWS]


def _rank(row: tuple[int, StampedAlert]) -> tuple[bool, int, int]:
    number, stamped = row
    return _is_over(stamped), -stamped.alert.priority, -number


def _is_over(stamped: StampedAlert) -> bool:
    return stamped.alert.state == AlertState.CLEARED and not stamped.alert.latched


class Screen(Protocol):
    """Shows what comes."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End, and leave the terminal as it was."""

    def show(self, number: int, alert: StampedAlert) -> None:
        """Show a revision."""

    def tell(self, sentence: str) -> None:
        """Say what happened beside alerts."""

    def stand(self, sentence: str) -> None:
        """Show what holds until something else does."""

    def rest(self) -> None:
        """Nothing more has come for now: what was not shown yet is."""


class Lines:
    """One line a revision."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out, self._err = out, err

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._out.flush()

    def show(self, number: int, alert: StampedAlert) -> None:
        """See Screen."""
        print(f"{number:4} {line_of(alert)}", file=self._out, flush=True)

    def tell(self, sentence: str) -> None:
        """See Screen."""
        print(sentence, file=self._err, flush=True)

    def stand(self, sentence: str) -> None:
        """See Screen: that it began to hold was told."""

    def rest(self) -> None:
        """See Screen."""


class JsonLines(Lines):
    """One JSON object a revision, as the payload's schema says."""

    def show(self, number: int, alert: StampedAlert) -> None:  # noqa: ARG002  # a program has the id
        """See Screen."""
        body = published(body_of(alert), waveform_of(alert.snippet), alert.publish_ns)
        print(body.decode(), file=self._out, flush=True)


class LiveTable:
    """What is on, on top; what is over, below; what was told last, at the foot."""

    def __init__(self, board: Board, foot: str) -> None:
        from rich.live import Live

        self._board, self._foot, self._told = board, foot, ""
        self._standing = ""
        self._drawn_s, self._is_old = 0.0, False
        self._live = Live(self._table(), auto_refresh=False, transient=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def show(self, number: int, alert: StampedAlert) -> None:  # noqa: ARG002  # the board has it
        """See Screen: of thousands that waited not each is worth a picture, behind which the next would wait."""
        self._is_old = True
        if time.monotonic() - self._drawn_s >= DRAW_S:
            self.rest()

    def tell(self, sentence: str) -> None:
        """See Screen."""
        self._told = sentence
        self._draw()

    def stand(self, sentence: str) -> None:
        """See Screen."""
        self._is_old |= sentence != self._standing
        self._standing = sentence

    def rest(self) -> None:
        """See Screen."""
        if self._is_old:
            self._draw()

    def _draw(self) -> None:
        self._live.update(self._table(), refresh=True)
        self._drawn_s, self._is_old = time.monotonic(), False

    def _table(self) -> Any:
        from rich.markup import escape
        from rich.table import Table

        title = f"alerts: {self._standing}" if self._standing else "alerts"
        table = Table(
            title=escape(title),
            title_style=STYLES[Priority.HIGH] if self._standing else "",
            caption=escape(f"{self._told}\n{self._foot}"),
            expand=True,
        )
        for column in ("", "began", "priority", "state", "stream", "alert", "seen by"):
            table.add_column(column, no_wrap=column != "alert", max_width=WIDEST.get(column))
        for number, stamped in self._board.rows():
            alert = stamped.alert
            state = alert.state.name.lower() + (", latched" if alert.latched else "")
            began = f"{_moment(stamped)}"
            cells = (
                str(number),
                began,
                alert.priority.name.lower(),
                state,
                alert.stream or stamped.device,
                alert.text,
                alert.acknowledged_by,
            )
            table.add_row(*(escape(printable(cell)) for cell in cells), style="dim" if _is_over(stamped) else STYLES[alert.priority])
        return table


def _moment(stamped: StampedAlert) -> str:
    return moment(stamped.times.onset_ns)[:19].replace("T", " ") + ("" if stamped.times.is_synchronised else " ?")


def chosen(*, is_json: bool, board: Board, out: TextIO, err: TextIO, foot: str) -> Screen:
    """Return the table where there is a terminal and rich; else lines."""
    if is_json:
        return JsonLines(out, err)
    try:
        import rich  # noqa: F401
    except ImportError:
        return Lines(out, err)
    return LiveTable(board, foot) if out.isatty() else Lines(out, err)
