"""What a front end makes of sound, as the ledger of an inference names it."""

from circuits.chips.front_end_ledger import FILTER_BANK, LOG_MEL, Sensed
from circuits.units import Seconds
from snn.audio.ear_rows import EarRows
from snn.audio.features import LogMel
from snn.audio.front_end import FrontEnd


def sensed_by(front_end: FrontEnd | None, duration: Seconds) -> Sensed | None:
    """Clips of that mean length (s, real time) as this front end hears them; None: features from elsewhere."""
    match front_end:
        case None:
            return None
        case LogMel():
            return Sensed(LOG_MEL, front_end.n_mels, duration)
        case EarRows():
            return Sensed(FILTER_BANK, front_end.ear.n_channels, duration)
    return Sensed("signal", front_end.n_signals, duration)
