"""Alerts on disk until somebody says that they have them. See `outbox.py`."""
