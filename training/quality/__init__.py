"""How signal quality was calibrated: `PYTHONPATH=training python -m quality.calibrate [--write]`, EDGEECG_DATA set."""
