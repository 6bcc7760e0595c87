"""The features of the trees in plain numpy: what the kernels are compared with."""

from tests.naive.features_beat import beat_features
from tests.naive.features_rhythm import rhythm_features
from tests.naive.features_sequence import beats_in_order

__all__ = ["beat_features", "beats_in_order", "rhythm_features"]
