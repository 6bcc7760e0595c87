"""What is written is read back; what is oversized, foreign, altered or nonsense is refused in a sentence."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeecg.errors import ConfigError, InputError
from edgeecg.payload.alert import MAX_BEATS, MAX_BYTES, AlertModel, body_of, moment, published, read_alert, waveform_of
from edgeecg.payload.answers import Acknowledgement, Hello, Receipt, read_person, read_program, write_answer
from edgeecg.payload.homeassistant import discovery, discovery_topic
from edgeecg.payload.names import Names, read_key
from edgeecg.payload.schemas import schemas
from edgeecg.payload.seal import Seal, is_token, token
from edgeecg.payload.stamped import StampedAlert, Times, stamp
from edgeecg.payload.status import read_state, state_of
from edgeecg.payload.topics import Topics, device_of
from edgeecg.types import Measure, Priority
from tests.payload.alerts import DEVICE, T0_NS, alert, any_stamped, stamped

REPOSITORY = Path(__file__).parents[2]
ID = "0" * 31 + "1"
KEY = b"k" * 32


def sent(one: StampedAlert, publish_ns: int = T0_NS + 5_000) -> bytes:
    return published(body_of(one), waveform_of(one.snippet), publish_ns)


def altered(**changes: Any) -> bytes:
    return json.dumps({**json.loads(sent(stamped())), **changes}).encode()


@given(one=any_stamped(), publish_us=st.integers(0, 4_000_000_000_000_000))
def test_what_is_written_is_read_back(one: StampedAlert, publish_us: int) -> None:
    assert read_alert(sent(one, publish_us * 1000), device=DEVICE) == replace(one, publish_ns=publish_us * 1000)


def test_numbers_that_are_none_are_null_and_lists_that_are_too_long_are_cut() -> None:
    one = stamped(
        value=math.nan,
        limit=math.inf,
        score=math.nan,
        quality=7.0,
        beats=tuple(range(2 * MAX_BEATS)),
        evidence=(Measure("rr", math.nan, "ms"),) * 99,
        looked_from=3,
        looked_len=9,
        activation=(math.nan,) * 99,
        text="x" * 9999,
    )
    read = read_alert(sent(one), device=DEVICE).alert
    assert math.isnan(read.value)
    assert math.isnan(read.limit)
    assert (read.score, read.quality) == (0.0, 1.0)
    assert read.beats == tuple(range(MAX_BEATS, 2 * MAX_BEATS)), "the latest beats are kept"
    assert (len(read.evidence), len(read.activation), len(read.text)) == (64, 64, 500)
    assert b"NaN" not in sent(one)


def test_half_a_character_in_a_text_keeps_no_alert_from_being_sent() -> None:
    one = stamped(text="No signal: \ud800 without numbers")
    assert read_alert(sent(one), device=DEVICE).alert.text == "No signal: ? without numbers"
    assert read_state(state_of(DEVICE, (one,), moment(T0_NS)), device=DEVICE).text == "No signal: ? without numbers"


def test_the_largest_alert_with_the_largest_snippet_is_within_the_limit() -> None:
    from edgeecg.payload.stamped import Snippet

    snippet = Snippet("I", 1 << 40, 250.0, (-32768,) * 5000)
    evidence = (Measure("x" * 64, 1.2345678901234567e-300, "x" * 32),) * 64
    one = stamped(text="x" * 500, beats=((1 << 62),) * 512, evidence=evidence, snippet=snippet)
    assert len(sent(one)) <= MAX_BYTES


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        (b"{" * (MAX_BYTES + 1), "alert of dev-1: 65537 bytes is not at most 65536 bytes"),
        (b"", "alert of dev-1: "),
        (b"\xff\xfe", "alert of dev-1: "),
        (b"[" * 50_000, "alert of dev-1: "),
        (altered(device="other"), "alert of dev-1: device: 'other' is not 'dev-1', whose topic this is"),
        (altered(revision="1"), "alert of dev-1.revision: '1' is not input should be a valid integer"),
        (altered(revision=0), "alert of dev-1.revision: 0 is not input should be greater than or equal to 1"),
        (altered(alert_id="ABC"), "alert of dev-1.alert_id: 'ABC' is not string should match pattern '^[0-9a-f]{32}$'"),
        (altered(priority="urgent"), "alert of dev-1.priority: 'urgent' is not input should be 'technical', 'low', 'medium' or 'high'"),
        (altered(extra=1), "alert of dev-1.extra: 1 is not extra inputs are not permitted"),
        (altered(schema="edgeecg/alert/2"), "alert of dev-1.schema: 'edgeecg/alert/2' is not input should be 'edgeecg/alert/1'"),
        (
            altered(t_event="2026-01-01T00:00:00+02:00"),
            "alert of dev-1.t_event: '2026-01-01T00:00:00+02:00' is not value error, not in UTC",
        ),
        (altered(t_event="yesterday"), "alert of dev-1.t_event: 'yesterday' is not input should be a valid datetime"),
        (sent(stamped()).replace(b'"value":4.25', b'"value":1e999'), "alert of dev-1.value: inf is not input should be a finite number"),
        (altered(beats=list(range(513))), "alert of dev-1.beats: "),
    ],
)
def test_what_is_not_this_devices_alert_is_refused(payload: bytes, sentence: str) -> None:
    with pytest.raises(InputError) as refusal:
        read_alert(payload, device=DEVICE)
    assert str(refusal.value).startswith(sentence)
    assert len(str(refusal.value)) < 400


@given(junk=st.binary(max_size=300), at=st.integers(0, 900), other=st.integers(0, 255))
def test_junk_and_a_changed_byte_are_read_or_refused_and_nothing_else(junk: bytes, at: int, other: int) -> None:
    whole = bytearray(sent(stamped()))
    whole[at % len(whole)] = other
    for payload in (junk, bytes(whole)):
        try:
            read_alert(payload, device=DEVICE)
        except InputError:
            continue
        assert payload != junk


def test_the_published_schemas_are_the_models() -> None:
    folder = REPOSITORY / "docs/schema"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")} == schemas(), "run python scripts/schemas.py"


def test_moments_are_told_in_utc_to_the_microsecond() -> None:
    assert moment(0) == "1970-01-01T00:00:00.000000Z"
    assert moment(T0_NS + 999) == "2026-09-21T14:13:20.123456Z"


# --- answers ----------------------------------------------------------------------------------------------------------


def test_answers_are_read_back() -> None:
    receipt = Receipt(device=DEVICE, name="ward", alert_id=ID, revision=2)
    hello = Hello(device=DEVICE, name="ward")
    ack = Acknowledgement(device=DEVICE, name="dr.grey", alert_id=ID, revision=2)
    assert read_program(write_answer(receipt), device=DEVICE, name="ward") == receipt
    assert read_program(write_answer(hello), device=DEVICE, name="ward") == hello
    assert read_person(write_answer(ack), device=DEVICE, name="dr.grey") == ack


@pytest.mark.parametrize(
    ("device", "name", "sentence"),
    [
        ("other", "ward", "answer of ward: device: 'dev-1' is not 'other'"),
        (DEVICE, "mallory", "answer of mallory: name: 'ward' is not 'mallory'"),
    ],
)
def test_an_answer_is_its_topics(device: str, name: str, sentence: str) -> None:
    for read, answer in ((read_program, Receipt), (read_person, Acknowledgement)):
        with pytest.raises(InputError, match=sentence):
            read(write_answer(answer(device=DEVICE, name="ward", alert_id=ID, revision=1)), device=device, name=name)


def test_a_program_does_not_acknowledge_and_a_person_does_not_receipt() -> None:
    with pytest.raises(InputError, match=r"receipt of ward\.schema"):
        read_program(write_answer(Acknowledgement(device=DEVICE, name="ward", alert_id=ID, revision=1)), device=DEVICE, name="ward")
    with pytest.raises(InputError, match=r"acknowledgement of ward\.schema"):
        read_person(write_answer(Receipt(device=DEVICE, name="ward", alert_id=ID, revision=1)), device=DEVICE, name="ward")


def test_an_answer_that_does_not_say_what_it_is_is_refused() -> None:
    said = {"device": DEVICE, "name": "ward", "alert_id": ID, "revision": 1}
    with pytest.raises(InputError, match=r"acknowledgement of ward\.schema: missing is not there"):
        read_person(json.dumps(said).encode(), device=DEVICE, name="ward")


# --- seals and tokens -------------------------------------------------------------------------------------------------


def test_a_seal_holds_topic_body_and_correlation_together() -> None:
    seal = Seal(KEY)
    right = ("t/a", b"body", b"corr")
    made = seal.make(*right)
    seal.check(*right, made)
    for wrong in (
        ("t/b", b"body", b"corr"),
        ("t/a", b"bodx", b"corr"),
        ("t/a", b"body", b"cor"),
        ("t/a", b"ody", b"corrb"),
        ("t/ac", b"body", b"orr"),
    ):
        with pytest.raises(InputError, match="wrong is not made with this device's key"):
            seal.check(*wrong, made)
    with pytest.raises(InputError, match="wrong"):
        Seal(b"other" * 4).check(*right, made)
    with pytest.raises(InputError, match="missing"):
        seal.check(*right, None)
    Seal(None).check(*right, None)
    assert "kkk" not in repr(seal)


def test_a_token_is_of_one_revision() -> None:
    secret = bytes(32)
    assert is_token(secret, ID, 1, token(secret, ID, 1))
    for other in ((ID, 2), ("f" * 32, 1)):
        assert not is_token(secret, *other, token(secret, ID, 1))
    assert not is_token(b"x" * 32, ID, 1, token(secret, ID, 1))
    assert not is_token(secret, ID, 1, b"")


# --- names ------------------------------------------------------------------------------------------------------------


def test_pseudonyms_are_the_same_every_time_and_say_nothing() -> None:
    names = Names(KEY)
    assert names.stream("anna/ecg") == Names(KEY).stream("anna/ecg")
    assert len({names.stream("anna/ecg"), names.stream("bert/ecg"), names.device("anna/ecg"), Names(b"x" * 32).stream("anna/ecg")}) == 4
    assert "anna" not in names.stream("anna/ecg")
    assert names.stream("") == "", "the device itself"
    assert names.epoch(5) != 5
    assert 0 <= names.epoch(5) < 1 << 63
    public = stamp(alert(stream="anna/ecg"), device=names.device("d"), names=names, times=Times(0, 0, 0, is_synchronised=False))
    assert b"anna" not in body_of(public)
    assert (Names().stream("anna/ecg"), Names().epoch(5)) == ("anna/ecg", 5)


def test_a_key_is_read_from_a_file_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"secret-secret-secret\n")
    assert read_key("names.key_file", tmp_path / "key") == b"secret-secret-secret"
    (tmp_path / "short").write_bytes(b"short")
    with pytest.raises(ConfigError, match="5 bytes is not 16 to 64 bytes"):
        read_key("names.key_file", tmp_path / "short")
    with pytest.raises(ConfigError, match="a file that can be read"):
        read_key("names.key_file", tmp_path / "nowhere")
    assert "secret" not in repr(Names(b"secret" * 4))


# --- status, state, Home Assistant ------------------------------------------------------------------------------------


def test_the_state_counts_and_names_the_gravest() -> None:
    active = (stamped(1, text="Asystole"), stamped(2, priority=Priority.LOW), stamped(3, priority=Priority.TECHNICAL))
    state = read_state(state_of(DEVICE, active, moment(T0_NS)), device=DEVICE)
    assert (state.high, state.medium, state.low, state.technical, state.text) == (1, 0, 1, 1, "Asystole")
    assert [one.alert_id for one in state.active] == [one.alert.alert_id for one in active]
    assert read_state(state_of(DEVICE, (), moment(T0_NS)), device=DEVICE).text == ""
    assert len(read_state(state_of(DEVICE, (active[0],) * 500, moment(0)), device=DEVICE).active) == 64


def test_what_home_assistant_is_told_reads_what_the_state_says() -> None:
    said = discovery("ab.c", "1.0")
    assert discovery_topic("ab.c") == "homeassistant/device/edgeecg_ab_c/config"
    assert {"dev", "o", "cmps"} <= set(said)
    assert said["state_topic"] == Topics("ab.c").state
    assert said["availability"][0]["topic"] == Topics("ab.c").status
    state = json.loads(state_of(DEVICE, (), moment(0)))
    for component in said["cmps"].values():
        field = component["value_template"].split("value_json.")[1].split(" ")[0].split("[")[0]
        assert field in state
    assert len({component["unique_id"] for component in said["cmps"].values()}) == len(said["cmps"])


def test_a_topic_says_whose_it_is() -> None:
    assert device_of("edgeecg/v1/dev-1/alerts") == "dev-1"
    assert [device_of(topic) for topic in ("edgeecg/v2/d/alerts", "alerts", "edgeecg/v1/d", "")] == ["", "", "", ""]


def test_every_field_of_an_alert_has_a_place() -> None:
    from dataclasses import fields

    from edgeecg.types import Alert

    apart = {"looked_from", "looked_len", "activation"}
    assert {field.name for field in fields(Alert)} - apart <= set(AlertModel.model_fields)
