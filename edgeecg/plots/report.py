"""A long recording on one page of HTML that needs nothing else: no script, no request, no font."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Final

import edgeecg
from edgeecg.plots import svg, tally
from edgeecg.plots.findings import Findings, cut
from edgeecg.plots.tally import Happening, Stretch

STYLE: Final = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
STRIP_BEFORE_S, STRIP_S = 3.0, 10.0
MOST_STRIPS: Final = 40
NOTES: Final = (
    "Heart rates are of seconds whose signal was rated good. A beat is called wide when it looks as a ventricular focus makes it, and premature when it is "
    "narrow and comes before 80 % of the usual interval. A pause is an interval of 2 s or more in which no second was rated bad. "
    "Rhythm is the classifier's answer to its windows; those it abstains from do not count."
)


def page(findings: Findings, start: datetime | None = None) -> str:
    """Write it."""

    def clock(at_s: float) -> str:
        if start is not None:
            return f"{start + timedelta(seconds=at_s):%H:%M}"
        return f"{int(at_s) // 3600}:{int(at_s) // 60 % 60:02d}"

    def exactly(at_s: float) -> str:
        return f"{start + timedelta(seconds=at_s):%d %b %H:%M:%S}" if start is not None else f"{clock(at_s)}:{int(at_s) % 60:02d}"

    each_s = tally.step_s(findings.seconds)
    stretches, whole = tally.stretches(findings, each_s), tally.whole(findings)
    happened = tally.happenings(findings.alerts, findings.rate_hz)
    parts = [
        _head(findings, start),
        _facts(findings, whole),
        _section("Heart rate", svg.heart_rate(stretches, clock), "The line is the median, the band holds 98 of 100 seconds."),
        _rhythm(findings, stretches, whole, clock),
        _section("Wide beats", svg.bars(stretches, lambda one: one.n_wide, clock, "wide beats")),
        _section(
            "Signal quality",
            svg.bars(stretches, lambda one: 100 * (one.good_share or 0), clock, "% good"),
            "Per cent of seconds rated good.",
        ),
        _events(findings, happened, exactly),
        _table(findings, stretches, clock),
    ]
    name = escape(findings.name)
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{name}</title><style>{STYLE}</style>'
    foot = f"<footer><p>{NOTES}</p><p>edgeecg {edgeecg.__version__}. Not a medical device: not for diagnosis, treatment or monitoring of patients.</p></footer>"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{svg.PATTERN}{"".join(parts)}{foot}</body></html>\n'


def _head(findings: Findings, start: datetime | None) -> str:
    hours = f"{findings.seconds / 3600:.1f} h" if findings.seconds >= 7200 else f"{findings.seconds / 60:.1f} min"
    began = f", from {start:%d %b %Y %H:%M}" if start is not None else ""
    return f'<h1>{escape(findings.name)}</h1><p class="sub">{hours} of lead {escape(findings.lead)} at {findings.rate_hz:g} Hz{began}</p>'


def _facts(findings: Findings, whole: Stretch) -> str:
    missing = sum(gap.len_samples for gap in findings.gaps) / findings.rate_hz
    rows = [
        ("beats", f"{whole.n_beats:,}", ""),
        ("heart rate, median", _known(whole.rate_median), "/min"),
        ("from, to", f"{_known(whole.rate_low)} to {_known(whole.rate_high)}", "/min"),
        ("wide beats", f"{whole.n_wide:,}", _share(whole.n_wide, whole.n_beats)),
        ("premature, narrow", f"{whole.n_premature:,}", _share(whole.n_premature, whole.n_beats)),
        ("pauses", str(whole.n_pauses), ""),
        ("good signal", f"{100 * (whole.good_share or 0):.1f}", "%" + (f", {missing:.0f} s missing" if missing else "")),
    ]
    cells = "".join(f"<div><dt>{name}</dt><dd>{value} <small>{unit}</small></dd></div>" for name, value, unit in rows)
    return f'<dl class="facts">{cells}</dl>'


def _rhythm(findings: Findings, stretches: Sequence[Stretch], whole: Stretch, clock: Callable[[float], str]) -> str:
    if not whole.rhythms:
        return ""
    labels = [label for label in findings.labels if label in whole.rhythms]
    swatch = '<svg viewBox="0 0 1 1"><rect class="r{i}" width="1" height="1"/></svg>'
    key = "".join(
        f"<span>{swatch.format(i=i % svg.RHYTHM_CLASSES)}{escape(findings.name_of(label))} {whole.rhythms[label]:.1%}</span>"
        for i, label in enumerate(labels)
    )
    answered = sum(not one.abstained for one in findings.predictions)
    note = f"{answered} of {len(findings.predictions)} windows answered by {escape(findings.predictions[0].model)}."
    return _section("Rhythm", svg.rhythm(stretches, labels, clock) + f'<p class="key">{key}</p>', note)


def _events(findings: Findings, happened: Sequence[Happening], exactly: Callable[[float], str]) -> str:
    if not happened:
        return "<h2>Events</h2><p>None: no rule raised an alert.</p>"
    cards = "".join(_card(findings, one, exactly) for one in happened[:MOST_STRIPS])
    left = len(happened) - MOST_STRIPS
    more = f'<p class="note">{left} more, less grave or later, have no strip here.</p>' if left > 0 else ""
    return f"<h2>Events</h2>{cards}{more}"


def _card(findings: Findings, happening: Happening, exactly: Callable[[float], str]) -> str:
    alert, rate_hz = happening.first, findings.rate_hz
    priority = alert.priority.name.lower()
    onset_s = alert.onset_sample / rate_hz
    lasted = "until the end" if happening.seconds is None else f"{happening.seconds:.0f} s"
    around = cut(findings, max(0.0, onset_s - STRIP_BEFORE_S), STRIP_S)
    drawn = svg.strip(around) if len(around.samples_mv) else ""
    said = f'<span class="badge">{priority}</span><b>{escape(alert.text)}</b><span class="sub">{exactly(onset_s)}, {lasted}</span>'
    return f'<div class="card {priority}"><p>{said}</p>{drawn}</div>'


def _table(findings: Findings, stretches: Sequence[Stretch], clock: Callable[[float], str]) -> str:
    labels = [label for label in findings.labels if any(label in one.rhythms for one in stretches)]
    names = ["from", "beats", "low", "median", "high", "wide", "premature", "pauses", "good", *map(findings.name_of, labels)]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(one, labels, clock))}</tr>" for one in stretches)
    return f'<h2>By time</h2><div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'


def _cells(one: Stretch, labels: Sequence[str], clock: Callable[[float], str]) -> list[str]:
    good = "" if one.good_share is None else f"{one.good_share:.0%}"
    rates = [_known(rate) for rate in (one.rate_low, one.rate_median, one.rate_high)]
    counts = [str(n) for n in (one.n_wide, one.n_premature, one.n_pauses)]
    return [clock(one.start_s), str(one.n_beats), *rates, *counts, good, *(f"{one.rhythms.get(label, 0):.0%}" for label in labels)]


def _section(title: str, drawn: str, note: str = "") -> str:
    said = f'<p class="note">{note}</p>' if note else ""
    return f"<h2>{title}</h2><figure>{drawn}{said}</figure>"


def _known(rate: float | None) -> str:
    return "--" if rate is None else f"{rate:.0f}"


def _share(part: int, of: int) -> str:
    return f"{part / of:.2%}" if of else ""
