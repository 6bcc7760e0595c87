"""Alerts that are on and that the engine does not know: it began anew, as after another version, or without its journal."""

from collections.abc import Container, Iterable
from dataclasses import replace
from typing import Final

from edgeecg.io.outbox.storage_alarm import STORAGE_RULES
from edgeecg.payload.alert import MAX_TEXT
from edgeecg.payload.stamped import StampedAlert, Times
from edgeecg.types import Alert, AlertState

WHY: Final = " - not watched any more: the engine began anew, and would tell it anew"


def left_behind(active: Iterable[StampedAlert], latching: Container[str], now_ns: int) -> list[StampedAlert]:
    """Say that they are over, for nothing else would; what latches stays until somebody has seen it. `now_ns` is the wall's."""
    found: list[StampedAlert] = []
    for one in _of_an_engine(active):
        alert = one.alert
        if not alert.latched:  # else it is over already
            is_unseen = alert.rule in latching and not alert.acknowledged_by
            state = AlertState.UPDATED if is_unseen else AlertState.CLEARED
            found.append(_next(one, replace(alert, state=state, latched=is_unseen), now_ns, is_synchronised=False))
    return found


def seen(active: Iterable[StampedAlert], alert_id: str, by: str, now_ns: int, *, is_synchronised: bool) -> list[StampedAlert]:
    """End one at a person's word."""
    mine = [one for one in _of_an_engine(active) if one.alert.alert_id == alert_id]
    over = [replace(one.alert, state=AlertState.CLEARED, latched=False, acknowledged_by=by) for one in mine]
    return [_next(one, alert, now_ns, is_synchronised=is_synchronised) for one, alert in zip(mine, over, strict=True)]


def _of_an_engine(active: Iterable[StampedAlert]) -> Iterable[StampedAlert]:
    """The outbox ends its own."""
    return (one for one in active if one.alert.rule not in STORAGE_RULES)


def _next(one: StampedAlert, alert: Alert, now_ns: int, *, is_synchronised: bool) -> StampedAlert:
    text = alert.text.removesuffix(WHY)[: MAX_TEXT - len(WHY)] + WHY
    times = Times(one.times.onset_ns, now_ns, now_ns, is_synchronised)
    return replace(one, alert=replace(alert, revision=alert.revision + 1, text=text), times=times, snippet=None)
