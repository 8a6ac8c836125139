"""Accuracy, confusion and the activity that the energy is charged for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuits.network import Activity
from snn.audio.encoder import LIFEncoder
from snn.export import network_spec
from snn.networks.spotter import Spotter
from snn.neurons.lif import lif_state, lif_step
from snn.neurons.scan import Step, scan
from snn.training.fit import EVALUATION_BATCH, score_batches
from snn.training.inputs import Examples


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a spotter does on some clips. `confusion[true, told]` counts clips."""

    accuracy: float
    confusion: np.ndarray
    activity: Activity
    synaptic_operations: float

    def as_dict(self) -> dict[str, Any]:
        """What `snn evaluate --json` prints."""
        return {
            "accuracy": self.accuracy,
            "n_clips": self.activity.n_clips,
            "confusion": self.confusion.tolist(),
            "spikes_per_inference": self.activity.spikes_per_inference,
            "synaptic_operations": self.synaptic_operations,
        }


def evaluate(model: Spotter, examples: Examples) -> Evaluation:
    """Run every clip as it is; accuracy, confusion matrix and mean activity per inference."""
    told = score_batches(model, examples).argmax(-1)
    n_labels = model.readout_bias.numel()
    confusion = torch.bincount(examples.labels * n_labels + told, minlength=n_labels**2).view(n_labels, n_labels)
    activity = measure_activity(model, examples)
    return Evaluation(
        accuracy=(told == examples.labels).double().mean().item(),
        confusion=confusion.numpy(),
        activity=activity,
        synaptic_operations=activity.synaptic_operations(network_spec(model)),
    )


def measure_activity(model: Spotter, examples: Examples) -> Activity:
    """Mean spikes, steps near threshold and encoder charge of one inference, per neuron."""
    model.eval()
    circuit = model.recipe.neuron.circuit()
    window = circuit.v_crowbar / circuit.swing
    generator = torch.Generator().manual_seed(model.recipe.training.seed)
    sums: dict[str, Tensor] = {}
    n_steps = 0
    with torch.inference_mode():
        for features in examples.features[0].split(EVALUATION_BATCH):
            n_steps = 0
            for name, value in _observe(model, features.to(model.device), window, generator):
                n_steps = n_steps or len(value)
                total = value.sum((0, 1), dtype=torch.float64)
                sums[name] = sums[name] + total if name in sums else total
    mean = {name: (total / len(examples)).cpu().numpy() for name, total in sums.items()}
    return Activity(
        n_clips=len(examples),
        n_steps=n_steps,
        spikes={name.removeprefix("spikes."): value for name, value in mean.items() if name.startswith("spikes.")},
        near_threshold={name.removeprefix("near."): value for name, value in mean.items() if name.startswith("near.")},
        input_spikes=mean.get("input", np.zeros(0)),
        encoder_charge=mean.get("charge", np.zeros(0)),
    )


def _observe(model: Spotter, features: Tensor, window: float, generator: torch.Generator):
    """Name and `(time, batch, neuron)` values of everything that is counted, for one batch."""
    signal = features.transpose(0, 1)
    if isinstance(model.encoder, LIFEncoder):
        drive, params = model.encoder.drive(signal), model.encoder.params()
        yield "charge", (drive * (1 - params.alpha)).clamp_min(0)  # a sink draws nothing from the supply
        start = lif_state(signal.shape[1], model.encoder.bias)
        x, near = scan(_watched(lif_step, window), drive, start, params)[0].unbind(-1)
        yield from (("spikes.encoder", x), ("near.encoder", near))
    else:
        x = model.encoder(signal, generator)
        yield "input", x
    for index, layer in enumerate(model.layers, 1):
        step, start = _watched(layer.step, window), layer.start(x.shape[1])
        x, near = scan(step, layer.drive(x), start, layer.params(), layer.recurrent)[0].unbind(-1)
        yield from ((f"spikes.hidden{index}", x), (f"near.hidden{index}", near))


def _watched(step: Step, window: float) -> Step:
    """The same step, with a second output: 1 where it ends in the crowbar window or in a spike."""

    def watched(drive: Tensor, state, params) -> tuple[Float[Tensor, "batch neuron two"], object]:
        spikes, state = step(drive, state, params)
        near = (spikes > 0) | (state.v > params.v_threshold - window)
        return torch.stack((spikes, near.to(spikes.dtype)), -1), state

    return watched
