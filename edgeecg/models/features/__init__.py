"""Features that a model's tree reads: the same function for training and live, by name and version.

A version once shipped never changes what it computes: another computation is another version.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgeecg.models.features import beat, heart_sound, rhythm

Features = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]

SETS: dict[str, Features] = {"rhythm-3": rhythm.rhythm_and_beats, "beat-3": beat.beat_features}
"""`name-version` to what computes it, of samples in mV on the grid (missing: NaN) and rows of BEAT_FIELDS."""
ABOUT: dict[str, tuple[float, float]] = {"beat-3": (beat.BEFORE_S, beat.AFTER_S)}
"""Of sets about one beat: the seconds before its R peak that the window begins, and those after it that it must reach."""
Heard = Callable[[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
HEARD: dict[str, tuple[Heard, Callable[[NDArray[np.float32]], str]]] = {
    "heart-sound-2": (heart_sound.heart_sound_features, heart_sound.unheard),
}
"""The same for models that hear: of samples, beats, and the sound of the same span at `heart_sound.SOUND_HZ`; and what says that they are not
to be judged."""
NAMES: dict[str, tuple[str, ...]] = {"rhythm-3": rhythm.NAMES, "beat-3": beat.NAMES, "heart-sound-2": heart_sound.NAMES}
"""What each set's values are called, in their order; of `rhythm-3` the figures, before the table of beats."""
