"""Reward-modulated STDP: what the spikes of a clip would change waits as an eligibility until the answer is judged.

    change = (R - mean R) sum over pairs of STDP,   R = +1 right, -1 wrong

All pairs of a clip count alike: the eligibility decays more slowly than a clip lasts. Source: Izhikevich 2007; the
running mean as baseline, Fremaux, Sprekeler and Gerstner 2010.
"""

from dataclasses import dataclass, replace

import numpy as np

from circuits.units import require
from snn.plasticity.grid import LevelGrid
from snn.plasticity.stdp import apply


@dataclass(frozen=True)
class Reward:
    """Judges answers; `mean` is the running mean of the rewards so far, followed by the share `follow` a clip.

    `follow` = 0 with `mean` = 0 is the plain reward of +1 and -1.
    """

    follow: float = 0.05  # ASSUMED: the mean of about 20 clips
    mean: float = 0.0

    def __post_init__(self):
        require(self, "follow", 0 <= self.follow <= 1, "in 0..1")
        require(self, "mean", -1 <= self.mean <= 1, "in -1..1")

    def judge(self, is_right: bool) -> tuple[float, "Reward"]:
        """The reward less the mean so far, and the judge that has heard it."""
        reward = 1.0 if is_right else -1.0
        return reward - self.mean, replace(self, mean=self.mean + self.follow * (reward - self.mean))


def apply_reward(
    weights: np.ndarray, eligibility: np.ndarray, reward: float, grid: LevelGrid, rng: np.random.Generator
) -> tuple[np.ndarray, int, int]:
    """`apply` after a clip whose answer earned `reward`."""
    return apply(weights, reward * eligibility, grid, rng)
