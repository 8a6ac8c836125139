"""What a model makes of clips, in one pass: its answers, and the activity that the energy is charged for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from circuits.network.activity import Activity
from circuits.units import Seconds

EVIDENCE = 100.0  # weight of all votes together: one second of 10 ms steps. Source of the sum: Bittar and Garner 2022


def log_scores(potential: Float[Tensor, "batch time label"]) -> Float[Tensor, "batch label"]:
    """ln of each label's probability, finite however sure the network is: log softmax of EVIDENCE mean_t softmax(v).

    Every step of the readout votes by its softmax, the votes are the evidence.
    """
    of_label = potential.movedim(-1, 0).contiguous()  # softmax over few numbers side by side takes seven times as long
    return (EVIDENCE * of_label.softmax(0).mean(-1)).T.log_softmax(-1)


class Observed(NamedTuple):
    """What was counted in some clips of `n_steps` each: sums over time and clips, `(neuron,)`, by name.

    Names are charge, input, spikes.LAYER and near.LAYER, as `Activity` tells them.
    """

    n_steps: int
    sums: dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Answers:
    """Scores of every clip, `(clip, label)`, the largest wins; `readouts`: labels predicted by further readouts."""

    scores: np.ndarray
    activity: Activity
    readouts: dict[str, np.ndarray] = field(default_factory=dict)  # `(clip,)` each

    @property
    def predicted(self) -> np.ndarray:
        """`(clip,)`."""
        return self.scores.argmax(axis=1)


def mean_activity(n_clips: int, batches: Iterable[Observed], dt: Seconds, window: float) -> Activity:
    """The activity of one inference, from what was observed in all, in steps of `dt` (s)."""
    sums: dict[str, Tensor] = {}
    n_steps = 0
    for n_steps, counted in batches:  # noqa: B007  the steps of the last are those of all
        for name, total in counted.items():
            sums[name] = sums[name] + total if name in sums else total
    mean = {name: (total / n_clips).cpu().numpy() for name, total in sums.items()}
    return Activity(
        n_clips=n_clips,
        duration=n_steps * dt,
        spikes={name.removeprefix("spikes."): value for name, value in mean.items() if name.startswith("spikes.")},
        near_threshold={name.removeprefix("near."): value * dt for name, value in mean.items() if "near." in name},
        window=window,
        input_spikes=mean.get("input", np.zeros(0)),
        encoder_charge=mean.get("charge", np.zeros(0)),
    )
