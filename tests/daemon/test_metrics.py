"""Numbers in Prometheus' format, and where they are asked for."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edgeecg.daemon import health
from edgeecg.daemon.health import MOST_AT_ONCE, HealthServer
from edgeecg.daemon.metrics import Asked, Counter, Gauge, Histogram, render
from edgeecg.errors import ConfigError

PATIENCE_S = 60.0


def test_counters_gauges_and_histograms_as_text() -> None:
    counter = Counter("a_total", "Things\nof note.", ("kind",))
    counter.add(2, 'x"\\\n')
    counter.add(1, "y")
    gauge = Gauge("b", "Level.")
    gauge.set(1.5)
    histogram = Histogram("c_seconds", "Delay.", ("stage",), bounds=(0.1, 1.0))
    for value in (0.1, 0.5, 7.0):
        histogram.observe(value, "engine")
    assert render([counter, gauge, Asked("d", "Asked.", lambda: 3)]) == (
        "# HELP a_total Things\\nof note.\n# TYPE a_total counter\n"
        'a_total{kind="x\\"\\\\\\n"} 2\na_total{kind="y"} 1\n'
        "# HELP b Level.\n# TYPE b gauge\nb 1.5\n"
        "# HELP d Asked.\n# TYPE d gauge\nd 3\n"
    )
    assert render([histogram]).splitlines()[2:] == [
        'c_seconds_bucket{stage="engine",le="0.1"} 1',
        'c_seconds_bucket{stage="engine",le="1"} 2',
        'c_seconds_bucket{stage="engine",le="+Inf"} 3',
        'c_seconds_sum{stage="engine"} 7.6',
        'c_seconds_count{stage="engine"} 3',
    ]


@contextmanager
def serving(troubles: list[str]) -> Iterator[HealthServer]:
    server = HealthServer(0, lambda: "a 1\n", lambda: troubles)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def asked(server: HealthServer, path: str, *, method: str = "GET", **headers: str) -> tuple[int, str]:
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    try:
        line.request(method, path, headers=headers)
        answer = line.getresponse()
        return answer.status, answer.read().decode()
    finally:
        line.close()


def test_it_says_how_it_is() -> None:
    troubles: list[str] = []
    with serving(troubles) as server:
        assert asked(server, "/metrics") == (200, "a 1\n")
        assert asked(server, "/healthz") == (200, '{"status": "well", "troubles": []}\n')
        troubles.append("journal: full")
        assert asked(server, "/healthz") == (503, '{"status": "troubled", "troubles": ["journal: full"]}\n')


def test_it_answers_nothing_else() -> None:
    with serving([]) as server:
        assert asked(server, "/etc/passwd")[0] == 404
        assert asked(server, "/metrics", method="POST")[0] == 501
        assert asked(server, "/metrics", Host="evil.example")[0] == 421
        assert asked(server, "/metrics", Host=f"localhost:{server.port}")[0] == 200


def test_it_listens_on_this_machine_alone() -> None:
    with serving([]) as server:
        assert server.server_address[0] == "127.0.0.1"
        with pytest.raises(ConfigError, match=f"health.port: {server.port} "):
            HealthServer(server.port, str, list)


def test_who_never_asks_does_not_keep_others_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health._Handler, "timeout", 0.2)
    with serving([]) as server:
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3 * MOST_AT_ONCE)]
        try:
            answers = iter(lambda: _answer_or_none(server), None)
            assert next(answers) == (200, "a 1\n")
        finally:
            for line in idle:
                line.close()


def _answer_or_none(server: HealthServer) -> tuple[int, str]:
    """Ask until there is room: who said nothing is hung up on after a while."""
    for _ in range(100_000):
        try:
            return asked(server, "/metrics")
        except (OSError, http.client.HTTPException):
            continue
    raise AssertionError("no answer")
