"""Alerts as JSON, and what is answered to them: pydantic at the door, frozen dataclasses inside."""
