"""How a message is let in: bounded first, then read strictly, and refused in one sentence."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgeecg.errors import InputError
from edgeecg.payload.topics import NAME

Finite = Annotated[float, Field(allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=0, lt=1 << 63)]
Sample = Annotated[int, Field(ge=-1, lt=1 << 63, description="On the stream's clock; -1: of none")]
Revision = Annotated[int, Field(ge=1, lt=1 << 31)]
Name = Annotated[str, Field(pattern=f"^{NAME.pattern}$")]
Hex32 = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class Model(BaseModel):
    """Nothing is converted, nothing unknown is let through, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, populate_by_name=True)


M = TypeVar("M", bound=Model)


def read(model: type[M], payload: bytes, *, where: str, max_bytes: int) -> M:
    """Return what a payload says; raise InputError that names the first thing wrong with it."""
    if len(payload) > max_bytes:
        raise InputError(where, f"{len(payload)} bytes", f"at most {max_bytes} bytes")
    try:
        said = model.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, (where, *first["loc"])))
        raise InputError(place, _shown(first["input"]), first["msg"][:1].lower() + first["msg"][1:]) from None
    if "format" not in said.model_fields_set:  # what we write has it by default
        raise InputError(f"{where}.schema", "missing", "there")
    return said


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
