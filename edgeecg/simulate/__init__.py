"""A heart to simulate: ECG and heart sounds by stated models, noise, devices that misbehave, and the truth beside the signal."""
