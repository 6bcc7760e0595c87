"""A report as a page of the documentation."""

from typing import Any

from edgeecg.bench import history
from edgeecg.bench.table import machine_line, remarks, sections

Report = dict[str, Any]

HEAD = """\
# How fast, on what

Written by `edgeecg bench --document docs/benchmarks.md`; do not edit. Not a promise: measure your own machine with the same command.

{machine}.

- Stages are timed call by call in processor time of their thread ("waited": by the clock, because a disk is waited for). A percentile is
  left empty where too few calls were made to have one.
- Streams held: the number was run, by the clock, on one core, in a process of its own, journal, rules and (where named) a classifier at
  work. Latency counts from when a chunk of 40 ms was due until its events are there (open loop). Held means: p99 within 40 ms, nothing left
  over, at most one window of a thousand lost, no queue of windows that grows. Found by short runs: twice as many while they are held, then
  the middle between what is held and what is not, until a tenth lies between them; the answer was then run for long. What was
  late was run again. All runs are named, with how long other programs kept one from running, where that was more than 2 % of the time.
- Memory is of a process without scipy, cffi, yaml and coverage, which numba loads where developers installed them and no run needs.
- The history at the end has a row for each run that wrote this page, with what had changed before it (`--note`).
- Peers run with their defaults in the same process, in turns with ours, three turns a visit; then the next peer is visited, until all have been
  fifty times or two minutes are up. So nobody runs on what a processor has just learned by heart, and a bad second is nobody's ratio. Ratios are taken
  within a turn, and given with their middle half.
"""


def markdown(report: Report, *, note: str = "", before: str = "") -> str:
    """Return the page; the rows of its history go on from the page `before`, and `note` says what had changed."""
    parts = [HEAD.format(machine=machine_line(report))]
    parts += [f"## {title}\n\n{_table(rows)}\n" for title, rows in sections(report)]
    parts += [f"## {title}\n\n" + "\n".join(f"- {one}" for one in said) + "\n" for title, said in remarks(report)]
    skipped = report.get("peers", {}).get("skipped", [])
    if skipped:
        parts.append("Not compared with: " + ", ".join(skipped) + "\n")
    parts.append(history.told(report, note, before) + "\n")
    return "\n".join(parts)


def _table(rows: list[list[str]]) -> str:
    head, *body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    rule = "|" + " --- |" + " ---: |" * (len(rows[0]) - 1)
    return "\n".join([head, rule, *body])
