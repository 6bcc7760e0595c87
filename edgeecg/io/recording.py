"""A recording in memory: leads as they are stored, with what turns them into millivolt."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeecg.errors import InputError

MILLIVOLT_PER = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "nv": 1e-6, "v": 1e3}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Lead:
    """One signal: the stored values and their scale. Its rate is its own: a device may sample leads at different rates."""

    name: str
    raw: NDArray[Any]
    rate_hz: float
    gain: float = 1.0
    """Stored steps for one unit."""
    baseline: float = 0.0
    """The stored value that means 0."""
    units: str = "mV"
    invalid: int | None = None
    """The stored value that means 'no sample', where the format has one."""

    @property
    def len_samples(self) -> int:
        """How many samples it holds."""
        return len(self.raw)

    def physical(self) -> NDArray[np.float64]:
        """Give the samples in the lead's own units; a sample that is missing is NaN."""
        values = (self.raw.astype(np.float64) - self.baseline) / self.gain
        if self.invalid is not None:
            values[self.raw == self.invalid] = np.nan
        return values

    def millivolts(self) -> NDArray[np.float64]:
        """Give the samples in millivolt."""
        factor = MILLIVOLT_PER.get(self.units.lower())
        if factor is None:
            raise InputError(f"lead {self.name!r}: units", repr(self.units), "a voltage: mV, uV, nV or V")
        return self.physical() * factor


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Recording:
    """Leads recorded together."""

    name: str
    rate_hz: float
    leads: tuple[Lead, ...]
    start: datetime | None = None
    """When it was recorded, where both day and time are known."""
    comments: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What the file says that its samples do not bear out, and that does not stop one from reading them."""

    @property
    def lead_names(self) -> tuple[str, ...]:
        """The leads' names in the file's order."""
        return tuple(lead.name for lead in self.leads)

    @property
    def len_samples(self) -> int:
        """How many samples the first lead holds."""
        return self.leads[0].len_samples

    def lead(self, which: str | int) -> Lead:
        """Find a lead by its name or its number."""
        if isinstance(which, int):
            if not 0 <= which < len(self.leads):
                raise InputError(f"{self.name}: lead", which, f"0 to {len(self.leads) - 1}")
            return self.leads[which]
        for lead in self.leads:
            if lead.name == which:
                return lead
        raise InputError(f"{self.name}: lead", repr(which), f"one of {', '.join(self.lead_names)}")
