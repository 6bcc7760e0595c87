"""From a published checkpoint to a model: read without torch and without running anything in it, built, quantized, carded."""
