"""Pictures of what the engine finds: a strip on ECG paper, and a report of a long recording."""
