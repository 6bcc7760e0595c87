"""What is said back to a device: a program's receipt, its hello, and a person's acknowledgement."""

from typing import Final, Literal, TypeVar

from pydantic import Field

from edgeecg.errors import InputError
from edgeecg.payload.door import Hex32, Model, Name, Revision, read

MAX_BYTES: Final = 2048


class Answer(Model):
    """Whom it is for and who says it; both must agree with the topic it came on."""

    device: Name
    name: Name


class Receipt(Answer):
    """This program has stored this revision: the device may let go of it."""

    format: Literal["edgeecg/receipt/1"] = Field("edgeecg/receipt/1", alias="schema")
    alert_id: Hex32
    revision: Revision


class Hello(Answer):
    """This program is listening (again): whatever it has no receipt for may be sent anew, without waiting."""

    format: Literal["edgeecg/hello/1"] = Field("edgeecg/hello/1", alias="schema")


class Acknowledgement(Answer):
    """This person has seen this revision of an alert."""

    format: Literal["edgeecg/acknowledgement/1"] = Field("edgeecg/acknowledgement/1", alias="schema")
    alert_id: Hex32
    revision: Revision


A = TypeVar("A", bound=Answer)


def write_answer(answer: Answer) -> bytes:
    """Return an answer as JSON."""
    return answer.model_dump_json(by_alias=True).encode()


def read_program(payload: bytes, *, device: str, name: str) -> Receipt | Hello:
    """Read what came on a device's receipts topic, under this name."""
    kind: type[Receipt | Hello] = Hello if b"edgeecg/hello/" in payload else Receipt
    return _own(read(kind, payload, where=f"receipt of {name}", max_bytes=MAX_BYTES), device, name)


def read_person(payload: bytes, *, device: str, name: str) -> Acknowledgement:
    """Read what came on a device's acks topic, under this name."""
    return _own(read(Acknowledgement, payload, where=f"acknowledgement of {name}", max_bytes=MAX_BYTES), device, name)


def _own(answer: A, device: str, name: str) -> A:
    if answer.device != device:
        raise InputError(f"answer of {name}: device", repr(answer.device), f"{device!r}, whose topic this is")
    if answer.name != name:
        raise InputError(f"answer of {name}: name", repr(answer.name), f"{name!r}, as its topic says")
    return answer
