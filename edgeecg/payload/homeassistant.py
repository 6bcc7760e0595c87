"""What a device is to Home Assistant: one retained discovery message with all its entities.

Entities read the retained `/state`, not the stream of alerts, and are unavailable while the device is offline: so none
is left on by an alert that was cleared while nobody listened, and none is turned on by an old alert that comes late.
"""

from typing import Any, Final

from edgeecg.payload.topics import Topics

_ALARMS: Final = {"high": "problem", "medium": "problem", "low": None, "technical": "problem"}


def discovery_topic(device: str) -> str:
    """Where it is published."""
    return f"homeassistant/device/{_identifier(device)}/config"


def discovery(device: str, version: str) -> dict[str, Any]:
    """Return the message: an alarm for each priority, and the text of the gravest."""
    topics, identifier = Topics(device), _identifier(device)
    components: dict[str, Any] = {
        f"{priority}_alarm": {
            "p": "binary_sensor",
            "name": f"{priority.capitalize()} alarm",
            "unique_id": f"{identifier}_{priority}",
            "value_template": f"{{{{ 'ON' if value_json.{priority} > 0 else 'OFF' }}}}",
            **({"device_class": device_class} if device_class else {}),
            **({"entity_category": "diagnostic"} if priority == "technical" else {}),
        }
        for priority, device_class in _ALARMS.items()
    }
    components["text"] = {
        "p": "sensor",
        "name": "Alarm",
        "unique_id": f"{identifier}_text",
        "value_template": "{{ value_json.text[:255] }}",
        "json_attributes_topic": topics.state,
    }
    return {
        "dev": {"ids": [identifier], "name": f"edgeecg {device}", "mf": "edgeecg", "sw": version},
        "o": {"name": "edgeecg", "sw": version},
        "cmps": components,
        "state_topic": topics.state,
        "availability": [{"topic": topics.status, "value_template": "{{ value_json.status }}"}],
        "qos": 1,
    }


def _identifier(device: str) -> str:
    return "edgeecg_" + "".join(c if c.isalnum() or c == "_" else "_" for c in device)
