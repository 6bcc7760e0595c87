"""Classifiers on disk and at work: cards, files, preprocessing, the runtimes behind one protocol, and who runs when."""

import os

# As it is built for everybody onnxruntime names the machine, and sends its makers what runs on it, from a thread of its own.
# It is asked before it is loaded; who wants that sets 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
