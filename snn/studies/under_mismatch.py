"""A run on chips whose currents deviate from device to device: its accuracy on each, drawn anew."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from circuits.errors import InputError
from circuits.nonideal.analog_network import exact_arrays
from circuits.variation.current_mismatch import with_mismatched_currents
from snn.data.corpora.splits import Split
from snn.experiments.read_clips import open_data, read_clips
from snn.experiments.run_folder import Run
from snn.reporter import Reporter
from snn.studies.evaluate_on_silicon import clips_heard


@dataclass(frozen=True)
class UnderMismatch:
    """Accuracy of one network on several chips, and on one without mismatch, in double precision."""

    sigma: float  # of ln I
    nominal: float
    chips: tuple[float, ...]  # one for each seed

    @property
    def mean(self) -> float:
        return float(np.mean(self.chips))

    @property
    def deviation(self) -> float:
        """From chip to chip."""
        return float(np.std(self.chips, ddof=1)) if len(self.chips) > 1 else 0.0

    @property
    def loss(self) -> float:
        """Of accuracy, mean over the chips."""
        return self.nominal - self.mean

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        own = {"mean": self.mean, "deviation": self.deviation, "loss": self.loss}
        return {"sigma": self.sigma, "nominal": self.nominal, **own, "chips": list(self.chips)}


def evaluate_under_mismatch(
    run: Run, sigma: float, seeds: Iterable[int], part: Split = "test", reporter: Reporter = Reporter()
) -> UnderMismatch:
    """The run on one chip for each seed, whose ln I deviates by `sigma`, on clips of one of its own splits.

    Raises: InputError for a sigma below zero or a reservoir; as `read_clips`.
    """
    seeds = tuple(seeds)
    if run.network().event_driven:
        raise InputError(f"{run.folder} holds a reservoir: evaluate its chips by `snn spread` without --mismatch")
    examples = read_clips(run.recipe, open_data(run.recipe, run.data), part, run.model.front_end, reporter)
    net, chip = run.network(), run.model.chip()
    circuit = None if chip is None else chip.circuit
    drawn = [with_mismatched_currents(net, sigma, np.random.default_rng(seed), circuit) for seed in seeds]
    heard, found = clips_heard(run.model, examples), []
    for i, each in enumerate([net, *drawn]):
        found.append(heard.accuracy(each, exact_arrays(each), np.random.default_rng(0)))
        reporter.on_stage("running chips", i + 1, len(seeds) + 1)
    return UnderMismatch(sigma, found[0], tuple(found[1:]))
