"""What the pipeline's kernel is told of every stream: each stage's parameters, one row a stream."""

import numpy as np

from edgeecg.facts import EngineConfig, StreamFacts
from edgeecg.stages import align, condition, qrs, quality, resample, sound, window
from edgeecg_kernels.arena import MAX_PIECE_GRID, STREAM_PARAMS


class Params:
    """The parameters of one configuration, as arrays for the kernel."""

    __slots__ = ("models", "qrs", "quality", "silence_ns", "sound_taps", "streams", "taps")

    def __init__(self, config: EngineConfig) -> None:
        rates, self.taps = resample.filters([facts for facts in config.streams if not facts.sound_of])
        sound_rates, self.sound_taps = sound.filters(config.streams)
        self.models = window.params(config.models)
        self.qrs = qrs.params()
        self.quality = quality.params()
        self.streams = np.zeros(len(config.streams), STREAM_PARAMS)
        self.silence_ns = np.array([round(facts.silence_s * 1e9) for facts in config.streams], np.int64)
        n_leads = n_sounds = 0
        for row, facts in zip(self.streams, config.streams, strict=True):
            self._fill(row, facts, n_sounds if facts.sound_of else n_leads)
            row["resample"] = (sound_rates if facts.sound_of else rates)[facts.rate_hz][0]
            n_leads += 0 if facts.sound_of else len(facts.leads)
            n_sounds += bool(facts.sound_of)

    @staticmethod
    def _fill(row: np.void, facts: StreamFacts, first_lead: int) -> None:
        row["leads"] = len(facts.leads)
        row["first_lead"] = first_lead
        row["mv_per_unit"] = facts.mv_per_unit
        row["offset_units"] = facts.offset_units
        row["align"] = align.params(facts)[0]
        row["condition"] = condition.params(facts)[0]

    def first_lead(self, slot: int) -> int:
        """Return where a stream's leads begin in the array of all leads; of sound, its row among the sounds."""
        return int(self.streams[slot]["first_lead"])

    def rate(self, slot: int) -> tuple[int, int]:
        """Return (up, down): grid sample g lies at input sample g * down / up."""
        row = self.streams[slot]["resample"]
        return int(row["up"]), int(row["down"])

    def most_samples(self) -> list[int]:
        """Return of each stream the most input samples one piece may have, so that it makes at most MAX_PIECE_GRID grid samples."""
        rates = self.streams["resample"]
        most = {(up, down): max(1, (MAX_PIECE_GRID - 1) * down // up) for up, down in np.unique(rates[["up", "down"]]).tolist()}
        return [most[rate] for rate in zip(rates["up"].tolist(), rates["down"].tolist(), strict=True)]
