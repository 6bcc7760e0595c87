"""Net1D, the residual network ECGFounder and CLEF share: its shape as data, and its graph for onnxruntime and TFLite."""
