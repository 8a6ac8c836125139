"""A trained reservoir on clips: accuracy of both readouts, confusion, activity."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from circuits.network.activity import Activity
from snn.experiments.detection import DetectionRates, rates_on_grid
from snn.experiments.reservoir_run import ReservoirModel
from snn.networks.reservoir_activity import measure
from snn.networks.spike_bins import count_features
from snn.plasticity.online_rule import recognise
from snn.reporter import Reporter
from snn.training.clips import Clips
from snn.training.online import gated, rule_of
from snn.training.reservoir_fit import run_clips
from snn.training.tuning import chip_inputs


@dataclass(frozen=True, eq=False)
class ReservoirEvaluation:
    """What a reservoir tells of some clips; `confusion[true, told]` counts clips, told by least squares."""

    accuracy: float
    online_accuracy: float | None  # None where no readout has learned on chip
    confusion: np.ndarray
    activity: Activity
    synaptic_operations: float
    by_snr: tuple[DetectionRates, ...] = ()  # of voice activity

    def as_dict(self) -> dict[str, Any]:
        """What `snn evaluate --json` prints."""
        by_snr = {"by_snr": [asdict(row) for row in self.by_snr]} if self.by_snr else {}
        return {
            "accuracy": self.accuracy,
            "online_accuracy": self.online_accuracy,
            "n_clips": self.activity.n_clips,
            "confusion": self.confusion.tolist(),
            "spikes_per_inference": self.activity.spikes_per_inference,
            "synaptic_operations": self.synaptic_operations,
            **by_snr,
        }


def evaluate_reservoir(model: ReservoirModel, clips: Clips, reporter: Reporter = Reporter()) -> ReservoirEvaluation:
    """Run every clip as it is, from rest."""
    recipe, reservoir = model.recipe, model.reservoir
    heard = run_clips(reservoir, chip_inputs(clips.rows, model.tuning, recipe), clips.labels, reporter)
    told = model.readout.scores(count_features(heard.reservoir, recipe.readout)).argmax(axis=1)
    n_labels = len(model.readout.bias)
    activity = measure(reservoir, heard.inputs, heard.responses)
    online = None
    if model.online.size:
        lines = gated(heard.reservoir, recipe.readout)
        online = recognise(lines, model.online, rule_of(recipe)).accuracy(clips.labels)
    return ReservoirEvaluation(
        accuracy=float(np.mean(told == clips.labels)),
        online_accuracy=online,
        confusion=np.bincount(clips.labels * n_labels + told, minlength=n_labels**2).reshape(n_labels, n_labels),
        activity=activity,
        synaptic_operations=activity.synaptic_operations(reservoir.network),
        by_snr=rates_on_grid(clips.labels, told, clips.snr_db),
    )
