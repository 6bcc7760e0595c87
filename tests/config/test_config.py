"""The settings file: what is right is read, what is wrong is all said at once, with its line and the key that was meant."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.config import ConfigFaults, Settings, load, parse
from edgeecg.config import settings as sections
from edgeecg.config.effective import LISTS, plain, toml
from edgeecg.config.lines import Lines
from edgeecg.config.secrets import Secret
from edgeecg.errors import ConfigError
from edgeecg.rulefacts import Priority, RuleFacts, default_rules

EVERYTHING = """\
[device]
name = "ward-3"

[state]
folder = "/var/lib/edgeecg"

[journal]
segment_mib = 1
snapshot_every_s = 60.0

[[sources.serial]]
port = "/dev/ttyUSB0"
leads = ["II"]
rate_hz = 250

[[sources.mqtt]]
host = "localhost"
username = "engine"
password_file = "/etc/edgeecg/password"

[[sources.file]]
path = "night.edf"

[mqtt]
host = "broker.ward.example"
ca_file = "/etc/edgeecg/ca.pem"
password_credential = "mqtt"
username = "ward-3"

[[stream]]
name = "d1/ecg"
rate_hz = 250
rails_units = [-2048, 2047]

[limits]
low_rate = 40

[models]
use = []

[[rule]]
name = "couplet"
priority = "high"

[[rule]]
name = "noisy"
kind = "threshold"
measure = "noise_mv"
priority = "technical"
limit = 0.5
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(ConfigFaults) as caught:
        parse(text, "edgeecg.toml")
    return str(caught.value).splitlines()


def test_nothing_is_enough() -> None:
    assert parse("", "edgeecg.toml") == Settings()


def test_everything_is_read() -> None:
    settings = parse(EVERYTHING, "edgeecg.toml")
    assert settings.device.name == "ward-3"
    assert settings.state.path() == Path("/var/lib/edgeecg")
    assert settings.journal.segment_mib == 1.0
    assert settings.sources.serial[0].leads == ("II",)
    assert settings.sources.mqtt[0].port_used == 1883
    assert settings.sources.file[0].path == Path("night.edf")
    assert settings.mqtt is not None
    assert settings.mqtt.port_used == 8883
    assert settings.streams[0].rails_units == (-2048.0, 2047.0)


def test_rules_are_those_of_a_monitor_changed_and_added_to_by_name() -> None:
    rules = {rule.name: rule for rule in parse(EVERYTHING, "edgeecg.toml").rules}
    before = {rule.name: rule for rule in default_rules(low_rate=40)}
    assert rules["couplet"] == replace(before["couplet"], priority=Priority.HIGH)
    assert rules["noisy"] == RuleFacts(name="noisy", kind="threshold", measure="noise_mv", priority=Priority.TECHNICAL, limit=0.5)
    assert {name: rules[name] for name in before if name != "couplet"} == {name: before[name] for name in before if name != "couplet"}
    assert rules["bradycardia"].limit == 40


def test_what_is_printed_reads_back_as_the_same() -> None:
    settings = parse(EVERYTHING, "edgeecg.toml")
    assert parse(toml(settings), "printed") == settings
    assert parse(toml(parse(toml(settings), "printed")), "again") == settings


def test_every_section_is_printed() -> None:
    written = plain(parse(EVERYTHING, "edgeecg.toml"))
    assert {LISTS.get(field.name, field.name) for field in fields(Settings)} == set(written)


def test_every_fault_is_said_at_once_with_its_line() -> None:
    text = """\
[device]
name = "two words"

[[sources.serial]]
prot = "/dev/ttyUSB0"
baud = "9600"
[[sources.serial]]
port = "/dev/ttyUSB1"
leads = [
  "I",
  3,
]

[[stream]]
name = "a"
rate_hz = 250
silence_s = 0
reorder_ms = 1e9

[jurnal]
"""
    assert faults_of(text) == [
        "edgeecg.toml, line 2: device.name: 'two words' is not letters, digits, '.', '_' and '-', 64 at most",
        "edgeecg.toml, line 4: sources.serial[0].port: left out is not possible: there is no default",
        (
            "edgeecg.toml, line 5: sources.serial[0].prot: a key is not one of ask_rate_hz, baud, format, leads, mv_per_unit, offset_units, port, rate_hz, "
            "stream (did you mean port?)"
        ),
        'edgeecg.toml, line 6: sources.serial[0].baud: "9600" is not a whole number',
        "edgeecg.toml, line 9: sources.serial[1].leads[1]: 3 is not a text",
        "edgeecg.toml, line 17: stream[0].silence_s: 0.0 is not 0.5 to 3600",
        "edgeecg.toml, line 18: stream[0].reorder_ms: 1000000000.0 is not 0 to 2000",
        (
            "edgeecg.toml, line 20: jurnal: a key is not one of alerts, broker, dashboard, device, health, journal, limits, models, mqtt, queue, "
            "rule, sources, state, stream (did you mean journal?)"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[device\n", "edgeecg.toml: settings: Expected ']' at the end of a table declaration (at line 1, column 8) is not valid TOML"),
        ("a = " + "9" * 5000, "edgeecg.toml: settings: Exceeds the limit"),
        ("a = " + "[" * 5000, "edgeecg.toml: settings: maximum recursion depth exceeded"),
        ("device = 3", "edgeecg.toml, line 1: device: 3 is not a table"),
        ("[stream]\nname = 'a'", 'edgeecg.toml, line 1: stream: {"name": "a"} is not a list of tables: [[stream]]'),
        ("[health]\nport = true", "edgeecg.toml, line 2: health.port: true is not a whole number"),
        ("[health]\nport = 1.5", "edgeecg.toml, line 2: health.port: 1.5 is not a whole number"),
        ("[queue]\nvalues = 5", "edgeecg.toml, line 2: queue.values: 5 is not 256 to 1048576"),
        ("[mqtt]\nhost = 'h'\nusername = 'u'\npassword = 's3cret'", "did you mean password_file?"),
        ("[mqtt]\nhost = 'h'\npassword_file = '/p'", "mqtt.username: left out is not possible beside a password"),
        ("[mqtt]\nhost = 'h'\nkey_file = '/p'", "mqtt.certificate_file: given without key_file, or the other way round"),
        ("[journal]\nsize_cap_mib = 10", "journal.segment_mib: 32.0 is not 0.01 to half of size_cap_mib, 5"),
        ("[[sources.serial]]\nport='/p'\nbaud=-1", "edgeecg.toml, line 3: sources.serial[0].baud: -1 is not 300 to 4000000"),
        ("[[sources.serial]]\nport='/p'\nrate_hz=nan", "line 3: sources.serial[0].rate_hz: nan is not a rate from 100 to 2000 Hz"),
        ("[[sources.serial]]\nport='/p'\nmv_per_unit=0", "line 3: sources.serial[0].mv_per_unit: 0.0 is not a number that is not 0"),
        ("[[sources.serial]]\nport='/p'\nleads=['I','I']", "line 3: sources.serial[0].leads: ('I', 'I') is not different names"),
        ("[alerts]\npeople=['a b']", "edgeecg.toml, line 2: alerts.people: 'a b' is not letters, digits"),
        ("[models]\nuse=['a','a']", "edgeecg.toml, line 2: models.use: ['a', 'a'] is not each named once"),
        ("[[rule]]\nname='couplet'\npriority='loud'", '"loud" is not one of technical, low, medium, high'),
        ("[[rule]]\nname='couplet'\npriority=['low']", 'line 3: rule[0].priority: ["low"] is not one of technical, low, medium, high'),
        ("[[rule]]\nname='pause'\nlimit=0", "edgeecg.toml, line 3: rule[0].limit: 0.0 is not more than 0"),
        ("[[rule]]\nname='new'\npriority='low'", "rule[0].kind: left out"),
        ("[[rule]]\nname='pause'\n[[rule]]\nname='pause'", "edgeecg.toml, line 4: rule[1].name: 'pause' is not each name once"),
        ("[[rule]]\nname='pause'\nyields_to=['nobody']", "edgeecg.toml, line 3: rule[0].yields_to: nobody is not names of rules"),
        (
            "[[rule]]\nname='v-tach'\nyields_to=['tachycardia']",
            "line 3: rule[0].yields_to: extreme-tachycardia before tachycardia before v-tach before extreme-tachycardia is not an order",
        ),
        ("[[stream]]\nname='a'\nrate_hz=250\n[[stream]]\nname='a'\nrate_hz=360", "stream: a is not each name once"),
    ],
)
def test_a_fault_is_a_sentence(text: str, sentence: str) -> None:
    (said,) = faults_of(text)
    assert sentence in said


def test_a_secret_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mqtt").write_text("s3cret\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    settings = parse("[mqtt]\nhost='h'\nusername='u'\npassword_credential='mqtt'", "f")
    assert settings.mqtt is not None
    assert settings.mqtt.password.read() == "s3cret"
    assert "s3cret" not in repr(settings) + toml(settings) + repr(settings.mqtt.password)
    (said,) = faults_of("[mqtt]\nhost='h'\npassword='s3cret'")
    assert "s3cret" not in said


def test_a_secret_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigError, match="CREDENTIALS_DIRECTORY"):
        Secret(credential="mqtt").read()
    with pytest.raises(ConfigError, match="a file that holds a secret"):
        Secret(tmp_path / "none").read()
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError, match="empty"):
        Secret(tmp_path / "empty").read()
    assert Secret().read() == ""


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: No such file or directory is not a settings file that can be read"):
        load(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"[device]\nname = '\xff'")
    with pytest.raises(ConfigError, match="in UTF-8"):
        load(tmp_path / "latin.toml")


def test_the_state_folder_is_where_systemd_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}:/elsewhere")
    assert sections.State().path() == tmp_path
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert sections.State().path() == tmp_path / ".local/state/edgeecg"


KEYS = st.text(alphabet="abcxyz_-", min_size=1, max_size=4)
VALUES = st.one_of(st.integers(-9, 9), st.booleans(), st.text(alphabet='ab"#[]=\n', max_size=4), st.lists(st.integers(0, 9), max_size=3))


@given(st.lists(st.tuples(KEYS, VALUES), max_size=6, unique_by=lambda pair: pair[0]), st.integers(0, 3))
def test_each_key_of_any_table_has_its_line(pairs: list[tuple[str, object]], blanks: int) -> None:
    import json

    text, expected = "# a remark\n" + "\n" * blanks + "[[t]]\n[t.u]\n[[t]]\n[t.u]\n", {}
    for key, value in pairs:
        expected[key] = text.count("\n") + 1
        written = (
            f'"""\n{value}"""'.replace('""""', '\\""""')
            if isinstance(value, str) and "\n" in value and '"' not in value
            else json.dumps(value)
        )
        text += f'"{key}" = {written} # [not.a.header]\n'
    lines = Lines(text)
    assert {key: lines.of(("t", 1, "u", key)) for key, _ in pairs} == expected
    assert lines.of(("t", 0)) == blanks + 2
    assert lines.of(("t", 1, "u", "nowhere", 5)) == blanks + 5
