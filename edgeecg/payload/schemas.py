"""The messages' JSON Schemas, as they are published in docs/schema/."""

import json
from typing import Final

from edgeecg.payload.alert import AlertModel
from edgeecg.payload.answers import Acknowledgement, Hello, Receipt
from edgeecg.payload.door import Model
from edgeecg.payload.status import State, Status

MODELS: Final[dict[str, type[Model]]] = {
    "alert": AlertModel,
    "receipt": Receipt,
    "hello": Hello,
    "acknowledgement": Acknowledgement,
    "status": Status,
    "state": State,
}


def schemas() -> dict[str, str]:
    """Return each schema's text by its file's name."""
    return {f"{name}.json": _text(name, model) for name, model in MODELS.items()}


def _text(name: str, model: type[Model]) -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"edgeecg/{name}/1",
        **model.model_json_schema(by_alias=True),
    }
    schema["required"] = sorted({*schema["required"], "schema"})
    return json.dumps(schema, indent=2) + "\n"
