"""Noise under speech, at a signal-to-noise ratio that counts while somebody speaks."""

import numpy as np
from jaxtyping import Float

from circuits.errors import InputError

BLOCK_S = 0.02  # s; ASSUMED: within a phone the level is about constant
MARGIN_DB = 15.9  # dB, from the active level down to the threshold of activity. Source: ITU-T P.56, clause 6


def active_power(waveform: Float[np.ndarray, " time"], sample_rate: int) -> float:
    """The mean square of the active part of speech, whatever silence surrounds it; 0 for digital silence.

    Of blocks of 20 ms, sorted from the loudest, the longest run is active whose every power is at most 15.9 dB below
    the mean power of the run: the level and the threshold agree, as in the method B of the source.

    A block that speech fills in part counts whole: of a word of 0.3 s that is 0.3 dB at most.

    Args:  waveform: `(time,)`, at least one sample.  sample_rate: Hz.
    Source:  ITU-T P.56 (2011), with blocks in place of its smoothed envelope and its hangover.
    """
    size = max(1, min(round(BLOCK_S * sample_rate), waveform.size))
    blocks = np.square(waveform[: waveform.size // size * size], dtype=np.float64).reshape(-1, size).mean(1)
    falling = np.sort(blocks)[::-1]
    mean = np.cumsum(falling) / np.arange(1, falling.size + 1)
    active = np.flatnonzero(falling >= mean * 10 ** (-MARGIN_DB / 10))
    return float(mean[active[-1]])


def babble(voices: list[Float[np.ndarray, " _"]], n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Mix voices of equal power, each repeated from a random place on until it fills `(n_samples,)`.

    A voice that is long enough stays as it is, so that a recording of noise has no seam.
    Raises:  InputError for a voice without samples, or all silent.
    """
    mixed = np.zeros(n_samples)
    for voice in voices:
        power = np.mean(np.square(voice, dtype=np.float64)) if voice.size else 0.0
        if power == 0.0:
            raise InputError("noise to mix is silent")
        start = int(rng.integers(voice.size)) if voice.size < n_samples else 0
        mixed += np.resize(np.roll(voice, -start), n_samples) / np.sqrt(power)
    return mixed
