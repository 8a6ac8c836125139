"""Read-out of sums by a ramp: the charge of a column becomes a duration, which is counted in ticks.

reading = round(clip(sum / largest, -1, 1) ticks) / ticks largest       charge above the capacitor's range is lost
"""

import numpy as np

from circuits.nonideal.pulse_input import jittered


def ramp_reading(relative: np.ndarray, ticks: int, jitter: float, rng: np.random.Generator) -> np.ndarray:
    """Sums over the range, -1 to 1, as counted. ticks 0: neither rounded nor cut off.   jitter: sigma over the step."""
    if not ticks:
        return jittered(relative, jitter, rng)
    return np.rint(np.clip(jittered(np.clip(relative, -1, 1), jitter, rng), -1, 1) * ticks) / ticks
