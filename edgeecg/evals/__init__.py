"""What measures the engine against annotated recordings."""
