"""An excerpt as a WFDB record of format 16, its beats and alerts beside it as `.atr`."""

from pathlib import Path
from typing import Final

import numpy as np

from edgeecg.io.excerpts.cutting import Excerpt
from edgeecg.io.excerpts.marks import marks
from edgeecg.io.wfdb.signals import INVALID
from edgeecg.io.wfdb.writer import MAX_AUX, AnnotationWriter, RecordWriter, Signal

MOST_STEPS: Final = 32000
"""Of one sign; the format's own is for missing samples."""
FINEST: Final = 20000.0
"""Steps to the millivolt: no converter of a wearable is finer."""


def write(excerpt: Excerpt, path: Path) -> list[Path]:
    """Write `path.hea`, `path.dat` and `path.atr`; return them."""
    leads = [_steps(excerpt, column) for column in range(excerpt.samples_mv.shape[1])]
    signals = [Signal(name=name, gain=gain) for name, (gain, _) in zip(excerpt.facts.leads, leads, strict=True)]
    comments = (f"edgeecg export: stream {excerpt.facts.name}, from its sample {excerpt.start_sample} on",)
    with RecordWriter(path, signals, rate_hz=excerpt.facts.rate_hz, comments=comments) as record:
        record.write(*(steps for _, steps in leads))
    annotations = path.with_name(path.name + ".atr")
    with AnnotationWriter(annotations) as writer:
        for sample, symbol, text in marks(excerpt):
            writer.add(sample, symbol, text[:MAX_AUX])
    return [path.with_name(path.name + suffix) for suffix in (".hea", ".dat")] + [annotations]


def _steps(excerpt: Excerpt, column: int) -> tuple[float, np.ndarray[tuple[int], np.dtype[np.int16]]]:
    """The converter's own steps where 16 bits hold them: then nothing is lost."""
    samples = excerpt.samples_mv[:, column]
    highest = float(np.nanmax(np.abs(samples), initial=0.0))
    own = 1 / abs(excerpt.facts.mv_per_unit)
    gain = own if own * highest <= MOST_STEPS and excerpt.facts.mv_per_unit != 1.0 else min(FINEST, MOST_STEPS / max(highest, 1e-9))
    steps = np.where(np.isnan(samples), INVALID[16], np.round(samples * gain))
    return gain, steps.astype(np.int16)
