"""A recording taken through the engine and a classifier, for pictures and reports."""

import logging
from typing import Final

from edgeecg.cli.parser import Parser
from edgeecg.errors import ModelError
from edgeecg.facts import MAX_SOUND_HZ, MIN_SOUND_HZ
from edgeecg.io.recording import Lead, Recording
from edgeecg.io.sources.recordings import is_sound
from edgeecg.plots.findings import Findings, Sound, study

USUAL: Final = "rhythm"
NO_MODEL: Final = "none"

log: Final = logging.getLogger("edgeecg")


def add_model(parser: Parser) -> None:
    """Name the classifier."""
    parser.add_argument("--model", default=USUAL, help=f"which classifier to ask; {NO_MODEL}: none (default: {USUAL})")


def studied(recording: Recording, lead: Lead, model: str | None) -> Findings:
    """Take a lead through the engine, with the sound beside it where the recording has one."""
    loaded = None
    if model is not None:
        from edgeecg.models import registry

        try:
            loaded = registry.loaded(model)
        except ModelError:
            if model != USUAL:
                raise
            log.warning("no classifier is asked: %s cannot run here", model)  # beats and alerts need none
    heard = next((one for one in recording.leads if is_sound(one) and one is not lead), None)
    if heard is not None and not MIN_SOUND_HZ <= heard.rate_hz <= MAX_SOUND_HZ:
        log.warning("%s is not heard: %g Hz is not %g to %g", heard.name, heard.rate_hz, MIN_SOUND_HZ, MAX_SOUND_HZ)
        heard = None
    sound = None if heard is None else Sound(samples=heard.physical(), rate_hz=heard.rate_hz)
    return study(lead.millivolts(), lead.rate_hz, name=recording.name, lead=lead.name or "1", model=loaded, sound=sound)
