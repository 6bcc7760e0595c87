"""One number, many independent streams of chance: to change one part of a simulation leaves the others as they were."""

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from edgeecg.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Seeds:
    """Generators by the name of the part that draws and the number of what it draws for."""

    seed: int

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ConfigError("simulate.seed", self.seed, "0 or more")

    def rng(self, part: str, *numbers: int) -> np.random.Generator:
        """Return the generator of one part: the same at every call, and unlike every other's."""
        sequence = np.random.SeedSequence(self.seed, spawn_key=(crc32(part.encode()), *numbers))
        return np.random.Generator(np.random.PCG64(sequence))
