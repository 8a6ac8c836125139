"""How well speech is detected in noise, at each signal-to-noise ratio."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from circuits.errors import InputError
from snn.data.corpora.voice_task import TEST_SNR_DB

SPEECH = 1  # the label, as in `snn.data.corpora.voice_task.VOICE`


@dataclass(frozen=True)
class DetectionRates:
    """At one ratio: shares of speech taken for noise, and of noise for speech; None where there is no such clip."""

    snr_db: float
    misses: float | None
    false_alarms: float | None
    n: int


def detection_rates(
    labels: Int[np.ndarray, " clip"], predicted: Int[np.ndarray, " clip"], snr_db: Float[np.ndarray, " clip"]
) -> tuple[DetectionRates, ...]:
    """Misses and false alarms by signal-to-noise ratio, the clearest first.

    misses = P(noise predicted | speech), false_alarms = P(speech predicted | noise at the level it has at that ratio).

    Args:  labels, predicted: `(clip,)`, 1 for speech, 0 for noise.  snr_db: `(clip,)` (dB).
    Raises:  InputError for other labels.
    """
    for name, values in (("labels", labels), ("predicted", predicted)):
        if not np.isin(values, (0, SPEECH)).all():
            raise InputError(f"{name} hold {sorted(set(values.tolist()))[:5]}; want 1 for speech and 0 for noise")
    return tuple(_at_ratio(float(ratio), labels, predicted, snr_db == ratio) for ratio in np.unique(snr_db)[::-1])


def rates_on_grid(
    labels: Int[np.ndarray, " clip"], predicted: Int[np.ndarray, " clip"], snr_db: Float[np.ndarray, " clip"]
) -> tuple[DetectionRates, ...]:
    """`detection_rates` at the ratios of the test's grid; clips of other splits, with ratios at random, are left out.

    Empty where no clip has such a ratio: the clips are not of voice activity.
    """
    here = np.isin(snr_db, TEST_SNR_DB)
    return detection_rates(labels[here], predicted[here], snr_db[here])


def _at_ratio(snr_db: float, labels: np.ndarray, predicted: np.ndarray, here: np.ndarray) -> DetectionRates:
    speech, noise = here & (labels == SPEECH), here & (labels != SPEECH)
    misses = float((predicted[speech] != SPEECH).mean()) if speech.any() else None
    false_alarms = float((predicted[noise] == SPEECH).mean()) if noise.any() else None
    return DetectionRates(snr_db, misses, false_alarms, int(here.sum()))
