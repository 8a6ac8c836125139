"""What makes the input of a network out of sound, in the ledger of an inference: power times real time.

    energy = banks P t_sound,   banks = ceil(channels / channels of one bank), or 1 for features

A front end listens in real time, however fast the chip behind it runs. What has no published figure is unknown, never
zero. Removing the level of a clip is not charged: no published circuit does it as we do.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from circuits.energy.boundary import CLASSIFIER, FEATURES, FRONT_END
from circuits.ledger import Entry, Ledger, unknown
from circuits.tables import NOT_IN_FILE
from circuits.units import Seconds, Watts, freeze_si, require

LOG_MEL, FILTER_BANK = "log-mel", "filter bank"  # kinds of features that have a published counterpart


@dataclass(frozen=True)
class Sensed:
    """What a network sensed of one clip, in the mean.

    features: what the sound was made to: "log-mel", "filter bank", or another word, which no published circuit makes.
    duration: of the clip, in real time.
    """

    features: str
    n_channels: int
    duration: Seconds

    def __post_init__(self):
        freeze_si(self)
        require(self, "n_channels", self.n_channels >= 0, "zero or positive")
        require(self, "duration", self.duration > 0, "positive")


@dataclass(frozen=True)
class FrontEndCosts:
    """Published power of what makes features of sound, by kind of features; None: not published.

    log_mel: from digitised sound, whatever the number of bands (ASSUMED).   filter_bank: from the analog signal, of a
    bank of so many channels.   sources: by dotted key of the chip's file, where each number comes from.
    """

    log_mel: Watts | None = None
    filter_bank: Watts | None = None
    filter_bank_channels: int | None = None
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, metadata=NOT_IN_FILE)

    def __post_init__(self):
        freeze_si(self)
        for name in ("log_mel", "filter_bank", "filter_bank_channels"):
            value = getattr(self, name)
            require(self, name, value is None or value > 0, "positive; leave out what is not published")
        both = (self.filter_bank is None) == (self.filter_bank_channels is None)
        require(self, "filter_bank_channels", both, "given with filter_bank_w, and only with it")

    def ledger(self, sensed: Sensed) -> Ledger[float]:
        """One entry: the front end of what was sensed."""
        if sensed.features == LOG_MEL and self.log_mel is not None:
            return self._entry("log_mel", self.log_mel, sensed.duration)
        if sensed.features == FILTER_BANK and self.filter_bank is not None:
            banks = math.ceil(sensed.n_channels / self.filter_bank_channels)
            return self._entry("filter_bank", self.filter_bank, banks * sensed.duration)
        return unknown("front_end")

    def _entry(self, key: str, power: Watts, seconds: Seconds) -> Ledger[float]:
        source = self.sources.get(f"front_end.{key}_w", "")
        return Ledger((Entry("front_end", seconds, power, "static", "second", source),))


def boundary_with_front_end(sensed: Sensed) -> str | None:
    """What the joules of network and front end pay for, a word of `BOUNDARIES`; None for another kind of features."""
    begins = {LOG_MEL: FEATURES, FILTER_BANK: FRONT_END}.get(sensed.features)
    return begins and f"{begins} + {CLASSIFIER}"
